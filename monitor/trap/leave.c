/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one way back into a guest.
 *
 * Handlers of exits answer a verdict and leave what comes later on flags: cpu.work (what this
 * CPU was asked to do) and v->work (what the vCPU has to look at). leave() acts on the
 * verdict; when no flag is set and the vCPU may go on, it returns at once: that is the fast
 * path, and nothing is added to it lightly. Else the slow path drains the flags, lets the
 * scheduler choose, switches registers if another vCPU was chosen, or idles.
 *
 * A CPU in here holds no lock and its stack is nearly empty, so this is also where the one
 * rendezvous of the monitor happens: the stop barrier (barrier.c), for work that needs
 * all VMs to stand still.
 */
#include "control/channel.h"
#include "control/console.h"
#include "control/life.h"
#include "hw/disk.h"
#include "hw/timer.h"
#include "mem/guest.h"
#include "mem/node.h"
#include "trap/barrier.h"
#include "trap/trap.h"
#include "vcpu/features.h"
#include "vcpu/job.h"
#include "vcpu/sched.h"
#include "vcpu/timer.h"
#include "vdev/vdev.h"

/* What may stay for the next exit: it waits for others, or there is much of it. */
#define WORK_MAY_WAIT (u32)(WORK_RETRY | WORK_DISK)
#define DISKS_AT_ONCE 4u
#define ZERO_AT_ONCE 8u /* frames zeroed between two looks at the interrupts */

/* The time since the exit was the monitor's, on v's behalf. */
static void account(struct vcpu *v)
{
	u64 now = timer_now_fast();
	v->monitor_ticks += now - v->exit_since;
	v->exit_since = now;
}

/* v's registers are saved and it is nobody's until it is started again. */
static void retire(struct vcpu *v, enum vcpu_state state)
{
	struct vm *vm = v->vm;
	struct cpu *c = this_cpu();
	account(v);
	v->idle_wanted = false; /* or its next life begins asleep */
	if (c->current == v) {
		vcpu_unload(v);
		c->current = NULL;
	}
	timer_disarm(&v->vtimer);
	timer_disarm(&v->ptimer);
	sched_forget(v);
	if (vcpu_settle(v, state))
		life_vm_stopped(vm);
}

/* What v itself has to look at; false when it can't go on. */
static bool settle_work(struct vcpu *v)
{
	u32 work = load_acquire(&v->work);
	if (work & VWORK_OFF) {
		retire(v, VCPU_OFF);
		return false;
	}
	if (work & VWORK_STOP) {
		retire(v, VCPU_STOPPED);
		return false;
	}
	if (work & VWORK_VGIC) {
		atomic_and(&v->work, ~(u32)VWORK_VGIC);
		vgic_update(v);
	}
	atomic_and(&v->work, ~(u32)(VWORK_TIMER | VWORK_RELOAD));
	return true;
}

/* The guest executed WFI: true when it sleeps now. */
static bool sleep_if_wanted(struct vcpu *v)
{
	if (!v->idle_wanted)
		return false;
	v->idle_wanted = false;
	if (vtimer_asserted(v)) /* its interrupt is on the way */
		return false;
	account(v);
	return sched_block(v, VCPU_WAITING);
}

static void timers_due(void)
{
	for (struct timer *t = timer_due(); t; t = timer_due()) {
		if (t->kind == TIMER_VIRTUAL)
			vgic_vtimer_soft(t->vcpu);
		else
			ptimer_update(t->vcpu);
	}
}

/* A few finished requests; the rest at the next exit, which comes soon. */
static void disks_done(void)
{
	for (u32 i = 0; i < DISKS_AT_ONCE; i++) {
		struct disk_request *r = disk_done();
		if (!r)
			return;
		vblk_complete(r);
	}
	atomic_or(&this_cpu()->work, WORK_DISK);
	sched_want_tick();
}

/* One step of one job. */
static void job_advance(void)
{
	struct job *j = job_take();
	bool done = false;
	if (!j)
		return;
	count(COUNTER_job_slices);
	switch (j->kind) {
	case JOB_BUILD:
		done = build_step(j);
		break;
	case JOB_END:
		done = end_step(j);
		break;
	case JOB_OFF:
		done = off_step(j);
		break;
	case JOB_CHECK:
		barrier_run(j);
		done = true;
		break;
	}
	if (done)
		count(COUNTER_jobs);
	job_release(j, done);
}

