/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * List registers: filled, read back, and the virtual timer's interrupt.
 *
 * While a vCPU is loaded its list registers stay in the hardware, over any number of exits;
 * an exit that has nothing to do with interrupts does nothing here. Only vgic_update(), when
 * somebody set VWORK_VGIC, and loading and unloading fold and fill them.
 *
 * The virtual timer (PPI 27) is a real interrupt of the machine while its vCPU is loaded:
 * acknowledged at EL2 it stays active there, and so can't fire again, until the guest
 * deactivates the virtual one in a list register with LR_HW. So the rule is: the machine's
 * PPI 27 is active exactly while the virtual one is pending or active, be it enabled or not.
 * Each CPU remembers which it is (`ppi_active`), and the distributor is touched when it
 * changes. A timer that was turned off before the guest took its interrupt is withdrawn.
 */
#include "vcpu/vgic_irq.h"

#include "hw/gic.h"
#include "vcpu/sched.h"
#include "vcpu/timer.h"
#include "vcpu/vgic_hw.h"

static u32 lr_count = VGIC_LRS_MAX;
static bool can_trap_dir = true;

/* Is the machine's PPI 27 active on this CPU? One cache line each. */
static struct {
	cache_aligned bool yes;
} ppi_active[MAX_CPUS];

void vgic_cpu_init(void)
{
	u64 vtr = ich_vtr_read();
	lr_count = MIN(lr_count, VTR_LRS(vtr)); /* unequal CPUs: what all have */
	can_trap_dir = can_trap_dir && (vtr & VTR_TDS);
	ich_hcr_write(0);
	for (u32 i = 0; i < lr_count; i++)
		ich_lr_write(i, 0);
}

/* --- reading back --- */

/* What the hardware did to a list register, joined with what was added meanwhile. */
static void fold_virq(struct vcpu *v, struct virq *irq, u64 lr)
{
	bool pending = (lr & LR_PENDING) && !irq->withdraw;
	if (pending && irq->latch_in_lr)
		irq->pending_latch = true;
	irq->active = ((lr & LR_ACTIVE) || irq->post_activate) && !irq->post_deactivate;
	irq->answered = irq->answered || irq->asked;
	irq->in_lr = irq->latch_in_lr = irq->withdraw = false;
	irq->post_activate = irq->post_deactivate = irq->asked = false;
	if (!irq->hw)
		return;
	irq->line = pending && vtimer_asserted(v);
	if ((lr & LR_HW) && !(lr & LR_STATE))
		ppi_active[this_cpu()->id].yes = false; /* with the virtual one */
}

/* True when the guest has acknowledged it since it was filled. */
static bool fold_lr(struct vcpu *v, u32 i)
{
	u64 lr = ich_lr_read(i);
	fold_virq(v, v->vgic.lr_irq[i], lr);
	v->vgic.lr_irq[i] = NULL;
	v->vgic.lr_used &= ~(u32)BIT(i);
	ich_lr_write(i, 0);
	return !(lr & LR_PENDING);
}

/* The guest deactivated one that has no list register: its most urgent active one. */
static void fold_unlisted_eoi(struct vcpu *v)
{
	struct virq *best = NULL;
	list_for_each (n, &v->vgic.listed) {
		struct virq *irq = list_entry(n, struct virq, entry);
		lock(&irq->lock);
		if (irq->active && !irq->in_lr && (!best || irq->priority < best->priority))
			best = irq;
		unlock(&irq->lock);
	}
	if (!best)
		return;
	lock(&best->lock);
	best->active = false;
	unlock(&best->lock);
}

void vgic_fold(struct vcpu *v)
{
	struct vgic_cpu *c = &v->vgic;
	if (!c->live || !(c->lr_used | (c->hcr & ICH_LRENPIE)))
		return;
	lock(&c->list_lock);
	if (c->hcr & ICH_LRENPIE) {
		for (u32 n = ICH_EOICOUNT(ich_hcr_read()); n; n--)
			fold_unlisted_eoi(v);
		ich_hcr_write(c->hcr); /* the count back to 0 */
	}
	for (u32 left = c->lr_used; left; left &= left - 1) {
		u32 i = (u32)__builtin_ctz(left);
		struct virq *irq = c->lr_irq[i];
		lock(&irq->lock);
		if (fold_lr(v, i)) { /* it had its turn */
			list_remove(&irq->entry);
			list_push_back(&c->listed, &irq->entry);
		}
		unlock(&irq->lock);
	}
	unlock(&c->list_lock);
}

/* --- filling --- */

