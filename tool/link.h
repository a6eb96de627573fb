/* SPDX-License-Identifier: BSD-2-Clause */
/* A command's connection to the supervisor of a running machine. */
#ifndef TOOL_LINK_H
#define TOOL_LINK_H

#include "frame.h"
#include "local.h"

#define LINK_CALL_MS 60000

struct link {
	char *name;   /* of the machine */
	char *folder; /* of the machine */
	int fd;       /* -1: the supervisor has gone */
	uint32_t seq;
	struct frame_reader in;
	struct outbox out;

	/* answer to the last call */
	bool answered;
	uint32_t status;
	size_t length;
	uint8_t payload[CTL_PAYLOAD_MAX];

	/* what came unasked; `event` is called for all but replies, `context` is the verb's */
	bool ready;
	bool ended;
	struct sup_end end;
	void (*event)(struct link *link, const struct frame *frame);
	void *context;
};

/** Connect to the machine `name`; NULL: the only one that runs. Leaves if there is none. */
struct link *link_open(const char *name);

/** Make a link of a connected socket. */
struct link *link_make(const char *name, const char *folder, int fd);

/** Close it. */
void link_close(struct link *link);

/**
 * Ask and wait for the answer; events are delivered meanwhile. Returns the answer's status
 * (enum ctl_status or local_status); the payload is in the link. Leaves with a message if
 * the machine ends or does not answer within `limit_ms`.
 */
uint32_t link_call(struct link *link, uint32_t type, uint32_t vm, const void *payload,
		   size_t length, int64_t limit_ms);

/** Like link_call() with the usual limit; leaves with a message unless the status is OK. */
void link_need(struct link *link, uint32_t type, uint32_t vm, const void *payload,
	       size_t length);

/** Wait for events, at most `timeout_ms`, or until `other` (or -1) can be read. */
void link_wait(struct link *link, int timeout_ms, int other);

/** True if reading `fd` does not block now. */
bool link_readable(int fd);

/** Words for a status, with what to do next. */
const char *status_text(uint32_t status);

/** All VMs; free the array. */
struct ctl_vm *link_vms(struct link *link, unsigned int *count);

/** Find a VM by name, leaving with CODE_MISSING if there is none; `out` may be NULL. */
uint32_t link_find_vm(struct link *link, const char *name, struct ctl_vm *out);

/** Like link_find_vm() for one VM again by its number. */
struct ctl_vm link_vm(struct link *link, uint32_t vm);

/** Ask to hear of states and log files. */
void link_watch(struct link *link, bool states, bool logs);

/** Words for enum ctl_vm_state and enum ctl_vm_end. */
const char *state_text(uint32_t state);
const char *end_text(uint32_t end);

#endif
