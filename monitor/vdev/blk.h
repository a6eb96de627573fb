/* SPDX-License-Identifier: BSD-2-Clause */
/* A block device's requests, for blk.c (what the driver wants) and blk_data.c (moving it). */
#ifndef VDEV_BLK_H
#define VDEV_BLK_H

#include "vdev/virtio.h"

#define VBLK_REQUESTS 32u /* of a device, in all states */
#define VBLK_FRAMES DISK_SEGMENTS
#define VBLK_WINDOW (VBLK_FRAMES * PAGE_SIZE)
#define VBLK_STEPS 24u		/* states left in one pass */
#define VBLK_COPY (32u << 10)	/* bytes copied in one pass */

enum blk_type { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_GET_ID = 8, T_DISCARD = 11, T_ZEROES = 13 };
enum blk_status { S_OK = 0, S_IOERR = 1, S_UNSUPP = 2 };

struct blk_header { /* 5.2.6 */
	u32 type;
	u32 reserved;
	u64 sector;
};

enum phase { NEW, MOVE, FLYING, LANDED, DONE }; /* see blk.c */

struct vblk_request {
	struct list entry; /* unused or todo */
	struct virtio *dev;
	u32 generation; /* of the device, when popped */
	enum phase phase;
	u32 type; /* enum blk_type */
	u8 status;
	u32 frame_count;
	struct pfn frame[VBLK_FRAMES];
	u64 sector;  /* of the volume, where the data starts */
	u64 bytes;   /* of data */
	u64 moved;   /* bytes of it that are done */
	u32 window;  /* bytes that are on the way; 0: none yet */
	u32 copied;  /* of them, from or to the guest */
	u64 written; /* bytes that the guest got, for the used ring */
	struct disk_request disk;
	struct vchain chain;
};

/* The request is over with this status; nothing more is moved. */
void vblk_finish(struct vblk_request *r, enum blk_status status);
/* r->disk goes to the machine's disk: FLYING. */
void vblk_submit(struct vblk_request *r);
/* MOVE: the next window goes to the disk. */
must_check enum err vblk_move(struct vblk_request *r, struct wait *w);
/* LANDED: what the disk answered. */
must_check enum err vblk_land(struct vblk_request *r, struct wait *w);

#endif