/* Puts irq, which belongs here, into list register i. True when it is pending there. */
static bool fill_lr(struct vcpu *v, u32 i, struct virq *irq)
{
	struct vgic_cpu *c = &v->vgic;
	bool level = irq->hw || !irq->edge;
	bool pending = irq->enabled && virq_pending(irq);
	/* An active level is pending again when it is deactivated: then we look at its line. */
	bool later = pending && level && irq->active;
	u64 lr = irq->intid | LR_PRIORITY(irq->priority) | (irq->group1 ? LR_GROUP1 : 0) |
		 (irq->active ? LR_ACTIVE : 0);
	if (irq->hw && !later)
		lr |= LR_HW | LR_PINTID(irq->intid);
	else if (later || (level && irq->line))
		lr |= LR_EOI;
	pending = pending && !later;
	if (pending) {
		lr |= LR_PENDING;
		irq->latch_in_lr = irq->pending_latch;
		irq->pending_latch = false;
		vcount(v, COUNTER_irq_injected);
	}
	ich_lr_write(i, lr);
	irq->in_lr = true;
	irq->lr = (u8)i;
	c->lr_irq[i] = irq;
	c->lr_used |= (u32)BIT(i);
	return pending;
}

/* When to come back: see the opening. `pendings`, `actives`: how many were left out. */
static void set_hcr(struct vcpu *v, u64 vmcr, u32 pendings, u32 actives)
{
	struct vgic_cpu *c = &v->vgic;
	u64 hcr = ICH_EN;
	if (pendings) {
		hcr |= ICH_NPIE;
		hcr |= vmcr & VMCR_ENG0 ? 0 : ICH_GRP0E;
		hcr |= vmcr & VMCR_ENG1 ? 0 : ICH_GRP1E;
	}
	if (actives) /* with DIR trapped nothing is to be counted (and QEMU counts EOIR) */
		hcr |= (vmcr & VMCR_EOIM) && can_trap_dir ? ICH_TDIR : ICH_LRENPIE;
	c->spilled = pendings || actives;
	if (c->spilled)
		vcount(v, COUNTER_irq_overflow);
	ich_hcr_write(hcr);
	c->hcr = hcr;
}

static void fill(struct vcpu *v)
{
	u64 vmcr = ich_vmcr_read();
	struct vgic_cpu *c = &v->vgic;
	struct picks p;
	lock(&c->list_lock);
	vgic_sift(v, vmcr, lr_count, &p);
	u32 next = 0, actives = p.actives, pendings = p.pendings;
	for (u32 i = 0; i < p.count; i++) {
		struct virq *irq = p.irq[i];
		lock(&irq->lock);
		if (vgic_home(v->vm, irq) == v) { /* else it changed since: we were kicked */
			bool was_active = irq->active;
			fill_lr(v, next++, irq);
			actives -= was_active && actives;
			pendings -= !was_active && pendings;
		}
		unlock(&irq->lock);
	}
	set_hcr(v, vmcr, pendings, actives);
	unlock(&c->list_lock);
	vgic_send_moved(v, &p);
}

/* --- the virtual timer --- */

/* The machine's PPI 27 on this CPU, to be as the virtual one is. */
static void sync_ppi(struct vcpu *v)
{
	struct virq *irq = &v->vgic.irqs[VGIC_VTIMER_PPI];
	u32 cpu = this_cpu()->id;
	lock(&irq->lock);
	bool want = irq->in_lr || irq->active || virq_pending(irq);
	unlock(&irq->lock);
	if (ppi_active[cpu].yes == want)
		return;
	ppi_active[cpu].yes = want;
	gic_ppi_active(GIC_PPI_VTIMER, want);
}

void vgic_sample_timer(struct vcpu *v)
{
	struct virq *irq = &v->vgic.irqs[VGIC_VTIMER_PPI];
	lock(&irq->lock);
	irq->line = !irq->active && vtimer_asserted(v);
	struct vcpu *home = vgic_place(v->vm, irq);
	(void)home; /* v, or nobody: vgic_update() is on its way */
}

/* Into a free list register, or the one it had, with nothing else touched. */
static bool inject_timer(struct vcpu *v, struct virq *irq)
{
	struct vgic_cpu *c = &v->vgic;
	u32 i = (u32)__builtin_ctz(~c->lr_used);
	if (c->spilled || i >= lr_count || vgic_home(v->vm, irq) != v)
		return false;
	if (!irq->listed) {
		list_push_back(&c->listed, &irq->entry);
		irq->listed = v;
	}
	return fill_lr(v, i, irq);
}

