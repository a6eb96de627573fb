/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EL2's own translations. One root per node; all share the direct map, the frame table,
 * the stacks and the monitor's data; text and read-only data are the node's own copy.
 *
 *   0x0000_0000_0000  direct map: VA = PA: memory read-write, never executable; devices
 *   0x8000_0000_0000  the monitor's image as linked: text RX, rodata R, data RW
 *   0x8800_0000_0000  stacks, 64 KiB apart, the lower part of each unmapped (guard)
 *   0x9000_0000_0000  the frame table, 32 bytes a frame, sparse
 */
#ifndef MEM_HYPMAP_H
#define MEM_HYPMAP_H

#include "lib/addr.h"
#include "lib/err.h"

#define HYP_IMAGE_BASE 0x800000000000ull
#define HYP_STACK_BASE 0x880000000000ull
#define HYP_STACK_STRIDE 0x10000ull
#define HYP_STACK_SIZE 0x4000ull

enum hyp_kind { HYP_TEXT, HYP_RODATA, HYP_DATA, HYP_DEVICE };

/*
 * Where table frames come from: boot gives an early source, later node_alloc is used.
 * Must return a zeroed page.
 */
extern struct pfn (*hypmap_table_source)(u32 node);

/* A new root that shares all top-level entries made so far in `like` (or an empty one). */
must_check enum err hypmap_root(u32 node, u64 like, u64 *root);
/* Maps [va, va + size) to [pa, pa + size); all multiples of 4 KiB. Uses 2 MiB blocks where it can. */
must_check enum err hypmap_map(u64 root, u64 va, struct pa pa, u64 size, enum hyp_kind kind);
/* The PA and kind a root maps `va` to; ERR_ABSENT. */
must_check enum err hypmap_find(u64 root, u64 va, struct pa *pa, enum hyp_kind *kind);
/* This CPU changes to `root`. */
void hypmap_use(u64 root);

#endif
