/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nodes and their allocators: a buddy allocator per node (orders 0 to NODE_ORDER_MAX),
 * and a pool of zeroed pieces (single frames and 2 MiB blocks) that idle CPUs fill.
 */
#ifndef MEM_NODE_H
#define MEM_NODE_H

#include "lib/addr.h"
#include "lib/err.h"
#include "lib/lock.h"
#include "mem/frame.h"

#define NODE_ORDER_MAX 10u /* 4 MiB pieces */
#define NODE_ANY 0xffu

struct node_stats {
	u64 total; /* frames, those that the monitor took at boot included */
	u64 free;  /* zeroed ones included */
	u64 zeroed;
	u64 by_state[FRAME_STATES]; /* counted by frame_set(); FREE equals `free` */
};

enum alloc_flags {
	ALLOC_ZERO = 1u << 0, /* all zero: from the pool, else zeroed here and now */
	ALLOC_NEAR = 1u << 1, /* from that node only */
	ALLOC_POOL = 1u << 2, /* with ZERO: only if a pool has one (else PFN_NONE) */
};

/*
 * Boot: gives frames [first, first + count) to a node's allocator. Their records must be
 * mapped. Frames in use by the monitor's image and the boot archive are kept out by boot.
 */
must_check
enum err node_add(u32 node, struct pfn first, u64 count);
/*
 * Boot: frames that the monitor has already (image, boot archive, frame table): known and
 * counted in the node's total, in state MONITOR, never given out (until node_free). Call it
 * after the node's first node_add(). ERR_RANGE: overlap, or too many pieces.
 */
must_check
enum err node_reserve(u32 node, struct pfn first, u64 count);
/* Boot: distance from node a to b as in the device tree's distance-map (10 = same). */
void node_set_distance(u32 a, u32 b, u32 distance);
/* Boot, once all distances are known: builds each node's order of neighbours. */
void node_order(void);

/*
 * 2^order contiguous, naturally aligned frames of `state` (MONITOR, PRIVATE or FILLING)
 * with refs = 1, from `node` or, without ALLOC_NEAR, from the nearest node that has some.
 * PFN_NONE when there are none. Without ALLOC_ZERO the content is junk of the monitor's
 * choice (debug builds fill it), never another VM's data left for a guest to see: PRIVATE
 * frames are always zeroed.
 */
struct pfn node_alloc(u32 node, u32 order, enum frame_state state, u32 flags);
/* Gives a piece back (any state but FREE, refs 0 or 1); order as allocated. */
void node_free(struct pfn first, u32 order);
/* Splits the allocated piece into 2^order pieces of order 0 with one reference each. */
void node_split(struct pfn first, u32 order);

/*
 * Zeroes up to `frames` frames into the pool; returns how many (0: nothing to do: the pool
 * is full, or another CPU is at it). About 350 instructions a frame. Idle CPUs.
 */
u32 node_zero_some(u32 node, u32 frames);
/* While true no pool is filled: check.c counts. */
void node_freeze(bool on);

u32 node_of(struct pfn p);
/* The i-th nearest node to `node` (0: itself). */
u32 node_near(u32 node, u32 i);
u32 node_distance(u32 a, u32 b);
bool node_has_memory(u32 node);
void node_stats(u32 node, struct node_stats *to);

/* A MONITOR piece of at least `bytes`, zeroed, in the direct map; NULL when none. */
void *monitor_alloc(u32 node, size_t bytes);
void monitor_free(void *p, size_t bytes);

#endif
