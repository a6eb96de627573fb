/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The devices of a VM: PL011, PL031 and virtio-mmio slots (block, console, entropy,
 * balloon), at the addresses of QEMU's `virt`.
 */
#ifndef VDEV_VDEV_H
#define VDEV_VDEV_H

#include "disk/volume.h"
#include "vcpu/access.h"
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

/*
 * An access outside memory: finds the device, sets a->offset and, for reads, a->value
 * (zero-extended from a->size). OK: *verdict is SKIP, or WAIT with v->wait set. ERR_ABSENT:
 * nobody is there; the caller prepares the abort.
 */
must_check enum err vdev_access(struct vcpu *v, struct access *a, enum verdict *verdict);

/*
 * What a VM's devices counted (they count on completions too, where no vCPU can be blamed);
 * the CPUs' counters have it as well, so sums over the machine need only those.
 */
u64 vdev_count(const struct vm *vm, enum counter c);

/* Seconds since 1970 by the machine's clock: boot sets it; until then time since power-on. */
extern u64 (*wall_clock_seconds)(void);

/* The number of 4 KiB pages that the guest is asked to give up, and how many it has. */
void vballoon_target(struct vm *vm, u32 pages);
u32 vballoon_actual(struct vm *vm);

/* --- consoles: each VM has one stream, fed by PL011 and virtio console alike --- */
#define CONSOLE_RING (64u << 10)
/* Copies console history from *position on, like log_read(). */
size_t console_read(struct vm *vm, u64 *position, char *to, size_t n);
u64 console_end(struct vm *vm);
/*
 * Types bytes into the guest; returns how many were taken (the rest: later). console.c tells
 * which of the two devices gets them.
 */
size_t console_type(struct vm *vm, const char *p, size_t n);
/* Set when a console got output: trap/leave.c then calls control (bits by VM number). */
extern u64 console_dirty[(CFG_VMS_MAX + 63) / 64];

/* A finished disk request of some VM's block device: completes it into the guest. */
void vblk_complete(struct disk_request *done);
/*
 * Device work that had to wait, or that was too long for one go, gets its next pass: one
 * device, at most about 20,000 instructions. True when some is left: call again soon (at the
 * next exit, before sleeping when idle), but not in a loop: some may wait for a free frame.
 * Costs one load when there is nothing.
 */
bool vdev_retry(void);

#endif
