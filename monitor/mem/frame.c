/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frame states and references. See frame.h for the table of states.
 *
 * Who may change what: a frame that is FREE belongs to its node's lock; any other belongs
 * to whoever allocated it until it is put into a p2m slot, from then on to the lock of that
 * leaf. `refs` is atomic. A reference is a slot (frame_slot_get) or a hold (frame_get); a
 * new one needs an old one, or the lock of a leaf that has one; so a SHARED frame with one
 * reference, seen under the lock of the leaf that has this reference, keeps one.
 *
 * Holds are counted per CPU, with a sum over frame_print() of the held frames. check.c adds
 * frame_print() over all slots and compares with refs times frame_print() over all frames:
 * one wrong reference anywhere makes the sums differ, without a counter per frame.
 */
#include "mem/frame.h"

#include "arm64/atomic.h"
#include "lib/percpu.h"
#include "mem/buddy.h"

/* Where each state may go, as bits. */
static const u8 legal[FRAME_STATES] = {
	[FRAME_NONE] = BIT(FRAME_FREE) | BIT(FRAME_MONITOR),
	[FRAME_FREE] =
		BIT(FRAME_MONITOR) | BIT(FRAME_PRIVATE) | BIT(FRAME_FILLING) | BIT(FRAME_REPLICA),
	[FRAME_MONITOR] = BIT(FRAME_FREE),
	[FRAME_PRIVATE] = BIT(FRAME_FREE) | BIT(FRAME_SHARED),
	[FRAME_FILLING] = BIT(FRAME_FREE) | BIT(FRAME_SHARED) | BIT(FRAME_PRIVATE),
	[FRAME_SHARED] = BIT(FRAME_FREE) | BIT(FRAME_PRIVATE),
	[FRAME_REPLICA] = BIT(FRAME_FREE),
};

struct holds {
	cache_aligned u64 number; /* owner CPU; may go below zero: released elsewhere */
	u64 print;
};
static struct holds holds[MAX_CPUS];

void frame_set_range(struct pfn first, u64 count, enum frame_state to)
{
	struct frame *f = frame_of(first);
	enum frame_state from = f->state;
	struct node *n = node_get(f->node);

	CHECK(from < FRAME_STATES && to < FRAME_STATES && (legal[from] & BIT(to)));
	CHECK(from != FRAME_SHARED || to != FRAME_PRIVATE || load_relaxed(&f->refs) == 1);
	for (u64 i = 0; i < count; i++) {
		CHECK(f[i].state == from);
		f[i].state = (u8)to;
	}
	atomic_add_relaxed(&n->by_state[from], -count);
	atomic_add_relaxed(&n->by_state[to], count);
}

void frame_set(struct pfn p, enum frame_state to)
{
	frame_set_range(p, 1, to);
}

bool frame_known(struct pfn p)
{
	for (u32 i = 0; i < MAX_NODES; i++) {
		struct node *n = node_get(i);
		if (n && node_owns(n, p.v, 1))
			return true;
	}
	return false;
}

void frame_slot_get(struct pfn p)
{
	u32 before = atomic_add(&frame_of(p)->refs, 1u);
	CHECK(before != 0 && before != ~0u);
}

bool frame_slot_put(struct pfn p)
{
	u32 before = atomic_sub(&frame_of(p)->refs, 1u);
	CHECK(before != 0);
	if (before == 1)
		node_free(p, 0);
	return before == 1;
}

void frame_get(struct pfn p)
{
	struct holds *h = &holds[this_cpu()->id];
	h->number++;
	h->print += frame_print(p);
	frame_slot_get(p);
}

bool frame_put(struct pfn p)
{
	struct holds *h = &holds[this_cpu()->id];
	h->number--;
	h->print -= frame_print(p);
	return frame_slot_put(p);
}

/* The finalizer of SplitMix64 (Steele, Lea, Flood: OOPSLA 2014). */
u64 frame_print(struct pfn p)
{
	u64 x = p.v * 0x9e3779b97f4a7c15ull;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

u64 frame_holds(u64 *number)
{
	u64 print = 0;
	*number = 0;
	for (u32 i = 0; i < MAX_CPUS; i++) {
		*number += load_relaxed(&holds[i].number);
		print += load_relaxed(&holds[i].print);
	}
	return print;
}
