/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A buddy allocator per node.
 *
 * A piece is 2^order frames, naturally aligned; its head frame's record carries the order
 * and, while it is free, the links of its list (frame numbers; 0 ends a list, so frame 0 is
 * never given out). Taking splits the smallest piece that is large enough; giving back
 * merges a piece with its buddy (first frame number with bit `order` flipped) as long as
 * that is a free head of the same order:
 *
 *   free:  [8..15] order 3     take order 1:  [8,9] taken, [10,11] order 1, [12..15] order 2
 *   give [8,9] back: buddy [10,11] free: [8..11]; buddy [12..15] free: [8..15]
 *
 * Zeroed pieces live in the pool's lists (pool.c); they are FREE too, but do not merge.
 * The struct node itself sits in the first frame that the node gave, so an allocation
 * touches memory of its own node only. Records are initialized by node_add().
 *
 * Locks: the node lock covers lists and links. A piece that left the lists belongs to who
 * took it; states are changed and frames are zeroed outside the lock.
 */
#include "mem/node.h"

#include "arm64/atomic.h"
#include "lib/percpu.h"
#include "lib/string.h"
#include "mem/buddy.h"

#define JUNK 0xd5

static struct node *nodes[MAX_NODES];
static u8 distances[MAX_NODES][MAX_NODES]; /* 0: not told */
static u8 near[MAX_NODES][MAX_NODES];
static bool ordered;

struct node *node_get(u32 node)
{
	return node < MAX_NODES ? nodes[node] : NULL;
}

bool node_owns(const struct node *n, u64 p, u64 count)
{
	for (u32 i = 0; i < n->range_count; i++)
		if (p >= n->ranges[i].first && p + count <= n->ranges[i].end)
			return true;
	return false;
}

void buddy_push(u32 *head, u32 p, u32 order, u8 flags)
{
	struct frame *f = &frame_table[p];
	f->order = (u8)order;
	store_relaxed(&f->flags, (u8)(FRAME_HEAD | flags));
	f->prev = 0;
	f->next = *head;
	if (*head)
		frame_table[*head].prev = p;
	*head = p;
}

void buddy_unlink(u32 *head, u32 p)
{
	struct frame *f = &frame_table[p];
	if (f->prev)
		frame_table[f->prev].next = f->next;
	else
		*head = f->next;
	if (f->next)
		frame_table[f->next].prev = f->prev;
	f->next = 0;
	f->prev = 0;
	store_relaxed(&f->flags, (u8)0);
}

u32 buddy_take(struct node *n, u32 order)
{
	u32 o = order;

	lock_assert(&n->lock);
	while (o <= NODE_ORDER_MAX && !n->free_list[o])
		o++;
	if (o > NODE_ORDER_MAX)
		return 0;
	u32 p = n->free_list[o];
	buddy_unlink(&n->free_list[o], p);
	while (o > order) {
		o--;
		buddy_push(&n->free_list[o], p + (1u << o), o, 0);
	}
	return p;
}

void buddy_put(struct node *n, u32 p, u32 order)
{
	lock_assert(&n->lock);
	while (order < NODE_ORDER_MAX) {
		u32 b = p ^ (1u << order);
		if (!node_owns(n, b, 1ull << order))
			break;
		struct frame *f = &frame_table[b];
		/* Not its state: that changes outside the lock, FRAME_HEAD doesn't. */
		u32 flags = load_relaxed(&f->flags);
		if ((flags & (FRAME_HEAD | FRAME_ZEROED)) != FRAME_HEAD || f->order != order)
			break;
		buddy_unlink(&n->free_list[order], b);
		p &= ~(1u << order);
		order++;
	}
	buddy_push(&n->free_list[order], p, order, 0);
}

/* Puts [first, end) into the list of known ranges. */
static enum err add_range(struct node *n, u64 first, u64 end)
{
	for (u32 i = 0; i < n->range_count; i++)
		if (first < n->ranges[i].end && n->ranges[i].first < end)
			return ERR_RANGE;
	for (u32 i = 0; i < n->range_count; i++) {
		if (n->ranges[i].end != first && n->ranges[i].first != end)
			continue;
		/* Adjacent: grow by that range, and take it out of the list. */
		first = MIN(first, n->ranges[i].first);
		end = MAX(end, n->ranges[i].end);
		n->ranges[i] = n->ranges[--n->range_count];
		i = ~0u; /* from the start: there may be one on the other side */
	}
	if (n->range_count == NODE_RANGES)
		return ERR_RANGE;
	n->ranges[n->range_count].first = first;
	n->ranges[n->range_count].end = end;
	n->range_count++;
	return OK;
}

