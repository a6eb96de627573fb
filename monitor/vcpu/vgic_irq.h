/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the virtual GIC share; the essay is in vgic.c. */
#ifndef VCPU_VGIC_IRQ_H
#define VCPU_VGIC_IRQ_H

#include "vcpu/vcpu.h"

#define GICD_CTLR_GRP0 1u
#define GICD_CTLR_GRP1 2u

/* Pending for whatever reason, list registers not counted. irq->lock is held. */
static inline bool virq_pending(const struct virq *irq)
{
	return irq->pending_latch || (irq->line && (irq->hw || !irq->edge));
}

/* A private interrupt of `owner`, or with NULL an SPI; NULL when there is none. */
struct virq *vgic_irq(struct vm *vm, struct vcpu *owner, u32 intid);
/* THE oracle: whose list an interrupt belongs in now, or NULL. irq->lock is held. */
struct vcpu *vgic_home(struct vm *vm, const struct virq *irq);
/*
 * irq, locked, changed: moves it to where it belongs and unlocks it. Returns the vCPU that
 * must look at it (VWORK_VGIC), or NULL.
 */
must_check struct vcpu *vgic_place(struct vm *vm, struct virq *irq);
/* The same, and tells that vCPU. */
void vgic_route(struct vm *vm, struct virq *irq);
/* The target that irq->irouter names. irq->lock is held. */
void vgic_set_router(struct vm *vm, struct virq *irq, u64 irouter);
/* Owner CPU: v's list registers read back, so that its interrupts' state is all here. */
void vgic_fold(struct vcpu *v);
/* Then: PPI 27 is pending when the virtual timer says so now. vgic_update() must follow. */
void vgic_sample_timer(struct vcpu *v);

/* The most urgent interrupts of a list, by rising key. */
struct picks {
	struct virq *irq[VGIC_LRS_MAX];
	u32 key[VGIC_LRS_MAX];
	u32 count, room;
	struct virq *pending; /* the most urgent that is not active */
	u32 pending_key;
	u32 actives, pendings;            /* in the list */
	u64 moved[(VGIC_SPIS + 63) / 64]; /* SPIs that belong elsewhere */
};
/*
 * Goes through v's list: drops what is at rest, chooses for `room` list registers. Its lock
 * is held, and its list registers are folded.
 */
void vgic_sift(struct vcpu *v, u64 vmcr, u32 room, struct picks *p);
/* SPIs whose target changed while they were in a list register here leave. No lock is held. */
void vgic_send_moved(struct vcpu *v, const struct picks *p);

/* Registers that exist once per interrupt; `owner` as for vgic_irq. */
enum verdict vgic_irq_registers(struct vcpu *v, struct vcpu *owner, struct access *a);

#endif
