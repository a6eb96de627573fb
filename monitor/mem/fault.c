/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stage-2 faults. Four things bring a guest here:
 *   - the slot is empty: first touch; the guest gets zeroed memory
 *   - the slot has a frame, this node's tree lacks it: fill the 2 MiB from the leaf
 *   - a write, and the slot is SHARED: private copy (share.c), then fill
 *   - another CPU was faster: nothing; drop what this CPU may have cached, and repeat
 *
 * How much to give at a first touch? A 4 KiB frame costs an exit for each; 2 MiB at once
 * is cheapest but wastes where a guest touches here and there, and an idle guest should
 * own little. So evidence decides, as in a file system's read-ahead:
 *
 *   one frame   by default
 *   64 KiB      the page before or after it in the leaf is there already: somebody goes
 *               through memory; the aligned 16 pages around it are given, those that are
 *               still empty and in guest memory
 *   2 MiB       the leaf is empty, lies wholly in writable guest memory, a neighbouring leaf
 *               is nearly full (7/8), and the pool has a zeroed block: the guest fills
 *               memory at length. Never zeroed here and now: too long.
 *
 * A stream through fresh memory takes 1 + 1 + 31 exits for its first 2 MiB, then one for
 * each 2 MiB; scattered touches own 4 KiB each. Below 1/8 of the node free, single frames
 * only; blocks only above 1/4.
 *
 * Memory is taken and zeroed before the leaf is locked; under the lock the slots are looked
 * at again, and what is not needed goes back. The p2m is the truth: when the tree then lacks
 * memory for a table, the frames stay with the guest and the fault can be repeated.
 */
#include "mem/fault.h"

#include "arm64/atomic.h"
#include "lib/percpu.h"
#include "mem/flush.h"
#include "mem/node.h"
#include "mem/share.h"
#include "mem/stage2.h"

#define CLUSTER_ORDER 4u
#define CLUSTER (1u << CLUSTER_ORDER)
#define NEARLY_FULL (BLOCK_FRAMES / 8 * 7)

/* True when at least 1/share of the node's memory is free. */
static bool plenty(u32 node, u32 share)
{
	struct node_stats s;

	node_stats(node, &s);
	return s.free * share >= s.total;
}

static bool nearly_full(struct p2m *m, u64 g)
{
	struct frame *leaf = p2m_leaf(m, gfn_of(g)); /* wraps: no leaf */
	return leaf && load_relaxed(&leaf->used) >= NEARLY_FULL;
}

/* The slot is there (a peek, without the lock). */
static bool is_there(const struct frame *leaf, u32 index)
{
	return index < BLOCK_FRAMES &&
	       SLOT_KIND(load_relaxed(&leaf_slots((struct frame *)leaf)[index])) != SLOT_EMPTY;
}

/* How much to give for a first touch of `g`, as an order: see above. */
static u32 choose(struct p2m *m, u32 node, const struct frame *leaf, struct gfn g)
{
	const struct p2m_range *r = p2m_range_of(m, g);
	u64 base = ALIGN_DOWN(g.v, (u64)BLOCK_FRAMES);
	u32 i = leaf_index(g);

	if (load_relaxed(&leaf->used) == 0) {
		bool whole = !r->readonly && base >= r->first.v &&
			     base + BLOCK_FRAMES <= r->first.v + r->count;
		bool filling =
			nearly_full(m, base - BLOCK_FRAMES) || nearly_full(m, base + BLOCK_FRAMES);
		return whole && filling && plenty(node, 4) ? BLOCK_ORDER : 0;
	}
	if ((is_there(leaf, i - 1) || is_there(leaf, i + 1)) && plenty(node, 8))
		return CLUSTER_ORDER;
	return 0;
}

/* Zeroed frames, single ones, at most as many as *order says. */
static struct pfn get_piece(u32 node, u32 *order)
{
	struct pfn p = PFN_NONE;

