/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sharing and unsharing (copy on write), the part of the paper's section 4.2.1 that does not
 * depend on where the identical pages come from.
 *
 * PRIVATE to SHARED: the order matters. Only when no CPU can write any more is the content
 * what it will be for ever: read-only everywhere, flush, then the state. A frame that I/O in
 * flight holds can still change, and is refused.
 *
 * SHARED to PRIVATE with one reference: nobody else looks; the state changes, the tree's
 * entry gets its write permission back at the next fill (gained: no flush). With more: a new
 * frame is filled, published and only then put in place of the old one: all trees' entries
 * 0, flush, slot. All that can fail (memory) comes before the first change.
 *
 * Locks: the leaf's, over the flush. References of the frame can't go from one to more
 * meanwhile: a new one needs an old one, and the only old one is under our lock.
 */
#include "mem/share.h"

#include "arm64/atomic.h"
#include "lib/percpu.h"
#include "lib/string.h"
#include "mem/flush.h"
#include "mem/node.h"
#include "mem/stage2.h"

enum err share_make_shared(struct p2m *m, struct gfn g)
{
	struct frame *leaf = p2m_leaf(m, g);
	enum err e = ERR_ABSENT;
	struct flush f;

	if (!leaf)
		return e;
	lock(&leaf->lock);
	u64 *slot = &leaf_slots(leaf)[leaf_index(g)];
	struct pfn p = SLOT_PFN(*slot);
	if (SLOT_KIND(*slot) == SLOT_PRIVATE) {
		e = ERR_BUSY;
		if (load_relaxed(&frame_of(p)->refs) == 1) {
			flush_begin(&f, m);
			stage2_readonly(&f, g);
			flush_end(&f);
			frame_set(p, FRAME_SHARED);
			p2m_count_private(m, p, -1);
			store_relaxed(slot, (*slot & ~15ull) | SLOT_SHARED);
			e = OK;
		}
	}
	unlock(&leaf->lock);
	return e;
}

enum err share_map(struct p2m *m, struct gfn g, struct pfn frame)
{
	if (!p2m_is_memory(m, g))
		return ERR_RANGE;
	struct frame *leaf = p2m_leaf_make(m, g);
	if (!leaf)
		return ERR_MEMORY;
	enum err e = ERR_STATE;
	lock(&leaf->lock);
	if (frame_of(frame)->state == FRAME_SHARED &&
	    SLOT_KIND(leaf_slots(leaf)[leaf_index(g)]) == SLOT_EMPTY) {
		frame_slot_get(frame);
		slot_set(m, leaf, g, frame);
		e = OK;
	}
	unlock(&leaf->lock);
	return e;
}

/* A private copy of a frame, published; PFN_NONE: no memory. */
static struct pfn copy_of(u32 node, struct pfn from)
{
	struct pfn p = node_alloc(node, 0, FRAME_FILLING, 0);

	if (pfn_is_none(p))
		return p;
	page_copy(pfn_va(p), pfn_va(from));
	frame_publish(p, 1);
	frame_set(p, FRAME_PRIVATE);
	return p;
}

enum err share_make_private(struct p2m *m, u32 node, struct frame *leaf, struct gfn g)
{
	u64 *slot = &leaf_slots(leaf)[leaf_index(g)];
	struct pfn old = SLOT_PFN(*slot);
	struct flush f;

	lock_assert(&leaf->lock);
	CHECK(SLOT_KIND(*slot) == SLOT_SHARED);
	if (load_relaxed(&frame_of(old)->refs) == 1) {
		frame_set(old, FRAME_PRIVATE);
		frame_of(old)->slot = (u64)(leaf - frame_table) << 9 | leaf_index(g);
		store_relaxed(slot, (*slot & ~15ull) | SLOT_PRIVATE);
		p2m_count_private(m, old, 1);
	} else {
		struct pfn copy = copy_of(node, old);
		if (pfn_is_none(copy))
			return ERR_MEMORY;
		flush_begin(&f, m);
		slot_drop(m, leaf, g, &f);
		flush_end(&f);
		slot_set(m, leaf, g, copy);
	}
	count(COUNTER_fault_unshare);
	return OK;
}
