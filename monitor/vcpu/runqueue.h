/* SPDX-License-Identifier: BSD-2-Clause */
/* The run queue and timer list of one CPU: sched.c and timer.c only. */
#ifndef VCPU_RUNQUEUE_H
#define VCPU_RUNQUEUE_H

#include "lib/list.h"
#include "vcpu/vcpu.h"

struct runqueue {
	/* owner CPU */
	struct list ready; /* by rising vruntime */
	u64 min_vruntime;  /* of what ran last: where newcomers start */
	struct list timers; /* by rising deadline */
	u64 slice_end;      /* counter value, or ~0 */
	u64 programmed;     /* what the hypervisor timer is set to */
	u32 others;         /* CPUs in near[], 0 until it is made */
	u8 near[MAX_CPUS];  /* the other CPUs, nearest first */

	/* anyone, atomically */
	cache_aligned struct vcpu *inbox; /* stack of vCPUs sent here */
	u32 thief;                        /* CPU number + 1 of an idle CPU that asks */
	/* owner writes, others read as hints */
	cache_aligned u32 ready_count;
	u32 assigned; /* atomic: vCPUs that live here */
	u32 running;  /* 1: runs a vCPU */
};

#endif
