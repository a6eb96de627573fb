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

#define VGIC_LRS_MAX 16u

/* One interrupt of a VM. */
struct virq {
	struct lock lock;    /* rank VGIC_IRQ: all below */
	struct list entry;   /* in its vCPU's pending list */
	struct vcpu *listed; /* whose list it is in, or NULL */
	struct vcpu *owner;  /* SGI, PPI: its vCPU; SPI: NULL */
	struct vcpu *target; /* SPI: from IROUTER; NULL when that names no vCPU */
	u64 irouter;         /* SPI */
	u16 intid;
	u8 priority;
	bool enabled : 1;
	bool group1 : 1;
	bool edge : 1;          /* ICFGR */
	bool line : 1;          /* level input asserted by the device */
	bool pending_latch : 1; /* edge seen, or set by ISPENDR */
	bool active : 1;
	bool hw : 1; /* backed by the same PPI of the machine (virtual timer) */
};

/* The part of a vCPU. */
struct vgic_cpu {
	struct virq irqs[VGIC_PRIVATE];
	struct lock list_lock; /* rank VGIC_LIST */
	struct list pending;   /* virqs that are pending or active and not elsewhere */
	u32 waker;             /* GICR_WAKER */

	/* owner CPU of the vCPU */
	u64 lr[VGIC_LRS_MAX];  /* as in hardware while loaded */
	u64 vmcr, ap0r, ap1r;  /* saved while not loaded */
	struct virq *lr_irq[VGIC_LRS_MAX];
	u32 lr_used; /* bit mask */
	u64 hcr;     /* ICH_HCR_EL2 value when loaded */
	bool vtimer_active; /* PPI 27 of the machine is to be active when loaded */
};

/* The part of a VM. */
struct vgic {
	u32 ctlr; /* GICD_CTLR: EnableGrp1, ARE is RAO; atomic */
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
/* A write to ICC_SGI1R_EL1 (also SGI0R, ASGI1R: no group 0 here, so they do nothing). */
void vgic_sgi(struct vcpu *from, u64 sgi1r);

/* True when an interrupt that the guest would take now or after unmasking is pending. */
bool vgic_pending(struct vcpu *v);

/* v gets this CPU, v leaves it (registers read back, PPI 27's active state set). */
void vgic_load(struct vcpu *v);
void vgic_unload(struct vcpu *v);
/*
 * Only when v->work has VWORK_VGIC: reads the list registers back, retires what is done,
 * fills them with the most urgent ones, sets maintenance conditions for the rest.
 */
void vgic_update(struct vcpu *v);

/* Register accesses; `a->offset` counts from VGICD_BASE, VGICR_BASE. */
enum verdict vgic_distributor(struct vcpu *v, struct access *a);
enum verdict vgic_redistributor(struct vcpu *v, struct access *a);
/* Once per CPU at boot: what the hardware has (number of list registers). */
void vgic_cpu_init(void);

#endif
