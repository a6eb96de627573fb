/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's GICv3 as seen from non-secure EL2 (IHI 0069, chapters 4 and 12). All our
 * interrupts are group 1. With one security state (GICD_CTLR.DS = 1) or in the non-secure
 * view of two the bits we write mean the same, save that bit 0 is EnableGrp0 in the first
 * and an alias of EnableGrp1 in the second: nothing is in group 0, so both are right.
 *
 * EOImode is 1: gic_acknowledge() drops the priority at once, so that an interrupt which
 * stays active for long (the virtual timer's, until the guest ends it) blocks no other;
 * gic_deactivate() ends the others. Set-up is the boot CPU's and each CPU's own: no lock.
 */
#include "hw/gic.h"

#include "arm64/sysreg.h"
#include "arm64/tlb.h"
#include "lib/addr.h"
#include "lib/percpu.h"

#define GICD_CTLR 0x0000u
#define GICD_TYPER 0x0004u
#define GIC_IGROUPR 0x0080u
#define GIC_ISENABLER 0x0100u
#define GIC_ICENABLER 0x0180u
#define GIC_ICPENDR 0x0280u
#define GIC_ISACTIVER 0x0300u
#define GIC_ICACTIVER 0x0380u
#define GIC_IPRIORITYR 0x0400u
#define GIC_ICFGR 0x0c00u
#define GICD_IROUTER 0x6000u
#define GIC_PIDR2 0xffe8u
#define GICR_CTLR 0x0000u
#define GICR_TYPER 0x0008u
#define GICR_WAKER 0x0014u
#define GICR_SGI_FRAME 0x10000u

#define CTLR_GROUPS 3u
#define CTLR_ARE (1u << 4)
#define CTLR_RWP (1u << 31)
#define GICR_CTLR_RWP (1u << 3)
#define GICR_TYPER_VLPIS (1ull << 1) /* four frames, not two */
#define GICR_TYPER_LAST (1ull << 4)
#define WAKER_SLEEP 2u
#define WAKER_ASLEEP 4u
#define PRIORITY_ALL 0xa0a0a0a0u
#define OUR_PRIVATE                                                              \
	(BIT(GIC_SGI_WORK) | BIT(GIC_PPI_MAINTENANCE) | BIT(GIC_PPI_HYP_TIMER) | \
	 BIT(GIC_PPI_VTIMER))
#define SRE_ALL 0x7ull /* system registers, no bypass; EL1's own switch traps */
#define ICC_EOIMODE (1ull << 1)
#define PATIENCE 1000000u
#define REGIONS_MAX 8u

static u64 gicd;
static struct {
	u64 base, size;
} region[REGIONS_MAX];
static u32 region_count;

static u32 read32(u64 at)
{
	return *(volatile u32 *)pa_va(pa_of(at));
}
static u64 read64(u64 at)
{
	return *(volatile u64 *)pa_va(pa_of(at));
}
static void write32(u64 at, u32 v)
{
	*(volatile u32 *)pa_va(pa_of(at)) = v;
}
static void write64(u64 at, u64 v)
{
	*(volatile u64 *)pa_va(pa_of(at)) = v;
}

/* Waits for bits of a register to become zero. */
static enum err wait_clear(u64 at, u32 bits)
{
	for (u32 n = 0; n < PATIENCE; n++) {
		if (!(read32(at) & bits))
			return OK;
		cpu_relax();
	}
	return ERR_IO;
}

/* Bits of 32 interrupts: group 1, off, at rest, one priority. */
static void quiesce(u64 frame, u32 word)
{
	write32(frame + GIC_ICENABLER + 4 * word, ~0u);
	write32(frame + GIC_ICPENDR + 4 * word, ~0u);
	write32(frame + GIC_ICACTIVER + 4 * word, ~0u);
	write32(frame + GIC_IGROUPR + 4 * word, ~0u);
	for (u32 i = 0; i < 8; i++)
		write32(frame + GIC_IPRIORITYR + 32 * word + 4 * i, PRIORITY_ALL);
}

enum err gic_init(u64 distributor, const u64 *redistributors, const u64 *sizes, u32 regions)
{
	gicd = distributor;
	u32 version = read32(gicd + GIC_PIDR2) >> 4 & 15;
	if (regions == 0 || regions > REGIONS_MAX || (version != 3 && version != 4))
		return ERR_INPUT;
	region_count = regions;
	for (u32 i = 0; i < regions; i++) {
		region[i].base = redistributors[i];
		region[i].size = sizes[i];
	}
	write32(gicd + GICD_CTLR, 0);
	if (wait_clear(gicd + GICD_CTLR, CTLR_RWP) != OK)
		return ERR_IO;
	write32(gicd + GICD_CTLR, CTLR_ARE); /* it may change only while all groups are off */
	u32 words = (read32(gicd + GICD_TYPER) & 31) + 1;
	for (u32 w = 1; w < words; w++)
		quiesce(gicd, w);
	write32(gicd + GICD_CTLR, CTLR_ARE | CTLR_GROUPS);
	return wait_clear(gicd + GICD_CTLR, CTLR_RWP);
}

/* The RD frame of the CPU with this affinity (GICR_TYPER 63:32), or 0. */
static u64 find_redistributor(u64 mpidr)
{
	u64 affinity = (mpidr & 0xffffff) | (mpidr >> 32 & 0xff) << 24;
	for (u32 r = 0; r < region_count; r++) {
		u64 at = region[r].base, end = at + region[r].size;
		while (at + 2 * GICR_SGI_FRAME <= end) {
			u64 type = read64(at + GICR_TYPER);
			if (type >> 32 == affinity)
				return at;
			if (type & GICR_TYPER_LAST)
				break;
			at += (type & GICR_TYPER_VLPIS ? 4ull : 2ull) * GICR_SGI_FRAME;
		}
	}
	return 0;
}

static enum err wake(u64 rd)
{
	write32(rd + GICR_WAKER, read32(rd + GICR_WAKER) & ~WAKER_SLEEP);
	return wait_clear(rd + GICR_WAKER, WAKER_ASLEEP);
}

/* The CPU interface: system registers, for us and for guests; no masking; EOImode 1. */
static void init_interface(void)
{
	sysreg_write(ICC_SRE_EL2, SRE_ALL);
	isb();
	sysreg_write(ICC_SRE_EL1, SRE_ALL & 7);
	sysreg_write(ICC_PMR_EL1, 0xff);
	sysreg_write(ICC_BPR1_EL1, 0);
	sysreg_write(ICC_CTLR_EL1, ICC_EOIMODE);
	isb();
	sysreg_write(ICC_IGRPEN1_EL1, 1);
	isb();
}

enum err gic_cpu_init(void)
{
	struct cpu *c = this_cpu();
	c->gicr = find_redistributor(c->mpidr);
	if (!c->gicr)
		return ERR_ABSENT;
	if (wake(c->gicr) != OK)
		return ERR_IO;
	quiesce(c->gicr + GICR_SGI_FRAME, 0);
	if (wait_clear(c->gicr + GICR_CTLR, GICR_CTLR_RWP) != OK)
		return ERR_IO;
	write32(c->gicr + GICR_SGI_FRAME + GIC_ISENABLER, (u32)OUR_PRIVATE);
	init_interface();
	return OK;
}

u32 gic_acknowledge(void)
{
	u32 intid = (u32)sysreg_read(ICC_IAR1_EL1) & 0xffffff;
	if (intid >= 1020 && intid <= GIC_SPURIOUS)
		return GIC_SPURIOUS;
	dsb_sy(); /* the device's level, then the end */
	sysreg_write(ICC_EOIR1_EL1, intid);
	isb();
	return intid;
}

void gic_deactivate(u32 intid)
{
	sysreg_write(ICC_DIR_EL1, intid);
	isb();
}

void gic_send_sgi(u64 mpidr, u32 intid)
{
	u64 aff0 = mpidr & 0xff, aff1 = mpidr >> 8 & 0xff, aff2 = mpidr >> 16 & 0xff;
	u64 aff3 = mpidr >> 32 & 0xff;
	sysreg_write(ICC_SGI1R_EL1, aff3 << 48 | (aff0 >> 4) << 44 | aff2 << 32 | (u64)intid << 24 |
					    aff1 << 16 | BIT(aff0 & 15));
	isb();
}

void gic_spi_enable(u32 intid, u64 mpidr, bool edge)
{
	u64 config = gicd + GIC_ICFGR + intid / 16 * 4;
	u32 bit = 2u << (intid % 16 * 2);
	CHECK(intid >= 32 && intid < 1020);
	write32(config, edge ? read32(config) | bit : read32(config) & ~bit);
	write64(gicd + GICD_IROUTER + 8ull * intid, mpidr & MPIDR_AFF_MASK);
	write32(gicd + GIC_ISENABLER + intid / 32 * 4, 1u << intid % 32);
}

void gic_ppi_active(u32 intid, bool active)
{
	u64 frame = this_cpu()->gicr + GICR_SGI_FRAME;
	write32(frame + (active ? GIC_ISACTIVER : GIC_ICACTIVER), 1u << intid);
	/* Reading it back makes sure that it is done before the guest deactivates it. */
	(void)read32(frame + GIC_ISACTIVER);
	dsb_sy();
}
