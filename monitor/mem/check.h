/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The invariants of DESIGN section 5, checked with all VMs stopped: every frame in one
 * state; references equal what refers; no writable mapping of SHARED or REPLICA frames in
 * any tree; no tree entry that the p2m does not imply; free + used = all.
 */
#ifndef MEM_CHECK_H
#define MEM_CHECK_H

#include "mem/p2m.h"

struct mem_check {
	u64 frames;
	u64 entries;
	u32 faults; /* each printed to the log with what was found and expected */
	u32 slices;
	/* private to check.c */
	u32 phase;
	u64 cursor;
	u64 sums[FRAME_STATES];
};

void mem_check_begin(struct mem_check *c);
/*
 * One slice of at most about 20,000 instructions; true when done. `next` names all p2ms:
 * called with NULL for the first, returns NULL behind the last.
 */
bool mem_check_step(struct mem_check *c, struct p2m *(*next)(struct p2m *after));

#endif
