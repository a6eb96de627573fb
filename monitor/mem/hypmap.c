/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EL2's stage-1 tables: 48-bit addresses, levels 0 to 3, one root per node.
 *
 * A top-level entry covers 512 GiB, and each region of hypmap.h has entries of its own. So a
 * root that copies another's entries shares everything below them, also what is mapped there
 * later, and the image's entry (made last, in each root) is what differs between nodes.
 *
 * W^X: text is read-only and, where the CPU has BTI, guarded; all else is execute-never. A
 * kind is the only way to say what a mapping may do. Present entries are not overwritten: boot
 * maps each thing once, and a second, different mapping is a mistake to hear of. No lock: one
 * CPU at a time, which is boot.
 *
 * Protecting a part of the direct map may have to split a 2 MiB block. The architecture
 * wants break-before-make: entry 0, TLBI, new entry. Between these, nothing in the block may
 * be touched; stacks, text and data have addresses of their own, but the level-2 table
 * that we write lives in the direct map, perhaps in this block. So it is written through an
 * alias at HYP_ALIAS_BASE + its PA, mapped in this CPU's root before.
 */
#include "mem/hypmap.h"

#include "arm64/atomic.h"
#include "arm64/cpu.h"
#include "arm64/pte.h"
#include "arm64/tlb.h"
#include "mem/node.h"

#define TCR_RES1 (BIT(31) | BIT(23))
#define TCR_T0SZ 16u
#define TCR_IRGN_WB (1ull << 8)
#define TCR_ORGN_WB (1ull << 10)
#define TCR_SH_INNER (3ull << 12)
#define TCR_PS_SHIFT 16u
#define VA_END (1ull << 48)

static u64 roots[MAX_NODES]; /* by node */

/* The source behind boot's early one. */
static struct pfn from_node(u32 node)
{
	void *page = monitor_alloc(node, PAGE_SIZE);
	return page ? va_pfn(page) : PFN_NONE;
}
struct pfn (*hypmap_table_source)(u32 node) = from_node;

u64 hypmap_tcr(void)
{
	u64 ps = MIN(sysreg_read(ID_AA64MMFR0_EL1) & 15, 5ull);
	return TCR_RES1 | TCR_T0SZ | TCR_IRGN_WB | TCR_ORGN_WB | TCR_SH_INNER | ps << TCR_PS_SHIFT;
}

/* The bits of a level-3 entry of a kind. */
static u64 bits_of(enum hyp_kind kind)
{
	u64 e = PTE_VALID | PTE_PAGE | PTE_AF | S1_AP1;

	switch (kind) {
	case HYP_TEXT:
		return e | S1_ATTR(S1_ATTR_NORMAL) | S1_SH_INNER | S1_RO | S1_GP;
	case HYP_RODATA:
		return e | S1_ATTR(S1_ATTR_NORMAL) | S1_SH_INNER | S1_RO | S1_XN;
	case HYP_DATA:
		return e | S1_ATTR(S1_ATTR_NORMAL) | S1_SH_INNER | S1_XN;
	case HYP_DEVICE:
		break;
	}
	return e | S1_ATTR(S1_ATTR_DEVICE) | S1_XN;
}

static enum hyp_kind kind_of(u64 entry)
{
	if (!(entry & S1_XN))
		return HYP_TEXT;
	if (entry & S1_RO)
		return HYP_RODATA;
	return (entry & S1_ATTR(7)) == S1_ATTR(S1_ATTR_DEVICE) ? HYP_DEVICE : HYP_DATA;
}

static u64 *table_of(u64 entry)
{
	return pa_va(pa_of(entry & PTE_OUTPUT));
}

static u32 node_of_root(u64 root)
{
	for (u32 i = 0; i < MAX_NODES; i++)
		if (roots[i] == root)
			return i;
	return 0;
}

/* The entry of `va` at `level` (2 or 3), tables made when missing; NULL: no memory. */
static u64 *make_entry(u64 root, u64 va, u32 level)
{
	u64 *table = table_of(root);

	for (u32 l = 0;; l++) {
		u64 *e = &table[PT_INDEX(va, l)];
		if (l == level || (*e && !(*e & PTE_TABLE)))
			return e; /* also: a block is in the way */
		if (!*e) {
			struct pfn t = hypmap_table_source(node_of_root(root));
			if (pfn_is_none(t))
				return NULL;
			dsb_ishst(); /* zeros before the walker sees the table */
			store_release(e, pfn_pa(t).v | PTE_VALID | PTE_TABLE);
		}
		table = table_of(*e);
	}
}

enum err hypmap_root(u32 node, u64 like, u64 *root)
{
	if (node >= MAX_NODES)
		return ERR_RANGE;
	struct pfn p = hypmap_table_source(node);
	if (pfn_is_none(p))
		return ERR_MEMORY;
	if (like)
		for (u32 i = 0; i < PT_ENTRIES; i++)
			((u64 *)pfn_va(p))[i] = table_of(like)[i];
	roots[node] = *root = pfn_pa(p).v;
	dsb_ishst();
	return OK;
}

