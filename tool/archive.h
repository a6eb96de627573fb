/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The boot archive: a newc cpio (as Linux' initramfs) with the configuration blob
 * "disco.dtb" first and then each file that the VMs need, once, as "files/0", "files/1", ...
 */
#ifndef TOOL_ARCHIVE_H
#define TOOL_ARCHIVE_H

#include "config.h"

#include <stdio.h>

#define ARCHIVE_NAME_MAX 32

/* The distinct files of a configuration, in the order of their numbers. */
struct archive_plan {
	const struct cfg_file *files[2 * CFG_VMS_MAX];
	unsigned int count;
	uint64_t bytes; /* of all of them */
};

/** Number the files of all VMs. The plan points into the configuration. */
void archive_plan(const struct config *config, struct archive_plan *plan);

/** Name of the member that holds `file`. */
const char *archive_member(const struct archive_plan *plan, const struct cfg_file *file,
			   char out[ARCHIVE_NAME_MAX]);

/** Write the archive; false with a message if a file cannot be read or the disk is full. */
bool archive_write(const struct archive_plan *plan, const void *blob, size_t blob_size,
		   FILE *out);

#endif
