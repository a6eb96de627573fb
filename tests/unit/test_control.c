/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control channel and the serial line: each request and its answers, garbage on the
 * way, a tool that does not read, a terminal that is slow.
 */
#include "test_control_fakes.h"

#include "control/parser.h"
#include "mem/check.h"

#define FRAMES 0x8000ull
enum { A, B };

/* --- a tool --- */

static struct parser inbox;
static u32 seq = 100;

static void send_message(const struct ctl_header *head, const void *payload, size_t n)
{
	struct ctl_header h = *head;

	h.magic = CTL_MAGIC;
	h.version = h.version ? h.version : CTL_VERSION;
	h.length = (u32)n;
	h.payload_crc = crc32(0, payload, n);
	h.header_crc = crc32(0, &h, 28);
	queue_put(&to_monitor, &h, sizeof(h));
	queue_put(&to_monitor, payload, n);
	this_cpu()->work |= WORK_CONTROL;
}

/* The next message from the monitor; false when there is none. Garbage is a failure. */
static bool next_message(struct ctl_header *h, void *payload)
{
	size_t room;
	u8 *space = parser_space(&inbox, &room);

	parser_added(&inbox, queue_get(&from_monitor, space, room), 0);
	switch (parser_next(&inbox)) {
	case PARSED_GARBAGE:
		fail_msg("garbage from the monitor");
		break;
	case PARSED_NOTHING:
		return false;
	case PARSED_MESSAGE:
		break;
	}
	*h = inbox.head;
	memcpy(payload, inbox.payload, h->length);
	parser_take(&inbox);
	return true;
}

static u8 answer[CTL_PAYLOAD_MAX] __attribute__((aligned(8)));
static struct ctl_header answer_head;

/* The answer to `number`; events before it are passed over. */
static bool answered(u32 number)
{
	while (next_message(&answer_head, answer))
		if (answer_head.type == CTL_REPLY && answer_head.seq == number)
			return true;
	return false;
}

static u32 ask_as(u32 number, u32 type, u32 vm, const void *payload, size_t n)
{
	const struct ctl_header h = {.type = (u16)type, .seq = number, .vm = vm};

	send_message(&h, payload, n);
	run_work();
	if (!answered(number))
		fail_msg("no answer to request %u", type);
	return answer_head.status;
}

static u32 ask(u32 type, u32 vm, const void *payload, size_t n)
{
	return ask_as(++seq, type, vm, payload, n);
}

static void forget_messages(void)
{
	while (next_message(&answer_head, answer))
		;
}

static void stop_all(void)
{
	for (u32 i = A; i <= B; i++) {
		(void)operate(CTL_KILL, i);
		if (vms[i])
			vcpus_stop(vms[i]);
	}
	run_all();
}

static int boot(void **state)
{
	(void)state;
	fake_machine(FRAMES);
	fake_boot(NULL, 0);
	assert_int_equal(operate(CTL_START, B), CTL_OK);
	run_all();
	return 0;
}

static int end(void **state)
{
	(void)state;
	fake_unboot();
	return 0;
}

/* Both VMs run; the tool has said hello. */
static int each(void **state)
{
	(void)state;
	stop_all();
	for (u32 i = A; i <= B; i++) {
		assert_int_equal(operate(CTL_START, i), CTL_OK);
		run_all();
		vms[i]->devs->typed_length = 0;
		vms[i]->devs->typed_room = sizeof(vms[i]->devs->typed);
	}
	queue_reset(&to_monitor, QUEUE_BYTES);
	queue_reset(&from_monitor, QUEUE_BYTES);
	parser_reset(&inbox);
	tool_connected = false;
	this_cpu()->work |= WORK_CONTROL;
	run_work();
	tool_connected = true;
	assert_int_equal(ask(CTL_HELLO, CTL_VM_NONE, NULL, 0), CTL_OK);
	return 0;
}

/* --- requests --- */

