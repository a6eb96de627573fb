/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual GICv3 of a VM: distributor, one redistributor per vCPU, and the CPU interface
 * that the hardware gives through list registers (IHI 0069, chapters 4, 5, 11, 12).
 * The essay on states and locks is in vgic.c.
 */
#ifndef VCPU_VGIC_H
#define VCPU_VGIC_H

#include "lib/err.h"
#include "lib/list.h"
#include "lib/lock.h"
#include "vcpu/access.h"
#include "vcpu/verdict.h"

struct vm;
struct vcpu;

#define VGIC_SPIS 96u /* INTIDs 32 to 127: ITLinesNumber 3 */
#define VGIC_PRIVATE 32u
#define VGIC_MAINTENANCE_PPI 25u
#define VGIC_VTIMER_PPI 27u
#define VGIC_PTIMER_PPI 30u
#define VGIC_PMU_PPI 23u

#define VGICD_BASE 0x08000000ull
#define VGICD_SIZE 0x00010000ull
#define VGICR_BASE 0x080a0000ull
#define VGICR_STRIDE 0x20000ull /* RD and SGI frame of one vCPU; 64 vCPUs: 8 MiB */

#define VGIC_LRS_MAX 8u /* more than any Cortex or Neoverse has (4) */

/*
 * One interrupt of a VM. `lock` guards all that changes, except `entry`, which belongs to
 * the list it is in; `listed` changes under both locks. The essay in vgic.c explains.
 */
struct virq {
	struct lock lock;    /* rank VGIC_IRQ */
	struct list entry;   /* in the list of `listed` */
	struct vcpu *listed; /* in whose list it is, or NULL */
	struct vcpu *owner;  /* SGI, PPI: its vCPU; SPI: NULL. Fixed */
	struct vcpu *target; /* SPI: from IROUTER; NULL when that names no vCPU */
	u64 irouter;         /* SPI */
	u16 intid;           /* fixed */
	u8 priority;
	u8 lr; /* which list register, when in_lr */
	bool enabled : 1;
	bool group1 : 1;
	bool edge : 1;          /* ICFGR */
	bool line : 1;          /* level input asserted by the device */
	bool pending_latch : 1; /* edge seen, or set by ISPENDR; not what a list register holds */
	bool active : 1;        /* as last read from the list register, when in_lr */
	bool hw : 1;            /* backed by the same PPI of the machine (virtual timer). Fixed */

	/* while it is in a list register of the vCPU `listed` */
	bool in_lr : 1;
	bool latch_in_lr : 1;         /* pending_latch moved into the register */
	bool withdraw : 1;            /* ICPENDR by another vCPU: not pending when read back */
	bool post_activate : 1;       /* ISACTIVER, ICACTIVER by another vCPU: */
	bool post_deactivate : 1;     /* done when read back */
	bool asked : 1, answered : 1; /* another vCPU wants to read its state */
};

/* The part of a vCPU. */
struct vgic_cpu {
	struct virq irqs[VGIC_PRIVATE];
	struct lock list_lock; /* rank VGIC_LIST */
	struct list listed;    /* virqs that are pending and enabled, or active, here */
	u32 waker;             /* GICR_WAKER; atomic */
	u32 rescan;            /* GICD_CTLR changed: look at all of irqs; atomic */

	/* owner CPU of the vCPU */
	bool live;   /* the list registers are in the hardware */
	u32 lr_used; /* bit mask of those written and not read back */
	struct virq *lr_irq[VGIC_LRS_MAX];
	bool spilled;         /* more interrupts than list registers */
	u64 hcr;              /* ICH_HCR_EL2 while live */
	u64 vmcr, ap0r, ap1r; /* saved while not live */
	u32 retries;          /* register reads repeated for another vCPU's answer */
};

/* The part of a VM. */
struct vgic {
	u32 ctlr; /* GICD_CTLR: EnableGrp0, EnableGrp1; atomic */
	struct virq spis[VGIC_SPIS];
};

/* A VM's and a vCPU's state as after reset; memory is zero before the first call. */
void vgic_reset_vm(struct vm *vm);
void vgic_reset_vcpu(struct vcpu *v);

/* A device's level line or edge pulse. Any CPU; may wake or kick the target vCPU. */
void vgic_spi(struct vm *vm, u32 intid, bool level);
/* The level of a private interrupt of the vCPU (emulated timers, PMU). */
void vgic_ppi(struct vcpu *v, u32 intid, bool level);
/* The machine's PPI 27 fired while v is loaded here: injects it as a hardware-backed one. */
void vgic_vtimer_fired(struct vcpu *v);
/* v is not loaded and its virtual timer came due: PPI 27 is pending; wakes v. Owner CPU. */
void vgic_vtimer_soft(struct vcpu *v);
/* A write to ICC_SGI1R_EL1 (also SGI0R, ASGI1R: no group 0 here, so they do nothing). */
void vgic_sgi(struct vcpu *from, u64 sgi1r);

/* True when an interrupt that the guest would take now or after unmasking is pending. */
bool vgic_pending(struct vcpu *v);

/*
 * The maintenance interrupt came while v is loaded here: counts it, ends its cause (it is a
 * level), sets VWORK_VGIC. Nobody else writes ICH_HCR_EL2: it holds a count for us.
 */
void vgic_maintenance(struct vcpu *v);
/*
 * A trapped write to ICC_DIR_EL1: traps only while an active interrupt has no list register
 * and the guest separates priority drop from deactivation.
 */
void vgic_deactivate(struct vcpu *v, u64 intid);

/* v gets this CPU, v leaves it (registers read back, PPI 27's active state set). */
void vgic_load(struct vcpu *v);
void vgic_unload(struct vcpu *v);
/*
 * Only when v->work has VWORK_VGIC: reads the list registers back, retires what is done,
 * fills them with the most urgent ones, sets maintenance conditions for the rest.
 */
void vgic_update(struct vcpu *v);

/*
 * Register accesses; `a->offset` counts from VGICD_BASE, VGICR_BASE. SKIP: done. DONE: the
 * answer is in another vCPU's list registers, it was asked: enter the guest at the same
 * instruction again.
 */
enum verdict vgic_distributor(struct vcpu *v, struct access *a);
enum verdict vgic_redistributor(struct vcpu *v, struct access *a);
/* Once per CPU at boot: what the hardware has (number of list registers). */
void vgic_cpu_init(void);

#endif