/* Fresh records. */
static void init_records(u32 node, u64 first, u64 count, enum frame_state state)
{
	struct frame f = {.state = (u8)state, .node = (u8)node};

	lock_init(&f.lock, LOCK_FRAME);
	for (u64 i = 0; i < count; i++)
		frame_table[first + i] = f;
}

enum err node_add(u32 node, struct pfn first, u64 count)
{
	u64 p = first.v, end = p + count;

	if (node >= MAX_NODES || count == 0 || p == 0 || end > ~0u || end < p)
		return ERR_RANGE;
	struct node *n = nodes[node];
	enum err e = n ? add_range(n, p, end) : OK;
	if (e != OK)
		return e;
	init_records(node, p, count, FRAME_FREE);
	if (!n) {
		n = pfn_va(first);
		page_zero(n);
		n->id = node;
		lock_init(&n->lock, LOCK_NODE);
		n->by_state[FRAME_FREE] = 1;
		nodes[node] = n;
		e = add_range(n, p, end);
		frame_set(first, FRAME_MONITOR);
		frame_of(first)->refs = 1;
		p++;
	}
	atomic_add_relaxed(&n->by_state[FRAME_FREE], end - p);
	lock(&n->lock);
	while (p < end) {
		u32 order = 0;
		while (order < NODE_ORDER_MAX && IS_ALIGNED(p, 2ull << order) &&
		       p + (2ull << order) <= end)
			order++;
		buddy_put(n, (u32)p, order);
		p += 1ull << order;
	}
	unlock(&n->lock);
	return e;
}

enum err node_reserve(u32 node, struct pfn first, u64 count)
{
	struct node *n = node_get(node);
	u64 end = first.v + count;

	if (!n || count == 0 || end > ~0u || end < first.v)
		return ERR_RANGE;
	enum err e = add_range(n, first.v, end);
	if (e != OK)
		return e;
	init_records(node, first.v, count, FRAME_MONITOR);
	for (u64 i = 0; i < count; i++)
		frame_of(first)[i].refs = 1;
	atomic_add_relaxed(&n->by_state[FRAME_MONITOR], count);
	return OK;
}

/* The records of a piece that was just taken. */
static void claim(u32 p, u32 order, enum frame_state state, bool published)
{
	struct frame *f = &frame_table[p];
	u8 flags = published ? FRAME_PUBLISHED : 0;

	frame_set_range(pfn_of(p), 1ull << order, state);
	for (u32 i = 0; i < 1u << order; i++) {
		f[i].refs = 0;
		store_relaxed(&f[i].flags, flags);
		f[i].slot = 0;
		f[i].link = 0;
	}
	f->refs = 1;
	f->order = (u8)order;
}

/* A piece from one node, or 0. */
static u32 take(struct node *n, u32 order, u32 flags, bool *zeroed)
{
	u32 p = 0;

	do {
		lock(&n->lock);
		*zeroed = (flags & ALLOC_ZERO) && (p = pool_take(n, order)) != 0;
		if (!p && !(flags & ALLOC_POOL)) {
			p = buddy_take(n, order);
			if (!p)
				p = pool_take(n, order);
		}
		unlock(&n->lock);
		/* Small pieces of the pool may merge to a larger one. */
	} while (!p && !(flags & ALLOC_POOL) && pool_drain(n));
	return p;
}