static void hello(void **state)
{
	const struct ctl_hello *h = (const void *)answer;

	(void)state;
	assert_int_equal(ask(CTL_HELLO, CTL_VM_NONE, NULL, 0), CTL_OK);
	assert_int_equal(answer_head.length, sizeof(*h));
	assert_int_equal(h->version, CTL_VERSION);
	assert_int_equal(h->counter_count, COUNTER_COUNT);
	assert_int_equal(h->vm_count, 2);
	assert_int_equal(h->node_count, 2);
	assert_int_equal(h->cpu_count, 4);
	assert_string_equal(h->name, "demo");
}

static void lists(void **state)
{
	const struct ctl_vm *vm = (const void *)answer;
	const struct ctl_vcpu *vcpu = (const void *)answer;
	const struct ctl_node *node = (const void *)answer;
	struct ctl_from from = {0, 0};

	(void)state;
	vms[A]->vcpus[1]->cpu_ticks = 700;
	vms[A]->vcpus[1]->counts[COUNTER_exit_wfi] = 3;
	assert_int_equal(ask(CTL_VMS, CTL_VM_NONE, &from, sizeof(from)), CTL_OK);
	assert_int_equal(answer_head.length, 2 * sizeof(*vm));
	assert_string_equal(vm[A].name, "a");
	assert_int_equal(vm[A].state, CTL_VM_RUNNING);
	assert_int_equal(vm[A].vcpus, 2);
	assert_int_equal(vm[A].memory, 64 << 20);
	assert_int_equal(vm[A].cpu_ns, 700);
	assert_int_equal(vm[A].exits, 3);
	assert_true(vm[A].owned > KERNEL_BYTES);
	assert_string_equal(vm[B].name, "b");
	from.first = 1;
	assert_int_equal(ask(CTL_VMS, CTL_VM_NONE, &from, sizeof(from)), CTL_OK);
	assert_int_equal(answer_head.length, sizeof(*vm));
	from.first = ~0u;
	assert_int_equal(ask(CTL_VMS, CTL_VM_NONE, &from, sizeof(from)), CTL_OK);
	assert_int_equal(answer_head.length, 0);

	assert_int_equal(ask(CTL_VCPUS, A, NULL, 0), CTL_OK);
	assert_int_equal(answer_head.length, 2 * sizeof(*vcpu));
	assert_int_equal(vcpu[1].cpu_ns, 700);
	assert_int_equal(vcpu[0].state, VCPU_RUNNING);

	assert_int_equal(ask(CTL_NODES, CTL_VM_NONE, NULL, 0), CTL_OK);
	assert_int_equal(answer_head.length, 2 * sizeof(*node));
	assert_int_equal(node[1].cpus, 2);
	assert_int_equal(node[1].total, FRAMES << PAGE_SHIFT);
	assert_true(node[1].guest > 0);
	vms[A]->vcpus[1]->cpu_ticks = 0;
	vms[A]->vcpus[1]->counts[COUNTER_exit_wfi] = 0;
}

static void counters(void **state)
{
	const struct ctl_stats *s = (const void *)answer;
	const u64 *values = (const u64 *)(s + 1);

	(void)state;
	vms[A]->vcpus[0]->counts[COUNTER_exit_hvc] = 40;
	vms[A]->vcpus[1]->counts[COUNTER_exit_hvc] = 2;
	assert_int_equal(ask(CTL_STATS, A, NULL, 0), CTL_OK);
	assert_int_equal(s->count, COUNTER_COUNT);
	assert_int_equal(answer_head.length, sizeof(*s) + COUNTER_COUNT * 8);
	assert_int_equal(values[COUNTER_exit_hvc], 42);
	assert_int_equal(values[COUNTER_blk_reads], 5); /* of the devices */
	assert_int_equal(ask(CTL_STATS, CTL_VM_NONE, NULL, 0), CTL_OK);
	assert_int_equal(values[COUNTER_exit_hvc], 42);
	assert_int_equal(values[COUNTER_fault_zero], count_sum(COUNTER_fault_zero));
}

