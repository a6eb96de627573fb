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
/*
 * The current vCPU can't go on: into WAITING or PARKED; false when it was kicked meanwhile
 * (it is RUNNING again).
 */
must_check bool sched_block(struct vcpu *v, u32 state);
/* Takes the vCPUs that other CPUs sent here; answers an idle CPU's wish for one. */
void sched_take_inbox(void);
void sched_give_away(void);
/* The vCPU to run now (may be the current one), or NULL: idle. Slice timer is set. */
struct vcpu *sched_pick(void);
/* The running vCPU goes back to the queue (slice over, a more deserving one came). */
void sched_requeue(struct vcpu *v);
/* The running vCPU left this CPU for good (OFF, STOPPED): accounts its time. */
void sched_forget(struct vcpu *v);
/* The running vCPU is alone but a job waits: it is interrupted soon. */
void sched_want_tick(void);
/* True when the slice of the running vCPU ended by time. */
bool sched_slice_over(void);
/* True when an inbox arrival deserves the CPU more than `v`. */
bool sched_better_waits(struct vcpu *v);
/* Idle: asks the most loaded CPU, near ones first, for a vCPU. */
void sched_ask_for_work(void);
/* Number of vCPUs ready or running on a CPU: a hint for others. */
u32 sched_load(u32 cpu);
/* Counter ticks that v has run, the present slice included (a snapshot, from any CPU). */
u64 sched_ticks(const struct vcpu *v);

#endif
