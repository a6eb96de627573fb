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
	u64 frames;  /* looked at */
	u64 entries; /* of trees, valid ones */
	u32 faults;  /* each printed to the log with what was found and expected */
	u32 slices;
	/* private to check.c */
	u32 phase;
	u32 part;        /* 0: a leaf's slots; 1 + n: node n's tree; node and range of frames */
	u64 cursor;      /* gfn; frame of a node's range */
	struct p2m *p2m; /* at work */
	u64 privates;    /* PRIVATE slots of this p2m */
	u64 tables;      /* tables of this p2m */
	u64 all_tables;  /* of all p2ms, less those that their frames' records show */
	u64 prints;      /* frame_print() by slots and holds, less that by frames' references */
	u64 free_end;    /* end of the free piece at work */
	u64 zeroed;      /* frames in the pool of this node */
	u64 by_state[FRAME_STATES]; /* of this node */
};

/* Starts; no pool is filled until mem_check_step() is done. */
void mem_check_begin(struct mem_check *c);
/*
 * One slice of at most about 20,000 instructions; true when done. `next` names all p2ms
 * (also those that are being destroyed): called with NULL for the first, returns NULL
 * behind the last. Between slices no memory may be allocated or freed, no VM may run.
 */
bool mem_check_step(struct mem_check *c, struct p2m *(*next)(struct p2m *after));

#endif
