/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ticket locks. `next` and `owner` wrap at 2^16, far above the number of CPUs. The holder
 * and the CPU's set of held ranks exist for the debug checks only.
 */
#include "lib/lock.h"

#include "arm64/atomic.h"
#include "arm64/cpu.h"
#include "lib/err.h"
#include "lib/percpu.h"

void lock_init(struct lock *l, enum lock_rank rank)
{
	*l = (struct lock){.rank = (u8)rank};
}

#ifdef DISCO_DEBUG
/* Before the first CPU has its record there is nobody to check. */
static void note_wanted(const struct lock *l)
{
	struct cpu *c = this_cpu();
	if (c && c->held_locks >> l->rank)
		panic("lock order: rank %u wanted while ranks %llx are held by CPU %u", l->rank,
		      (unsigned long long)c->held_locks, c->id);
}

static void note_taken(struct lock *l)
{
	struct cpu *c = this_cpu();
	if (!c)
		return;
	c->held_locks |= BIT(l->rank);
	l->holder = (u8)(c->id + 1);
}

static void note_released(struct lock *l)
{
	struct cpu *c = this_cpu();
	if (!c)
		return;
	c->held_locks &= ~BIT(l->rank);
	l->holder = 0;
}
#else
static void note_wanted(const struct lock *l)
{
	(void)l;
}
static void note_taken(struct lock *l)
{
	(void)l;
}
static void note_released(struct lock *l)
{
	(void)l;
}
#endif

void lock(struct lock *l)
{
	note_wanted(l);
	u16 ticket = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED);
	while (load_acquire(&l->owner) != ticket)
		cpu_relax();
	note_taken(l);
}

void unlock(struct lock *l)
{
	note_released(l);
	store_release(&l->owner, (u16)(l->owner + 1));
}

bool try_lock(struct lock *l)
{
	u16 owner = load_relaxed(&l->owner);
	u16 expected = owner;
	if (!__atomic_compare_exchange_n(&l->next, &expected, (u16)(owner + 1), false,
					 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return false;
	note_taken(l);
	return true;
}

void lock_assert(const struct lock *l)
{
#ifdef DISCO_DEBUG
	struct cpu *c = this_cpu();
	if (c && l->holder != c->id + 1)
		panic("lock of rank %u is not held by CPU %u but by %d", l->rank, c->id,
		      l->holder - 1);
#else
	(void)l;
#endif
}

void lock_assert_none(void)
{
#ifdef DISCO_DEBUG
	if (this_cpu()->held_locks)
		panic("CPU %u holds locks of ranks %llx", this_cpu()->id,
		      (unsigned long long)this_cpu()->held_locks);
#endif
}
