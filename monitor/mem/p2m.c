/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The p2m: what backs each guest frame number. p2m.h has the shape; slots change under
 * their leaf's lock, here and in share.c only, through slot_set() and slot_drop().
 *
 * Root and directory entries go from 0 to valid once, under root_lock with a release store,
 * and are read without a lock; directories and leaves live until p2m_destroy_step(). A slot
 * that gets a frame takes over the reference that its allocation made; a slot that is
 * emptied hands its reference to a flush, which drops it when no CPU can see the frame any
 * more. The frame's record points back to the slot (check.c compares the two).
 *
 * Giving back 3 pages of a leaf: lock the leaf; for each: slot = 0, entries = 0 in all trees;
 * flush; the frames go to their nodes' allocators; unlock. The next touch finds the slot
 * empty and gets a zeroed frame.
 */
#include "mem/p2m.h"

#include "arm64/atomic.h"
#include "arm64/pte.h"
#include "lib/percpu.h"
#include "lib/string.h"
#include "mem/flush.h"
#include "mem/node.h"
#include "mem/stage2.h"

#define GIVE_CHUNK 64u

/* The node for the p2m's own frames. */
static u32 home_of(const struct p2m *m)
{
	return m->home == NODE_ANY ? this_cpu()->node : m->home;
}

struct pfn p2m_table_make(struct p2m *m, u32 node, enum frame_flags flag)
{
	struct pfn p = node_alloc(node, 0, FRAME_MONITOR, ALLOC_ZERO);

	if (pfn_is_none(p))
		return p;
	frame_of(p)->flags |= (u8)flag;
	frame_of(p)->p2m = m;
	atomic_add_relaxed(&m->table_frames, 1ull);
	return p;
}

void p2m_table_free(struct p2m *m, struct pfn table)
{
	atomic_add_relaxed(&m->table_frames, -1ull);
	node_free(table, 0);
}

void p2m_count_private(struct p2m *m, struct pfn frame, s64 more)
{
	atomic_add_relaxed(&m->private_frames, (u64)more);
	atomic_add_relaxed(&m->node_frames[node_of(frame)], (u64)more);
}

/* Ranges inside the IPA space that do not overlap. */
static bool ranges_valid(const struct p2m_range *r, u32 count)
{
	if (count == 0 || count > P2M_RANGES)
		return false;
	for (u32 i = 0; i < count; i++) {
		if (r[i].count == 0 || r[i].first.v >= P2M_GFNS ||
		    r[i].count > P2M_GFNS - r[i].first.v)
			return false;
		for (u32 j = 0; j < i; j++)
			if (r[i].first.v < r[j].first.v + r[j].count &&
			    r[j].first.v < r[i].first.v + r[i].count)
				return false;
	}
	return true;
}

/* An empty tree on each node that has CPUs. */
static bool make_trees(struct p2m *m)
{
	for (u32 i = 0; i < MAX_CPUS; i++) {
		if (!cpus[i] || m->trees[cpus[i]->node].vttbr)
			continue;
		struct tree *t = &m->trees[cpus[i]->node];
		t->root = p2m_table_make(m, cpus[i]->node, FRAME_TABLE);
		if (pfn_is_none(t->root))
			return false;
		t->vttbr = (u64)m->vmid << 48 | pfn_pa(t->root).v;
	}
	return true;
}

enum err p2m_init(struct p2m *m, u16 vmid, u8 home, const struct p2m_range *ranges, u32 range_count)
{
	if (vmid == 0 || !ranges_valid(ranges, range_count) ||
	    (home >= MAX_NODES && home != NODE_ANY))
		return ERR_RANGE;
	memset(m, 0, sizeof(*m));
	m->vmid = vmid;
	m->home = home;
	m->range_count = range_count;
	memcpy(m->ranges, ranges, range_count * sizeof(*ranges));
	lock_init(&m->root_lock, LOCK_P2M_ROOT);
	m->root = p2m_table_make(m, home_of(m), FRAME_DIRECTORY);
	if (!pfn_is_none(m->root) && make_trees(m))
		return OK;
	for (u32 i = 0; i < MAX_NODES; i++)
		if (m->trees[i].vttbr)
			p2m_table_free(m, m->trees[i].root);
	if (!pfn_is_none(m->root))
		p2m_table_free(m, m->root);
	memset(m, 0, sizeof(*m));
	m->root = PFN_NONE;
	return ERR_MEMORY;
}

