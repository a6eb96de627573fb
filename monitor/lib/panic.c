/* SPDX-License-Identifier: BSD-2-Clause */
/* The end: a bug of the monitor. Prints what is known, then stops all CPUs. */
#include "arm64/atomic.h"
#include "arm64/cpu.h"
#include "lib/err.h"
#include "lib/percpu.h"
#include "lib/print.h"
#include "lib/string.h"

void (*panic_hook)(void);
struct cpu *cpus[MAX_CPUS];
u32 cpu_count;
u32 node_count;

const char *err_name(enum err e)
{
	switch (e) {
	case OK:
		return "ok";
	case ERR_MEMORY:
		return "no memory";
	case ERR_RANGE:
		return "out of range";
	case ERR_INPUT:
		return "malformed";
	case ERR_STATE:
		return "wrong state";
	case ERR_BUSY:
		return "busy";
	case ERR_IO:
		return "I/O error";
	case ERR_WAIT:
		return "must wait";
	case ERR_ABSENT:
		return "not there";
	}
	return "unknown error";
}

u64 count_sum(enum counter c)
{
	u64 sum = 0;
	for (u32 i = 0; i < cpu_count; i++)
		if (cpus[i])
			sum += load_relaxed(&cpus[i]->counters[c]);
	return sum;
}

#ifndef DISCO_HOST
/* The log's lock may be held by the CPU that fails: say it without. */
static void say(const char *s)
{
	for (; log_early && *s; s++)
		log_early(*s);
}

/* Return addresses of the callers, from the frame records (AAPCS64, 6.2.3). */
static void backtrace(void)
{
	u64 *frame = __builtin_frame_address(0);
	char text[32];
	say("monitor: called from");
	for (u32 i = 0; i < 16 && frame && IS_ALIGNED((u64)frame, 16); i++) {
		if (!frame[1])
			break;
		format_text(text, sizeof(text), " %llx",
			    (unsigned long long)(frame[1] & 0xffffffffffffull));
		say(text);
		u64 *up = (u64 *)frame[0];
		if (up <= frame || (u64)up - (u64)frame > 0x4000)
			break;
		frame = up;
	}
	say("\n");
}

void panic(const char *format, ...)
{
	static u32 panicking;
	char text[320];
	if (atomic_exchange(&panicking, 1u))
		cpu_halt();
	if (panic_hook)
		panic_hook();
	va_list args;
	va_start(args, format);
	format_args(text, sizeof(text), format, args);
	va_end(args);
	say("\nmonitor: PANIC: ");
	say(text);
	say("\n");
	backtrace();
	cpu_halt();
}

/* GCC's stack protector: the guard (boot replaces it by a random one) and the answer. */
u64 __stack_chk_guard = 0x595e9fbd94fda766ull;

void __stack_chk_fail(void);
void __stack_chk_fail(void)
{
	panic("stack smashed");
}
#endif
