/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stage-2 trees: what the hardware walks. One tree per (VM, node), its tables in that
 * node's memory, filled from the p2m. A 2 MiB part is filled as a whole on a miss.
 */
#ifndef MEM_STAGE2_H
#define MEM_STAGE2_H

#include "mem/p2m.h"

#define STAGE2_IPA_BITS 39u /* 512 GiB of IPA: start level 1, one table */

/* VTCR_EL2 for this machine (boot sets it on each CPU). */
u64 stage2_vtcr(void);

/*
 * Fills the entries of the whole 2 MiB part of `g` in `node`'s tree from its leaf (locked
 * by the caller). Only empty entries are written: no flush needed. ERR_MEMORY: no table.
 */
must_check enum err stage2_fill(struct p2m *m, u32 node, struct frame *leaf, struct gfn g);
/* Sets `g`'s entry to invalid in every tree; true when some tree had it. Leaf locked. */
bool stage2_clear(struct p2m *m, struct gfn g);
/* Makes `g`'s entry read-only in every tree; true when some tree had it. Leaf locked. */
bool stage2_readonly(struct p2m *m, struct gfn g);
/* Makes `g`'s entry writable in the given tree (permission gained: local flush). */
void stage2_writable(struct p2m *m, u32 node, struct gfn g, struct pfn frame);
/* What a tree holds for `g`: the raw level-2 block or level-3 entry, 0 when none. */
u64 stage2_entry(const struct p2m *m, u32 node, struct gfn g, bool *block);

#endif
