/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine's GICv3 (IHI 0069): set-up, acknowledge, SGIs between our CPUs. */
#ifndef HW_GIC_H
#define HW_GIC_H

#include "lib/err.h"
#include "lib/types.h"

#define GIC_SGI_WORK 1u      /* our IPI: look at cpu.work */
#define GIC_PPI_MAINTENANCE 25u
#define GIC_PPI_HYP_TIMER 26u
#define GIC_PPI_VTIMER 27u
#define GIC_PPI_EL1_TIMER 30u
#define GIC_SPURIOUS 1023u

/* Boot CPU: addresses from the device tree; region sizes in bytes. */
must_check enum err gic_init(u64 distributor, const u64 *redistributors, const u64 *sizes,
			     u32 regions);
/* Each CPU: finds and wakes its redistributor, enables our PPIs and SGIs, EOImode 1. */
must_check enum err gic_cpu_init(void);
/* Acknowledges: the INTID, GIC_SPURIOUS when none; priority is dropped at once. */
u32 gic_acknowledge(void);
/* Deactivates an acknowledged interrupt (not the virtual timer's: the guest does). */
void gic_deactivate(u32 intid);
void gic_send_sgi(u64 mpidr, u32 intid);
/* Routes an SPI to a CPU and enables it, level or edge. */
void gic_spi_enable(u32 intid, u64 mpidr, bool edge);
/* Sets this CPU's PPI active or inactive. */
void gic_ppi_active(u32 intid, bool active);

#endif
