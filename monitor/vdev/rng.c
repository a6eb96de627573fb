/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The entropy device (virtio 1.2, 5.4): one queue of buffers to fill. It gives at most
 * RNG_BYTES for a buffer, which the clause allows and Linux (64 bytes) never notices: more
 * would keep the CPU too long.
 */
#include "lib/string.h"
#include "vdev/virtio.h"

#define RNG_BYTES 256u /* for one buffer: four blocks of the generator */
#define RNG_CHAINS 2u  /* in one pass */

enum err vrng_create(struct vm *vm, u32 slot)
{
	return virtio_create(vm, slot, VIRTIO_ENTROPY, 0, 1);
}

/* Fills the buffer that is being worked on and gives it back. */
static enum err fill(struct virtio *d, struct wait *w)
{
	struct vqueue *q = &d->queue[0];
	u8 bytes[RNG_BYTES];
	size_t n = MIN((u64)RNG_BYTES, q->chain.in_bytes);
	enum err e;

	if (n == 0)
		return ERR_INPUT;
	random_bytes(&this_cpu()->random, bytes, n);
	e = chain_write(&q->chain, &d->vm->p2m, 0, bytes, n, w);
	memset(bytes, 0, sizeof(bytes)); /* they are the guest's now */
	if (e == OK)
		e = ring_push(q, &d->vm->p2m, q->chain.head, (u32)n, w);
	if (e)
		return e;
	q->active = false;
	vdev_count_add(d->vm, COUNTER_rng_bytes, n);
	return OK;
}

enum err vrng_pass(struct virtio *d, struct wait *w)
{
	for (u32 i = 0; i < RNG_CHAINS; i++) {
		enum err e = ring_next(&d->queue[0], &d->vm->p2m, w);
		if (e == OK)
			e = fill(d, w);
		if (e)
			return e == ERR_ABSENT ? OK : e;
	}
	return ERR_BUSY;
}
