/* SPDX-License-Identifier: BSD-2-Clause */
/* One frame with many references, read-only; and a private copy for who writes. */
#ifndef MEM_SHARE_H
#define MEM_SHARE_H

#include "mem/p2m.h"

/*
 * Makes the PRIVATE frame at `g` SHARED: read-only in all trees, flushed, then shared; its
 * content never changes from then on. ERR_ABSENT: the slot has no private frame; ERR_BUSY:
 * I/O in flight holds it.
 */
must_check
enum err share_make_shared(struct p2m *m, struct gfn g);
/*
 * Adds a reference: the empty slot of `g` gets the SHARED `frame` (the caller keeps its own
 * reference). ERR_STATE: the slot is not empty, or the frame
 * not SHARED; ERR_RANGE; ERR_MEMORY: no leaf.
 */
must_check
enum err share_map(struct p2m *m, struct gfn g, struct pfn frame);
/*
 * The slot of `g` is SHARED and its guest writes: the frame becomes PRIVATE again if this is
 * its only reference, else the slot gets a private copy, on `node` if it can. Leaf locked.
 */
must_check
enum err share_make_private(struct p2m *m, u32 node, struct frame *leaf, struct gfn g);

#endif
