/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stage-2 trees: caches of the p2m that the hardware can walk.
 *
 *   level 1: one table, 512 entries of 1 GiB   made with the VM, lives as long; entries are
 *                                              tables, added by compare-and-swap
 *   level 2: 512 entries of 2 MiB              0, a block, or a table: the leaf lock's
 *   level 3: 512 entries of 4 KiB              the leaf lock's
 *
 * The part of a tree below a level-2 entry is built from one p2m leaf and belongs to that
 * leaf's lock, in all trees. An entry is 0 or what the slot says: PRIVATE read-write, SHARED
 * and ROM read-only. What is missing is found by the next fault: so other changes than
 * filling only ever set entries to 0 or take the write permission away, and flush.
 *
 * A 2 MiB part whose 512 slots are PRIVATE, contiguous and aligned becomes a block if its
 * level-2 entry is still empty. A change of any page in it empties the block; the next
 * misses make a table. Level-3 tables stay until the VM ends (one frame in 512).
 *
 * Where hardware sets access flags, entries are made with AF = 0, so that AF = 1 says
 * "used since"; hardware changes entries while we look, so permissions are taken away by
 * atomic operations. A table is filled before it is linked (release), and DSB ISHST comes
 * before the CPU may walk it.
 */
#include "mem/stage2.h"

#include "arm64/atomic.h"
#include "arm64/pte.h"
#include "arm64/sysreg.h"
#include "arm64/tlb.h"
#include "lib/percpu.h"

#define FIELD(reg, shift) ((u32)((reg) >> (shift)) & 15u)
#define MMFR1_HAFDBS(r) FIELD(r, 0)
#define MMFR1_VMID16(r) FIELD(r, 4)
#define VTCR_RES1 BIT(31)
#define VTCR_T0SZ (64u - STAGE2_IPA_BITS)
#define VTCR_SL0_LEVEL1 (1ull << 6)
#define VTCR_IRGN_WB (1ull << 8)
#define VTCR_ORGN_WB (1ull << 10)
#define VTCR_SH_INNER (3ull << 12)
#define VTCR_PS_SHIFT 16u
#define VTCR_PS_48BIT 5u
#define VTCR_VS BIT(19)
#define VTCR_HA BIT(21)

bool stage2_fwb;
static bool hardware_flags; /* VTCR_EL2.HA: hardware sets access flags */

u64 stage2_vtcr(void)
{
	u64 mmfr0 = sysreg_read(ID_AA64MMFR0_EL1);
	u64 mmfr1 = sysreg_read(ID_AA64MMFR1_EL1);
	u64 vtcr = VTCR_RES1 | VTCR_T0SZ | VTCR_SL0_LEVEL1 | VTCR_IRGN_WB | VTCR_ORGN_WB |
		   VTCR_SH_INNER | (u64)MIN(FIELD(mmfr0, 0), VTCR_PS_48BIT) << VTCR_PS_SHIFT;

	if (MMFR1_VMID16(mmfr1))
		vtcr |= VTCR_VS;
	if (MMFR1_HAFDBS(mmfr1))
		vtcr |= VTCR_HA;
	store_relaxed(&hardware_flags, MMFR1_HAFDBS(mmfr1) != 0);
	return vtcr;
}

u32 stage2_vmids(void)
{
	return MMFR1_VMID16(sysreg_read(ID_AA64MMFR1_EL1)) ? 65536 : 256;
}

u64 *stage2_slot(const struct p2m *m, u32 node, struct gfn g, u32 level)
{
	u64 ipa = gfn_ipa(g).v;

	if (!m->trees[node].vttbr)
		return NULL;
	u64 *l1 = (u64 *)pfn_va(m->trees[node].root) + PT_INDEX(ipa, 1);
	if (level == 1)
		return l1;
	u64 e = load_acquire(l1);
	return e ? stage2_table(e) + PT_INDEX(ipa, 2) : NULL;
}

/* The hardware entry for a slot at level 3; 0 when it has nothing to map. */
static u64 entry_of(u64 slot)
{
	u64 e = (slot & PTE_OUTPUT) | PTE_VALID | PTE_PAGE | S2_READ | S2_SH_INNER;

	e |= stage2_fwb ? S2_ATTR_NORMAL_FWB : S2_ATTR_NORMAL;
	if (!hardware_flags)
		e |= PTE_AF;
	switch (SLOT_KIND(slot)) {
	case SLOT_PRIVATE:
		return (slot & SLOT_READONLY) ? e : e | S2_WRITE;
	case SLOT_SHARED:
		return e;
	default:
		return 0;
	}
}

/* True when all slots are PRIVATE, writable, contiguous and aligned to 2 MiB. */
static bool is_block(const struct frame *leaf, const u64 *slots)
{
	if (leaf->used != BLOCK_FRAMES || SLOT_KIND(slots[0]) != SLOT_PRIVATE ||
	    (slots[0] & SLOT_READONLY) || !IS_ALIGNED(slots[0] & PTE_OUTPUT, BLOCK_SIZE))
		return false;
	for (u32 i = 1; i < BLOCK_FRAMES; i++)
		if (slots[i] != slots[0] + i * PAGE_SIZE)
			return false;
	return true;
}

