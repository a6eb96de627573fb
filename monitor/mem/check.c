/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The invariants, looked at from both sides, in slices.
 *
 * From the p2ms: each slot's frame has the state that the slot says, and a PRIVATE frame's
 * record names the slot; each valid entry of each tree is what its slot implies: that frame,
 * and writable only for PRIVATE. From the frames: each record is in one state that agrees
 * with its flags, counts, list and leaf; the sums by state agree with the node's.
 *
 * References: a counter per frame to compare with would take memory that we may not have. So
 * a sum over frame_print() (a hash) is kept: plus for each slot and each hold in flight,
 * minus `refs` times for each PRIVATE and SHARED frame. It ends at zero, or some frame's
 * count is wrong (all but one in 2^64 mistakes are seen; which frame is not known).
 *
 * Phases: P2MS walks one p2m after the other, in parts of 2 MiB: its leaf, then each tree;
 * FRAMES walks the records of each node; DONE compares the sums. A slice is one part, or
 * FRAMES_SLICE records.
 */
#include "mem/check.h"

#include <stdarg.h>

#include "arm64/atomic.h"
#include "lib/percpu.h"
#include "lib/print.h"
#include "lib/string.h"
#include "mem/buddy.h"
#include "mem/stage2.h"

#define FRAMES_SLICE 256u
#define EMPTY_PARTS 256u /* parts without a leaf that one slice passes */
#define PRINTED 20u
#define GIB_GFNS (1ull << 18)

enum phase { P2MS, FRAMES, DONE };

/* Notes one violation. */
static __attribute__((format(printf, 2, 3))) void fault(struct mem_check *c, const char *format,
							...)
{
	char text[160];
	va_list args;

	if (++c->faults > PRINTED)
		return;
	va_start(args, format);
	format_args(text, sizeof(text), format, args);
	va_end(args);
	print("check: %s\n", text);
}

void mem_check_begin(struct mem_check *c)
{
	memset(c, 0, sizeof(*c));
	node_freeze(true);
}

/* One slot against its frame. */
static void check_slot(struct mem_check *c, const struct frame *leaf, u32 i, u64 slot)
{
	u64 name = (u64)(leaf - frame_table) << 9 | i, gfn = leaf->gfn + i;
	struct pfn p = SLOT_PFN(slot);
	u32 kind = SLOT_KIND(slot);

	if (kind != SLOT_PRIVATE && kind != SLOT_SHARED) {
		fault(c, "gfn %llx: slot %llx is of no known kind", (unsigned long long)gfn,
		      (unsigned long long)slot);
		return;
	}
	if (!frame_known(p)) {
		fault(c, "gfn %llx: frame %llx is not memory", (unsigned long long)gfn,
		      (unsigned long long)p.v);
		return;
	}
	const struct frame *f = frame_of(p);
	u32 want = kind == SLOT_PRIVATE ? FRAME_PRIVATE : FRAME_SHARED;
	if (f->state != want)
		fault(c, "gfn %llx: frame %llx is in state %u, its slot says %u",
		      (unsigned long long)gfn, (unsigned long long)p.v, f->state, want);
	if (kind == SLOT_PRIVATE && f->slot != name)
		fault(c, "gfn %llx: frame %llx names slot %llx, not %llx", (unsigned long long)gfn,
		      (unsigned long long)p.v, (unsigned long long)f->slot,
		      (unsigned long long)name);
	c->privates += kind == SLOT_PRIVATE;
	c->prints += frame_print(p);
}

/* The slots of one leaf. */
static void check_leaf(struct mem_check *c, const struct frame *leaf, u64 g)
{
	const u64 *slots = leaf_slots((struct frame *)(uintptr_t)leaf);
	u32 used = 0;

	c->tables++;
	if (leaf->state != FRAME_MONITOR || !(leaf->flags & FRAME_LEAF) || leaf->p2m != c->p2m ||
	    leaf->gfn != g)
		fault(c, "gfn %llx: not its leaf: state %u, flags %x, gfn %x",
		      (unsigned long long)g, leaf->state, leaf->flags, leaf->gfn);
	for (u32 i = 0; i < BLOCK_FRAMES; i++) {
		if (SLOT_KIND(slots[i]) == SLOT_EMPTY)
			continue;
		used++;
		check_slot(c, leaf, i, slots[i]);
	}
	if (used != leaf->used)
		fault(c, "gfn %llx: leaf has %u slots, its record says %u", (unsigned long long)g,
		      used, leaf->used);
}

/* One valid entry of a tree against the slot behind it. */
static void check_entry(struct mem_check *c, u32 node, u64 g, u64 entry, u64 pfn, u64 slot)
{
	u32 kind = SLOT_KIND(slot);
	bool writable = kind == SLOT_PRIVATE && !(slot & SLOT_READONLY);

	c->entries++;
	if ((kind != SLOT_PRIVATE && kind != SLOT_SHARED) || SLOT_PFN(slot).v != pfn)
		fault(c, "gfn %llx: node %u maps frame %llx, the slot is %llx",
		      (unsigned long long)g, node, (unsigned long long)pfn,
		      (unsigned long long)slot);
	else if ((entry & S2_WRITE) && !writable)
		fault(c, "gfn %llx: node %u maps frame %llx writable, the slot is %llx",
		      (unsigned long long)g, node, (unsigned long long)pfn,
		      (unsigned long long)slot);
}

