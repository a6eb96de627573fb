/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The frames of the virtual GICv3: distributor and redistributors (IHI 0069, 12.8 to 12.11).
 * One security state (GICD_CTLR.DS reads 1), affinity routing always on, 128 INTIDs, no
 * LPIs, no message-based SPIs. What is not here reads as zero and ignores writes; so do
 * accesses of a size that a register does not have.
 */
#include "vcpu/vgic_irq.h"

#include "vcpu/sched.h"

#define GICD_CTLR 0x0000u
#define GICD_TYPER 0x0004u
#define GICD_IIDR 0x0008u
#define GICD_IROUTER 0x6000u
#define GICR_CTLR 0x0000u
#define GICR_IIDR 0x0004u
#define GICR_TYPER 0x0008u
#define GICR_WAKER 0x0014u
#define GICR_SGI_FRAME 0x10000u
#define GIC_PIDR2 0xffe8u

#define CTLR_ARE (1u << 4)
#define CTLR_DS (1u << 6)
#define CTLR_GROUPS (GICD_CTLR_GRP0 | GICD_CTLR_GRP1)
#define TYPER_LINES ((VGIC_PRIVATE + VGIC_SPIS) / 32 - 1)
#define TYPER_ID_BITS (9u << 19)
#define IIDR (0x44u << 24 | 0x43b)
#define PIDR2_GICV3 0x3bu
#define GICR_TYPER_LAST (1u << 4)
#define WAKER_SLEEP 2u
#define WAKER_ASLEEP 4u

/* Group enables: each vCPU looks at its private interrupts itself, the SPIs are ours. */
static void write_ctlr(struct vm *vm, u32 value)
{
	u32 groups = value & CTLR_GROUPS;
	if (atomic_exchange(&vm->vgic.ctlr, groups) == groups)
		return;
	for (u32 i = 0; i < vm->vcpu_count; i++) {
		store_release(&vm->vcpus[i]->vgic.rescan, 1u);
		sched_kick(vm->vcpus[i], VWORK_VGIC);
	}
	for (u32 i = 0; i < VGIC_SPIS; i++) {
		lock(&vm->vgic.spis[i].lock);
		vgic_route(vm, &vm->vgic.spis[i]);
	}
}

/* GICD_IROUTER<n>: 64 bits, or either half. */
static void access_router(struct vm *vm, struct access *a)
{
	struct virq *irq = vgic_irq(vm, NULL, (a->offset - GICD_IROUTER) / 8);
	u32 shift = (a->offset & 4) * 8;
	u64 mask = a->size == 8 ? ~0ull : 0xffffffffull << shift;
	if (!irq || a->size < 4) {
		a->value = 0;
		return;
	}
	lock(&irq->lock);
	if (a->write) {
		vgic_set_router(vm, irq, (irq->irouter & ~mask) | ((a->value << shift) & mask));
		vgic_route(vm, irq);
		return;
	}
	a->value = (irq->irouter & mask) >> shift;
	unlock(&irq->lock);
}

static u32 distributor_read(struct vm *vm, u32 offset)
{
	switch (offset) {
	case GICD_CTLR:
		return load_relaxed(&vm->vgic.ctlr) | CTLR_ARE | CTLR_DS;
	case GICD_TYPER:
		return TYPER_LINES | TYPER_ID_BITS;
	case GICD_IIDR:
		return IIDR;
	case GIC_PIDR2:
		return PIDR2_GICV3;
	default:
		return 0;
	}
}

enum verdict vgic_distributor(struct vcpu *v, struct access *a)
{
	if (!IS_ALIGNED(a->offset, a->size)) {
		a->value = 0;
	} else if (a->offset >= 0x80 && a->offset < 0x1000) {
		return vgic_irq_registers(v, NULL, a);
	} else if (a->offset >= GICD_IROUTER && a->offset < GICD_IROUTER + 0x2000) {
		access_router(v->vm, a);
	} else if (!a->write) {
		a->value = a->size == 4 ? distributor_read(v->vm, a->offset) : 0;
	} else if (a->offset == GICD_CTLR && a->size == 4) {
		write_ctlr(v->vm, (u32)a->value);
	}
	return VERDICT_SKIP;
}

/* --- redistributors --- */

static u64 redistributor_type(const struct vcpu *of)
{
	u64 aff = (of->vmpidr & 0xffffff) | ((of->vmpidr >> 32 & 0xff) << 24);
	bool last = of->id + 1 == of->vm->vcpu_count;
	return aff << 32 | (u64)of->id << 8 | (last ? GICR_TYPER_LAST : 0);
}

static u32 redistributor_read(struct vcpu *of, u32 offset)
{
	switch (offset) {
	case GICR_IIDR:
		return IIDR;
	case GICR_TYPER:
		return (u32)redistributor_type(of);
	case GICR_TYPER + 4:
		return (u32)(redistributor_type(of) >> 32);
	case GICR_WAKER:
		return load_relaxed(&of->vgic.waker);
	case GIC_PIDR2:
		return PIDR2_GICV3;
	default: /* GICR_CTLR, too: no LPIs, nothing takes time */
		return 0;
	}
}

/* The RD frame. A sleeping redistributor still delivers: nobody can tell. */
static void control_frame(struct vcpu *of, struct access *a)
{
	if (!a->write && a->size == 8 && a->offset == GICR_TYPER)
		a->value = redistributor_type(of);
	else if (!a->write)
		a->value = a->size == 4 ? redistributor_read(of, a->offset) : 0;
	else if (a->offset == GICR_WAKER && a->size == 4)
		store_relaxed(&of->vgic.waker,
			      a->value & WAKER_SLEEP ? WAKER_SLEEP | WAKER_ASLEEP : 0u);
}

enum verdict vgic_redistributor(struct vcpu *v, struct access *a)
{
	struct vm *vm = v->vm;
	u64 index = a->offset / VGICR_STRIDE;
	struct access in = *a;
	enum verdict verdict = VERDICT_SKIP;
	in.offset = (u32)(a->offset % VGICR_STRIDE);
	if (index >= vm->vcpu_count || !IS_ALIGNED(a->offset, a->size)) {
		in.value = 0;
	} else if (in.offset < GICR_SGI_FRAME) {
		control_frame(vm->vcpus[index], &in);
	} else {
		in.offset -= GICR_SGI_FRAME;
		verdict = vgic_irq_registers(v, vm->vcpus[index], &in);
	}
	if (!a->write)
		a->value = in.value;
	return verdict;
}
