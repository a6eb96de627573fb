/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the clients of a machine's supervisor may say besides monitor/abi/control.h. Requests
 * of control.h that a client sends are passed on to the monitor under a number of the
 * supervisor's own and their answers come back under the client's. Three are different:
 * CTL_INPUT carries bytes only, perhaps none (answer: struct ctl_log, `count` = bytes taken,
 * `position` = bytes that the VM has not taken yet); CTL_WATCH says what this client wants to
 * hear; CTL_OFF is refused, SUP_DOWN ends a machine in order.
 */
#ifndef TOOL_LOCAL_H
#define TOOL_LOCAL_H

#include "abi/control.h"

enum local_type {
	/* requests */
	SUP_INFO = 1000, /* [- -> struct sup_info] */
	SUP_DOWN = 1001, /* [struct sup_down -> -]: end the machine; again: with less patience */
	SUP_DISOWN = 1002, /* [- -> -]: the machine goes on without this client */
	/* supervisor to client, unasked */
	SUP_EVENT_TEXT = 1100,  /* [text]: for the operator */
	SUP_EVENT_READY = 1101, /* [-]: the monitor has answered */
	SUP_EVENT_LOG = 1102,   /* vm [struct sup_log]: a log file grew */
	SUP_EVENT_END = 1103,   /* [struct sup_end]: the machine has ended; nothing follows */
};

/* Statuses of the supervisor, beside enum ctl_status. */
enum local_status {
	SUP_E_DOWN = 1000, /* the machine is going down */
	SUP_E_FULL = 1001, /* too many requests at a time */
};

/* `vm` of the log of the serial line. */
#define SUP_VM_SERIAL 0xfffffffeu

enum sup_phase {
	SUP_BOOTING,  /* the monitor has not answered yet */
	SUP_UP,       /* it has */
	SUP_STOPPING, /* VMs were asked to power off */
	SUP_KILLING,  /* those that did not are being ended */
	SUP_OFF,      /* the machine was told to power off */
	SUP_TERM,     /* the emulator got SIGTERM */
	SUP_GONE,     /* the emulator has ended */
};

struct sup_info {
	uint32_t phase; /* enum sup_phase */
	uint32_t pid;
	uint32_t emulator_pid;
	uint32_t vm_count;
	uint32_t losses; /* damaged bytes and messages from the monitor */
	uint32_t resent; /* requests that had to be repeated */
	uint64_t up_ms;
};

struct sup_down {
	uint32_t grace_ms; /* time for VMs to power off by themselves */
	uint32_t zero;
};

struct sup_log {
	uint64_t size; /* bytes in the file now */
};

struct sup_end {
	uint32_t expected; /* 1: it was asked to end, or powered itself off */
	uint32_t code;     /* exit status of the emulator */
};

#endif
