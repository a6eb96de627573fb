/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A tool that says anything, while guests print, end and reset, and a terminal types. The
 * input is a list of operations (see run_op); messages get right checksums, or nothing
 * behind those would ever be reached, and raw bytes come between. In the end: what the
 * monitor said is messages and nothing else, no lock is held, all memory is back.
 */
#include "unit/test_control_fakes.h"

#include "control/parser.h"

int LLVMFuzzerTestOneInput(const u8 *input, size_t size);

#define FRAMES 0x2000ull
#define VMS 2u

enum op {
	OP_MESSAGE,
	OP_RAW,
	OP_KEYS,
	OP_JOBS,
	OP_STOP,
	OP_SAY,
	OP_END,
	OP_TIME,
	OP_ROOM,
	OP_PORT
};

static u64 free_frames;

static void must(bool true_statement)
{
	if (!true_statement)
		abort();
}

static void work(void)
{
	for (u32 i = 0; i < 100 && load_relaxed(&this_cpu()->work); i++) {
		u32 w = atomic_exchange(&this_cpu()->work, 0u);

		if (w & WORK_CONTROL)
			control_poll();
		if (w & WORK_CONSOLE)
			console_poll();
		lock_assert_none();
	}
}

static void stop(void)
{
	for (u32 i = 0; i < VMS; i++)
		if (vms[i])
			vcpus_stop(vms[i]);
}

/* Type, VM and sequence number from the input; all else as it must be. */
static void message(u8 type, u8 vm, const u8 *payload, size_t n)
{
	struct ctl_header h = {
		.magic = CTL_MAGIC,
		.version = CTL_VERSION,
		.type = type % 20,
		.length = (u32)n,
		.seq = type / 20,
		.vm = vm == 0xff ? CTL_VM_NONE : vm,
		.payload_crc = crc32(0, payload, n),
	};

	if (h.type == CTL_OFF) /* the end of the process: test_control.c has it */
		return;
	h.header_crc = crc32(0, &h, 28);
	queue_put(&to_monitor, &h, sizeof(h));
	queue_put(&to_monitor, payload, n);
	this_cpu()->work |= WORK_CONTROL;
}

/* Not "off": see above. */
static void press(const u8 *data, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (data[i] != 'f')
			queue_put(&keys, data + i, 1);
	this_cpu()->work |= WORK_CONSOLE;
}

/* One operation: kind, two numbers, length, data. */
static void run_op(u8 kind, u8 a, u8 b, const u8 *data, size_t n)
{
	char text[256] = {0};

	switch ((enum op)(kind % 10)) {
	case OP_MESSAGE:
		message(a, b, data, n);
		break;
	case OP_RAW:
		queue_put(&to_monitor, data, n);
		this_cpu()->work |= WORK_CONTROL;
		break;
	case OP_KEYS:
		press(data, n);
		break;
	case OP_JOBS:
		run_jobs(a);
		break;
	case OP_STOP:
		stop();
		break;
	case OP_SAY:
		memcpy(text, data, MIN(n, sizeof(text) - 1));
		if (vms[a % VMS] && vms[a % VMS]->devs)
			guest_says(a % VMS, text);
		break;
	case OP_END:
		if (slots[a % VMS].state == VM_RUNNING)
			vm_end(vms[a % VMS], b % 6, "%s", "fuzzed");
		break;
	case OP_TIME:
		now_ns += a * 100000000ull;
		break;
	case OP_ROOM:
		from_monitor.room = a * 16u;
		screen.room = b;
		break;
	case OP_PORT:
		tool_connected = a & 1;
		this_cpu()->work |= WORK_CONTROL;
		break;
	}
	work();
}

/* What the monitor said since the port was opened is whole messages. */
static void check_output(void)
{
	static struct parser p;

	parser_reset(&p);
	for (;;) {
		size_t room;
		u8 *space = parser_space(&p, &room);
		size_t n = queue_get(&from_monitor, space, room);
		enum parsed found;

		parser_added(&p, n, 0);
		while ((found = parser_next(&p)) == PARSED_MESSAGE)
			parser_take(&p);
		must(found == PARSED_NOTHING);
		if (n == 0)
			return;
	}
}

static void all_off(void)
{
	for (u32 i = 0; i < VMS; i++)
		(void)operate(CTL_KILL, i);
	for (u32 i = 0; i < 4; i++) {
		stop();
		while (run_jobs(1000))
			;
	}
	for (u32 i = 0; i < VMS; i++)
		must(slots[i].state == VM_OFF);
}

static void begin(void)
{
	static bool booted;

	if (!booted) {
		fake_machine(FRAMES);
		log_early = NULL;
		fake_boot(NULL, 0);
		for (u32 i = 0; i < VMS; i++)
			(void)operate(CTL_START, i);
		run_all();
		all_off();
		free_frames = fake_free();
		booted = true;
	}
	queue_reset(&to_monitor, QUEUE_BYTES);
	queue_reset(&from_monitor, QUEUE_BYTES);
	queue_reset(&keys, QUEUE_BYTES);
	queue_reset(&screen, QUEUE_BYTES);
	tool_connected = false;
	control_poll();
	tool_connected = true;
	control_poll();
	for (u32 i = 0; i < VMS; i++)
		vms[i]->devs->typed_length = 0;
}

int LLVMFuzzerTestOneInput(const u8 *input, size_t size)
{
	bool cut = false;

	begin();
	for (u32 i = 0; i < 200 && size >= 4; i++) {
		size_t n = MIN((size_t)input[3], size - 4);

		cut |= input[0] % 10 == OP_PORT;
		run_op(input[0], input[1], input[2], input + 4, n);
		input += 4 + n;
		size -= 4 + n;
	}
	all_off();
	if (!cut) /* a closed port cuts a message */
		check_output();
	must(fake_free() == free_frames);
	return 0;
}
