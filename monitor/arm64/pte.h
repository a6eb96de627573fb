/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptor bits of the VMSAv8-64 tables, 4 KiB granule (Arm ARM D8.3). Nothing else
 * in the monitor knows them.
 */
#ifndef ARM64_PTE_H
#define ARM64_PTE_H

#include "lib/types.h"

#define PTE_VALID (1ull << 0)
#define PTE_TABLE (1ull << 1) /* at levels 0 to 2: a table, else a block */
#define PTE_PAGE (1ull << 1)  /* at level 3: must be set */
#define PTE_OUTPUT 0x0000fffffffff000ull
#define PTE_AF (1ull << 10)
#define PTE_CONT (1ull << 52)

/* stage 1 of EL2 */
#define S1_ATTR(n) ((u64)(n) << 2)
#define S1_ATTR_NORMAL 0 /* indices of MAIR_EL2 */
#define S1_ATTR_DEVICE 1
#define S1_RO (1ull << 7)
#define S1_AP1 (1ull << 6) /* RES1 in a regime with one privilege level */
#define S1_SH_INNER (3ull << 8)
#define S1_XN (1ull << 54)
#define S1_GP (1ull << 50) /* guarded page: BTI */
#define MAIR_VALUE 0x00ffull /* index 0: normal write-back, index 1: device nGnRnE */

/* stage 2 */
#define S2_ATTR_NORMAL (0xfull << 2) /* FWB clear: write-back */
#define S2_ATTR_NORMAL_FWB (0x6ull << 2)
#define S2_ATTR_DEVICE (0x1ull << 2) /* device nGnRE */
#define S2_READ (1ull << 6)
#define S2_WRITE (1ull << 7)
#define S2_SH_INNER (3ull << 8)
#define S2_XN (2ull << 53)

#define PT_ENTRIES 512u
#define PT_SHIFT(level) (39u - 9u * (level)) /* bytes that an entry of a level covers: 1 << */
#define PT_INDEX(addr, level) ((u32)((addr) >> PT_SHIFT(level)) & (PT_ENTRIES - 1))

#endif