const struct p2m_range *p2m_range_of(const struct p2m *m, struct gfn g)
{
	for (u32 i = 0; i < m->range_count; i++)
		if (g.v - m->ranges[i].first.v < m->ranges[i].count)
			return &m->ranges[i];
	return NULL;
}

bool p2m_is_memory(const struct p2m *m, struct gfn g)
{
	return p2m_range_of(m, g) != NULL;
}

u64 *p2m_directory(struct p2m *m, struct gfn g)
{
	if (g.v >= P2M_GFNS || pfn_is_none(m->root))
		return NULL;
	u64 e = load_acquire((u64 *)pfn_va(m->root) + (g.v >> 18));
	return e ? pfn_va(SLOT_PFN(e)) : NULL;
}

struct frame *p2m_leaf(struct p2m *m, struct gfn g)
{
	u64 *directory = p2m_directory(m, g);
	u64 e = directory ? load_acquire(&directory[(g.v >> 9) & 511]) : 0;
	return e ? frame_of(SLOT_PFN(e)) : NULL;
}

/* Makes what is missing above and at g's leaf. Root locked. */
static bool make_path(struct p2m *m, struct gfn g)
{
	if (!p2m_directory(m, g)) {
		struct pfn d = p2m_table_make(m, home_of(m), FRAME_DIRECTORY);
		if (pfn_is_none(d))
			return false;
		store_release((u64 *)pfn_va(m->root) + (g.v >> 18), pfn_pa(d).v | P2M_VALID);
	}
	if (p2m_leaf(m, g))
		return true;
	struct pfn l = p2m_table_make(m, home_of(m), FRAME_LEAF);
	if (pfn_is_none(l))
		return false;
	struct frame *leaf = frame_of(l);
	lock_init(&leaf->lock, LOCK_LEAF);
	leaf->gfn = (u32)ALIGN_DOWN(g.v, 512ull);
	leaf->used = 0;
	store_release(&p2m_directory(m, g)[(g.v >> 9) & 511], pfn_pa(l).v | P2M_VALID);
	return true;
}

struct frame *p2m_leaf_make(struct p2m *m, struct gfn g)
{
	struct frame *leaf = p2m_leaf(m, g);

	if (leaf || !p2m_is_memory(m, g))
		return leaf;
	lock(&m->root_lock);
	bool made = make_path(m, g);
	unlock(&m->root_lock);
	return made ? p2m_leaf(m, g) : NULL;
}

/* How a frame's record names a slot. */
static u64 slot_name(const struct frame *leaf, struct gfn g)
{
	return (u64)(leaf - frame_table) << 9 | leaf_index(g);
}

void slot_forget(struct frame *leaf, struct gfn g, struct pfn frame)
{
	struct frame *f = frame_of(frame);

	lock(&f->lock);
	if (f->slot == slot_name(leaf, g))
		f->slot = 0;
	unlock(&f->lock);
}

void slot_set(struct p2m *m, struct frame *leaf, struct gfn g, struct pfn frame)
{
	struct frame *f = frame_of(frame);
	u64 *slot = &leaf_slots(leaf)[leaf_index(g)];
	bool private = f->state == FRAME_PRIVATE;

	lock_assert(&leaf->lock);
	CHECK(SLOT_KIND(*slot) == SLOT_EMPTY);
	CHECK(private || f->state == FRAME_SHARED);
	CHECK(f->flags & FRAME_PUBLISHED); /* written, not published */
	u64 s = pfn_pa(frame).v | (private ? SLOT_PRIVATE : SLOT_SHARED);
	if (p2m_range_of(m, g)->readonly)
		s |= SLOT_READONLY;
	store_relaxed(slot, s);
	store_relaxed(&leaf->used, leaf->used + 1);
	lock(&f->lock);
	if (private || !f->slot)
		f->slot = slot_name(leaf, g);
	unlock(&f->lock);
	if (private)
		p2m_count_private(m, frame, 1);
}

