/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/print.h"
#include "lib/string.h"
#include "mem/check.h"
#include "mem/node.h"

_Thread_local struct cpu *fake_cpu;
u64 fake_counter;
_Thread_local struct fake_event fake_events[FAKE_EVENTS];
_Thread_local u32 fake_event_count;
_Thread_local u64 fake_op_count[OP_KINDS];
void (*fake_op_hook)(enum fake_op op, u64 argument, u64 vttbr);
struct frame *frame_table;
u64 direct_base;
_Thread_local u64 fake_seed = 1;
struct p2m *fake_p2ms[8];
static bool in_child;

u64 *fake_sysreg(const char *name)
{
	static _Thread_local struct {
		char name[32];
		u64 value;
	} registers[256];

	for (u32 i = 0; i < ARRAY_SIZE(registers); i++) {
		if (!registers[i].name[0])
			string_copy(registers[i].name, name, sizeof(registers[i].name));
		if (strcmp(registers[i].name, name) == 0)
			return &registers[i].value;
	}
	abort();
}

void fake_op(enum fake_op op, u64 argument)
{
	u64 vttbr = *fake_sysreg("VTTBR_EL2");

	if (fake_event_count < FAKE_EVENTS)
		fake_events[fake_event_count++] = (struct fake_event){op, argument, vttbr};
	fake_op_count[op]++;
	if (fake_op_hook)
		fake_op_hook(op, argument, vttbr);
}

void fake_forget(void)
{
	fake_event_count = 0;
	memset(fake_op_count, 0, sizeof(fake_op_count));
}

void panic(const char *format, ...)
{
	char text[320];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (in_child) {
		ssize_t n = write(3, text, strlen(text));
		_exit(n > 0 ? 42 : 43);
	}
	fail_msg("panic: %s", text);
	abort();
}

void fake_must_panic(void (*body)(void *), void *argument, const char *text)
{
	char said[320] = "";
	int ends[2], status = 0;

	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		in_child = true;
		dup2(ends[1], 3);
		body(argument);
		_exit(0);
	}
	close(ends[1]);
	ssize_t n = read(ends[0], said, sizeof(said) - 1);
	close(ends[0]);
	waitpid(child, &status, 0);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 42)
		fail_msg("no panic, though '%s' was expected", text);
	if (n < 0 || !strstr(said, text))
		fail_msg("panic '%s', not '%s'", said, text);
}

/* The log goes to stderr when a test wants to see it. */
static void to_stderr(char c)
{
	if (getenv("FAKE_LOG"))
		fputc(c, stderr);
}

void fake_cpus(u32 nodes, u32 cpus_per_node)
{
	node_count = nodes;
	cpu_count = nodes * cpus_per_node;
	log_early = to_stderr;
	for (u32 i = 0; i < cpu_count; i++) {
		cpus[i] = aligned_alloc(64, ALIGN_UP(sizeof(struct cpu), 64ul));
		memset(cpus[i], 0, sizeof(struct cpu));
		cpus[i]->id = i;
		cpus[i]->node = i / cpus_per_node;
		cpus[i]->online = true;
	}
	fake_run_on(0);
}

struct pfn fake_pfn(u32 node)
{
	return pfn_of(FAKE_FIRST_PFN + node * FAKE_NODE_PFNS);
}

void fake_memory(u32 nodes, u64 frames)
{
	size_t records = (FAKE_FIRST_PFN + nodes * FAKE_NODE_PFNS) * sizeof(struct frame);
	size_t bytes = nodes * FAKE_NODE_PFNS * PAGE_SIZE;
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);

	frame_table = mmap(NULL, records, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (memory == MAP_FAILED || (void *)frame_table == MAP_FAILED)
		abort();
	direct_base = (u64)(uintptr_t)memory - FAKE_FIRST_PFN * PAGE_SIZE;
	for (u32 n = 0; n < nodes && frames; n++)
		if (node_add(n, fake_pfn(n), frames) != OK)
			abort();
	node_order();
}

u64 fake_free(void)
{
	struct node_stats s;
	u64 sum = 0;

	for (u32 n = 0; n < node_count; n++) {
		node_stats(n, &s);
		sum += s.free;
	}
	return sum;
}

void fake_run_on(u32 id)
{
	fake_cpu = cpus[id];
	if (cpus[id])
		*fake_sysreg("VTTBR_EL2") = cpus[id]->loaded_vttbr;
}

u32 fake_random(u32 below)
{
	fake_seed = fake_seed * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(fake_seed >> 33) % below;
}

static struct p2m *next_p2m(struct p2m *after)
{
	for (u32 i = 0; i < ARRAY_SIZE(fake_p2ms); i++)
		if (!after || fake_p2ms[i] == after) {
			u32 next = after ? i + 1 : 0;
			return next < ARRAY_SIZE(fake_p2ms) ? fake_p2ms[next] : NULL;
		}
	return NULL;
}

u32 fake_check(void)
{
	struct mem_check c;

	mem_check_begin(&c);
	while (!mem_check_step(&c, next_p2m))
		;
	return c.faults;
}