static void bad_requests(void **state)
{
	const struct ctl_log log = {0, 5, 0};
	struct ctl_header h = {.type = CTL_HELLO, .seq = 7, .version = 2};

	(void)state;
	send_message(&h, NULL, 0);
	run_work();
	assert_true(answered(7));
	assert_int_equal(answer_head.status, CTL_E_VERSION);
	assert_int_equal(ask(99, CTL_VM_NONE, NULL, 0), CTL_E_TYPE);
	assert_int_equal(ask(CTL_REPLY, CTL_VM_NONE, NULL, 0), CTL_E_TYPE);
	assert_int_equal(ask(CTL_START, 2, NULL, 0), CTL_E_VM);
	assert_int_equal(ask(CTL_START, CTL_VM_NONE, NULL, 0), CTL_E_VM);
	assert_int_equal(ask(CTL_STATS, 2, NULL, 0), CTL_E_VM);
	assert_int_equal(ask(CTL_HELLO, CTL_VM_NONE, "x", 1), CTL_E_LENGTH);
	assert_int_equal(ask(CTL_VMS, CTL_VM_NONE, NULL, 0), CTL_E_LENGTH);
	assert_int_equal(ask(CTL_INPUT, A, &log, sizeof(log)), CTL_E_LENGTH); /* 5 bytes lack */
}

static void commands(void **state)
{
	(void)state;
	assert_int_equal(ask(CTL_START, A, NULL, 0), CTL_E_STATE);
	assert_int_equal(ask(CTL_PAUSE, A, NULL, 0), CTL_OK);
	assert_int_equal(slots[A].state, VM_PAUSED);
	vcpus_stop(vms[A]);
	assert_int_equal(ask(CTL_RESUME, A, NULL, 0), CTL_OK);
	assert_int_equal(ask(CTL_KILL, A, NULL, 0), CTL_OK);
	vcpus_stop(vms[A]);
	run_all();
	assert_int_equal(slots[A].state, VM_OFF);
	assert_int_equal(ask(CTL_START, A, NULL, 0), CTL_OK);
	run_all();
	assert_int_equal(slots[A].state, VM_RUNNING);
}

/* An answer got lost, the tool asks again: nothing happens twice. */
static void repeated_commands(void **state)
{
	u64 started;

	(void)state;
	assert_int_equal(ask_as(5000, CTL_RESTART, A, NULL, 0), CTL_OK);
	vcpus_stop(vms[A]);
	now_ns += 1000;
	run_all();
	started = slots[A].started;
	assert_int_equal(ask_as(5000, CTL_RESTART, A, NULL, 0), CTL_OK);
	vcpus_stop(vms[A]);
	now_ns += 1000;
	run_all();
	assert_int_equal(slots[A].started, started);
	assert_int_equal(ask_as(5001, CTL_RESTART, A, NULL, 0), CTL_OK);
	vcpus_stop(vms[A]);
	run_all();
	assert_true(slots[A].started > started);
}

/* --- consoles --- */

static u32 type_at(u64 position, const char *text)
{
	u8 message[64];
	struct ctl_log log = {position, (u32)strlen(text), 0};

	memcpy(message, &log, sizeof(log));
	memcpy(message + sizeof(log), text, log.count);
	assert_int_equal(ask(CTL_INPUT, A, message, sizeof(log) + log.count), CTL_OK);
	memcpy(&log, answer, sizeof(log));
	assert_int_equal(log.position, slots[A].input_taken);
	return log.count;
}

