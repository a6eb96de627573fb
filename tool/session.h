/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine in the foreground: its consoles are shown as one stream until it ends, until all
 * VMs have ended, or until somebody presses Ctrl-C (once: in order; twice: at once).
 */
#ifndef TOOL_SESSION_H
#define TOOL_SESSION_H

#include "config.h"
#include "link.h"
#include "stream.h"

struct session {
	const struct config *config;
	struct link *link;
	struct stream stream;
	struct ctl_vm *vms;   /* as last heard; config->vm_count of them */
	uint64_t most_owned[CFG_VMS_MAX]; /* of those that we saw */
	bool told_all_ended;
	int64_t limit;        /* when to end it; 0: never */
	uint32_t grace_ms;
	bool until_ended;     /* leave when all VMs have ended */
	bool show_states;
	unsigned int interrupts;
	bool timed_out;
};

/** Start a machine in the foreground; the session's settings are made by the caller. */
void session_open(struct session *session, const struct config *config, const char *copies,
		  bool quiet);

/** Show the stream until one of the reasons to leave. The machine may still run then. */
void session_run(struct session *session);

/** End the machine and wait for it; what it still says is shown. */
void session_close(struct session *session, uint32_t grace_ms);

#endif
