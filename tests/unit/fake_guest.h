/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What devices stand on, for tests of vdev/ and disk/ without mem/ and vcpu/: guest memory as
 * a flat array whose accesses can be made to wait, interrupt lines, frames, and a disk in
 * memory that completes requests when it is told to. No cmocka in here: fuzz targets use it.
 */
#ifndef FAKE_GUEST_H
#define FAKE_GUEST_H

#include "hw/disk.h"
#include "vdev/vdev.h"

#define RAM_BASE VDEV_RAM_BASE
#ifndef RAM_BYTES /* fuzz targets make them smaller */
#define RAM_BYTES (4ull << 20)
#define DISK_BYTES (4ull << 20)
#endif
#define DISK_SECTORS (DISK_BYTES / DISK_SECTOR)

extern u8 *fake_ram;  /* RAM_BYTES, guest memory from RAM_BASE on */
extern u8 *fake_disk; /* DISK_BYTES, disk 0 */
extern struct disk_info fake_disk_info;

extern u64 fake_accesses;    /* guest memory accesses so far */
extern u64 fake_wait_access; /* number of the access that answers ERR_WAIT; ~0: none */
extern u32 fake_wait_random; /* if not 0: one in so many accesses waits */
extern u64 fake_waited;      /* accesses that waited */
extern u32 fake_no_frames;   /* node_alloc() fails so many times */
extern s64 fake_frames;      /* frames allocated and not freed */
extern s64 fake_pieces;      /* the same of monitor_alloc() */
extern s64 fake_pieces_left; /* monitor_alloc() fails when 0; negative: never */
extern bool fake_line[128];  /* levels of SPIs */
extern u32 fake_rises[128];  /* how often they went up */
extern u64 fake_given_back;  /* frames */
extern u32 fake_disk_errors; /* so many of the next requests fail */
extern u32 fake_disk_ops[5]; /* requests by kind */

/* This thread is CPU `id`. */
void fake_cpu_is(u32 id);
/* A VM with `disks` disks on volume 0 (the whole of disk 0); its memory and the disk zero. */
struct vm *fake_vm_make(u32 disks, bool readonly);
/* Its devices are freed; all frames and pieces must be back. */
void fake_vm_end(struct vm *vm);
struct vcpu *fake_vcpu(struct vm *vm);

/* Requests that the disk has. */
u32 fake_disk_pending(void);
/* The disk finishes its oldest request, or its newest: false when it has none. */
bool fake_disk_step(bool newest);
/* Steps and retries until nothing is left to do. */
void fake_settle(void);

/* Guest memory by its address. */
static inline void *ram(u64 ipa)
{
	return fake_ram + (ipa - RAM_BASE);
}

/* One access to a device register; repeated as the vCPU would be when it waits. */
u64 mmio_read(struct vm *vm, u64 at, u32 size);
void mmio_write(struct vm *vm, u64 at, u32 size, u64 value);

/* A virtio slot as a driver sees it. */
#define SLOT(n) (VDEV_VIRTIO_BASE + (n)*VDEV_VIRTIO_STRIDE)
/* Brings a device up with these features (VERSION_1 is added); true: FEATURES_OK stuck. */
bool driver_start(struct vm *vm, u32 slot, u64 features);

/* A queue as a driver keeps it. */
struct driver_queue {
	struct vm *vm;
	u32 slot, index, size;
	u64 desc, avail, used; /* guest addresses */
	u16 next_desc, next_avail, next_used;
};
/* Lays a queue out at guest address `at` (2 pages) and enables it. */
void driver_queue(struct driver_queue *q, struct vm *vm, u32 slot, u32 index, u32 size, u64 at);
#define D_NEXT 1u
#define D_WRITE 2u
#define D_INDIRECT 4u
/* Writes descriptor i of the table at `table`. */
void put_desc(u64 table, u32 i, u64 addr, u32 len, u16 flags, u16 next);
/* Makes a chain of buffers, the last `ins` of them writable, and adds it; returns its head. */
struct buffer_desc {
	u64 addr;
	u32 len;
};
u16 driver_add(struct driver_queue *q, const struct buffer_desc *b, u32 n, u32 ins);
/* Puts a head into the available ring and moves its index. */
void driver_offer(struct driver_queue *q, u16 head);
void driver_kick(struct driver_queue *q);
/* The next used element: false when there is none. */
bool driver_take(struct driver_queue *q, u32 *id, u32 *len);

#endif