static void typing(void **state)
{
	struct vdevs *d = vms[A]->devs;
	u64 at = slots[A].input_taken;

	(void)state;
	assert_int_equal(type_at(at, "hello"), 5);
	assert_int_equal(type_at(at, "hello"), 0);   /* a repetition */
	assert_int_equal(type_at(at, "hello, "), 2); /* the beginning is known */
	assert_int_equal(type_at(at + 100, "x"), 0); /* from beyond */
	d->typed_room = 9;
	assert_int_equal(type_at(at + 7, "world"), 2); /* no room for the rest */
	d->typed_room = 99;
	assert_int_equal(type_at(at + 9, "rld"), 3);
	assert_int_equal(d->typed_length, 12);
	assert_memory_equal(d->typed, "hello, world", 12);
}

static struct ctl_log history_of(u32 vm, u64 position, u32 count)
{
	const struct ctl_log wanted = {position, count, 0};
	struct ctl_log got;

	assert_int_equal(ask(CTL_LOG, vm, &wanted, sizeof(wanted)), CTL_OK);
	memcpy(&got, answer, sizeof(got));
	assert_int_equal(answer_head.length, sizeof(got) + got.count);
	return got;
}

static void history(void **state)
{
	u64 at = console_end(vms[A]);
	struct ctl_log got;

	(void)state;
	guest_says(A, "some words");
	got = history_of(A, at + 5, 3);
	assert_int_equal(got.position, at + 5);
	assert_int_equal(got.count, 3);
	assert_memory_equal(answer + sizeof(got), "wor", 3);
	got = history_of(A, at + 10, 100);
	assert_int_equal(got.count, 0);
	for (u32 i = 0; i < 7000; i++)
		guest_says(A, "0123456789");
	got = history_of(A, at, 100); /* gone: from the oldest byte that is there */
	assert_int_equal(got.position, console_end(vms[A]) - CONSOLE_RING);
	got = history_of(CTL_VM_NONE, 0, 10);
	assert_int_equal(got.count, 10);
}

static void watch_all(void)
{
	const struct ctl_watch w = {1, 1};

	run_work();
	assert_int_equal(ask(CTL_WATCH, CTL_VM_NONE, &w, sizeof(w)), CTL_OK);
	run_work();
	forget_messages();
}

/* All console events of a VM that came, as one text; *at: position of its first byte. */
static size_t watched(u32 vm, char *text, u64 *at)
{
	struct ctl_log log;
	size_t n = 0;
	u64 next = 0;

	while (next_message(&answer_head, answer)) {
		if (answer_head.type != CTL_EVENT_CONSOLE || answer_head.vm != vm)
			continue;
		memcpy(&log, answer, sizeof(log));
		if (n == 0)
			*at = log.position;
		else
			assert_true(log.position >= next);
		next = log.position + log.count;
		memcpy(text + n, answer + sizeof(log), log.count);
		n += log.count;
	}
	return n;
}

static void watched_consoles(void **state)
{
	static char text[100000];
	u64 at, end_before = console_end(vms[A]);

	(void)state;
	guest_says(A, "before ");
	watch_all();
	guest_says(A, "after");
	run_work();
	assert_int_equal(watched(A, text, &at), 5);
	assert_memory_equal(text, "after", 5);
	assert_int_equal(at, end_before + 7);
	guest_says(B, "b");
	run_work();
	assert_int_equal(watched(A, text, &at), 0);
	print("a line for the log\n");
	this_cpu()->work |= WORK_CONSOLE;
	run_work();
	assert_true(watched(CTL_VM_NONE, text, &at) > 18);
	for (u32 i = 0; i < 1000; i++)
		guest_says(A, "0123456789");
	run_work();
	assert_int_equal(watched(A, text, &at), 10000);
}

static void states_are_told(void **state)
{
	const struct ctl_vm *vm = (const void *)answer;
	u32 last = 99;

	(void)state;
	watch_all();
	assert_int_equal(operate(CTL_KILL, B), CTL_OK);
	vcpus_stop(vms[B]);
	run_all();
	while (next_message(&answer_head, answer)) {
		if (answer_head.type != CTL_EVENT_STATE)
			continue;
		assert_int_equal(answer_head.vm, B);
		assert_int_equal(answer_head.seq, 0);
		last = vm->state;
	}
	assert_int_equal(last, CTL_VM_OFF);
}