	if (*order == BLOCK_ORDER)
		p = node_alloc(node, *order, FRAME_PRIVATE, ALLOC_NEAR | ALLOC_POOL);
	if (pfn_is_none(p) && *order != 0) {
		*order = CLUSTER_ORDER;
		p = node_alloc(node, *order, FRAME_PRIVATE, ALLOC_NEAR);
	}
	if (pfn_is_none(p)) {
		*order = 0;
		p = node_alloc(node, 0, FRAME_PRIVATE, 0);
	}
	if (!pfn_is_none(p) && *order)
		node_split(p, *order);
	return p;
}

/* Puts the piece's frames into the empty slots around `g`; returns with the leaf locked. */
static void give_piece(struct p2m *m, struct frame *leaf, struct gfn g, struct pfn piece, u32 order)
{
	u64 first = ALIGN_DOWN(g.v, 1ull << order);
	const u64 *slots = leaf_slots(leaf);

	lock(&leaf->lock);
	if (leaf->used == 0 && order == BLOCK_ORDER) {
		slot_set_block(m, leaf, piece);
	} else {
		for (u32 i = 0; i < 1u << order; i++) {
			struct gfn at = gfn_of(first + i);
			if (SLOT_KIND(slots[leaf_index(at)]) == SLOT_EMPTY && p2m_is_memory(m, at))
				slot_set(m, leaf, at, pfn_of(piece.v + i));
			else
				node_free(pfn_of(piece.v + i), 0);
		}
	}
	count(order == BLOCK_ORDER ? COUNTER_fault_block : COUNTER_fault_zero);
}

/* First touch: chooses, takes and gives. OK: the leaf is locked. */
static enum err first_touch(struct p2m *m, u32 node, struct frame *leaf, struct gfn g,
			    struct gift *gift)
{
	u32 order = choose(m, node, leaf, g);
	struct pfn piece = get_piece(node, &order);

	if (pfn_is_none(piece))
		return ERR_MEMORY;
	give_piece(m, leaf, g, piece, order);
	gift->first = gfn_of(ALIGN_DOWN(g.v, 1ull << order));
	gift->count = 1u << order;
	gift->what = order == BLOCK_ORDER ? COUNTER_fault_block : COUNTER_fault_zero;
	return OK;
}

enum err fault_present(struct p2m *m, u32 node, struct gfn g, bool write, struct frame **leaf,
		       struct gift *gift)
{
	u32 home = m->home == NODE_ANY ? node : m->home;
	struct frame *l = p2m_leaf_make(m, g);
	enum err e = OK;

	*leaf = l;
	*gift = (struct gift){.first = g, .what = COUNTER_COUNT};
	if (!l)
		return ERR_MEMORY;
	if (is_there(l, leaf_index(g)))
		lock(&l->lock);
	else
		e = first_touch(m, home, l, g, gift);
	if (e != OK)
		return e;
	u32 kind = SLOT_KIND(leaf_slots(l)[leaf_index(g)]);
	if (kind == SLOT_EMPTY) {
		e = ERR_BUSY;
	} else if (write && kind == SLOT_SHARED) {
		e = share_make_private(m, home, l, g);
		gift->what = COUNTER_fault_unshare;
	}
	if (e != OK)
		unlock(&l->lock);
	return e;
}

enum err mem_fault(struct p2m *m, u32 node, struct ipa a, enum access_kind kind, struct wait *w,
		   u32 *what)
{
	struct gfn g = ipa_gfn(a);
	const struct p2m_range *r = p2m_range_of(m, g);
	struct frame *leaf;
	struct gift gift;
	bool stale, write = kind == ACCESS_WRITE;

	w->cause = WAIT_NONE;
	*what = COUNTER_exit_fault;
	if (!r)
		return ERR_ABSENT;
	if (write && r->readonly)
		return ERR_RANGE;
	enum err e = fault_present(m, node, g, write, &leaf, &gift);
	if (e == ERR_BUSY)
		return OK; /* the instruction faults again */
	if (e != OK)
		return e;
	e = stage2_fill(m, node, leaf, gift.first, gift.count, &stale);
	unlock(&leaf->lock);
	if (e != OK)
		return e;
	if (stale)
		flush_stale(m);
	*what = gift.what;
	if (gift.what == COUNTER_COUNT) {
		*what = COUNTER_fault_refill;
		count(COUNTER_fault_refill);
	}
	return OK;
}
