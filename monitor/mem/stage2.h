/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stage-2 trees: what the hardware walks. One tree per (VM, node), its tables in that
 * node's memory, filled from the p2m. A 2 MiB part is filled as a whole on a miss.
 */
#ifndef MEM_STAGE2_H
#define MEM_STAGE2_H

#include "mem/flush.h"
#include "mem/p2m.h"

#define STAGE2_IPA_BITS 39u /* 512 GiB of IPA: start level 1, one table */

/*
 * All CPUs have FEAT_S2FWB: vCPUs run with HCR_EL2.FWB set, entries have its attributes.
 * Set by boot before the first frame is published.
 */
extern bool stage2_fwb;

/* VTCR_EL2 for this machine (boot sets it on each CPU, before the first VM is made). */
u64 stage2_vtcr(void);
/* VMIDs that fit: 256 or 65536. */
u32 stage2_vmids(void);

/*
 * Fills `node`'s tree from the leaf that has `g` (locked by the caller): the whole 2 MiB
 * when its table is new or when number is 0, else `number` entries from `g` on (all in the
 * leaf). Only empty entries are written and write permission is only gained, so other CPUs
 * need no flush; *stale: there was an entry for `g` already, so this CPU faulted on one that
 * it may still hold: flush_stale(). ERR_MEMORY: no table.
 */
must_check
enum err stage2_fill(struct p2m *m, u32 node, struct frame *leaf, struct gfn g, u32 number,
		     bool *stale);
/* Sets `g`'s entry (or the block around it) to 0 in every tree. Leaf locked. */
void stage2_clear(struct flush *f, struct gfn g);
/* Makes `g`'s entry read-only in every tree (a block around it: 0). Leaf locked. */
void stage2_readonly(struct flush *f, struct gfn g);
/* What a tree holds for `g`: the raw level-2 block or level-3 entry, 0 when none. */
u64 stage2_entry(const struct p2m *m, u32 node, struct gfn g, bool *block);

/* For mem/ only: the entry of level 1 or 2 in a tree, NULL when there is no such table. */
u64 *stage2_slot(const struct p2m *m, u32 node, struct gfn g, u32 level);
static inline u64 *stage2_table(u64 entry)
{
	return pfn_va(SLOT_PFN(entry));
}

#endif
