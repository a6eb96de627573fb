/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who gets the list registers.
 *
 * More interrupts than registers ("spilled"). Registers go to active ones first, so that
 * the hardware can deactivate them, then to the most urgent pending ones; at least one goes to
 * a pending one when there is any. For pending ones left out we ask for a maintenance
 * interrupt when no register is pending any more (the guest took all we gave); for active
 * ones left out, when the guest deactivates what no register holds (EOICOUNT: it was the most
 * urgent active one, since priorities nest; guests that separate drop and deactivation may
 * choose another, so for them ICC_DIR_EL1 traps). What was acknowledged goes to the end of
 * the list, so that of many equally urgent ones that stay high each has its turn.
 */
#include "vcpu/vgic_irq.h"

#include "vcpu/vgic_hw.h"

/* Active ones first, then those whose group the guest takes, then by priority. */
static u32 key_of(const struct virq *irq, u64 vmcr)
{
	u32 group_on = vmcr & (irq->group1 ? VMCR_ENG1 : VMCR_ENG0) ? 1 : 0;
	u32 class = irq->active ? 0 : 2 - group_on;
	return class << 8 | irq->priority;
}

/* Keeps the best; of equal ones the first. */
static void offer(struct picks *p, struct virq *irq, u32 key)
{
	u32 i = p->count < p->room ? p->count++ : p->room;
	for (; i > 0 && key < p->key[i - 1]; i--) {
		if (i == p->room)
			continue; /* the last one falls out */
		p->irq[i] = p->irq[i - 1];
		p->key[i] = p->key[i - 1];
	}
	if (i < p->room) {
		p->irq[i] = irq;
		p->key[i] = key;
	}
}

/* One entry of the list: dropped, noted as moved, or offered. */
static void sift(struct vcpu *v, struct virq *irq, u64 vmcr, struct picks *p)
{
	struct vcpu *home = vgic_home(v->vm, irq);
	if (!home) {
		list_remove(&irq->entry);
		irq->listed = NULL;
	} else if (home != v) {
		u32 n = irq->intid - VGIC_PRIVATE;
		p->moved[n / 64] |= BIT(n % 64);
	} else {
		u32 key = key_of(irq, vmcr);
		offer(p, irq, key);
		if (irq->active) {
			p->actives++;
		} else {
			p->pendings++;
			if (key < p->pending_key) {
				p->pending = irq;
				p->pending_key = key;
			}
		}
	}
}

void vgic_sift(struct vcpu *v, u64 vmcr, u32 room, struct picks *p)
{
	*p = (struct picks){.room = room, .pending_key = ~0u};
	list_for_each_safe (n, after, &v->vgic.listed) {
		struct virq *irq = list_entry(n, struct virq, entry);
		lock(&irq->lock);
		sift(v, irq, vmcr, p);
		unlock(&irq->lock);
	}
	u32 last = p->count - 1;
	if (p->pending && p->count == p->room && p->key[last] <= 0xff)
		p->irq[last] = p->pending; /* all would be active: see above */
}

void vgic_send_moved(struct vcpu *v, const struct picks *p)
{
	for (u32 w = 0; w < ARRAY_SIZE(p->moved); w++) {
		for (u64 left = p->moved[w]; left; left &= left - 1) {
			struct virq *irq = &v->vm->vgic.spis[w * 64 + (u32)__builtin_ctzll(left)];
			lock(&irq->lock);
			vgic_route(v->vm, irq);
		}
	}
}
