/* SPDX-License-Identifier: BSD-2-Clause */
/* The device tree of a guest: the machine of QEMU's `virt`, as this VM has it. */
#ifndef CONTROL_DTB_H
#define CONTROL_DTB_H

#include "lib/addr.h"
#include "lib/err.h"

/* What the tree tells. */
struct dtb_machine {
	u64 memory;
	u32 vcpus;
	u32 virtio_slots;
	const char *cmdline;
	struct ipa initrd;
	u64 initrd_size; /* 0: none */
	u8 seed[64];     /* random: for the kernel's generator, and (8 bytes) its KASLR */
	u64 kaslr_seed;
};

/* A tree being written, in steps: 64 vCPUs take more than one step may. */
struct dtb {
	void *buffer;
	size_t size;
	u32 next_cpu;
	u32 phase;
	int error; /* of libfdt; sticks */
};

void dtb_begin(struct dtb *d, void *buffer, size_t size);
/* The next part; true when the tree is complete or there was an error. */
must_check
bool dtb_step(struct dtb *d, const struct dtb_machine *m);
/* After the last step: bytes of the tree, 0 when it did not fit. */
size_t dtb_length(const struct dtb *d);

#endif
