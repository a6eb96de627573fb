/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The p2m: for each guest frame number of a VM, what backs it. It is the truth; stage-2
 * trees (mem/stage2.h) are caches of it, one per node.
 *
 * Shape: a root frame of 512 entries (1 GiB each) points to directory frames of 512
 * entries (2 MiB each), which point to leaves. A leaf is one frame of 512 slots; its lock,
 * its count of used slots and its owner live in that frame's own record, so that clones can
 * share whole leaves. The leaf lock covers its slots and the stage-2 entries built from
 * them in all trees, and is held over the flush.
 *
 * A slot (64 bits): bits 0-3 kind, bits 12-51 pfn << 12 (PRIVATE, SHARED) or a content
 * identity; bits 4-11 flags.
 */
#ifndef MEM_P2M_H
#define MEM_P2M_H

#include "arm64/pte.h"
#include "lib/addr.h"
#include "lib/err.h"
#include "lib/lock.h"
#include "lib/types.h"
#include "mem/frame.h"

enum slot_kind {
	SLOT_EMPTY = 0, /* zero on demand */
	SLOT_PRIVATE,
	SLOT_SHARED,
	SLOT_BLOCKREF, /* content identity: read back at the next touch (memory issue) */
	SLOT_SWAPPED,  /* on the swap volume (memory issue) */
	SLOT_DEVICE,   /* a device page of the machine, mapped through (vGIC needs none) */
};
#define SLOT_KIND(s) ((enum slot_kind)((s)&15))
#define SLOT_PFN(s) ((struct pfn){((s)&PTE_OUTPUT) >> 12})
#define SLOT_READONLY (1u << 4) /* the guest sees ROM: writes are its mistake */

/* One stage-2 tree: the tables of one VM on one node. */
struct tree {
	struct pfn root; /* the level-1 table, on that node; lives as long as the VM */
	u64 vttbr;       /* VMID and root, ready for VTTBR_EL2; 0: no tree for that node */
};

/* A range of guest memory. */
struct p2m_range {
	struct gfn first;
	u64 count;
	bool readonly;
};
#define P2M_RANGES 4

struct p2m {
	/* fixed after creation */
	u16 vmid;
	u8 home; /* node for its directory, leaves and first frames; NODE_ANY: the asking CPU's */
	bool caches_off_seen; /* atomic hint: some vCPU runs with caches off: publish to PoC */
	u32 range_count;
	struct p2m_range ranges[P2M_RANGES];
	struct tree trees[MAX_NODES];

	bool ending;           /* p2m_destroy_step() began: its trees are dead */
	struct lock root_lock; /* rank P2M_ROOT: adding directories and leaves */
	struct pfn root;

	/* atomic, relaxed */
	u64 private_frames;         /* frames that only this VM refers to */
	u64 table_frames;           /* leaves, directories, stage-2 tables */
	u64 node_frames[MAX_NODES]; /* PRIVATE frames by node */
};

enum wait_cause {
	WAIT_NONE,
	WAIT_TEST,  /* the test mode of mem/guest.h */
	WAIT_FRAME, /* no free frame now */
	WAIT_FILL,  /* a device is filling it */
};
/* Why an access can't be done now; with it, the vCPU is parked and does it again. */
struct wait {
	enum wait_cause cause;
	struct pfn frame;
};

/*
 * Makes an empty p2m with one empty tree root per node that has CPUs; vmid is not 0.
 * ERR_MEMORY: nothing is left allocated.
 */
must_check
enum err p2m_init(struct p2m *m, u16 vmid, u8 home, const struct p2m_range *ranges,
		  u32 range_count);
/*
 * Teardown, resumable: *cursor starts as 0; each unit of `budget` is at most 128 frames or
 * tables freed (about 10,000 instructions); true when all is gone. No vCPU of the VM may
 * run again. Trees are flushed before any frame is freed.
 */
bool p2m_destroy_step(struct p2m *m, u64 *cursor, u32 budget);

/* True when `g` lies in guest memory. */
bool p2m_is_memory(const struct p2m *m, struct gfn g);
/* The leaf that covers `g`, or NULL when there is none yet; unlocked. */
struct frame *p2m_leaf(struct p2m *m, struct gfn g);
/* The same, made when missing; NULL: no memory. Unlocked. */
struct frame *p2m_leaf_make(struct p2m *m, struct gfn g);
/* The slots of a leaf. */
static inline u64 *leaf_slots(struct frame *leaf)
{
	return pfn_va((struct pfn){(u64)(leaf - frame_table)});
}

/* Puts a PRIVATE frame at an empty slot (build time: kernel images). */
must_check
enum err p2m_install(struct p2m *m, struct gfn g, struct pfn frame);

/*
 * The guest gives [first, first + count) back (balloon, free page reporting): the slots
 * become empty and read as zero from then on; frames return to their allocators. Frames
 * held by I/O in flight stay until that ends. Returns the number of frames given back.
 * Takes about 100 instructions a page, no lock for longer than 64 pages: callers bound
 * `count` (a report of 2 MiB: 512) or go on later.
 */
u64 p2m_give_back(struct p2m *m, struct gfn first, u64 count);

/* ---- for mem/ only ---- */

#define P2M_GFNS (1ull << 27) /* 39 bits of IPA */
#define P2M_VALID 1ull        /* an entry of the root or of a directory */

struct flush;

/* The range that has `g`, or NULL. */
const struct p2m_range *p2m_range_of(const struct p2m *m, struct gfn g);
/* The directory of g's 1 GiB, or NULL. */
u64 *p2m_directory(struct p2m *m, struct gfn g);
static inline u32 leaf_index(struct gfn g)
{
	return (u32)g.v & 511u;
}
/* A zeroed table frame of the kind `flag`, counted in the p2m; PFN_NONE: no memory. */
struct pfn p2m_table_make(struct p2m *m, u32 node, enum frame_flags flag);
void p2m_table_free(struct p2m *m, struct pfn table);
/* Puts a frame with the caller's reference into an empty slot. Leaf locked. Can't fail. */
void slot_set(struct p2m *m, struct frame *leaf, struct gfn g, struct pfn frame);
/* Puts 512 contiguous new PRIVATE frames into an empty leaf of writable guest memory. */
void slot_set_block(struct p2m *m, struct frame *leaf, struct pfn first);
/* Empties a slot that has a frame, whose reference goes to flush_free(). Leaf locked. */
void slot_drop(struct p2m *m, struct frame *leaf, struct gfn g, struct flush *f);
/* The slot is no longer the first reference that the frame's record names. */
void slot_forget(struct frame *leaf, struct gfn g, struct pfn frame);
/* The books of PRIVATE frames on the node of `frame`. */
void p2m_count_private(struct p2m *m, struct pfn frame, s64 more);

#endif
