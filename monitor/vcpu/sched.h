/* SPDX-License-Identifier: BSD-2-Clause */
/* Which vCPU runs where and when; the essay is in sched.c. */
#ifndef VCPU_SCHED_H
#define VCPU_SCHED_H

#include "vcpu/vcpu.h"

/* Boot, on each CPU: its empty run queue. */
must_check enum err sched_cpu_init(void);
/* A vCPU that was off is to run: chooses its CPU (its VM's node first). Any CPU. */
void sched_start(struct vcpu *v);
/*
 * v has something new to look at (interrupt, stop request): bits of enum vcpu_work are
 * set in v->work; a WAITING vCPU becomes ready, a RUNNING one leaves its guest. Any CPU.
 */
void sched_kick(struct vcpu *v, u32 work);
/* The cause of v's wait may be gone: a PARKED v becomes ready. Any CPU. */
void sched_unpark(struct vcpu *v);

/* --- for trap/leave.c, on the owner CPU --- */
/* The current vCPU can't go on: into `state`; false when it was kicked meanwhile. */
must_check bool sched_block(struct vcpu *v, u32 state);
/* Takes the vCPUs that other CPUs sent here; answers an idle CPU's wish for one. */
void sched_take_inbox(void);
void sched_give_away(void);
/* The vCPU to run now (may be the current one), or NULL: idle. Slice timer is set. */
struct vcpu *sched_pick(void);
/* Slice over: the current one goes back to the queue. */
void sched_slice_end(void);
/* Idle: asks the most loaded CPU, near ones first, for a vCPU. */
void sched_ask_for_work(void);
/* Number of vCPUs ready or running on a CPU: a hint for others. */
u32 sched_load(u32 cpu);

#endif
