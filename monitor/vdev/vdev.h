/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The devices of a VM: PL011, PL031 and virtio-mmio slots (block, console, entropy,
 * balloon), at the addresses of QEMU's `virt`.
 */
#ifndef VDEV_VDEV_H
#define VDEV_VDEV_H

#include "disk/volume.h"
#include "vcpu/vcpu.h"

#define VDEV_PL011_BASE 0x09000000ull
#define VDEV_PL031_BASE 0x09010000ull
#define VDEV_VIRTIO_BASE 0x0a000000ull
#define VDEV_VIRTIO_STRIDE 0x200ull
#define VDEV_VIRTIO_SLOTS 32u
#define VDEV_RAM_BASE 0x40000000ull
#define VDEV_PL011_INTID 33u
#define VDEV_PL031_INTID 34u
#define VDEV_VIRTIO_INTID 48u /* of slot 0 */

/* What a VM's devices are made from. */
struct vdev_config {
	u32 disk_count;
	struct {
		u32 volume; /* index of volumes[] */
		bool readonly;
		char serial[CFG_SERIAL_MAX + 1];
	} disks[CFG_DISKS_MAX];
};

/*
 * Makes a VM's devices (slots: 0 console, 1 entropy, 2 balloon, then disks, so that vda is
 * the first disk). ERR_MEMORY: nothing is left.
 */
must_check enum err vdev_create(struct vm *vm, const struct vdev_config *config);
/* As after power-on: queues forgotten; requests in flight complete into nothing. */
void vdev_reset(struct vm *vm);
/* True when no request of the VM is in flight any more. */
bool vdev_quiet(struct vm *vm);
/* Frees them; quiet before. */
void vdev_free(struct vm *vm);
/* Number of virtio slots in use: for the guest's device tree (every one is listed). */
u32 vdev_slots(const struct vm *vm);

/* An access outside memory: finds the device. VERDICT_INJECT is prepared by the caller
 * when this returns ERR_ABSENT (nobody is there). */
enum err vdev_access(struct vcpu *v, struct access *a, enum verdict *verdict);

/* --- consoles: each VM has one stream, fed by PL011 and virtio console alike --- */
#define CONSOLE_RING (64u << 10)
/* Copies console history from *position on, like log_read(). */
size_t console_read(struct vm *vm, u64 *position, char *to, size_t n);
u64 console_end(struct vm *vm);
/* Types bytes into the guest; returns how many were taken (the rest: later). */
size_t console_type(struct vm *vm, const char *p, size_t n);
/* Set when a console got output: trap/leave.c then calls control (bits by VM number). */
extern u64 console_dirty[(CFG_VMS_MAX + 63) / 64];

/* A finished disk request of some VM's block device: completes it into the guest. */
void vblk_complete(struct disk_request *r);
/* Things that had to wait (WAIT) are tried again; true when some still wait. */
bool vdev_retry(void);

#endif