void slot_set_block(struct p2m *m, struct frame *leaf, struct pfn first)
{
	u64 *slots = leaf_slots(leaf), name = slot_name(leaf, gfn_of(0));
	struct frame *f = frame_of(first);

	lock_assert(&leaf->lock);
	CHECK(leaf->used == 0);
	for (u32 i = 0; i < BLOCK_FRAMES; i++) {
		CHECK(f[i].state == FRAME_PRIVATE && (f[i].flags & FRAME_PUBLISHED));
		store_relaxed(&slots[i], pfn_pa(pfn_of(first.v + i)).v | SLOT_PRIVATE);
		f[i].slot = name + i;
	}
	store_relaxed(&leaf->used, BLOCK_FRAMES);
	p2m_count_private(m, first, BLOCK_FRAMES);
}

void slot_drop(struct p2m *m, struct frame *leaf, struct gfn g, struct flush *f)
{
	u64 *slot = &leaf_slots(leaf)[leaf_index(g)];
	struct pfn p = SLOT_PFN(*slot);

	lock_assert(&leaf->lock);
	if (SLOT_KIND(*slot) == SLOT_PRIVATE)
		p2m_count_private(m, p, -1);
	slot_forget(leaf, g, p);
	store_relaxed(slot, (u64)SLOT_EMPTY);
	store_relaxed(&leaf->used, leaf->used - 1);
	stage2_clear(f, g);
	flush_free(f, p);
}

enum err p2m_install(struct p2m *m, struct gfn g, struct pfn frame)
{
	if (!p2m_is_memory(m, g))
		return ERR_RANGE;
	struct frame *leaf = p2m_leaf_make(m, g);
	if (!leaf)
		return ERR_MEMORY;
	enum err e = ERR_STATE;
	lock(&leaf->lock);
	if (SLOT_KIND(leaf_slots(leaf)[leaf_index(g)]) == SLOT_EMPTY) {
		slot_set(m, leaf, g, frame);
		e = OK;
	}
	unlock(&leaf->lock);
	return e;
}

/* Empties [g, g + count) of one leaf; read-only slots stay. Returns how many had a frame. */
static u64 give_chunk(struct p2m *m, struct frame *leaf, struct gfn g, u64 count)
{
	struct flush f;
	u64 given = 0;

	flush_begin(&f, m);
	lock(&leaf->lock);
	for (u64 i = 0; i < count; i++) {
		u64 slot = leaf_slots(leaf)[leaf_index(g) + i];
		if (SLOT_KIND(slot) == SLOT_EMPTY || (slot & SLOT_READONLY))
			continue;
		slot_drop(m, leaf, gfn_of(g.v + i), &f);
		given++;
	}
	flush_end(&f);
	unlock(&leaf->lock);
	return given;
}

u64 p2m_give_back(struct p2m *m, struct gfn first, u64 count)
{
	u64 given = 0;

	if (first.v >= P2M_GFNS)
		return 0;
	u64 end = first.v + MIN(count, P2M_GFNS - first.v);
	for (u64 g = first.v, next; g < end; g = next) {
		struct frame *leaf = p2m_leaf(m, gfn_of(g));
		u64 unit = leaf ? GIVE_CHUNK : BLOCK_FRAMES;
		next = MIN(end, ALIGN_DOWN(g, unit) + unit);
		if (leaf && load_relaxed(&leaf->used))
			given += give_chunk(m, leaf, gfn_of(g), next - g);
	}
	count_add(COUNTER_frames_returned, given);
	return given;
}