/* 2 MiB of one tree; false: nothing there. */
static bool check_tree(struct mem_check *c, u32 node, const struct frame *leaf, u64 g)
{
	const u64 *slots = leaf ? leaf_slots((struct frame *)(uintptr_t)leaf) : NULL;
	const u64 *l2 = stage2_slot(c->p2m, node, gfn_of(g), 2);
	u64 e = l2 ? *l2 : 0;
	const u64 *l3 = (e & PTE_TABLE) ? stage2_table(e) : NULL;

	c->tables += l3 != NULL;
	for (u32 i = 0; e && !c->p2m->ending && i < BLOCK_FRAMES; i++) {
		u64 entry = l3 ? l3[i] : e;
		u64 pfn = SLOT_PFN(entry).v + (l3 ? 0 : i);
		if (entry)
			check_entry(c, node, g + i, entry, pfn, slots ? slots[i] : SLOT_EMPTY);
	}
	return e != 0;
}

/* The tables of 1 GiB; false: it has none at all. */
static bool count_tables(struct mem_check *c, u64 g)
{
	u64 count = p2m_directory(c->p2m, gfn_of(g)) != NULL;

	for (u32 n = 0; n < MAX_NODES; n++) {
		const u64 *l1 = stage2_slot(c->p2m, n, gfn_of(g), 1);
		count += l1 && *l1;
	}
	c->tables += count;
	return count != 0;
}

/* Behind a p2m's last part. */
static void end_p2m(struct mem_check *c)
{
	struct p2m *m = c->p2m;

	c->tables++; /* the root */
	for (u32 n = 0; n < MAX_NODES; n++)
		c->tables += m->trees[n].vttbr != 0;
	if (c->privates != m->private_frames)
		fault(c, "VMID %u: %llu private frames, its count says %llu", m->vmid,
		      (unsigned long long)c->privates, (unsigned long long)m->private_frames);
	if (c->tables != m->table_frames)
		fault(c, "VMID %u: %llu tables, its count says %llu", m->vmid,
		      (unsigned long long)c->tables, (unsigned long long)m->table_frames);
	c->all_tables += c->tables;
	c->privates = 0;
	c->tables = 0;
	c->cursor = 0;
	c->part = 0;
}

/* One leaf, or one tree's 2 MiB; true at the end of the p2m. */
static bool p2m_slice(struct mem_check *c)
{
	for (u32 i = 0; i < EMPTY_PARTS && c->cursor < P2M_GFNS; i++) {
		u64 g = c->cursor;
		const struct frame *leaf = p2m_leaf(c->p2m, gfn_of(g));
		if (c->part == 0 && IS_ALIGNED(g, GIB_GFNS) && !count_tables(c, g)) {
			c->cursor += GIB_GFNS;
			continue;
		}
		if (c->part == 0) {
			c->part = 1;
			if (leaf) {
				check_leaf(c, leaf, g);
				return false;
			}
		}
		while (c->part <= MAX_NODES)
			if (check_tree(c, c->part++ - 1, leaf, g))
				return false;
		c->part = 0;
		c->cursor += BLOCK_FRAMES;
	}
	return c->cursor >= P2M_GFNS;
}

/* The links of a free piece's head agree with its neighbours in the list. */
static void check_head(struct mem_check *c, const struct node *n, u64 p)
{
	const struct frame *f = &frame_table[p];
	bool zeroed = f->flags & FRAME_ZEROED;
	u32 most = zeroed ? POOL_ORDER_MAX : NODE_ORDER_MAX;

	if (f->order > most || !IS_ALIGNED(p, 1ull << f->order) ||
	    !node_owns(n, p, 1ull << f->order)) {
		fault(c, "frame %llx: free piece of order %u", (unsigned long long)p, f->order);
		return;
	}
	u32 first = zeroed ? n->zero_list[f->order] : n->free_list[f->order];
	bool before =
		f->prev ? node_owns(n, f->prev, 1) && frame_table[f->prev].next == p : first == p;
	bool after = !f->next || (node_owns(n, f->next, 1) && frame_table[f->next].prev == p);
	if (!before || !after)
		fault(c, "frame %llx: free list of order %u is broken", (unsigned long long)p,
		      f->order);
	c->free_end = p + (1ull << f->order);
	if (zeroed)
		c->zeroed += 1ull << f->order;
}

/* A FREE frame. */
static void check_free(struct mem_check *c, const struct node *n, u64 p)
{
	const struct frame *f = &frame_table[p];
	u64 z = n->zeroing.first;

	if (load_relaxed(&f->refs))
		fault(c, "frame %llx: free with %u references", (unsigned long long)p, f->refs);
	if (z && p >= z && p < z + (1ull << n->zeroing.order))
		return;
	if (p < c->free_end)
		return;
	if (f->flags & FRAME_HEAD)
		check_head(c, n, p);
	else
		fault(c, "frame %llx: free, in no list", (unsigned long long)p);
}

