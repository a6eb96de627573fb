/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside of the node allocators: shared by node.c, pool.c, frame.c and check.c only. */
#ifndef MEM_BUDDY_H
#define MEM_BUDDY_H

#include "mem/node.h"

#define NODE_RANGES 16u
#define POOL_ORDER_MAX BLOCK_ORDER

/* One node; lives in the first frame that the node gave. Letters: L lock, a atomic. */
struct node {
	u32 id;
	u32 range_count;
	struct {
		u64 first;
		u64 end;
	} ranges[NODE_RANGES]; /* known frames; fixed after boot */

	cache_aligned struct lock lock;
	u32 free_list[NODE_ORDER_MAX + 1]; /* L: heads by order, not zeroed */
	u32 zero_list[POOL_ORDER_MAX + 1]; /* L: heads by order, zeroed and published */
	u64 zeroed;                        /* L: frames in zero_list */
	struct {
		u32 first; /* L: piece being zeroed, in no list; 0: none */
		u16 order; /* L */
		u16 done;  /* owner: frames zeroed so far */
		bool busy; /* L: some CPU is at it */
	} zeroing;

	cache_aligned u64 by_state[FRAME_STATES]; /* a */
};
_Static_assert(sizeof(struct node) <= PAGE_SIZE, "fits its frame");

/* NULL for a node without memory. */
struct node *node_get(u32 node);
/* True when all of [p, p + count) is the node's known memory. */
bool node_owns(const struct node *n, u64 p, u64 count);

/* Takes a piece of 2^order frames out of the lists, not zeroed; 0: none. Lock held. */
u32 buddy_take(struct node *n, u32 order);
/* Puts a piece in state FREE into the lists and merges it with its buddies. Lock held. */
void buddy_put(struct node *n, u32 p, u32 order);
void buddy_push(u32 *head, u32 p, u32 order, u8 flags);
void buddy_unlink(u32 *head, u32 p);

/* Takes a zeroed piece out of the pool; 0: none. Lock held. */
u32 pool_take(struct node *n, u32 order);
/* Gives some pieces of the pool back to the buddy lists; false: there was nothing. */
bool pool_drain(struct node *n);
/* Zeroes frames that nobody else sees, and publishes them. */
void pool_zero(u32 first, u32 count);

#endif
