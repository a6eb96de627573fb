/* SPDX-License-Identifier: BSD-2-Clause */
/* Host twin of monitor/arm64/cpu.h: "this CPU" is what the test says. */
#ifndef FAKE_ARM64_CPU_H
#define FAKE_ARM64_CPU_H

#include <sched.h>
#include <stdlib.h>

#include "arm64/sysreg.h"
#include "arm64/tlb.h"
#include "lib/types.h"

struct cpu;
extern _Thread_local struct cpu *fake_cpu;
extern u64 fake_counter; /* what cpu_counter() answers; grows by 1 with each look */

static inline struct cpu *this_cpu(void)
{
	return fake_cpu;
}
static inline void set_this_cpu(struct cpu *c)
{
	fake_cpu = c;
}
static inline void cpu_wait(void)
{
}
static inline void cpu_relax(void)
{
	sched_yield(); /* threads outnumber the host's CPUs */
}
static inline __attribute__((noreturn)) void cpu_halt(void)
{
	abort();
}
static inline u64 cpu_counter(void)
{
	return fake_counter++;
}

#endif
