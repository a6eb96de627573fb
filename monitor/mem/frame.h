/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The frame table: one record of 32 bytes for each 4 KiB frame of the machine, in memory
 * of the frame's own node, found by number at frame_table[pfn] (at EL2 a sparse virtual
 * range that mem/hypmap.c maps). State lives here; page tables are derived from it.
 *
 *   state     who refers to it                                       guest access
 *   NONE      nothing: no memory, or memory that firmware keeps      none
 *   FREE      its node's allocator (buddy list or zeroed pool)       none
 *   MONITOR   tables, p2m leaves, stacks, text copies                none
 *   PRIVATE   exactly one p2m slot (plus holds for I/O in flight)    read-write
 *   FILLING   a device is writing into it; nobody maps it            none
 *   SHARED    any number of references; content never changes        read-only
 *   REPLICA   one SHARED master on another node                      read-only, own node
 *
 * Legal changes: FREE to MONITOR, PRIVATE, FILLING, REPLICA and back; PRIVATE to SHARED
 * (flush first) and, with one reference, back; FILLING to SHARED or PRIVATE; all of these
 * but NONE to FREE. NONE becomes FREE or MONITOR once, at boot. frame_set() is the only
 * function that writes `state`, and refuses all others.
 */
#ifndef MEM_FRAME_H
#define MEM_FRAME_H

#include "lib/addr.h"
#include "lib/err.h"
#include "lib/lock.h"
#include "lib/types.h"

enum frame_state {
	FRAME_NONE,
	FRAME_FREE,
	FRAME_MONITOR,
	FRAME_PRIVATE,
	FRAME_FILLING,
	FRAME_SHARED,
	FRAME_REPLICA,
	FRAME_STATES
};

enum frame_flags {
	FRAME_ZEROED = 1u << 0,    /* all bytes are zero (FREE frames of the pool) */
	FRAME_PUBLISHED = 1u << 1, /* frame_publish() came after the last write of the monitor */
	FRAME_HEAD = 1u << 2,      /* FREE: first frame of a piece in a list; node lock */
	FRAME_LEAF = 1u << 3,      /* MONITOR: holds a p2m leaf; slot fields below are its own */
	FRAME_TABLE = 1u << 4,     /* MONITOR: a stage-2 table */
	FRAME_DIRECTORY = 1u << 5, /* MONITOR: p2m directory */
};

struct frame {
	struct lock lock; /* rank LEAF for p2m leaves, else FRAME */
	u8 state;         /* enum frame_state; written by frame_set() only */
	u8 node;          /* fixed */
	u8 order;         /* of the piece whose first frame this is */
	u8 flags;         /* enum frame_flags */
	u32 refs;         /* slots and holds; atomic */
	union {
		struct { /* FREE heads: allocator list, by pfn; 0 ends it. Node lock. */
			u32 next;
			u32 prev;
		};
		u64 slot; /* PRIVATE, SHARED: first reference: leaf pfn << 9 | index; 0: none */
		struct {  /* leaf, under its lock */
			u32 gfn;  /* first gfn that it covers (39 bits of IPA: fits) */
			u32 used; /* slots that are not empty */
		};
	};
	union {
		u64 link;        /* SHARED: replicas; REPLICA: master pfn */
		struct p2m *p2m; /* leaf, table: whose */
	};
};
_Static_assert(sizeof(struct frame) == 32, "the figure of DESIGN section 5");

#ifdef DISCO_HOST
extern struct frame *frame_table; /* the host's fake machine */
#else
#define frame_table ((struct frame *)0x900000000000ull)
#endif

/* The record of a frame. The caller knows that `p` is memory (see frame_known). */
static inline struct frame *frame_of(struct pfn p)
{
	return &frame_table[p.v];
}
/* True when `p` has a record: it lies in a range given to node_add(). */
bool frame_known(struct pfn p);

/* Changes the state of one frame; CHECKs that the change is legal. Caller owns the frame. */
void frame_set(struct pfn p, enum frame_state to);
/* The same for `count` frames of one node that share a state. */
void frame_set_range(struct pfn first, u64 count, enum frame_state to);

/*
 * publish.c: makes content that the monitor wrote into frames visible to guests: data
 * cleaned to the point of coherency where the CPU has no FWB, instruction caches
 * invalidated where DIC is 0. The only way to a mappable frame: putting a frame into a slot
 * CHECKs FRAME_PUBLISHED. (Arm ARM B2.7.4, D7.5.9.)
 */
void frame_publish(struct pfn first, u32 count);
/*
 * The same for data written into a frame that the guest has already: only what a coherent
 * DMA device owes. `caches_off`: some vCPU of the VM may look past its caches.
 */
void frame_publish_data(struct pfn p, const void *from, size_t n, bool caches_off);
/* To be called before the monitor writes into a frame: it is no longer published. */
void frame_written(struct pfn p);

/*
 * A hold: one more reference that is not a slot (I/O in flight, a queue). The caller
 * already has a reference or the lock of a leaf that has one.
 */
void frame_get(struct pfn p);
/* Drops a hold; the last reference frees the frame. True when it was the last. */
bool frame_put(struct pfn p);

/* mem/ only: a slot's reference, the same way. */
void frame_slot_get(struct pfn p);
bool frame_slot_put(struct pfn p);
/* A number that is as good as unique for `p`, for check.c's sums over references. */
u64 frame_print(struct pfn p);
/* Sum of frame_print() over all holds in flight, and their number. */
u64 frame_holds(u64 *number);

#endif