struct pfn node_alloc(u32 node, u32 order, enum frame_state state, u32 flags)
{
	CHECK(order <= NODE_ORDER_MAX);
	if (state == FRAME_PRIVATE)
		flags |= ALLOC_ZERO;
	for (u32 i = 0; i < ((flags & ALLOC_NEAR) ? 1 : node_count); i++) {
		struct node *n = node_get(node_near(node, i));
		bool zeroed = false;
		u32 p = n ? take(n, order, flags, &zeroed) : 0;
		if (!p)
			continue;
		claim(p, order, state, zeroed);
		if (i)
			count_add(COUNTER_far_frames, 1ull << order);
		if (zeroed)
			count_add(COUNTER_pool_hits, 1ull << order);
		else if (flags & ALLOC_ZERO) {
			count_add(COUNTER_pool_misses, 1ull << order);
			pool_zero(p, 1u << order);
		}
		return pfn_of(p);
	}
	return PFN_NONE;
}

void node_free(struct pfn first, u32 order)
{
	struct frame *f = frame_of(first);
	struct node *n = node_get(f->node);

	CHECK(order <= NODE_ORDER_MAX && IS_ALIGNED(first.v, 1ull << order));
	CHECK(f->state != FRAME_FREE && load_relaxed(&f->refs) <= 1);
#ifdef DISCO_DEBUG
	if (order == 0 && f->state == FRAME_MONITOR) /* tables: show stale uses */
		memset(pfn_va(first), JUNK, PAGE_SIZE);
#endif
	if (f->flags & FRAME_LEAF)
		lock_init(&f->lock, LOCK_FRAME);
	for (u32 i = 0; i < 1u << order; i++) {
		f[i].refs = 0;
		store_relaxed(&f[i].flags, (u8)0);
		f[i].slot = 0;
		f[i].link = 0;
	}
	frame_set_range(first, 1ull << order, FRAME_FREE);
	lock(&n->lock);
	buddy_put(n, (u32)first.v, order);
	unlock(&n->lock);
}

void node_split(struct pfn first, u32 order)
{
	struct frame *f = frame_of(first);

	CHECK(f->order == order && f->state != FRAME_FREE);
	for (u32 i = 0; i < 1u << order; i++) {
		f[i].refs = 1;
		f[i].order = 0;
	}
}

void *monitor_alloc(u32 node, size_t bytes)
{
	u32 order = 0;
	while (PAGE_SIZE << order < bytes)
		if (++order > NODE_ORDER_MAX)
			return NULL;
	struct pfn p = node_alloc(node, order, FRAME_MONITOR, ALLOC_ZERO);
	return pfn_is_none(p) ? NULL : pfn_va(p);
}

void monitor_free(void *p, size_t bytes)
{
	u32 order = 0;
	while (PAGE_SIZE << order < bytes)
		order++;
	node_free(va_pfn(p), order);
}

u32 node_of(struct pfn p)
{
	return frame_of(p)->node;
}

bool node_has_memory(u32 node)
{
	return node_get(node) != NULL;
}

void node_set_distance(u32 a, u32 b, u32 distance)
{
	if (a < MAX_NODES && b < MAX_NODES)
		distances[a][b] = (u8)MIN(distance, 255u);
}

u32 node_distance(u32 a, u32 b)
{
	if (distances[a][b])
		return distances[a][b];
	return a == b ? 10 : 20; /* the device tree's defaults */
}

/* Insertion sort by distance; equal ones in the order behind `a`, so that load spreads. */
static void order_of(u32 a)
{
	for (u32 i = 0; i < node_count; i++) {
		u32 b = (a + i) % node_count, at = i;
		for (; at > 0 && node_distance(a, near[a][at - 1]) > node_distance(a, b); at--)
			near[a][at] = near[a][at - 1];
		near[a][at] = (u8)b;
	}
}

void node_order(void)
{
	for (u32 a = 0; a < node_count; a++)
		order_of(a);
	ordered = true;
}

u32 node_near(u32 node, u32 i)
{
	return ordered ? near[node][i] : (node + i) % MAX(node_count, 1u);
}

void node_stats(u32 node, struct node_stats *to)
{
	struct node *n = node_get(node);

	memset(to, 0, sizeof(*to));
	if (!n)
		return;
	for (u32 i = 0; i < n->range_count; i++)
		to->total += n->ranges[i].end - n->ranges[i].first;
	for (u32 i = 0; i < FRAME_STATES; i++)
		to->by_state[i] = load_relaxed(&n->by_state[i]);
	to->free = to->by_state[FRAME_FREE];
	to->zeroed = load_relaxed(&n->zeroed);
}
