/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EL2's own translations. One root per node; all share the direct map, the frame table,
 * the stacks and the monitor's data; text and read-only data are the node's own copy.
 *
 *   0x0000_0000_0000  direct map: VA = PA: memory read-write, never executable; devices
 *   0x8000_0000_0000  the monitor's image as linked: text RX, rodata R, data RW
 *   0x8800_0000_0000  stacks, 64 KiB apart, the lower part of each unmapped (guard)
 *   0x9000_0000_0000  the frame table, 32 bytes a frame, sparse
 *   0xa000_0000_0000  tables of the direct map while it is being split (hypmap.c)
 *
 * Boot's order: hypmap_root() for one node, map direct map, stacks and frame table in it;
 * hypmap_root(node, like that one) for the others; only then the image in each. What is
 * mapped later in a 512 GiB part that `like` had already is shared by all.
 */
#ifndef MEM_HYPMAP_H
#define MEM_HYPMAP_H

#include "lib/addr.h"
#include "lib/err.h"

#define HYP_IMAGE_BASE 0x800000000000ull
#define HYP_STACK_BASE 0x880000000000ull
#define HYP_STACK_STRIDE 0x10000ull
#define HYP_STACK_SIZE 0x4000ull
#define HYP_FRAMES_BASE 0x900000000000ull
#define HYP_ALIAS_BASE 0xa00000000000ull

enum hyp_kind { HYP_TEXT, HYP_RODATA, HYP_DATA, HYP_DEVICE };

/*
 * Where table frames come from: boot gives an early source; the default takes them from
 * the node's allocator. Must return a zeroed page at VA = PA, or PFN_NONE.
 */
extern struct pfn (*hypmap_table_source)(u32 node);

/* TCR_EL2 for these tables: 48-bit addresses, 4 KiB pages. MAIR_EL2 is MAIR_VALUE. */
u64 hypmap_tcr(void);
/* A new root that shares all top-level entries made so far in `like` (or 0: an empty one). */
must_check
enum err hypmap_root(u32 node, u64 like, u64 *root);
/*
 * Maps [va, va + size) to [pa, pa + size); all multiples of 4 KiB. Uses 2 MiB blocks where
 * it can. ERR_STATE: something else is mapped there (the part before it stays mapped).
 */
must_check
enum err hypmap_map(u64 root, u64 va, struct pa pa, u64 size, enum hyp_kind kind);
/* The PA and kind a root maps `va` to; ERR_ABSENT. */
must_check
enum err hypmap_find(u64 root, u64 va, struct pa *pa, enum hyp_kind *kind);
/*
 * Makes [pa, pa + size) of the direct map read-only (the nodes' text copies), for all roots
 * that share it. Before the other CPUs run: blocks are split by break-before-make.
 */
must_check
enum err hypmap_protect_direct(struct pa pa, u64 size);
/* This CPU changes to `root`. */
void hypmap_use(u64 root);

#endif
