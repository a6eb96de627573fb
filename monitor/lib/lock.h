/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ticket locks with a rank. A CPU takes locks in rising rank only; debug builds stop on a
 * wrong order and know who holds what. THE lock order of the monitor is enum lock_rank.
 * Interrupts are masked in the whole monitor, so a lock needs no mask of its own.
 */
#ifndef LIB_LOCK_H
#define LIB_LOCK_H

#include "lib/types.h"

enum lock_rank {
	LOCK_CONTROL = 1, /* VM table, configuration, life cycle */
	LOCK_VM,          /* one VM: state, vCPU power, PSCI */
	LOCK_DEVICE,      /* one virtual device: registers, rings */
	LOCK_DISK,        /* one disk's queue */
	LOCK_RUNQUEUE,
	LOCK_VCPU,
	LOCK_VGIC_LIST, /* a vCPU's pending list */
	LOCK_VGIC_IRQ,  /* one virtual interrupt */
	LOCK_P2M_ROOT,  /* directory of leaves: making one */
	LOCK_LEAF,      /* one p2m leaf and the tables made from it */
	LOCK_FRAME,
	LOCK_RMAP,    /* reverse-map chunk */
	LOCK_NODE,    /* a node's allocator */
	LOCK_HYPMAP,  /* EL2's own tables */
	LOCK_JOBS,    /* list of jobs */
	LOCK_CONSOLE, /* console rings, channel output */
	LOCK_PRINT,   /* the log ring */
	LOCK_RANKS
};

struct lock {
	u16 next;  /* ticket to draw */
	u16 owner; /* ticket that may enter */
	u8 rank;   /* enum lock_rank */
	u8 holder; /* CPU number + 1, or 0 (debug builds) */
	u16 zero;
};
_Static_assert(sizeof(struct lock) == 8, "fits a frame record");

void lock_init(struct lock *l, enum lock_rank rank);
void lock(struct lock *l);
void unlock(struct lock *l);
/* True when taken. Allowed in any order (it can't wait). */
must_check bool try_lock(struct lock *l);
/* Stops the monitor in debug builds when this CPU does not hold `l`. */
void lock_assert(const struct lock *l);
/* Stops the monitor in debug builds when this CPU holds any lock. */
void lock_assert_none(void);

#endif