/* What this CPU was asked to do; none of it concerns the running vCPU alone. */
static void drain(u32 work)
{
	if (work & WORK_PANIC)
		cpu_halt();
	if (work & WORK_TIMER)
		timers_due();
	if (work & WORK_DISK)
		disks_done();
	if (work & WORK_INBOX)
		sched_take_inbox();
	if (work & WORK_CONTROL)
		control_poll();
	if (work & (WORK_CONSOLE | WORK_RETRY)) /* output is gathered for a moment */
		console_poll();
	if (vdev_retry()) {
		atomic_or(&this_cpu()->work, WORK_RETRY);
		sched_want_tick();
	}
	if (job_any()) { /* no idle CPU has taken it: a step now, the next one soon */
		if (work & (WORK_JOBS | WORK_TIMER))
			job_advance();
		sched_want_tick();
	}
	if (work & (WORK_STEAL | WORK_INBOX))
		sched_give_away();
}

/* Another vCPU gets this CPU's registers. */
static void switch_to(struct vcpu *v)
{
	struct cpu *c = this_cpu();
	if (c->current == v)
		return;
	if (c->current)
		vcpu_unload(c->current);
	c->current = v;
	vcpu_load(v);
	if (v->steal_time.v) {
		struct wait unused;
		u64 ns = ticks_to_ns(v->steal_ticks);
		/* If it must wait, the next switch tells it. */
		if (guest_write(&v->vm->p2m, ipa_of(v->steal_time.v + 8), &ns, sizeof(ns),
				&unused) != OK)
			count(COUNTER_waits);
	}
}

/* Nothing to run: jobs, then zeroing, then sleep until an interrupt. */
static void idle(void)
{
	struct cpu *c = this_cpu();
	store_relaxed(&c->idle, true);
	fence_full(); /* "idle" before the look at the work: whoever gives work does the reverse */
	if (load_acquire(&c->work) == 0) {
		if (job_any()) {
			job_advance();
		} else if (node_zero_some(c->node, ZERO_AT_ONCE)) {
			/* looked at again below */
		} else {
			sched_ask_for_work();
			cpu_wait();
		}
	}
	store_relaxed(&c->idle, false);
	irq_take();
}

/* The running vCPU must make room: slice over, or somebody deserves the CPU more. */
static bool make_room(struct vcpu *v, u32 work)
{
	bool over = (work & WORK_RESCHED) || ((work & WORK_TIMER) && sched_slice_over()) ||
		    ((work & WORK_INBOX) && sched_better_waits(v));
	if (!over)
		return false;
	account(v);
	sched_requeue(v);
	return true;
}

static struct vcpu *leave_slow(struct vcpu *v)
{
	struct cpu *c = this_cpu();
	for (;;) {
		irq_take(); /* work may make more work: interrupts are not kept out for long */
		u32 work = atomic_exchange(&c->work, 0u);
		drain(work);
		barrier_join();
		if (v && (!settle_work(v) || sleep_if_wanted(v) || make_room(v, work)))
			v = NULL;
		if (!v) {
			v = sched_pick();
			if (!v) {
				idle();
				continue;
			}
			v->exit_since = timer_now_fast();
			switch_to(v);
		}
		if (load_acquire(&v->work) == 0 && !(load_acquire(&c->work) & ~WORK_MAY_WAIT))
			return v;
	}
}

/* The access can't be done now: it is repeated later. */
static struct vcpu *park(struct vcpu *v)
{
	vcount(v, COUNTER_waits);
	if (v->wait.cause != WAIT_TEST) /* others first; the repeated access looks again */
		atomic_or(&this_cpu()->work, WORK_RESCHED);
	return v;
}

struct vcpu *leave(struct vcpu *v, enum verdict verdict)
{
	struct cpu *c = this_cpu();
	switch (verdict) {
	case VERDICT_SKIP:
		v->regs.pc += 4;
		v->regs.pstate &= ~(PSR_BTYPE | PSR_SS);
		break;
	case VERDICT_INJECT:
		inject_deliver(v);
		break;
	case VERDICT_WAIT:
		v = park(v);
		break;
	case VERDICT_DONE:
	case VERDICT_KILL: /* vm_end() has set VWORK_STOP */
		break;
	}
	if (unlikely((load_relaxed(&c->work) | load_relaxed(&v->work)) || v->idle_wanted))
		v = leave_slow(v);
	account(v);
	return v;
}

void leave_first(void)
{
	struct vcpu *v = leave_slow(NULL);
	if (features.pauth)
		guest_enter_pac(v);
	guest_enter(v);
}