/*
 * The tool reads nothing while guests print and VMs come and go; the monitor goes on. Then
 * it reads all: every message is whole, the last states are right, a gap shows.
 */
static void tool_that_does_not_read(void **state)
{
	const struct ctl_vm *vm = (const void *)answer;
	u32 last[2] = {99, 99}, replies = 0;
	u64 console = 0, gaps = 0, sent_before;
	struct ctl_log log;

	(void)state;
	watch_all();
	sent_before = console_end(vms[A]);
	from_monitor.room = 0;
	for (u32 i = 0; i < 60; i++) {
		const struct ctl_header h = {.type = CTL_STATS, .seq = 9000 + i, .vm = A};

		for (u32 k = 0; k < 300; k++)
			guest_says(A, "0123456789");
		send_message(&h, NULL, 0);
		(void)operate(i % 2 ? CTL_START : CTL_KILL, B);
		vcpus_stop(vms[B]);
		run_all();
	}
	from_monitor.room = 700; /* and then slowly */
	for (u32 i = 0; i < 3000; i++) {
		this_cpu()->work |= WORK_CONTROL;
		run_work();
	}
	while (next_message(&answer_head, answer)) {
		if (answer_head.type == CTL_EVENT_STATE)
			last[answer_head.vm] = vm->state;
		replies += answer_head.type == CTL_REPLY;
		if (answer_head.type != CTL_EVENT_CONSOLE || answer_head.vm != A)
			continue;
		memcpy(&log, answer, sizeof(log));
		gaps += log.position - (sent_before + console + gaps);
		console += log.count;
	}
	from_monitor.room = QUEUE_BYTES;
	assert_int_equal(last[B], slots[B].state);
	assert_int_equal(replies, 60);
	assert_int_equal(sent_before + console + gaps, console_end(vms[A]));
	assert_true(gaps > 0);
}

/* --- garbage --- */

/* Random damage between and inside of messages: all that are whole are answered. */
static void garbage(void **state)
{
	(void)state;
	for (u32 round = 0; round < 300; round++) {
		u8 junk[200];
		u32 n = fake_random(sizeof(junk));

		for (u32 i = 0; i < n; i++) /* many bytes that a message may begin with */
			junk[i] =
				fake_random(3) ? (u8)fake_random(256) : (u8) "DSCO"[fake_random(4)];
		queue_put(&to_monitor, junk, n);
		if (fake_random(2)) { /* the head of a message whose rest was lost */
			const struct ctl_header h = {.type = CTL_INPUT, .vm = A};
			size_t at = to_monitor.put;

			send_message(&h, junk, sizeof(junk));
			to_monitor.put = at + fake_random(sizeof(h) + sizeof(junk));
		}
		for (u32 i = 0; i < 8; i++) /* enough to fill the space that a lost one claims */
			send_message(&(struct ctl_header){.type = CTL_NODES, .seq = round * 10 + i},
				     NULL, 0);
		run_work();
		for (u32 i = 0; i < 8; i++)
			assert_true(answered(round * 10 + i));
	}
	assert_true(count_sum(COUNTER_control_garbled) > 100);
}

static void garbage_is_told(void **state)
{
	bool told = false;

	(void)state;
	queue_put(&to_monitor, "garbage", 7);
	this_cpu()->work |= WORK_CONTROL;
	run_work();
	while (next_message(&answer_head, answer))
		told |= answer_head.type == CTL_EVENT_GARBLED;
	assert_true(told);
}

/* A tool died in the middle of a message; the next one asks a second later. */
static void half_a_message(void **state)
{
	const struct ctl_header h = {.type = CTL_INPUT, .vm = A};
	u8 payload[CTL_PAYLOAD_MAX] = {0};
	size_t at = to_monitor.put;

	(void)state;
	send_message(&h, payload, sizeof(payload));
	to_monitor.put = at + 100;
	run_work();
	now_ns += 2000000000;
	assert_int_equal(ask(CTL_HELLO, CTL_VM_NONE, NULL, 0), CTL_OK);
}

