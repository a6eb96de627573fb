/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stage-2 invalidation: who may still see an old translation?
 *
 * A CPU may cache (a) stage-2 entries by IPA, (b) stage-1 entries, and (c) combined entries
 * that map a VA straight to a PA. Invalidation by IPA reaches (a) only; (c) goes away with
 * an invalidation of stage 1. Measured (facts.md, 1): with IPAS2E1IS alone the guest goes on
 * reading the old frame. So, to change an output or a block's shape:
 *
 *   1. entry = 0 in the trees of *all* nodes (by the caller, under the leaf lock)
 *   2. DSB ISHST         walkers see the zeros before the TLBs are emptied
 *   3. TLBI IPAS2E1IS    for each page: (a)
 *   4. DSB ISH           done on all CPUs, so that no (c) is made from (a) behind our back
 *   5. TLBI VMALLE1IS    (c)
 *   6. DSB ISH, ISB      done everywhere; accesses through old entries have completed
 *   7. new entry         (by the caller or the next miss)
 *
 * Losing write permission is the same with 1 = "entry without write". Gaining something
 * (empty to valid, read-only to writable) is a store and DSB: invalid entries are not
 * cached, and a CPU with an old read-only entry faults, finds the entry writable, and drops
 * its own copy: flush_stale(). Many pages, or a block (which hardware may cache in pieces):
 * VMALLS12E1IS takes (a) to (c) of the VM at once.
 *
 * Frames and tables are given back only after 6: flush_free() links PRIVATE ones through
 * their records until then. A reference dropped there may not be the last (I/O in flight).
 *
 * TLBIs of a VM mean the VMID in VTTBR_EL2, so another VM's is loaded for their duration.
 * One VMID serves all trees of a VM: any of its roots will do, and this CPU's node has one.
 * That is safe here: EL2 does not walk stage 2, and speculative walks for the guest's
 * registers that are still loaded end in TLB entries that the flush takes with it or that
 * are true of that VMID's tree (VTTBR is restored behind an ISB).
 *
 * Example: p2m_give_back() of 40 pages: 40 slots and entries cleared under the leaf lock;
 * page 33 sets `all`; one VMALLS12E1IS; 40 frames go back; the lock is dropped.
 */
#include "mem/flush.h"

#include "arm64/cpu.h"
#include "arm64/tlb.h"
#include "lib/percpu.h"

#define VTTBR_VMID(v) ((v) >> 48)

void flush_begin(struct flush *f, struct p2m *m)
{
	f->p2m = m;
	f->pages = 0;
	f->all = false;
	f->free_first = 0;
	f->shared = 0;
}

void flush_page(struct flush *f, struct gfn g, bool block)
{
	if (block || f->pages == FLUSH_PAGES)
		f->all = true;
	else
		f->page[f->pages++] = g;
}

void flush_free(struct flush *f, struct pfn p)
{
	if (frame_of(p)->state == FRAME_SHARED) {
		if (f->shared == FLUSH_PAGES)
			flush_end(f);
		f->free_shared[f->shared++] = p;
		return;
	}
	frame_of(p)->prev = 0;
	frame_of(p)->next = f->free_first;
	f->free_first = (u32)p.v;
}

/* Loads the VMID of `m` for TLBIs; returns what was loaded. */
static u64 load_vmid(struct p2m *m)
{
	struct cpu *c = this_cpu();
	u64 mine = m->trees[c->node].vttbr;

	CHECK(mine != 0);
	if (VTTBR_VMID(c->loaded_vttbr) != VTTBR_VMID(mine)) {
		sysreg_write(VTTBR_EL2, mine);
		isb();
	}
	return c->loaded_vttbr;
}

static void restore_vmid(struct p2m *m, u64 loaded)
{
	if (VTTBR_VMID(loaded) != VTTBR_VMID(m->trees[this_cpu()->node].vttbr)) {
		sysreg_write(VTTBR_EL2, loaded);
		isb();
	}
}

/* Steps 2 to 6. */
static void invalidate(struct flush *f)
{
	dsb_ishst();
	u64 loaded = load_vmid(f->p2m);
	if (f->all) {
		tlbi_vm_is();
		count(COUNTER_flush_vm);
	} else {
		for (u32 i = 0; i < f->pages; i++)
			tlbi_ipa_is(gfn_ipa(f->page[i]).v);
		dsb_ish();
		tlbi_vm_s1_is();
		count_add(COUNTER_flush_pages, f->pages);
	}
	dsb_ish();
	isb();
	restore_vmid(f->p2m, loaded);
}

void flush_end(struct flush *f)
{
	if (f->all || f->pages)
		invalidate(f);
	for (u32 i = 0; i < f->shared; i++)
		frame_slot_put(f->free_shared[i]);
	for (u32 p = f->free_first; p;) {
		u32 next = frame_table[p].next;
		frame_table[p].slot = 0;
		frame_slot_put(pfn_of(p));
		p = next;
	}
	flush_begin(f, f->p2m);
}

void flush_vm(struct p2m *m)
{
	struct flush f;

	flush_begin(&f, m);
	f.all = true;
	flush_end(&f);
}

void flush_stale(struct p2m *m)
{
	u64 loaded = load_vmid(m);
	tlbi_vm_local();
	dsb_nsh();
	isb();
	restore_vmid(m, loaded);
	count(COUNTER_flush_local);
}

void flush_local(void)
{
	tlbi_vm_s1_local();
	dsb_nsh();
	isb();
	count(COUNTER_flush_local);
}
