/* SPDX-License-Identifier: BSD-2-Clause */
/* Building a VM from its configuration, in steps (JOB_BUILD). */
#ifndef CONTROL_BUILD_H
#define CONTROL_BUILD_H

#include "control/dtb.h"
#include "control/layout.h"
#include "vcpu/job.h"

struct vm_config;

struct builder {
	u32 phase;   /* build.c */
	size_t done; /* bytes of the present file, or vCPUs */
	struct layout layout;
	struct dtb dtb;
	struct dtb_machine *machine; /* what the tree tells; with the buffer one allocation */
};

/* The node where a new VM is to live, or NODE_ANY. Under control_lock. */
u32 build_choose_home(const struct vm_config *c);
void build_begin(struct builder *b);
/* One step of at most about 20,000 instructions: true when the VM runs, or has failed. */
bool build_step(struct job *j);

#endif