/* The parser alone: any cut of the stream, any change of a byte. */
static void every_byte_damaged(void **state)
{
	u8 stream[3 * 40 + sizeof(u32)];
	static struct parser p;

	(void)state;
	for (u32 i = 0; i < 3; i++) {
		struct ctl_header h = {.magic = CTL_MAGIC, .length = 8, .seq = i};
		const u64 payload = 0x4f4353444f435344 + i; /* the magic, twice */

		h.payload_crc = crc32(0, &payload, 8);
		h.header_crc = crc32(0, &h, 28);
		memcpy(stream + i * 40, &h, 32);
		memcpy(stream + i * 40 + 32, &payload, 8);
	}
	for (u32 at = 0; at < 120; at++) {
		u32 seen = 0, left = 120, from = 0;

		stream[at] ^= 0x55;
		parser_reset(&p);
		while (left || from < 120) {
			size_t room;
			u8 *space = parser_space(&p, &room);
			u32 most = 1 + fake_random(50), n = MIN(left, most);
			enum parsed found;

			memcpy(space, stream + from, n);
			parser_added(&p, n, 0);
			from += n;
			left -= n;
			while ((found = parser_next(&p)) != PARSED_NOTHING)
				if (found == PARSED_MESSAGE) {
					seen |= 1u << p.head.seq;
					parser_take(&p);
				}
		}
		stream[at] ^= 0x55;
		assert_int_equal(seen, 7u & ~(1u << at / 40));
	}
}

/* --- check, off --- */

static void check(void **state)
{
	const struct ctl_check *c = (const void *)answer;
	const struct ctl_header h = {.type = CTL_CHECK, .seq = 4242, .vm = CTL_VM_NONE};

	(void)state;
	send_message(&h, NULL, 0);
	run_work();
	assert_false(answered(4242));
	send_message(&h, NULL, 0); /* the tool is impatient */
	run_work();
	assert_false(answered(4242));
	assert_int_equal(ask(CTL_CHECK, CTL_VM_NONE, NULL, 0), CTL_E_BUSY);
	run_all();
	assert_true(answered(4242));
	assert_int_equal(answer_head.status, CTL_OK);
	assert_int_equal(c->faults, 0);
	assert_true(c->frames >= 2 * FRAMES);
	assert_true(c->entries == 0); /* no vCPU ran: no tree */
	assert_false(answered(4242));
}

/* --- the serial line --- */

static char *type_keys(const char *keys_typed)
{
	static char shown[100000];
	size_t n;

	queue_put(&keys, keys_typed, strlen(keys_typed));
	this_cpu()->work |= WORK_CONSOLE;
	run_all();
	n = queue_get(&screen, shown, sizeof(shown) - 1);
	shown[n] = 0;
	return shown;
}

static void shows(const char *keys_typed, const char *wanted)
{
	const char *shown = type_keys(keys_typed);

	if (!strstr(shown, wanted))
		fail_msg("typed '%s': wanted '%s' in: %s", keys_typed, wanted, shown);
}

static void serial_prompt(void **state)
{
	(void)state;
	type_keys("");
	shows("help\r", "invariants");
	shows("vms\r", "  1 b: running, 1 vCPUs, 16 MiB");
	shows("vmx\x7fs\r", "vmx\b \bs\r\n");
	shows("stats\r", "published");
	vms[A]->vcpus[0]->counts[COUNTER_exit_smc] = 77;
	shows("stats a\r", "77 exit_smc");
	shows("stats z\r", "no such VM");
	shows("check\r", " 0 faults");
	shows("pause b\r", "ok");
	shows("start b\r", "not in its present state");
	shows("nonsense\r", "unknown command");
	shows("\r", "disco> ");
	print("news\n");
	shows("", "news\r\n");
	for (u32 i = 0; i < 300; i++)
		type_keys("x");
	shows("\r", "unknown command");
}

