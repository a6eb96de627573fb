/* SPDX-License-Identifier: BSD-2-Clause */
/* Between config.c and config_vm.c. */
#ifndef CONTROL_CONFIG_VM_H
#define CONTROL_CONFIG_VM_H

#include "control/config.h"
#include "control/reader.h"

/* The reading of one configuration. */
struct config_input {
	struct reader r;
	const void *archive;
	size_t archive_size;
	struct config *to;
};

/* Reads the node of a VM into *vm, which holds the defaults. */
void config_read_vm(struct config_input *in, int node, struct vm_config *vm);
/* Index of a volume of the configuration, or -1. */
int config_find_volume(const struct config *c, const char *name);
/* The node has no children; the node has no properties of its own. */
void config_refuse_children(struct reader *r, int node);
void config_refuse_properties(struct reader *r, int node);

#endif
