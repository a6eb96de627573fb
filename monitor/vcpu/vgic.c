/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual GIC: what state interrupts have, and to whom they belong.
 *
 * The guest's CPU interface is hardware: it acknowledges and ends interrupts that the
 * monitor put into list registers (four on most CPUs), without an exit. Distributor and
 * redistributors are memory that the monitor emulates (vgic_dist.c, vgic_regs.c). Between
 * both stands `struct virq`, one per interrupt.
 *
 * Where an interrupt is. (1) At rest: neither active, nor pending and enabled; in no list.
 * (2) Listed: in the list of one vCPU, because it is to be delivered there or is active
 * there. (3) In a list register of that vCPU, too (in_lr). Then hardware changes its state
 * while the guest runs, and only the CPU that runs the vCPU can know; the fields here are
 * what is *added* to it meanwhile. Reading back ("fold", vgic_lr.c) joins both and ends
 * (3); nothing is in a list register while its vCPU is not loaded.
 *
 * One function decides, one moves. vgic_home() says where an interrupt belongs, from its
 * state alone; vgic_place() makes it so after any change, on any CPU. An interrupt in a list
 * register belongs to that vCPU until it is folded: place() then only names the vCPU, which
 * gets VWORK_VGIC, leaves its guest and folds, and places again. So nobody writes the list
 * registers of another CPU, and nobody waits for another CPU. What a register write
 * wants from an interrupt in such a place (drop pending, set or clear active) is posted as a
 * bit, which the fold obeys; what a register read wants is asked for, and the reading
 * instruction is repeated (vgic_regs.c).
 *
 * Locks. A list lock comes before an interrupt's lock. An interrupt is where one starts, so
 * place() looks under the interrupt's lock, drops it, takes list lock and interrupt lock,
 * looks again, and moves it when nothing has changed. Never two lists: an interrupt
 * that moves between vCPUs leaves one list, is in none, then enters the other. Kicks are
 * sent with no lock held (the run queue ranks lower).
 *
 * Level-triggered ones are pending while `line` is high. `pending_latch` is an edge, or
 * a level made pending by ISPENDR. A list register gets the latch (it moves), but only a
 * copy of the line: read back as still pending, the latch returns and the line speaks for
 * itself, so a line that fell meanwhile is withdrawn. With the line high the register asks
 * for maintenance at deactivation, and is filled anew then.
 *
 * Example: a disk (edge, INTID 48) completes on CPU 3 for vCPU 0, which runs on CPU 1.
 * vgic_spi() sets the latch; home is vCPU 0; place() lists it there; sched_kick() makes CPU
 * 1 leave the guest; vgic_update() folds what is in its list registers and fills them with
 * the most urgent of the list: 48 is in_lr, its latch moves. The guest acknowledges 48
 * (active in hardware); CPU 3 completes another request: latch, in_lr already, kick; the fold
 * sees active, the latch makes it pending as well: it is filled as active and pending. The
 * guest ends it twice. Nobody notices until the next update: then it is folded as neither,
 * home is nowhere, and it leaves the list.
 */
#include "vcpu/vgic_irq.h"

#include "vcpu/sched.h"

#define ROUTER_ANY (1ull << 31)
#define ROUTER_MASK (MPIDR_AFF_MASK | ROUTER_ANY)

struct virq *vgic_irq(struct vm *vm, struct vcpu *owner, u32 intid)
{
	if (owner)
		return intid < VGIC_PRIVATE ? &owner->vgic.irqs[intid] : NULL;
	if (intid < VGIC_PRIVATE || intid >= VGIC_PRIVATE + VGIC_SPIS)
		return NULL;
	return &vm->vgic.spis[intid - VGIC_PRIVATE];
}

struct vcpu *vgic_home(struct vm *vm, const struct virq *irq)
{
	struct vcpu *target = irq->owner ? irq->owner : irq->target;
	u32 group = irq->group1 ? GICD_CTLR_GRP1 : GICD_CTLR_GRP0;
	if (irq->in_lr)
		return irq->listed;
	if (irq->active)
		return irq->listed ? irq->listed : target;
	if (irq->enabled && virq_pending(irq) && (load_relaxed(&vm->vgic.ctlr) & group))
		return target;
	return NULL;
}

/* One step of place(): into or out of the list of `at`, if that is still right. */
static void move(struct vm *vm, struct virq *irq, struct vcpu *from, struct vcpu *home)
{
	struct vcpu *at = from ? from : home;
	lock(&at->vgic.list_lock);
	lock(&irq->lock);
	if (irq->listed == from && vgic_home(vm, irq) == home) {
		if (from)
			list_remove(&irq->entry);
		else
			list_push_back(&at->vgic.listed, &irq->entry);
		irq->listed = from ? NULL : home;
	}
	unlock(&at->vgic.list_lock);
}

struct vcpu *vgic_place(struct vm *vm, struct virq *irq)
{
	lock_assert(&irq->lock);
	for (;;) {
		struct vcpu *from = irq->listed, *home = vgic_home(vm, irq);
		unlock(&irq->lock);
		if (from == home)
			return home;
		move(vm, irq, from, home); /* comes back with the lock */
	}
}

void vgic_route(struct vm *vm, struct virq *irq)
{
	struct vcpu *v = vgic_place(vm, irq);
	if (v)
		sched_kick(v, VWORK_VGIC);
}

