/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Zeroed memory in advance. A guest's first touch should not wait for 4 KiB, let alone
 * 2 MiB, to be cleared; so idle CPUs clear free pieces of their own node and put them into
 * the pool: lists by order like the buddy's, but pieces there are zeroed and published, are
 * split and never merged. The largest pieces go first, so that the pool has 2 MiB blocks.
 *
 * The pool is memory like any other: when a node can't serve a request of any kind from
 * its buddy lists, the pool's pieces are given as they are, or go back to the buddy lists
 * to merge. Filling is sliced: the piece at work is in no list, belongs to the CPU that set
 * `busy`, and is cleared a few frames at a time outside the lock.
 */
#include "arm64/atomic.h"
#include "lib/percpu.h"
#include "lib/string.h"
#include "mem/buddy.h"

#define POOL_SHARE 4u    /* at most a quarter of the node */
#define POOL_CAP 32768u  /* and 128 MiB */
#define DRAIN_PIECES 64u /* per lock hold */

static bool frozen;

void node_freeze(bool on)
{
	store_relaxed(&frozen, on);
}

void pool_zero(u32 first, u32 count)
{
	for (u32 i = 0; i < count; i++)
		page_zero(pfn_va(pfn_of(first + i)));
	frame_publish(pfn_of(first), count);
}

u32 pool_take(struct node *n, u32 order)
{
	u32 o = order;

	lock_assert(&n->lock);
	while (o <= POOL_ORDER_MAX && !n->zero_list[o])
		o++;
	if (o > POOL_ORDER_MAX)
		return 0;
	u32 p = n->zero_list[o];
	buddy_unlink(&n->zero_list[o], p);
	while (o > order) {
		o--;
		buddy_push(&n->zero_list[o], p + (1u << o), o, FRAME_ZEROED);
	}
	store_relaxed(&n->zeroed, n->zeroed - (1u << order));
	return p;
}

bool pool_drain(struct node *n)
{
	u32 moved = 0;

	lock(&n->lock);
	if (n->zeroing.first && !n->zeroing.busy) {
		buddy_put(n, n->zeroing.first, n->zeroing.order);
		n->zeroing.first = 0;
		moved++;
	}
	for (u32 o = 0; o <= POOL_ORDER_MAX; o++)
		while (n->zero_list[o] && moved < DRAIN_PIECES) {
			u32 p = n->zero_list[o];
			buddy_unlink(&n->zero_list[o], p);
			store_relaxed(&n->zeroed, n->zeroed - (1u << o));
			buddy_put(n, p, o);
			moved++;
		}
	unlock(&n->lock);
	return moved != 0;
}

/* Makes the piece at work this CPU's, choosing one if there is none. */
static bool zeroing_begin(struct node *n)
{
	u64 total = 0;
	bool mine = false;

	for (u32 i = 0; i < n->range_count; i++)
		total += n->ranges[i].end - n->ranges[i].first;
	u64 limit = MIN(total / POOL_SHARE, POOL_CAP);
	lock(&n->lock);
	if (!n->zeroing.busy && !n->zeroing.first && n->zeroed < limit) {
		u32 o = POOL_ORDER_MAX + 1;
		while (o-- > 0 && !n->zeroing.first)
			if (n->zeroed + (1u << o) <= limit) {
				n->zeroing.first = buddy_take(n, o);
				n->zeroing.order = (u16)o;
			}
		n->zeroing.done = 0;
	}
	if (!n->zeroing.busy && n->zeroing.first) {
		store_relaxed(&n->zeroing.busy, true);
		mine = true;
	}
	unlock(&n->lock);
	return mine;
}

u32 node_zero_some(u32 node, u32 frames)
{
	struct node *n = node_get(node);

	if (!n || frames == 0 || load_relaxed(&frozen) || load_relaxed(&n->zeroing.busy) ||
	    !zeroing_begin(n))
		return 0;
	u32 all = 1u << n->zeroing.order;
	u32 now = MIN(frames, all - n->zeroing.done);
	pool_zero(n->zeroing.first + n->zeroing.done, now);
	lock(&n->lock);
	n->zeroing.done = (u16)(n->zeroing.done + now);
	if (n->zeroing.done == all) {
		u32 o = n->zeroing.order;
		buddy_push(&n->zero_list[o], n->zeroing.first, o, FRAME_ZEROED);
		store_relaxed(&n->zeroed, n->zeroed + all);
		n->zeroing.first = 0;
	}
	store_relaxed(&n->zeroing.busy, false);
	unlock(&n->lock);
	count_add(COUNTER_pool_zeroed, now);
	return now;
}