/* The level-2 entry for `g`, its table made when missing; NULL: no memory. */
static u64 *make_slot(struct p2m *m, u32 node, struct gfn g)
{
	u64 *l2 = stage2_slot(m, node, g, 2);
	if (l2)
		return l2;
	u64 *l1 = stage2_slot(m, node, g, 1);
	CHECK(l1 != NULL);
	struct pfn t = p2m_table_make(m, node, FRAME_TABLE);
	if (pfn_is_none(t))
		return NULL;
	u64 none = 0;
	dsb_ishst();
	if (!atomic_cas(l1, &none, pfn_pa(t).v | PTE_VALID | PTE_TABLE))
		p2m_table_free(m, t); /* another leaf's fault was faster */
	else
		count(COUNTER_tables);
	return stage2_slot(m, node, g, 2);
}

/* Entries [at, end) from the slots. */
static void fill_entries(u64 *l3, const u64 *slots, u32 at, u32 end)
{
	for (; at < end; at++) {
		u64 want = entry_of(slots[at]);
		u64 have = load_relaxed(&l3[at]);
		u64 change = (have ^ want) & ~PTE_AF;
		if (!want || (have && !change))
			continue;
		/* Only from empty, or from read-only to writable. */
		CHECK(!have || (change == S2_WRITE && (want & S2_WRITE)));
		if (have)
			atomic_or(&l3[at], S2_WRITE);
		else
			store_relaxed(&l3[at], want);
	}
}

/* A new level-3 table with all that the leaf has. */
static enum err link_table(struct p2m *m, u32 node, u64 *l2, const u64 *slots)
{
	struct pfn t = p2m_table_make(m, node, FRAME_TABLE);

	if (pfn_is_none(t))
		return ERR_MEMORY;
	fill_entries(pfn_va(t), slots, 0, PT_ENTRIES);
	dsb_ishst();
	store_release(l2, pfn_pa(t).v | PTE_VALID | PTE_TABLE);
	count(COUNTER_tables);
	return OK;
}

enum err stage2_fill(struct p2m *m, u32 node, struct frame *leaf, struct gfn g, u32 number,
		     bool *stale)
{
	const u64 *slots = leaf_slots(leaf);
	u32 at = number ? leaf_index(g) : 0, end = number ? at + number : PT_ENTRIES;
	enum err e = OK;

	lock_assert(&leaf->lock);
	*stale = false;
	u64 *l2 = make_slot(m, node, g);
	if (!l2)
		return ERR_MEMORY;
	u64 entry = load_acquire(l2);
	if (entry & PTE_TABLE) {
		u64 *l3 = stage2_table(entry);
		*stale = !number && load_relaxed(&l3[leaf_index(g)]);
		fill_entries(l3, slots, at, end);
	} else if (entry) {
		*stale = true; /* a block: it maps all there is */
	} else if (is_block(leaf, slots)) {
		store_release(l2, entry_of(slots[0]) & ~PTE_PAGE);
	} else {
		e = link_table(m, node, l2, slots);
	}
	dsb_ishst();
	isb();
	return e;
}

/* The entry for `g` in one tree, a block's or a page's; NULL: none. */
static u64 *find(const struct p2m *m, u32 node, struct gfn g, bool *block)
{
	u64 *l2 = stage2_slot(m, node, g, 2);
	u64 e = l2 ? load_acquire(l2) : 0;

	if (!e)
		return NULL;
	*block = !(e & PTE_TABLE);
	return *block ? l2 : stage2_table(e) + PT_INDEX(gfn_ipa(g).v, 3);
}

void stage2_clear(struct flush *f, struct gfn g)
{
	bool block, had = false, had_block = false;

	for (u32 n = 0; n < node_count; n++) {
		u64 *e = find(f->p2m, n, g, &block);
		if (!e || !atomic_exchange(e, 0))
			continue;
		had = true;
		had_block |= block;
	}
	if (had)
		flush_page(f, g, had_block);
}

void stage2_readonly(struct flush *f, struct gfn g)
{
	bool block, had = false, had_block = false;

	for (u32 n = 0; n < node_count; n++) {
		u64 *e = find(f->p2m, n, g, &block);
		if (!e || !load_relaxed(e))
			continue;
		u64 old = block ? atomic_exchange(e, 0) : atomic_and(e, ~S2_WRITE);
		had |= (old & S2_WRITE) != 0;
		had_block |= block;
	}
	if (had)
		flush_page(f, g, had_block);
}

u64 stage2_entry(const struct p2m *m, u32 node, struct gfn g, bool *block)
{
	u64 *e = find(m, node, g, block);
	return e ? load_relaxed(e) : 0;
}
