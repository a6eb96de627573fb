/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory balloon (virtio 1.2, 5.5): pages that the guest gives up on request (inflate),
 * and free pages that it reports on its own. Both return frames to the machine through
 * p2m_give_back(), after which the guest reads zeroes there. A page taken out of the balloon
 * (deflate) needs nothing: it is zero on demand.
 *
 * All of it is a hint: a page number outside memory is ignored, and a guest that lies about
 * what it gives up harms only itself.
 *
 * Queues: 0 inflate, 1 deflate, then free page reporting. The standard numbers reporting 4;
 * Linux and QEMU leave no gap for queues that were not negotiated and use 2 (with statistics
 * 3). Since reporting is the only other feature offered here, whichever of the queues 2 to 4
 * the driver enables is that one.
 */
#include "lib/string.h"
#include "vdev/virtio.h"

#define F_DEFLATE_ON_OOM BIT(2)
#define F_REPORTING BIT(5)

#define QUEUE_INFLATE 0u
#define QUEUE_DEFLATE 1u
#define QUEUE_REPORTING 2u /* the first that it may be */

#define CONFIG_NUM_PAGES 0u
#define CONFIG_ACTUAL 4u
#define CONFIG_SIZE 8u

#define INFLATE_PIECE 32u         /* page numbers in one step */
#define REPORT_PIECE 64u /* frames in one step */
#define STEPS_PASS 2u

enum err vballoon_create(struct vm *vm, u32 slot)
{
	u64 features = F_DEFLATE_ON_OOM | F_REPORTING;
	enum err e = virtio_create(vm, slot, VIRTIO_BALLOON, features, VIRTIO_QUEUES);
	if (e == OK)
		vm->devs->virtio[slot]->config_size = CONFIG_SIZE;
	return e;
}

static struct virtio *balloon_of(struct vm *vm)
{
	for (u32 i = 0; vm->devs && i < vm->devs->slots; i++)
		if (vm->devs->virtio[i]->kind == VIRTIO_BALLOON)
			return vm->devs->virtio[i];
	return NULL;
}

void vballoon_target(struct vm *vm, u32 pages)
{
	struct virtio *d = balloon_of(vm);
	if (!d)
		return;
	lock(&d->lock);
	if (memcmp(d->config + CONFIG_NUM_PAGES, &pages, sizeof(pages)) != 0) {
		memcpy(d->config + CONFIG_NUM_PAGES, &pages, sizeof(pages));
		virtio_config_changed(d);
	}
	unlock(&d->lock);
}

u32 vballoon_actual(struct vm *vm)
{
	struct virtio *d = balloon_of(vm);
	u32 pages = 0;
	if (!d)
		return 0;
	lock(&d->lock);
	memcpy(&pages, d->config + CONFIG_ACTUAL, sizeof(pages));
	unlock(&d->lock);
	return pages;
}

/* 5.5.6: only `actual` is the driver's. */
void vballoon_config_write(struct virtio *d, u32 at, u8 value)
{
	if (at >= CONFIG_ACTUAL && at < CONFIG_ACTUAL + 4)
		d->config[at] = value;
}

/*
 * One range of guest memory becomes empty; parts that are not memory are left alone. The
 * CPU's counter is p2m_give_back()'s.
 */
static void give_back(struct vm *vm, u64 first, u64 count)
{
	struct p2m *m = &vm->p2m;
	u64 given;
	if (!count || !p2m_is_memory(m, gfn_of(first)) ||
	    !p2m_is_memory(m, gfn_of(first + count - 1)))
		return;
	given = p2m_give_back(m, gfn_of(first), count);
	atomic_add_relaxed(&vm->devs->counts[COUNTER_frames_returned], given);
}

/* 5.5.6: the chain holds 32-bit page numbers; a step takes the next few of them. */
static enum err inflate_step(struct virtio *d, struct vqueue *q, struct wait *w)
{
	u32 page[INFLATE_PIECE];
	size_t n = MIN(sizeof(page), (q->chain.out_bytes - q->progress) & ~3ull);
	u64 first = 0, count = 0;
	enum err e = chain_read(&q->chain, &d->vm->p2m, q->progress, page, n, w);

	if (e)
		return e;
	for (size_t i = 0; i < n / 4; i++) {
		if (count && page[i] == first + count) {
			count++;
			continue;
		}
		give_back(d->vm, first, count);
		first = page[i];
		count = 1;
	}
	give_back(d->vm, first, count);
	q->progress += n;
	return n == sizeof(page) ? OK : ERR_ABSENT;
}

/* 5.5.6.8: the buffers of the chain are the free pages; only whole pages count. */
static enum err report_step(struct virtio *d, struct vqueue *q)
{
	u64 skip = q->progress; /* bytes of the chain that are done */
	for (u32 i = 0; i < q->chain.ins; i++) {
		const struct vseg *s = &q->chain.seg[q->chain.outs + i];
		u64 first, end, limit;
		if (skip >= s->len) {
			skip -= s->len;
			continue;
		}
		first = ALIGN_UP(s->addr + skip, PAGE_SIZE) >> PAGE_SHIFT;
		end = (s->addr + s->len) >> PAGE_SHIFT;
		limit = ALIGN_DOWN(first, REPORT_PIECE) + REPORT_PIECE;
		if (first < end)
			give_back(d->vm, first, MIN(end, limit) - first);
		q->progress +=
			limit < end ? (limit << PAGE_SHIFT) - (s->addr + skip) : s->len - skip;
		return OK;
	}
	return ERR_ABSENT;
}

/* The next step of the current chain: ERR_ABSENT when nothing of it is left. */
static enum err step(struct virtio *d, u32 queue, struct wait *w)
{
	struct vqueue *q = &d->queue[queue];
	if (queue == QUEUE_INFLATE)
		return inflate_step(d, q, w);
	return queue >= QUEUE_REPORTING ? report_step(d, q) : ERR_ABSENT;
}

static enum err serve(struct virtio *d, u32 queue, u32 *steps, struct wait *w)
{
	struct vqueue *q = &d->queue[queue];
	for (;;) {
		enum err e = ring_next(q, &d->vm->p2m, w);
		if (e)
			return e == ERR_ABSENT ? OK : e;
		do {
			if (*steps == 0)
				return ERR_BUSY;
			(*steps)--;
			e = step(d, queue, w);
		} while (e == OK);
		if (e == ERR_ABSENT)
			e = ring_push(q, &d->vm->p2m, q->chain.head, 0, w);
		if (e)
			return e;
		q->active = false;
	}
}

enum err vballoon_pass(struct virtio *d, struct wait *w)
{
	u32 steps = STEPS_PASS;
	for (u32 i = 0; i < d->queue_count; i++) {
		enum err e = serve(d, i, &steps, w);
		if (e)
			return e;
	}
	return OK;
}