static void serial_vm(void **state)
{
	struct vdevs *d = vms[B]->devs;

	(void)state;
	guest_says(B, "login: ");
	shows("\x1d"
	      "1",
	      "--- b (running): Ctrl-] m goes back ---");
	shows("", "");
	guest_says(B, "again: ");
	shows("root\r", "again: ");
	assert_memory_equal(d->typed, "root\r", 5);
	print("not now\n");
	assert_null(strstr(type_keys(""), "not now"));
	type_keys("\x1d\x1d");
	assert_int_equal(d->typed[5], 0x1d);
	d->typed_room = 7;
	type_keys("abc");
	assert_int_equal(d->typed_length, 7);
	d->typed_room = 99;
	type_keys("");
	assert_memory_equal(d->typed + 6, "abc", 3);
	shows("\x1d"
	      "m",
	      "not now");
	const char *shown = strstr(type_keys("console a\r"), "--- a (running)");
	assert_non_null(shown);
	assert_null(strstr(shown, "disco> "));
	shows("\x1dm", "disco> ");
	shows("\x1d"
	      "9",
	      "Ctrl-] then: 0-9 a VM");
}

/* One byte of room now and then: nothing is lost, nothing waits. */
static void slow_terminal(void **state)
{
	char text[20000];
	size_t n = 0;

	(void)state;
	type_keys("");
	screen.room = 1;
	print("%s\n", "a line that is to come out whole");
	for (u32 i = 0; i < 200; i++) {
		this_cpu()->work |= WORK_CONSOLE;
		console_poll();
		n += queue_get(&screen, text + n, sizeof(text) - n - 1);
	}
	text[n] = 0;
	screen.room = QUEUE_BYTES;
	assert_non_null(strstr(text, "a line that is to come out whole\r\n"));
}

/* Last: the machine goes off once all VMs are gone and the tool has read everything. */
static void off(void **state)
{
	(void)state;
	assert_int_equal(ask(CTL_OFF, CTL_VM_NONE, NULL, 0), CTL_OK);
	if (setjmp(switched_off)) {
		assert_int_equal(slots[A].state, VM_OFF);
		assert_int_equal(slots[B].state, VM_OFF);
		return;
	}
	for (u32 i = 0; i < 100000; i++) {
		run_jobs(1);
		vcpus_stop(vms[A]);
		vcpus_stop(vms[B]);
		run_work();
		assert_int_equal(operate(CTL_START, A) == CTL_OK && slots[A].state == VM_OFF, 0);
	}
	fail_msg("the machine stays on");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(hello, each),
		cmocka_unit_test_setup(lists, each),
		cmocka_unit_test_setup(counters, each),
		cmocka_unit_test_setup(bad_requests, each),
		cmocka_unit_test_setup(commands, each),
		cmocka_unit_test_setup(repeated_commands, each),
		cmocka_unit_test_setup(typing, each),
		cmocka_unit_test_setup(history, each),
		cmocka_unit_test_setup(watched_consoles, each),
		cmocka_unit_test_setup(states_are_told, each),
		cmocka_unit_test_setup(tool_that_does_not_read, each),
		cmocka_unit_test_setup(garbage, each),
		cmocka_unit_test_setup(garbage_is_told, each),
		cmocka_unit_test_setup(half_a_message, each),
		cmocka_unit_test(every_byte_damaged),
		cmocka_unit_test_setup(check, each),
		cmocka_unit_test_setup(serial_prompt, each),
		cmocka_unit_test_setup(serial_vm, each),
		cmocka_unit_test_setup(slow_terminal, each),
		cmocka_unit_test_setup(off, each),
	};

	return cmocka_run_group_tests(tests, boot, end);
}