/* An input line of an interrupt: a level, or with `true` an edge. */
static void input(struct vm *vm, struct virq *irq, bool level)
{
	lock(&irq->lock);
	bool news = irq->edge ? level && !irq->pending_latch : level != irq->line;
	irq->line = level;
	if (irq->edge && level)
		irq->pending_latch = true;
	if (news)
		vgic_route(vm, irq);
	else
		unlock(&irq->lock);
}

void vgic_spi(struct vm *vm, u32 intid, bool level)
{
	struct virq *irq = vgic_irq(vm, NULL, intid);
	CHECK(irq);
	input(vm, irq, level);
}

void vgic_ppi(struct vcpu *v, u32 intid, bool level)
{
	struct virq *irq = vgic_irq(v->vm, v, intid);
	CHECK(irq && !irq->hw);
	input(v->vm, irq, level);
}

/* --- SGIs --- */

static void sgi_to(struct vcpu *v, u32 intid)
{
	struct virq *irq = &v->vgic.irqs[intid];
	lock(&irq->lock);
	if (!irq->group1) { /* SGI1R generates group 1 only */
		unlock(&irq->lock);
		return;
	}
	bool news = !irq->pending_latch;
	irq->pending_latch = true;
	if (news)
		vgic_route(v->vm, irq);
	else
		unlock(&irq->lock);
}

/*
 * ICC_SGI1R_EL1: INTID 27:24, target list 15:0 of Aff0 (16 * RS 47:44 above it), Aff1 23:16,
 * Aff2 39:32, Aff3 55:48; IRM 40: all but the sender. vcpu_mpidr() uses Aff1 and 16 Aff0.
 */
void vgic_sgi(struct vcpu *from, u64 sgi1r)
{
	struct vm *vm = from->vm;
	u32 intid = (u32)(sgi1r >> 24) & 15;
	if (sgi1r & BIT(40)) {
		for (u32 i = 0; i < vm->vcpu_count; i++)
			if (i != from->id)
				sgi_to(vm->vcpus[i], intid);
		return;
	}
	u64 far = sgi1r & (0xffull << 48 | 0xfull << 44 | 0xffull << 32);
	u32 first = ((u32)(sgi1r >> 16) & 0xff) * 16;
	for (u32 i = 0; !far && i < 16 && first + i < vm->vcpu_count; i++)
		if (sgi1r & BIT(i))
			sgi_to(vm->vcpus[first + i], intid);
}

/* --- targets and reset --- */

/* "Any" is vCPU 0 while it is on, which is nearly always; else the first one that is. */
static struct vcpu *any_vcpu(struct vm *vm)
{
	for (u32 i = 0; i < vm->vcpu_count; i++)
		if (load_relaxed(&vm->vcpus[i]->state) != VCPU_OFF)
			return vm->vcpus[i];
	return vm->vcpus[0];
}

void vgic_set_router(struct vm *vm, struct virq *irq, u64 irouter)
{
	irq->irouter = irouter & ROUTER_MASK;
	if (irouter & ROUTER_ANY)
		irq->target = any_vcpu(vm);
	else
		irq->target = vm_vcpu_by_mpidr(vm, irouter & MPIDR_AFF_MASK);
}

/* Out of its list, and as after reset. Nobody loads the vCPUs of the VM meanwhile. */
static void virq_reset(struct virq *irq)
{
	struct vcpu *at = irq->listed;
	if (at) {
		lock(&at->vgic.list_lock);
		list_remove(&irq->entry);
	}
	lock(&irq->lock);
	irq->listed = NULL;
	irq->priority = 0;
	irq->group1 = true; /* what non-secure software would see of a GIC with two states */
	irq->edge = irq->intid < 16;
	irq->enabled = irq->intid < 16;
	irq->line = irq->pending_latch = irq->active = false;
	irq->in_lr = irq->latch_in_lr = irq->withdraw = false;
	irq->post_activate = irq->post_deactivate = irq->asked = irq->answered = false;
	unlock(&irq->lock);
	if (at)
		unlock(&at->vgic.list_lock);
}

static void virq_init(struct virq *irq, struct vcpu *owner, u32 intid)
{
	lock_init(&irq->lock, LOCK_VGIC_IRQ);
	list_init(&irq->entry);
	irq->owner = owner;
	irq->intid = (u16)intid;
	irq->hw = intid == VGIC_VTIMER_PPI;
}

void vgic_reset_vm(struct vm *vm)
{
	store_relaxed(&vm->vgic.ctlr, 0u);
	for (u32 i = 0; i < VGIC_SPIS; i++) {
		struct virq *irq = &vm->vgic.spis[i];
		if (!irq->intid)
			virq_init(irq, NULL, VGIC_PRIVATE + i);
		virq_reset(irq);
		vgic_set_router(vm, irq, 0);
	}
}

/* SPIs in its list stay: they are pending, and wait for it to come back. */
void vgic_reset_vcpu(struct vcpu *v)
{
	struct vgic_cpu *c = &v->vgic;
	bool first = !c->listed.next;
	if (first) {
		lock_init(&c->list_lock, LOCK_VGIC_LIST);
		list_init(&c->listed);
	}
	for (u32 i = 0; i < VGIC_PRIVATE; i++) {
		if (first)
			virq_init(&c->irqs[i], v, i);
		virq_reset(&c->irqs[i]);
	}
	c->waker = 6; /* ProcessorSleep, ChildrenAsleep */
	c->rescan = 0;
	c->spilled = false;
	c->vmcr = c->ap0r = c->ap1r = 0;
	c->retries = 0;
}
