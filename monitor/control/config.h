/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration, read from the boot archive (layout: abi/config.h). The tool has
 * checked it; the monitor trusts nobody and checks all of it again, before anything
 * starts: one line to the log for each fault, `config: vms/a/vcpus: 65 is outside 1..64`.
 */
#ifndef CONTROL_CONFIG_H
#define CONTROL_CONFIG_H

#include "abi/config.h"
#include "lib/err.h"
#include "vdev/vdev.h"

struct volume_config {
	char name[CFG_NAME_MAX + 1];
	char serial[CFG_SERIAL_MAX + 1];
	u32 partition; /* 0: the whole disk */
};

/* A file of the boot archive, where it lies in memory. */
struct file {
	const u8 *data;
	size_t size; /* 0: none */
};

struct vm_config {
	char name[CFG_NAME_MAX + 1];
	u32 vcpus;
	u32 weight;
	u32 home; /* node, or NODE_ANY */
	u64 memory;
	bool manual;
	bool restart_on_reset;
	const char *cmdline; /* in config.blob, or "" */

	struct file kernel, initrd;
	u64 text_offset; /* from the kernel's header */
	u64 image_size;  /* memory that the kernel takes, file included */

	struct vdev_config devices; /* volume: index of config.volumes[] and of volumes[] */
};

struct config {
	char name[CFG_NAME_MAX + 1];
	u32 volume_count;
	u32 vm_count;
	void *blob; /* the aligned copy of the device tree; texts point into it */
	size_t blob_size;
	struct volume_config volumes[CFG_VOLUMES_MAX];
	struct vm_config vms[CFG_VMS_MAX];
};

/*
 * Reads the configuration of the archive into *to (all zero before). ERR_INPUT: it has
 * faults, each is in the log; ERR_ABSENT: no configuration in the archive; ERR_MEMORY.
 * The archive must stay where it is as long as VMs are built from it.
 */
must_check
enum err config_read(const void *archive, size_t size, struct config *to);

/*
 * Opens the volumes on the machine's disks and checks what only the disks know: that they
 * are there, can be written, do not overlap. Boot, before interrupts.
 */
must_check
enum err config_open_volumes(const struct config *c);

#endif
