/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registers that hold a bit, two bits or a byte of each interrupt (IHI 0069, 12.9 and
 * 12.11). The distributor has them for SPIs and each redistributor for its vCPU's private
 * interrupts, at equal offsets, so that one code serves both.
 *
 * An access to an interrupt in a list register of the vCPU that makes the access folds
 * first: then all state is here. In another vCPU's list register only the hardware knows
 * what is pending and active. A write is posted, and that vCPU kicked. A read asks, kicks,
 * and answers DONE: the guest repeats the instruction until the owner has folded. That
 * takes an IPI; should the owner not run (its VM is being paused) the reader gets, after
 * many tries, what was known last.
 */
#include "vcpu/vgic_irq.h"

#include "vcpu/sched.h"

#define PRIORITY_BITS 0xf8u /* as most implementations: 32 levels */
#define RETRIES_MAX 10000u

enum kind {
	GROUP,
	SET_ENABLE,
	CLEAR_ENABLE,
	SET_PENDING,
	CLEAR_PENDING,
	SET_ACTIVE,
	CLEAR_ACTIVE,
	PRIORITY,
	CONFIG,
	NOTHING,
};

/* Which register, and how many bits of it belong to one interrupt. */
static enum kind decode(u32 offset, u32 *bits)
{
	*bits = 1;
	if (offset >= 0x080 && offset < 0x400)
		return (enum kind)(offset / 0x80 - 1);
	*bits = 8;
	if (offset >= 0x400 && offset < 0x800)
		return PRIORITY;
	*bits = 2;
	return offset >= 0xc00 && offset < 0xd00 ? CONFIG : NOTHING;
}

static u32 read_field(const struct virq *irq, enum kind k)
{
	switch (k) {
	case GROUP:
		return irq->group1;
	case SET_ENABLE:
	case CLEAR_ENABLE:
		return irq->enabled;
	case SET_PENDING:
	case CLEAR_PENDING:
		/* In a list register: as it was filled, which is after it was asked for. */
		return virq_pending(irq) || (irq->latch_in_lr && !irq->withdraw);
	case SET_ACTIVE:
	case CLEAR_ACTIVE:
		return irq->active;
	case PRIORITY:
		return irq->priority;
	case CONFIG:
		return irq->edge ? 2 : 0;
	case NOTHING:
		break;
	}
	return 0;
}

/* ISACTIVER, ICACTIVER: at once, or when it is read back. */
static void set_active(struct virq *irq, bool active)
{
	if (irq->in_lr) {
		irq->post_activate = active;
		irq->post_deactivate = !active;
	} else {
		irq->active = active;
	}
}

/* Writes one interrupt's part; the set and clear registers act where it is 1. */
static void write_field(struct virq *irq, enum kind k, u32 value)
{
	switch (k) {
	case GROUP:
		irq->group1 = value;
		break;
	case SET_ENABLE:
	case CLEAR_ENABLE:
		irq->enabled = k == SET_ENABLE;
		break;
	case SET_PENDING:
		irq->pending_latch = true;
		break;
	case CLEAR_PENDING:
		irq->pending_latch = false;
		irq->withdraw = irq->in_lr;
		break;
	case SET_ACTIVE:
	case CLEAR_ACTIVE:
		set_active(irq, k == SET_ACTIVE);
		break;
	case PRIORITY:
		irq->priority = (u8)(value & PRIORITY_BITS);
		break;
	case CONFIG:
		if (irq->intid >= 16) /* SGIs are edges for good */
			irq->edge = value & 2;
		break;
	case NOTHING:
		break;
	}
}

static bool is_set_or_clear(enum kind k)
{
	return k >= SET_ENABLE && k <= CLEAR_ACTIVE;
}

/* The range of interrupts that an access covers. */
struct span {
	struct vm *vm;
	struct vcpu *owner;
	enum kind kind;
	u32 bits, first, count;
};

/* True when a vCPU has it in its list registers and was asked for it now or before. */
static bool ask(struct virq *irq)
{
	lock(&irq->lock);
	bool open = irq->in_lr && !irq->answered;
	struct vcpu *holder = open && !irq->asked ? irq->listed : NULL;
	irq->asked = open;
	unlock(&irq->lock);
	if (holder)
		sched_kick(holder, VWORK_VGIC);
	return open;
}

/* True when the reader must come again: some state is in other vCPUs' registers. */
static bool ask_all(struct vcpu *v, const struct span *s)
{
	bool open = false;
	for (u32 i = 0; i < s->count; i++) {
		struct virq *irq = vgic_irq(s->vm, s->owner, s->first + i);
		if (irq && ask(irq))
			open = true;
	}
	open = open && v->vgic.retries < RETRIES_MAX;
	v->vgic.retries = open ? v->vgic.retries + 1 : 0;
	return open;
}

static enum verdict read_span(struct vcpu *v, const struct span *s, struct access *a)
{
	bool hidden = s->kind >= SET_PENDING && s->kind <= CLEAR_ACTIVE;
	if (hidden) {
		vgic_fold(v);
		vgic_sample_timer(v); /* nothing told us if it was turned off */
		atomic_or(&v->work, VWORK_VGIC);
		if (ask_all(v, s))
			return VERDICT_DONE;
	}
	a->value = 0;
	for (u32 i = 0; i < s->count; i++) {
		struct virq *irq = vgic_irq(s->vm, s->owner, s->first + i);
		if (!irq)
			continue;
		lock(&irq->lock);
		a->value |= (u64)read_field(irq, s->kind) << (i * s->bits);
		if (hidden)
			irq->asked = irq->answered = false;
		unlock(&irq->lock);
	}
	return VERDICT_SKIP;
}

static void write_span(struct vcpu *v, const struct span *s, u64 value)
{
	u32 mask = (1u << s->bits) - 1;
	vgic_fold(v);
	atomic_or(&v->work, VWORK_VGIC);
	for (u32 i = 0; i < s->count; i++) {
		struct virq *irq = vgic_irq(s->vm, s->owner, s->first + i);
		u32 field = (u32)(value >> (i * s->bits)) & mask;
		if (!irq || (is_set_or_clear(s->kind) && !field))
			continue;
		lock(&irq->lock);
		write_field(irq, s->kind, field);
		vgic_route(s->vm, irq);
	}
}

enum verdict vgic_irq_registers(struct vcpu *v, struct vcpu *owner, struct access *a)
{
	struct span s = {.vm = v->vm, .owner = owner};
	s.kind = decode(a->offset, &s.bits);
	bool size_ok = a->size == 4 || (a->size == 1 && s.kind == PRIORITY);
	if (s.kind == NOTHING || !size_ok) {
		a->value = 0;
		return VERDICT_SKIP;
	}
	/* A register file of 1024 interrupts is 128 * bits bytes long and as much aligned. */
	s.first = (a->offset & (128 * s.bits - 1)) * 8 / s.bits;
	s.count = a->size * 8u / s.bits;
	if (!a->write)
		return read_span(v, &s, a);
	write_span(v, &s, a->value);
	return VERDICT_SKIP;
}