void vgic_vtimer_fired(struct vcpu *v)
{
	struct vgic_cpu *c = &v->vgic;
	struct virq *irq = &c->irqs[VGIC_VTIMER_PPI];
	lock(&c->list_lock);
	lock(&irq->lock);
	if (irq->in_lr) /* ended by the guest, else it could not fire */
		(void)fold_lr(v, irq->lr);
	ppi_active[this_cpu()->id].yes = true;
	irq->line = !irq->active;
	bool direct = c->live && inject_timer(v, irq);
	unlock(&c->list_lock);
	if (direct)
		vcount(v, COUNTER_timer_direct);
	if (direct && load_acquire(&v->state) == VCPU_RUNNING)
		unlock(&irq->lock);
	else
		vgic_route(v->vm, irq);
}

void vgic_vtimer_soft(struct vcpu *v)
{
	struct virq *irq = &v->vgic.irqs[VGIC_VTIMER_PPI];
	if (v->vgic.live)
		return; /* the machine's own interrupt comes */
	lock(&irq->lock);
	irq->line = !irq->active && vtimer_asserted(v);
	vgic_route(v->vm, irq);
}

/* --- entry points --- */

/* The distributor's group enables changed: what was at rest may be pending now. */
static void rescan(struct vcpu *v)
{
	if (!load_relaxed(&v->vgic.rescan) || !atomic_exchange(&v->vgic.rescan, 0u))
		return;
	for (u32 i = 0; i < VGIC_PRIVATE; i++) {
		lock(&v->vgic.irqs[i].lock);
		struct vcpu *home = vgic_place(v->vm, &v->vgic.irqs[i]);
		(void)home; /* v: see vgic_sample_timer() */
	}
}

static void refill(struct vcpu *v)
{
	rescan(v);
	vgic_sample_timer(v);
	fill(v);
	sync_ppi(v);
}

void vgic_update(struct vcpu *v)
{
	if (!v->vgic.live)
		return; /* loading does it */
	vgic_fold(v);
	refill(v);
}

void vgic_maintenance(struct vcpu *v)
{
	vcount(v, COUNTER_irq_maintenance);
	vgic_fold(v); /* reads EOICOUNT, too, before we clear it */
	ich_hcr_write(0);
	ich_sync();
	atomic_or(&v->work, VWORK_VGIC);
}

void vgic_load(struct vcpu *v)
{
	struct vgic_cpu *c = &v->vgic;
	ich_vmcr_write(c->vmcr);
	ich_ap0r_write(c->ap0r);
	ich_ap1r_write(c->ap1r);
	c->live = true;
	atomic_and(&v->work, ~(u32)VWORK_VGIC); /* all it may stand for is done here */
	refill(v);
}

void vgic_unload(struct vcpu *v)
{
	struct vgic_cpu *c = &v->vgic;
	struct picks p;
	vgic_fold(v);
	c->vmcr = ich_vmcr_read();
	c->ap0r = ich_ap0r_read();
	c->ap1r = ich_ap1r_read();
	ich_hcr_write(0);
	c->live = false;
	lock(&c->list_lock);
	/* What does not belong here must not wait for our return. */
	vgic_sift(v, c->vmcr, lr_count, &p);
	unlock(&c->list_lock);
	vgic_send_moved(v, &p);
}

void vgic_deactivate(struct vcpu *v, u64 intid)
{
	struct virq *irq = vgic_irq(v->vm, intid < VGIC_PRIVATE ? v : NULL,
				    (u32)MIN(intid, (u64)VGIC_PRIVATE + VGIC_SPIS));
	if (!irq)
		return;
	vgic_fold(v);
	atomic_or(&v->work, VWORK_VGIC);
	lock(&irq->lock);
	if (irq->listed == v)
		irq->active = false;
	vgic_route(v->vm, irq);
}

/* Would the guest's CPU interface signal it, running priority aside? */
static bool would_signal(struct vcpu *v, const struct virq *irq, u64 vmcr)
{
	bool pending;
	if (irq->in_lr)
		pending = (ich_lr_read(irq->lr) & LR_STATE) == LR_PENDING || irq->pending_latch;
	else
		pending = !irq->active && vgic_home(v->vm, irq) == v;
	return pending && (vmcr & (irq->group1 ? VMCR_ENG1 : VMCR_ENG0)) &&
	       irq->priority < VMCR_PMR(vmcr);
}

bool vgic_pending(struct vcpu *v)
{
	struct vgic_cpu *c = &v->vgic;
	u64 vmcr = c->live ? ich_vmcr_read() : c->vmcr;
	bool found = false;
	lock(&c->list_lock);
	list_for_each (n, &c->listed) {
		struct virq *irq = list_entry(n, struct virq, entry);
		lock(&irq->lock);
		found = would_signal(v, irq, vmcr);
		unlock(&irq->lock);
		if (found)
			break;
	}
	unlock(&c->list_lock);
	return found;
}
