/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's virtio-mmio devices as a driver sees them (virtio 1.2, 4.2 and 2.7):
 * transport and split queue. Used by hw/disk.c and hw/channel.c. The machine is trusted to
 * be there, not to be right: lengths and indices it gives are checked.
 */
#ifndef HW_VIRTIO_H
#define HW_VIRTIO_H

#include "lib/addr.h"
#include "lib/err.h"
#include "lib/types.h"

#define VIRTIO_MMIO_SLOTS 32u

/* Boot: notes a transport at `base` with SPI `intid`; device id 0 slots are ignored. */
void virtio_found(u64 base, u32 intid);
/*
 * After all are found: starts disks (hw/disk.c) and the control channel (hw/channel.c).
 * `alloc` gives them memory in the direct map, zeroed, as monitor_alloc() of mem/ does.
 */
typedef void *virtio_alloc(u32 node, size_t bytes);
void virtio_start(virtio_alloc *alloc);
/* An SPI of a virtio device fired; false when it is none of them. Sets cpu.work bits. */
bool virtio_interrupt(u32 intid);
/* The SPI of device i that was started, 0 behind the last: for boot to route and enable. */
u32 virtio_intid(u32 i);

#endif
