/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtio console (virtio 1.2, 5.3), one port: queue 0 brings input to the guest, queue 1
 * takes its output. Both ends are the VM's console stream (console.c), which the PL011
 * shares.
 */
#include "lib/string.h"
#include "vdev/virtio.h"

#define QUEUE_INPUT 0u
#define QUEUE_OUTPUT 1u
#define OUTPUT_PIECE 256u       /* bytes copied at a time */
#define OUTPUT_PASS (16u << 10) /* bytes in one pass */
#define CHAINS_PASS 32u

enum err vcons_create(struct vm *vm, u32 slot)
{
	return virtio_create(vm, slot, VIRTIO_CONSOLE, 0, 2);
}

void vcons_forget(struct virtio *d)
{
	d->cons.staged = 0;
	console_forget(d->vm, CONSOLE_VIRTIO);
}

/*
 * Copies output of the current chain, at most `budget` bytes. What went into the stream
 * can't be taken back, so `progress` moves with each piece and a repeated pass goes on there.
 */
static enum err copy_output(struct virtio *d, u64 *budget, struct wait *w)
{
	struct vqueue *q = &d->queue[QUEUE_OUTPUT];
	char piece[OUTPUT_PIECE];

	while (q->progress < q->chain.out_bytes) {
		size_t n = MIN((u64)OUTPUT_PIECE, q->chain.out_bytes - q->progress);
		enum err e;
		if (*budget < n)
			return ERR_BUSY;
		e = chain_read(&q->chain, &d->vm->p2m, q->progress, piece, n, w);
		if (e)
			return e;
		console_put(d->vm, CONSOLE_VIRTIO, piece, n);
		q->progress += n;
		*budget -= n;
	}
	return OK;
}

static enum err output(struct virtio *d, struct wait *w)
{
	struct vqueue *q = &d->queue[QUEUE_OUTPUT];
	u64 budget = OUTPUT_PASS;

	for (u32 i = 0; i < CHAINS_PASS; i++) {
		enum err e = ring_next(q, &d->vm->p2m, w);
		if (e == OK)
			e = copy_output(d, &budget, w);
		if (e == OK)
			e = ring_push(q, &d->vm->p2m, q->chain.head, 0, w);
		if (e)
			return e == ERR_ABSENT ? OK : e;
		q->active = false;
	}
	return ERR_BUSY;
}

/* Gives what is staged to the current buffer. */
static enum err give_staged(struct virtio *d, struct wait *w)
{
	struct vqueue *q = &d->queue[QUEUE_INPUT];
	struct vcons *c = &d->cons;
	u32 n = (u32)MIN((u64)c->staged, q->chain.in_bytes);
	enum err e;

	if (n == 0)
		return ERR_INPUT; /* a buffer that can't be written */
	e = chain_write(&q->chain, &d->vm->p2m, 0, c->stage, n, w);
	if (e == OK)
		e = ring_push(q, &d->vm->p2m, q->chain.head, n, w);
	if (e)
		return e;
	q->active = false;
	c->staged -= n;
	memmove(c->stage, c->stage + n, c->staged);
	return OK;
}

static enum err input(struct virtio *d, struct wait *w)
{
	struct vcons *c = &d->cons;

	for (u32 i = 0; i < CHAINS_PASS; i++) {
		enum err e;
		if (!c->staged && !console_waiting(d->vm, CONSOLE_VIRTIO))
			return OK;
		e = ring_next(&d->queue[QUEUE_INPUT], &d->vm->p2m, w);
		if (e)
			return e == ERR_ABSENT ? OK : e; /* bytes wait for a buffer */
		if (!c->staged)
			c->staged = (u32)console_take(d->vm, CONSOLE_VIRTIO, c->stage,
						      sizeof(c->stage));
		if (!c->staged)
			return OK;
		e = give_staged(d, w);
		if (e)
			return e;
	}
	return ERR_BUSY;
}

/* Output first: it decides who gets the input. */
enum err vcons_pass(struct virtio *d, struct wait *w)
{
	enum err out = output(d, w), in;
	if (out && out != ERR_BUSY)
		return out;
	in = input(d, w);
	return in ? in : out;
}

void vcons_input(struct vm *vm)
{
	for (u32 i = 0; i < vm->devs->slots; i++) {
		struct virtio *d = vm->devs->virtio[i];
		if (d->kind != VIRTIO_CONSOLE)
			continue;
		lock(&d->lock);
		virtio_run(d);
		unlock(&d->lock);
	}
}
