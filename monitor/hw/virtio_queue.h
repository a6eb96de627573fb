/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Driver side of a virtio-mmio device (virtio 1.2, 4.2.2, 4.2.3.1) and of a split queue
 * (2.7): what hw/disk.c and hw/channel.c share. Callers hold the lock of their device.
 */
#ifndef HW_VIRTIO_QUEUE_H
#define HW_VIRTIO_QUEUE_H

#include "lib/addr.h"
#include "lib/types.h"

#define VIRTQ_MAX 128u /* entries: all of a queue fits one page */

/* One buffer of a chain. */
struct virtq_piece {
	struct pa pa;
	u32 bytes;
};

struct virtq_desc {
	u64 addr;
	u32 len;
	u16 flags;
	u16 next;
};

/* The three parts as they lie in the queue's page. */
struct virtq_page {
	struct virtq_desc desc[VIRTQ_MAX];
	struct {
		u16 flags, idx;
		u16 ring[VIRTQ_MAX];
	} avail;
	struct {
		u16 flags, idx;
		struct {
			u32 id, len;
		} ring[VIRTQ_MAX];
	} used __attribute__((aligned(4)));
};
_Static_assert(sizeof(struct virtq_page) <= PAGE_SIZE, "one page");

struct virtq {
	u64 base;  /* of the device's registers */
	u32 index; /* of the queue */
	u16 size;
	u16 free;       /* entries in the free list */
	u16 free_head;  /* linked by desc.next */
	u16 next_avail; /* index of the next available entry to write */
	u16 next_used;  /* index of the next used element to read */
	struct virtq_page *page;
	void *token[VIRTQ_MAX]; /* of the chain with this head; NULL: not in flight */
	bool told;              /* a wrong element was printed */
};

/*
 * Resets the device and agrees on features: those of `want` that it has, in *got. False: it
 * refuses, or is not of virtio 1.x; it was told so.
 */
must_check bool virtio_begin(u64 base, u64 want, u64 *got);
/* Queue `index` with its page, all zero: `most` entries or fewer. Before virtio_ready(). */
must_check bool virtq_setup(struct virtq *q, u64 base, u32 index, u32 most, void *page);
/* The device may start; or it is given up. */
void virtio_ready(u64 base);
void virtio_give_up(u64 base);

u32 virtio_config32(u64 base, u32 offset);
u64 virtio_config64(u64 base, u32 offset); /* read twice until it holds still */

/* Queues `outs` pieces to read and `ins` to write; false: no room now. token is not NULL. */
must_check bool virtq_add(struct virtq *q, const struct virtq_piece *p, u32 outs, u32 ins, void *token);
/* Tells the device about what was added. */
void virtq_kick(struct virtq *q);
/* The token of the next finished chain and the bytes written, or NULL. */
void *virtq_take(struct virtq *q, u32 *written);

#endif
