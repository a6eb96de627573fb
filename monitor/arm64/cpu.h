/* SPDX-License-Identifier: BSD-2-Clause */
/* This CPU: its per-CPU data, waiting, its identity. */
#ifndef ARM64_CPU_H
#define ARM64_CPU_H

#include "arm64/sysreg.h"
#include "arm64/tlb.h"
#include "lib/types.h"

struct cpu;

/* The per-CPU record of the CPU that runs this. */
static inline struct cpu *this_cpu(void)
{
	struct cpu *c;
	__asm__("mrs %0, tpidr_el2" : "=r"(c));
	return c;
}
static inline void set_this_cpu(struct cpu *c)
{
	sysreg_write(TPIDR_EL2, (u64)c);
	isb();
}
/* Sleeps until an interrupt is pending (also a masked one). */
static inline void cpu_wait(void)
{
	__asm__ volatile("dsb sy\n\twfi" ::: "memory");
}
static inline void cpu_relax(void)
{
	__asm__ volatile("yield" ::: "memory");
}
/* A monitor bug was printed: this CPU ends here. */
static inline __attribute__((noreturn)) void cpu_halt(void)
{
	for (;;)
		__asm__ volatile("msr daifset, #15\n\twfi" ::: "memory");
}
static inline u64 cpu_counter(void)
{
	u64 v;
	__asm__ volatile("isb\n\tmrs %0, cntpct_el0" : "=r"(v)::"memory");
	return v;
}

#endif
