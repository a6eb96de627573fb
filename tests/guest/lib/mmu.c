/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stage 1: 39 bits, one table of 1 GiB blocks, one to one: the first GiB is device memory,
 * all others normal, whether there is RAM or not (a test may reach where nothing is). The
 * entry of TABLES_VA is the tests'.
 */
#include "guest.h"

#define SCTLR_ON 0x30d01805ull /* RES1, M, C, I; SPAN */
#define TCR_HA (1ull << 39)
#define TCR_HD (1ull << 40)
#define TCR_BASE (25ull | 1ull << 8 | 1ull << 10 | 3ull << 12 | 1ull << 23)

extern char vectors[];
__attribute__((aligned(4096))) u64 tables_l1[512];

static u32 hafdbs(void)
{
	return (u32)sysreg_read(id_aa64mmfr1_el1) & 15;
}

bool has_hw_af(void)
{
	return hafdbs() >= 1;
}

bool has_hw_dirty(void)
{
	return hafdbs() >= 2;
}

void mmu_tables(void)
{
	tables_l1[0] = 1 | PTE_DEVICE | PTE_AF;
	for (u64 i = 1; i < 512; i++)
		tables_l1[i] = i << 30 | 1 | PTE_SHARED | PTE_AF;
}

void mmu_on(void)
{
	u64 range = sysreg_read(id_aa64mmfr0_el1) & 15;
	u64 tcr = TCR_BASE | (range > 5 ? 5 : range) << 32;

	if (has_hw_af())
		tcr |= TCR_HA;
	if (has_hw_dirty())
		tcr |= TCR_HD;
	sysreg_write(vbar_el1, (u64)vectors);
	sysreg_write(mair_el1, 0x04ffull); /* 0: normal, write-back; 1: device, nGnRE */
	sysreg_write(tcr_el1, tcr);
	sysreg_write(ttbr0_el1, (u64)tables_l1);
	ASM("dsb sy; isb; tlbi vmalle1; dsb nsh; isb");
	sysreg_write(sctlr_el1, SCTLR_ON);
	ISB();
}
