/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's disks: asynchronous requests on monitor frames. Submitted requests
 * complete on a list that trap/leave.c drains when WORK_DISK is set (on the CPU that takes
 * the disk's interrupt). A disk that never answers keeps its requests; nobody waits.
 */
#ifndef HW_DISK_H
#define HW_DISK_H

#include "hw/virtio.h"
#include "lib/addr.h"
#include "lib/err.h"
#include "lib/list.h"

#define DISK_SECTOR 512u
#define DISK_SEGMENTS 16u

enum disk_op { DISK_READ, DISK_WRITE, DISK_FLUSH, DISK_DISCARD, DISK_ZERO };

struct disk_segment {
	struct pa pa;
	u32 bytes; /* multiple of 512 */
};

struct disk_request {
	struct list entry; /* the disk's waiting or done list */
	enum disk_op op;
	u64 sector;  /* of the disk, 512 bytes */
	u64 sectors; /* DISCARD, ZERO: length */
	u32 segment_count;
	struct disk_segment segments[DISK_SEGMENTS];
	enum err result; /* OK or ERR_IO */
	/* hw/disk.c: header and status as the device sees them */
	struct {
		u32 type, zero;
		u64 sector;
		u64 range_sector;
		u32 range_count, range_flags;
		u8 status;
	} wire __attribute__((aligned(16)));
};

struct disk_info {
	char serial[21];
	u64 sectors;
	bool readonly, flush, discard, zeroes;
	u32 max_discard, max_zeroes; /* sectors of one request; 0 without the feature */
};

u32 disk_count(void);
const struct disk_info *disk_info(u32 disk);
/*
 * Queues a request (its memory is the caller's, in the direct map, until it is done).
 * Requests beyond the queue's length wait in order. Never fails: errors come as results.
 */
void disk_submit(u32 disk, struct disk_request *r);
/* The next finished request of any disk, or NULL. */
struct disk_request *disk_done(void);
/*
 * Boot only, before interrupts and disk_submit(): reads synchronously (partition tables), at
 * most a page, into memory of the direct map.
 */
must_check enum err disk_read_now(u32 disk, u64 sector, void *page, u32 bytes);

/* hw/virtio.c found a disk at `base`: negotiates and reads its identity. */
void disk_start(u64 base, virtio_alloc *alloc);

#endif
