/* SPDX-License-Identifier: BSD-2-Clause */
/* GICv3: one group, one priority, all SPIs to CPU 0. */
#include "guest.h"

#define GICR_WAKER 0x14u
#define GICR_TYPER 0x08u
#define WAKER_SLEEP 2u
#define WAKER_ASLEEP 4u
#define CTLR_GRP1_ARE 0x12u
#define SGI_FRAME 0x10000ull

u32 gic_lines(void)
{
	return ((mmio_read(GICD + GICD_TYPER) & 31) + 1) * 32;
}

void gic_init(void)
{
	u32 lines = gic_lines();

	mmio_write(GICD + GICD_CTLR, CTLR_GRP1_ARE);
	for (u32 i = 32; i < lines; i += 32) {
		mmio_write(GICD + GIC_ICENABLER + i / 8, ~0u);
		mmio_write(GICD + GIC_IGROUPR + i / 8, ~0u);
	}
	for (u32 i = 32; i < lines; i += 4)
		mmio_write(GICD + GIC_IPRIORITYR + i, PRIORITY * 0x01010101u);
}

/* The redistributor with this CPU's affinity. */
static u64 find_redistributor(void)
{
	u64 mpidr = sysreg_read(mpidr_el1);
	u64 affinity = (mpidr & 0xffffff) | (mpidr >> 32 & 0xff) << 24;

	for (u64 at = GICR;; at += GICR_STRIDE) {
		u64 type = mmio_read(at + GICR_TYPER) | (u64)mmio_read(at + GICR_TYPER + 4) << 32;
		if (type >> 32 == affinity)
			return at;
		if (type & 16) {
			fail("gic", "no redistributor for MPIDR %lx", mpidr);
			finish();
		}
	}
}

void gic_cpu_init(void)
{
	struct cpu *c = self();

	c->gicr = find_redistributor();
	mmio_write(c->gicr + GICR_WAKER, mmio_read(c->gicr + GICR_WAKER) & ~WAKER_SLEEP);
	while (mmio_read(c->gicr + GICR_WAKER) & WAKER_ASLEEP)
		relax();
	mmio_write(c->gicr + SGI_FRAME + GIC_IGROUPR, ~0u);
	for (u32 i = 0; i < 32; i += 4)
		mmio_write(c->gicr + SGI_FRAME + GIC_IPRIORITYR + i, PRIORITY * 0x01010101u);
	mmio_write(c->gicr + SGI_FRAME + GIC_ISENABLER, 0xffffu | 1u << PPI_VTIMER);
	sysreg_write(ICC_SRE, sysreg_read(ICC_SRE) | 1);
	ISB();
	sysreg_write(ICC_PMR, 0xff);
	sysreg_write(ICC_BPR1, 0);
	sysreg_write(ICC_IGRPEN1, 1);
	ISB();
}

u64 gic_frame(u32 intid)
{
	return intid < 32 ? self()->gicr + SGI_FRAME : GICD;
}

void gic_set(u32 intid, u32 reg)
{
	mmio_write(gic_frame(intid) + reg + intid / 32 * 4, 1u << intid % 32);
	DSB_SY();
}

bool gic_get(u32 intid, u32 reg)
{
	return mmio_read(gic_frame(intid) + reg + intid / 32 * 4) >> intid % 32 & 1;
}

void gic_priority(u32 intid, u8 priority)
{
	mmio_write8(gic_frame(intid) + GIC_IPRIORITYR + intid, priority);
}

void gic_edge(u32 intid, bool edge)
{
	u64 reg = gic_frame(intid) + GIC_ICFGR + intid / 16 * 4;
	u32 bit = 2u << intid % 16 * 2;

	mmio_write(reg, edge ? mmio_read(reg) | bit : mmio_read(reg) & ~bit);
}

void gic_route(u32 intid, u64 mpidr)
{
	mmio_write64(GICD + GICD_IROUTER + intid * 8, mpidr);
}

void gic_sgi(u32 cpu, u32 intid)
{
	u64 m = board.mpidr[cpu];
	u64 target = 1ull << (m & 15) | (m >> 4 & 15) << 44 | (m >> 8 & 255) << 16 |
		     (m >> 16 & 255) << 32 | (m >> 32 & 255) << 48;

	DSB_SY();
	sysreg_write(ICC_SGI1R, target | (u64)intid << 24);
	ISB();
}

void gic_sgi_others(u32 intid)
{
	DSB_SY();
	sysreg_write(ICC_SGI1R, 1ull << 40 | (u64)intid << 24);
	ISB();
}
