/* SPDX-License-Identifier: BSD-2-Clause */
/* The readers of the parts of a configuration file, used by config.c only. */
#ifndef TOOL_CONFIG_PARTS_H
#define TOOL_CONFIG_PARTS_H

#include "config.h"
#include "yamldoc.h"

/** Read `machine:` into a struct config. */
void read_machine(const struct field *field, void *config);

/** Read `volumes:` into a struct config. */
void read_volumes(const struct field *field, void *config);

/** Read `vms:` into a struct config. */
void read_vms(const struct field *field, void *config);

/** Find the file that a field names and note what it is; a fault if there is none. */
bool read_file_field(const struct field *field, const struct config *config,
		     struct cfg_file *out);

/** A fault if the file cannot be a kernel of a VM, with what to do about it. */
void check_kernel(const struct field *field, const struct cfg_file *file);

/** A fault if the file cannot be a disk. */
void check_disk_file(const struct field *field, const struct cfg_file *file);

/** Check what spans parts: sharing of volumes, sizes that must fit each other. */
void check_config(struct config *config);

#endif
