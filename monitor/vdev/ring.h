/* SPDX-License-Identifier: BSD-2-Clause */
/* A split virtqueue as the device sees it (virtio 1.2, 2.7); the essay is in ring.c. */
#ifndef VDEV_RING_H
#define VDEV_RING_H

#include "lib/err.h"
#include "mem/guest.h"

#define VRING_MAX 128u  /* entries of a queue */
#define VCHAIN_SEGS 64u /* buffers of one chain */

/* One buffer of guest memory: not checked but for overflow; access tells if it is memory. */
struct vseg {
	u64 addr;
	u32 len;
};

/* A chain taken from the ring: `outs` buffers to read, then `ins` buffers to write. */
struct vchain {
	u16 head;
	u16 outs, ins;
	u64 out_bytes, in_bytes;
	struct vseg seg[VCHAIN_SEGS];
};

struct vqueue {
	/* as the driver set it */
	u64 desc, avail, used;
	u32 size;
	bool ready;
	bool event_idx; /* VIRTIO_F_RING_EVENT_IDX was negotiated */
	bool indirect;  /* VIRTIO_F_INDIRECT_DESC was negotiated */

	/* where we are */
	u16 next_avail; /* index of the next chain to take */
	u16 next_used;  /* index of the next used element to write */
	u16 armed_at;   /* avail_event as written, valid if `armed` */
	bool armed;
	u16 told_used; /* next_used when an interrupt was last decided on */
	bool news;     /* used elements were added since */

	/* the chain that a device works on, for devices that take one at a time */
	bool active;
	u64 progress; /* bytes or entries of it that are done */
	struct vchain chain;
};

/* Forgets all that the driver set: as after reset. */
void ring_reset(struct vqueue *q);
/* The driver enables the queue: false when size or alignment are not what 2.7 allows. */
must_check bool ring_enable(struct vqueue *q);

/*
 * The next chain: OK, ERR_ABSENT (none now; with event_idx the driver was asked to kick),
 * ERR_INPUT (malformed), or what guest memory answers. Not OK: the ring is as before.
 */
must_check enum err ring_pop(struct vqueue *q, struct p2m *m, struct vchain *c, struct wait *w);
/* The same into q->chain, unless that is still being worked on. */
must_check enum err ring_next(struct vqueue *q, struct p2m *m, struct wait *w);
/* Gives a chain back with the number of bytes written into it. Not OK: as before. */
must_check enum err ring_push(struct vqueue *q, struct p2m *m, u16 head, u32 written, struct wait *w);
/* Does the driver want an interrupt for what was pushed since the last call? */
must_check enum err ring_notify(struct vqueue *q, struct p2m *m, bool *interrupt, struct wait *w);

/* n bytes from `offset` on of the part to read, or to write; ERR_INPUT: it is shorter. */
must_check enum err chain_read(const struct vchain *c, struct p2m *m, u64 offset, void *to, size_t n,
		    struct wait *w);
must_check enum err chain_write(const struct vchain *c, struct p2m *m, u64 offset, const void *from, size_t n,
		     struct wait *w);

#endif
