/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration as the monitor reads it: the device tree of monitor/abi/config.h. */
#ifndef TOOL_BLOB_H
#define TOOL_BLOB_H

#include "archive.h"
#include "config.h"

#include <stdio.h>

/** Serial number of the machine's disk that a volume is on; at most CFG_SERIAL_MAX bytes. */
const char *volume_serial(const struct config *config, unsigned int volume,
			  char out[CFG_SERIAL_MAX + 1]);

/** Make the blob; `files` says which archive members the VMs' files are. Free it. */
void *blob_make(const struct config *config, const struct archive_plan *files, size_t *size);

/** Print a blob in the device tree's source form. */
void blob_print(const void *blob, FILE *out);

#endif
