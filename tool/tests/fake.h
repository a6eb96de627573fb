/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of the fake monitor: its state, and what its files do for each other. */
#ifndef TOOL_TESTS_FAKE_H
#define TOOL_TESTS_FAKE_H

#include "frame.h"

#include "abi/config.h"

#define FAKE_LINE 256

struct fake_vm {
	struct ctl_vm about;
	char words[256]; /* its command line */
	bool manual, stop_on_reset;
	int64_t off_at, fault_at, reset_at;
	uint8_t *log;
	uint64_t log_size, log_told;
	uint64_t input_taken;
	char line[FAKE_LINE]; /* what is being typed */
	size_t line_length;
};

extern struct fake_vm vms[CFG_VMS_MAX + 1]; /* behind the last VM: the monitor's log */
extern unsigned int vm_count;
extern char machine_name[CTL_NAME_MAX];
extern struct ctl_watch watch;
extern bool off; /* the machine was told to power off */

/** Send a message to the tool, perhaps damaged on its way. */
void put_message(struct ctl_header head, const void *payload, size_t length);

/** Answer a request. */
void take_request(const struct frame *frame);

/** Write to a VM's console. */
void print_text(struct fake_vm *vm, const char *text);

void start_vm(struct fake_vm *vm);
void end_vm(struct fake_vm *vm, enum ctl_vm_end end, const char *reason);

#endif
