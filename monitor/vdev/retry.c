/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The list of devices that need another pass: their guest's memory was not there (WAIT), or
 * the work was too long for one go. trap/leave.c works it off through vdev_retry().
 *
 * A device is IDLE, LISTED, or TAKEN by the one CPU that is about to lock it and run its
 * pass. Another CPU that finds it TAKEN while holding the device's lock need not list it
 * again: the taker is still waiting for that lock, and its pass comes after.
 */
#include "vdev/virtio.h"

enum retry_state { RETRY_IDLE, RETRY_LISTED, RETRY_TAKEN };

/*
 * Rank JOBS: it is taken under a device's lock, and nothing is taken under it. The list is
 * set up by the first device ever made; there are no constructors here.
 */
static struct lock retry_lock = {.rank = LOCK_JOBS};
static struct list retry_list = {&retry_list, &retry_list};
static u32 retry_count; /* length of the list; written under the lock */

void retry_init(struct virtio *d)
{
	list_init(&d->retry_entry);
	d->retry_state = RETRY_IDLE;
}

static void push_locked(struct virtio *d)
{
	lock_assert(&retry_lock);
	d->retry_state = RETRY_LISTED;
	list_push_back(&retry_list, &d->retry_entry);
	store_relaxed(&retry_count, retry_count + 1);
}

void retry_add(struct virtio *d)
{
	lock_assert(&d->lock);
	lock(&retry_lock);
	if (d->retry_state == RETRY_IDLE)
		push_locked(d);
	unlock(&retry_lock);
	atomic_or(&this_cpu()->work, WORK_RETRY);
}

bool retry_forget(struct virtio *d)
{
	bool idle;
	lock_assert(&d->lock);
	lock(&retry_lock);
	if (d->retry_state == RETRY_LISTED) {
		list_remove(&d->retry_entry);
		store_relaxed(&retry_count, retry_count - 1);
		d->retry_state = RETRY_IDLE;
	}
	idle = d->retry_state == RETRY_IDLE;
	unlock(&retry_lock);
	return idle;
}

/* The device that waits longest, now this CPU's to run, or NULL. */
static struct virtio *take(void)
{
	struct virtio *d = NULL;
	struct list *n;
	lock(&retry_lock);
	n = list_pop(&retry_list);
	if (n) {
		d = list_entry(n, struct virtio, retry_entry);
		d->retry_state = RETRY_TAKEN;
		store_relaxed(&retry_count, retry_count - 1);
	}
	unlock(&retry_lock);
	return d;
}

bool vdev_retry(void)
{
	struct virtio *d;
	if (likely(load_relaxed(&retry_count) == 0))
		return false;
	d = take();
	if (d) {
		lock(&d->lock);
		lock(&retry_lock);
		d->retry_state = RETRY_IDLE; /* virtio_run() may list it again */
		unlock(&retry_lock);
		virtio_run(d);
		unlock(&d->lock); /* the last touch: see vdev_quiet() */
	}
	return load_relaxed(&retry_count) != 0;
}