/* A frame that p2m slots or holds refer to. */
static void check_guest_frame(struct mem_check *c, u64 p)
{
	const struct frame *f = &frame_table[p];
	u64 leaf = f->slot >> 9;

	c->prints -= f->refs * frame_print(pfn_of(p));
	if (f->refs == 0)
		fault(c, "frame %llx: state %u without a reference", (unsigned long long)p,
		      f->state);
	if (f->state != FRAME_PRIVATE || !f->slot)
		return; /* held only: given back during I/O */
	bool known = frame_known(pfn_of(leaf)) && (frame_table[leaf].flags & FRAME_LEAF);
	u64 slot = known ? leaf_slots(&frame_table[leaf])[f->slot & 511] : 0;
	if (SLOT_KIND(slot) != SLOT_PRIVATE || SLOT_PFN(slot).v != p)
		fault(c, "frame %llx: names slot %llx, which is %llx", (unsigned long long)p,
		      (unsigned long long)f->slot, (unsigned long long)slot);
}

static void check_frame(struct mem_check *c, const struct node *n, u64 p)
{
	const struct frame *f = &frame_table[p];

	c->frames++;
	if (f->state == FRAME_NONE || f->state >= FRAME_STATES || f->node != n->id) {
		fault(c, "frame %llx: state %u on node %u", (unsigned long long)p, f->state,
		      f->node);
		return;
	}
	c->by_state[f->state]++;
	if (f->state != FRAME_FREE && p < c->free_end)
		fault(c, "frame %llx: state %u in a free piece", (unsigned long long)p, f->state);
	if (f->state == FRAME_FREE)
		check_free(c, n, p);
	else if (f->state == FRAME_PRIVATE || f->state == FRAME_SHARED)
		check_guest_frame(c, p);
	else if (f->flags & (FRAME_LEAF | FRAME_TABLE | FRAME_DIRECTORY))
		c->all_tables--;
}

/* Behind a node's last frame: what its struct says. */
static void end_node(struct mem_check *c, const struct node *n)
{
	for (u32 i = 0; i < FRAME_STATES; i++)
		if (c->by_state[i] != n->by_state[i])
			fault(c, "node %u: %llu frames in state %u, its count says %llu", n->id,
			      (unsigned long long)c->by_state[i], i,
			      (unsigned long long)n->by_state[i]);
	if (c->zeroed != n->zeroed)
		fault(c, "node %u: %llu zeroed frames, its count says %llu", n->id,
		      (unsigned long long)c->zeroed, (unsigned long long)n->zeroed);
	memset(c->by_state, 0, sizeof(c->by_state));
	c->zeroed = 0;
}

/* Some records; `part` is node * NODE_RANGES + range. True at the end of all. */
static bool frames_slice(struct mem_check *c)
{
	u32 r = c->part % NODE_RANGES;
	const struct node *n = node_get(c->part / NODE_RANGES);

	if (n && r < n->range_count) {
		u64 p = n->ranges[r].first + c->cursor;
		u64 end = MIN(p + FRAMES_SLICE, n->ranges[r].end);
		if (c->cursor == 0)
			c->free_end = 0;
		for (; p < end; p++)
			check_frame(c, n, p);
		c->cursor += FRAMES_SLICE;
		if (p < n->ranges[r].end)
			return false;
	}
	c->cursor = 0;
	if (n && (r + 1 == NODE_RANGES || r + 1 == n->range_count))
		end_node(c, n);
	c->part += n && r + 1 < n->range_count ? 1 : NODE_RANGES - r;
	return c->part >= MAX_NODES * NODE_RANGES;
}

/* The sums. */
static void end_all(struct mem_check *c)
{
	u64 number;

	c->prints += frame_holds(&number);
	if (c->prints)
		fault(c, "references: slots and %llu holds do not equal what frames count",
		      (unsigned long long)number);
	if (c->all_tables)
		fault(c, "tables: VMs have %lld more than frames show", (long long)c->all_tables);
	node_freeze(false);
}

bool mem_check_step(struct mem_check *c, struct p2m *(*next)(struct p2m *after))
{
	c->slices++;
	if (c->phase == P2MS) {
		if (!c->p2m)
			c->p2m = next(NULL);
		while (c->p2m && pfn_is_none(c->p2m->root))
			c->p2m = next(c->p2m);
		if (!c->p2m) {
			c->phase = FRAMES;
		} else if (p2m_slice(c)) {
			end_p2m(c);
			c->p2m = next(c->p2m);
			c->phase = c->p2m ? P2MS : FRAMES;
		}
		return false;
	}
	if (c->phase == FRAMES && frames_slice(c)) {
		end_all(c);
		c->phase = DONE;
	}
	return c->phase == DONE;
}
