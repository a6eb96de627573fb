/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time. The hypervisor timer of a CPU is set to the earliest of its deadline list and the
 * end of the slice. A loaded vCPU's virtual timer is the real one: its interrupt (PPI 27)
 * comes to EL2 and is injected on the spot. When a vCPU leaves its CPU while it waits, a
 * deadline stands in for the timer. The EL1 timer is always emulated by a deadline.
 */
#include "vcpu/timer.h"

#include "arm64/sysreg.h"
#include "hw/gic.h"
#include "hw/timer.h"
#include "vcpu/runqueue.h"
#include "vcpu/sched.h"

u64 ticks_to_ns(u64 ticks)
{
	return ticks / timer_hz * 1000000000ull + ticks % timer_hz * 1000000000ull / timer_hz;
}

u64 ns_to_ticks(u64 ns)
{
	return ns / 1000000000ull * timer_hz + ns % 1000000000ull * timer_hz / 1000000000ull;
}

/* Sets the hypervisor timer when the earliest deadline changed. */
static void program(void)
{
	struct runqueue *q = this_cpu()->rq;
	u64 when = q->slice_end;
	if (!list_empty(&q->timers))
		when = MIN(when, list_entry(q->timers.next, struct timer, entry)->when);
	if (when == q->programmed)
		return;
	q->programmed = when;
	timer_set(when);
}

void timer_arm(struct timer *t, u64 when)
{
	struct runqueue *q = this_cpu()->rq;
	struct list *at = &q->timers;
	if (t->armed)
		list_remove(&t->entry);
	t->armed = true;
	t->when = when;
	list_for_each (n, &q->timers) {
		if (list_entry(n, struct timer, entry)->when > when) {
			at = n;
			break;
		}
	}
	list_insert_before(at, &t->entry);
	program();
}

void timer_disarm(struct timer *t)
{
	if (!t->armed)
		return;
	t->armed = false;
	list_remove(&t->entry);
	program();
}

struct timer *timer_due(void)
{
	struct runqueue *q = this_cpu()->rq;
	struct timer *t;
	if (list_empty(&q->timers))
		t = NULL;
	else
		t = list_entry(q->timers.next, struct timer, entry);
	if (t && t->when <= timer_now()) {
		t->armed = false;
		list_remove(&t->entry);
		return t;
	}
	/* The timer fired and is off until it is set anew. */
	q->programmed = ~0ull;
	timer_set(~0ull);
	program();
	return NULL;
}

void timer_slice(u64 when)
{
	this_cpu()->rq->slice_end = when;
	program();
}

void vtimer_load(struct vcpu *v)
{
	timer_disarm(&v->vtimer);
	sysreg_write(CNTVOFF_EL2, v->vm->cntvoff);
	sysreg_write(EL1(CNTKCTL), v->sys.cntkctl);
	sysreg_write(CNTV_CVAL_EL0, v->sys.cntv_cval);
	sysreg_write(CNTV_CTL_EL0, v->sys.cntv_ctl);
	if (v->cntp_ctl & CNT_ENABLE)
		ptimer_update(v);
}

void vtimer_unload(struct vcpu *v)
{
	v->sys.cntkctl = sysreg_read(EL1(CNTKCTL));
	v->sys.cntv_cval = sysreg_read(CNTV_CVAL_EL0);
	v->sys.cntv_ctl = sysreg_read(CNTV_CTL_EL0) & (CNT_ENABLE | CNT_IMASK);
	sysreg_write(CNTV_CTL_EL0, 0);
	isb();
	if (load_acquire(&v->state) == VCPU_WAITING && v->sys.cntv_ctl == CNT_ENABLE)
		/* A guest's "never" stays far away. */
		timer_arm(&v->vtimer, MIN(v->sys.cntv_cval, ~0ull - v->vm->cntvoff) +
					      v->vm->cntvoff);
}

bool vtimer_asserted(struct vcpu *v)
{
	if (v->loaded) {
		u64 ctl = sysreg_read(CNTV_CTL_EL0);
		return (ctl & (CNT_ENABLE | CNT_IMASK | CNT_ISTATUS)) == (CNT_ENABLE | CNT_ISTATUS);
	}
	return v->sys.cntv_ctl == CNT_ENABLE &&
	       timer_now() - v->vm->cntvoff >= v->sys.cntv_cval;
}

void ptimer_update(struct vcpu *v)
{
	bool on = (v->cntp_ctl & (CNT_ENABLE | CNT_IMASK)) == CNT_ENABLE;
	bool due = on && timer_now() >= v->cntp_cval;
	if (on && !due)
		timer_arm(&v->ptimer, v->cntp_cval);
	else
		timer_disarm(&v->ptimer);
	vgic_ppi(v, VGIC_PTIMER_PPI, due);
}
