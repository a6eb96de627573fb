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
	bool all; /* more than FLUSH_PAGES: the whole VM */
	u32 frees;
	struct gfn page[FLUSH_PAGES];
	struct pfn free[FLUSH_PAGES];
	u8 free_order[FLUSH_PAGES];
};

void flush_begin(struct flush *f, struct p2m *m);
/* After the entry of `g` was changed in all trees. */
void flush_page(struct flush *f, struct gfn g);
/* Frees a piece (node_free) once nobody can see it; may end a full batch at once. */
void flush_free(struct flush *f, struct pfn p, u32 order);
/* Barriers, invalidation, barriers; then the frees. */
void flush_end(struct flush *f);
/* The whole VM, all CPUs. */
void flush_vm(struct p2m *m);
/* Before a CPU runs a vCPU of the VM that another vCPU of it used this CPU before. */
void flush_local(void);

#endif
