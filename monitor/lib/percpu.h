/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The record of one CPU of the machine, in its own node's memory; TPIDR_EL2 points to it.
 * Owner means the CPU itself; only `work` is written by others.
 */
#ifndef LIB_PERCPU_H
#define LIB_PERCPU_H

#include "abi/counters.h"
#include "arm64/atomic.h"
#include "arm64/cpu.h"
#include "lib/random.h"
#include "lib/types.h"

/* What a CPU is asked to do before it next enters a guest: bits of cpu.work. */
enum cpu_work {
	WORK_RESCHED = 1u << 0, /* slice over, or a better vCPU came */
	WORK_INBOX = 1u << 1,   /* vCPUs were sent here (vcpu/sched.c) */
	WORK_STEAL = 1u << 2,   /* an idle CPU asks for a vCPU */
	WORK_BARRIER = 1u << 3, /* come to the stop barrier (trap/leave.c) */
	WORK_JOBS = 1u << 4,    /* a job may be advanced */
	WORK_DISK = 1u << 5,    /* finished disk requests are listed */
	WORK_CONTROL = 1u << 6, /* bytes came on the control channel */
	WORK_CONSOLE = 1u << 7, /* serial input, or output to drain */
	WORK_TIMER = 1u << 8,   /* the hypervisor timer fired */
	WORK_PANIC = 1u << 9,   /* stop for good */
	WORK_KICK = 1u << 10,   /* look at the current vCPU's own work */
	WORK_RETRY = 1u << 11,  /* device work is left for the next exit */
};

struct vcpu;
struct runqueue;

struct cpu {
	/* owner; known to assembly (trap/offsets.c) */
	struct vcpu *current; /* whose registers are in the CPU; NULL before the first */
	u64 stack_top;
	u64 panic_stack_top; /* for faults of the monitor itself: its stack may be the cause */
	u64 pac_key[2];      /* the monitor's own key IA on this CPU */

	/* anyone, atomically */
	cache_aligned u32 work; /* enum cpu_work */

	/* fixed after boot */
	cache_aligned u32 id;
	u32 node;
	u64 mpidr;
	u64 hyp_root; /* TTBR0_EL2 of its node: own text copy */
	struct runqueue *rq;
	u64 gicr; /* address of its redistributor's RD frame */

	/* owner */
	u64 loaded_vttbr;   /* value in VTTBR_EL2 */
	u64 held_locks;     /* bits by rank (debug builds) */
	u32 preempt_slices; /* slices since boot */
	bool idle;          /* sleeps or is about to (read by others as a hint) */
	bool online;
	struct random random;
	u64 counters[COUNTER_COUNT];
};

extern struct cpu *cpus[MAX_CPUS]; /* NULL where there is none */
extern u32 cpu_count;
extern u32 node_count;

/* Adds to this CPU's counter; vCPU-blamed ones are counted in the vCPU (vcpu/vcpu.h). */
static inline void count_add(enum counter c, u64 n)
{
	this_cpu()->counters[c] += n;
}
static inline void count(enum counter c)
{
	this_cpu()->counters[c]++;
}
/* Sum over all CPUs; others may be counting meanwhile. */
u64 count_sum(enum counter c);

#endif