/* One page or block; *step says how much it was. */
static enum err map_one(u64 root, u64 va, u64 pa, u64 left, u64 bits, u64 *step)
{
	bool block = IS_ALIGNED(va | pa, BLOCK_SIZE) && left >= BLOCK_SIZE;
	u64 *e = make_entry(root, va, block ? 2 : 3);

	*step = PAGE_SIZE;
	if (!e)
		return ERR_MEMORY;
	if (block && (*e & PTE_TABLE)) { /* pages are there: go on with pages */
		block = false;
		e = make_entry(root, va, 3);
		if (!e)
			return ERR_MEMORY;
	}
	if (block)
		*step = BLOCK_SIZE;
	u64 want = pa | (block ? bits & ~PTE_PAGE : bits);
	if (*e && *e != want)
		return ERR_STATE;
	store_release(e, want);
	return OK;
}

enum err hypmap_map(u64 root, u64 va, struct pa pa, u64 size, enum hyp_kind kind)
{
	enum err e = OK;
	u64 step;

	if (!IS_ALIGNED(va | pa.v | size, PAGE_SIZE) || va >= VA_END || size > VA_END - va)
		return ERR_RANGE;
	for (u64 at = 0; at < size && e == OK; at += step)
		e = map_one(root, va + at, pa.v + at, size - at, bits_of(kind), &step);
	dsb_ishst();
	isb();
	return e;
}

/* The entry that maps `va`, with the bytes it covers; NULL: none. */
static u64 *find(u64 root, u64 va, u64 *covers)
{
	u64 *table = table_of(root);

	for (u32 l = 0; l <= 3; l++) {
		u64 *e = &table[PT_INDEX(va, l)];
		if (!*e)
			return NULL;
		*covers = 1ull << PT_SHIFT(l);
		if (l == 3 || !(*e & PTE_TABLE))
			return e;
		table = table_of(*e);
	}
	return NULL;
}

enum err hypmap_find(u64 root, u64 va, struct pa *pa, enum hyp_kind *kind)
{
	u64 covers;
	const u64 *e = va < VA_END ? find(root, va, &covers) : NULL;

	if (!e)
		return ERR_ABSENT;
	*pa = pa_of((*e & PTE_OUTPUT & ~(covers - 1)) + va % covers);
	*kind = kind_of(*e);
	return OK;
}

/* Block to 512 pages with the same output; the entry is in the direct map at `e`. */
static enum err split(u64 root, u64 *e, u64 va)
{
	struct pfn t = hypmap_table_source(node_of_root(root));
	if (pfn_is_none(t))
		return ERR_MEMORY;
	u64 *pages = pfn_va(t);
	for (u32 i = 0; i < PT_ENTRIES; i++)
		pages[i] = (*e + i * PAGE_SIZE) | PTE_PAGE;
	u64 table = ALIGN_DOWN(va_pa(e).v, PAGE_SIZE), step;
	enum err err =
		map_one(root, HYP_ALIAS_BASE + table, table, PAGE_SIZE, bits_of(HYP_DATA), &step);
	if (err != OK)
		return err;
	volatile u64 *alias = (volatile u64 *)(uintptr_t)(HYP_ALIAS_BASE + va_pa(e).v);
	dsb_ishst();
	isb();
	*alias = 0;
	dsb_ish();
	tlbi_el2_va_is(va);
	dsb_ish();
	isb();
	*alias = pfn_pa(t).v | PTE_VALID | PTE_TABLE;
	dsb_ish();
	isb();
	return OK;
}

enum err hypmap_protect_direct(struct pa pa, u64 size)
{
	u64 root = sysreg_read(TTBR0_EL2) & PTE_OUTPUT, covers;
	enum err err = OK;

	if (!IS_ALIGNED(pa.v | size, PAGE_SIZE) || pa.v >= VA_END || size > VA_END - pa.v)
		return ERR_RANGE;
	for (u64 va = pa.v, end = pa.v + size; va < end && err == OK;) {
		u64 *e = find(root, va, &covers);
		if (!e) {
			err = ERR_ABSENT;
		} else if (!IS_ALIGNED(va, covers) || end - va < covers) {
			err = split(root, e, ALIGN_DOWN(va, covers));
		} else {
			*e |= S1_RO;
			dsb_ishst();
			tlbi_el2_va_is(va);
			va += covers;
		}
	}
	dsb_ish();
	isb();
	return err;
}

void hypmap_use(u64 root)
{
	dsb_ish();
	sysreg_write(TTBR0_EL2, root);
	isb();
	tlbi_el2_is(); /* no ASIDs at EL2: drop what the old root left */
	dsb_ish();
	isb();
}
