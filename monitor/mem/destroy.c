/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of a VM: p2m_destroy_step() walks the IPA space once, in steps of 128 pages, and
 * frees behind itself: the frames of the slots; behind the last slot of a leaf the level-3
 * tables of that part and the leaf; behind 1 GiB the level-2 tables and the directory; at the
 * end the roots. No vCPU runs any more, so one flush of the whole VM before the first free
 * is enough; entries need no change. Frames that I/O in flight holds are freed by the last
 * frame_put(). The cursor is the next gfn, plus one so that 0 means "not begun".
 */
#include "arm64/atomic.h"
#include "arm64/pte.h"
#include "lib/percpu.h"
#include "mem/flush.h"
#include "mem/p2m.h"
#include "mem/stage2.h"

#define STEP 128u
#define PROBES 64u /* empty leaves that cost as much as a step */

/* Drops the frames of slots [g, g + STEP). */
static void free_slots(struct p2m *m, struct frame *leaf, struct gfn g)
{
	struct flush f;

	flush_begin(&f, m);
	lock(&leaf->lock);
	for (u64 i = 0; i < STEP && leaf->used; i++) {
		u64 *slot = &leaf_slots(leaf)[leaf_index(g) + i];
		if (SLOT_KIND(*slot) == SLOT_EMPTY)
			continue;
		if (SLOT_KIND(*slot) == SLOT_PRIVATE)
			p2m_count_private(m, SLOT_PFN(*slot), -1);
		slot_forget(leaf, gfn_of(g.v + i), SLOT_PFN(*slot));
		flush_free(&f, SLOT_PFN(*slot));
		*slot = SLOT_EMPTY;
		leaf->used--;
	}
	flush_end(&f); /* no pages: only the frees */
	unlock(&leaf->lock);
}

/* Frees the table below an entry of level 1 or 2 in every tree. */
static void free_tables(struct p2m *m, struct gfn g, u32 level)
{
	for (u32 n = 0; n < MAX_NODES; n++) {
		u64 *e = stage2_slot(m, n, g, level);
		if (e && (*e & PTE_TABLE))
			p2m_table_free(m, SLOT_PFN(*e));
		if (e)
			*e = 0;
	}
}

/* Frees the p2m's own table below *e. */
static void free_entry(struct p2m *m, u64 *e)
{
	if (*e)
		p2m_table_free(m, SLOT_PFN(*e));
	*e = 0;
}

/* Frees the trees' and the p2m's tables that end at `g`. */
static void free_behind(struct p2m *m, struct gfn last, u64 next)
{
	u64 *directory = p2m_directory(m, last);

	if (directory && IS_ALIGNED(next, 512ull)) {
		free_tables(m, last, 2);
		free_entry(m, &directory[(last.v >> 9) & 511]);
	}
	if (directory && IS_ALIGNED(next, 1ull << 18)) {
		free_tables(m, last, 1);
		free_entry(m, (u64 *)pfn_va(m->root) + (last.v >> 18));
	}
}

/* The roots. */
static void free_roots(struct p2m *m)
{
	for (u32 n = 0; n < MAX_NODES; n++) {
		if (!m->trees[n].vttbr)
			continue;
		p2m_table_free(m, m->trees[n].root);
		m->trees[n].vttbr = 0;
	}
	p2m_table_free(m, m->root);
	m->root = PFN_NONE;
}

bool p2m_destroy_step(struct p2m *m, u64 *cursor, u32 budget)
{
	u64 work = (u64)budget * PROBES;

	if (pfn_is_none(m->root))
		return true;
	if (*cursor == 0) {
		m->ending = true;
		flush_vm(m);
		*cursor = 1;
	}
	for (u64 g = *cursor - 1; g < P2M_GFNS;) {
		struct frame *leaf = p2m_leaf(m, gfn_of(g));
		u64 unit = leaf ? STEP : p2m_directory(m, gfn_of(g)) ? 512u : 1u << 18;
		u64 cost = leaf ? PROBES : 1;
		if (work < cost)
			return false;
		work -= cost;
		if (leaf)
			free_slots(m, leaf, gfn_of(g));
		g = ALIGN_DOWN(g, unit) + unit;
		free_behind(m, gfn_of(g - 1), g);
		*cursor = g + 1;
	}
	free_roots(m);
	return true;
}
