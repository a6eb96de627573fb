/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a guest's kernel, initrd and device tree lie in its memory. Pure. */
#ifndef CONTROL_LAYOUT_H
#define CONTROL_LAYOUT_H

#include "control/config.h"
#include "lib/addr.h"

#define DTB_MAX (32u << 10) /* 64 vCPUs, 11 virtio slots and the longest command line: 20 KiB */

/*
 * The steal-time structures (DEN0057: 64 bytes a vCPU), outside the RAM that the device
 * tree tells of, so that no kernel takes them for its own; where QEMU's `virt` has them.
 */
#define PVTIME_BASE 0x090a0000ull
#define PVTIME_STRIDE 64u

struct layout {
	struct ipa kernel, initrd, dtb;
};

/* Places all of them; false when the VM's memory is too small. */
must_check
bool layout_place(const struct vm_config *vm, struct layout *to);

/*
 * Reads what the header of an arm64 Image tells (Linux, Documentation/arch/arm64/
 * booting.rst). NULL, or why the file can't be booted.
 */
const char *layout_read_kernel(const struct file *kernel, u64 *text_offset, u64 *image_size);

#endif
