/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may still see an old translation. All stage-2 TLB invalidation goes through here;
 * the essay is in flush.c.
 */
#ifndef MEM_FLUSH_H
#define MEM_FLUSH_H

#include "mem/p2m.h"

#define FLUSH_PAGES 32u

/* A batch: pages of one VM whose entries were cleared or lost a permission. */
struct flush {
	struct p2m *p2m;
	u32 pages;
	bool all;       /* a block, or more than FLUSH_PAGES: the whole VM */
	u32 free_first; /* PRIVATE frames to drop, linked through their records; 0 ends */
	u32 shared;     /* SHARED ones: others may drop theirs at the same time */
	struct pfn free_shared[FLUSH_PAGES];
	struct gfn page[FLUSH_PAGES];
};

void flush_begin(struct flush *f, struct p2m *m);
/* After the entry of `g` was changed in some tree; `block`: it covered 2 MiB. */
void flush_page(struct flush *f, struct gfn g, bool block);
/*
 * Drops a slot's reference to a frame once nobody can see it; the last one frees it. May
 * end a batch that is full.
 */
void flush_free(struct flush *f, struct pfn p);
/* Barriers, invalidation, barriers; then the frees. The batch is empty again. */
void flush_end(struct flush *f);
/* The whole VM, all CPUs. */
void flush_vm(struct p2m *m);
/* This CPU only: it faulted on an entry that is there by now. */
void flush_stale(struct p2m *m);
/* Before a CPU runs a vCPU of the VM that another vCPU of it used this CPU before. */
void flush_local(void);

#endif
