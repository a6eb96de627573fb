/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control protocol between the tool and the monitor, over a byte stream (a port of
 * the machine's virtio console named CTL_PORT_NAME).
 *
 * Every message is a header of 32 bytes and `length` bytes of payload, little-endian,
 * naturally aligned. A receiver that sees a wrong magic, header checksum or length drops
 * one byte and looks again; one that sees a wrong payload checksum drops the message and
 * says CTL_EVENT_GARBLED. So a lost or garbage message costs that message only. A request
 * whose answer does not come is sent again by the tool with the same `seq`; the monitor
 * answers a repeated `seq` of a session anew (all requests may be repeated safely: they
 * name the wanted state, not a change; console input carries its position).
 *
 * The first request of a session is CTL_HELLO; it tells the versions. A monitor answers
 * a message of another version with CTL_REPLY and status CTL_E_VERSION.
 */
#ifndef ABI_CONTROL_H
#define ABI_CONTROL_H

#include <stdint.h>

#define CTL_PORT_NAME "disco.control"
#define CTL_MAGIC 0x4f435344u /* "DSCO" */
#define CTL_VERSION 1
#define CTL_PAYLOAD_MAX 4000 /* bytes: header and payload fit one page */
#define CTL_VM_NONE 0xffffffffu /* `vm` of messages that are not about one VM */
#define CTL_NAME_MAX 32      /* bytes with the terminating zero */

struct ctl_header {
	uint32_t magic;   /* CTL_MAGIC */
	uint16_t version; /* CTL_VERSION */
	uint16_t type;    /* enum ctl_type */
	uint32_t length;  /* bytes of payload, at most CTL_PAYLOAD_MAX */
	uint32_t seq;     /* chosen by the tool; a reply carries the request's; 0 for events */
	uint32_t vm;      /* VM number (index of its configuration record) or CTL_VM_NONE */
	uint32_t status;  /* replies: enum ctl_status; else 0 */
	uint32_t payload_crc; /* CRC-32 (IEEE 802.3, as zlib's crc32) of the payload */
	uint32_t header_crc;  /* CRC-32 of the 28 bytes before */
};
_Static_assert(sizeof(struct ctl_header) == 32, "header is 32 bytes");

enum ctl_type {
	/* requests, tool to monitor; in brackets: payload of request -> of reply */
	CTL_HELLO = 1,     /* [- -> struct ctl_hello] */
	CTL_VMS = 2,       /* [struct ctl_from -> array of struct ctl_vm, from that VM on] */
	CTL_START = 3,     /* vm [- -> -]: start a VM that is off */
	CTL_STOP = 4,      /* vm [- -> -]: ask it to power off (power key by its agent or
			    * GPIO is not there: the tool types into its console or waits) */
	CTL_KILL = 5,      /* vm [- -> -]: end it now */
	CTL_RESTART = 6,   /* vm [- -> -]: end it and start it anew */
	CTL_PAUSE = 7,     /* vm [- -> -] */
	CTL_RESUME = 8,    /* vm [- -> -] */
	CTL_STATS = 9,     /* vm or none [- -> struct ctl_stats] */
	CTL_CHECK = 10,    /* [- -> struct ctl_check]: the invariant check, VMs stopped */
	CTL_LOG = 11,      /* vm or none [struct ctl_log -> struct ctl_log, then bytes] */
	CTL_INPUT = 12,    /* vm [struct ctl_log, then bytes -> struct ctl_log]: type into console */
	CTL_NODES = 13,    /* [- -> array of struct ctl_node] */
	CTL_WATCH = 14,    /* [struct ctl_watch -> -]: which events are sent unasked */
	CTL_OFF = 15,      /* [- -> -]: end all VMs, then power the machine off */
	CTL_VCPUS = 16,    /* vm [- -> array of struct ctl_vcpu] */
	/* monitor to tool */
	CTL_REPLY = 100,
	CTL_EVENT_STATE = 101,   /* vm [struct ctl_vm]: a VM changed its state */
	CTL_EVENT_CONSOLE = 102, /* vm or none [struct ctl_log, then bytes]: console output */
	CTL_EVENT_GARBLED = 103, /* [-]: a message was dropped: repeat what has no answer */
};

enum ctl_status {
	CTL_OK = 0,
	CTL_E_VERSION = 1, /* other protocol version: ctl_hello tells ours */
	CTL_E_TYPE = 2,    /* unknown request */
	CTL_E_LENGTH = 3,  /* payload of a wrong size */
	CTL_E_VM = 4,      /* no such VM */
	CTL_E_STATE = 5,   /* not possible in the VM's state (start of a running one) */
	CTL_E_MEMORY = 6,  /* the machine has not enough free memory */
	CTL_E_BUSY = 7,    /* another long job of that kind is running: ask again */
	CTL_E_CHECK = 8,   /* the check found faults: see the reply and the log */
};

struct ctl_hello {
	uint32_t version;       /* CTL_VERSION of the monitor */
	uint32_t counter_count; /* number of entries of abi/counters.h it was built with */
	uint32_t vm_count;
	uint32_t node_count;
	uint32_t cpu_count;
	uint32_t zero;
	uint64_t now_ns;        /* monitor time since boot */
	char name[CTL_NAME_MAX]; /* machine name of the configuration */
};

struct ctl_from {
	uint32_t first;
	uint32_t zero;
};

enum ctl_vm_state {
	CTL_VM_OFF = 0,      /* never started, or ended and freed */
	CTL_VM_STARTING = 1, /* being built */
	CTL_VM_RUNNING = 2,
	CTL_VM_PAUSED = 3,
	CTL_VM_ENDING = 4, /* its memory is being freed */
};

/* Why a VM is off. The number is also what `disco run` makes its exit status from. */
enum ctl_vm_end {
	CTL_END_NONE = 0,     /* never ran, or runs */
	CTL_END_OFF = 1,      /* the guest powered itself off (PSCI SYSTEM_OFF) */
	CTL_END_KILLED = 2,   /* the operator ended it */
	CTL_END_FAULT = 3,    /* the guest did what no guest may: `reason` says */
	CTL_END_RESET = 4,    /* the guest reset itself and on-reboot = "stop" */
	CTL_END_SHORTAGE = 5, /* it could not be built or run: memory, disk */
};

struct ctl_vm {
	uint32_t vm;
	uint32_t state;  /* enum ctl_vm_state */
	uint32_t end;    /* enum ctl_vm_end */
	uint32_t vcpus;
	uint64_t memory;       /* bytes it sees */
	uint64_t owned;        /* bytes of frames that only it refers to, tables included */
	uint64_t started_ns;   /* monitor time of the last start */
	uint64_t ended_ns;     /* monitor time of the last end */
	uint64_t cpu_ns;       /* time its vCPUs ran, monitor included */
	uint64_t monitor_ns;   /* part of cpu_ns spent in the monitor on its behalf */
	uint64_t steal_ns;     /* time its vCPUs were ready but did not run */
	uint64_t exits;        /* traps out of the guest */
	uint32_t resets;       /* times the guest rebooted */
	uint32_t weight;
	char name[CTL_NAME_MAX];
	char reason[96]; /* words for `end`, zero-terminated */
};

struct ctl_vcpu {
	uint32_t vcpu;
	uint32_t state; /* enum vcpu_state of the monitor, as a number: see docs */
	uint32_t cpu;   /* the CPU it runs or last ran on */
	uint32_t node;
	uint64_t cpu_ns;
	uint64_t steal_ns;
	uint64_t exits;
	uint64_t pc; /* sampled at its last exit */
};

struct ctl_node {
	uint32_t node;
	uint32_t cpus;
	uint64_t total;   /* bytes */
	uint64_t free;    /* bytes, zeroed ones included */
	uint64_t zeroed;  /* bytes ready in the zeroed pool */
	uint64_t monitor; /* bytes in state MONITOR */
	uint64_t guest;   /* bytes in states PRIVATE and SHARED */
};

/* Followed by `count` uint64_t in the order of abi/counters.h. */
struct ctl_stats {
	uint64_t now_ns;
	uint32_t count;
	uint32_t zero;
};

struct ctl_check {
	uint64_t frames;  /* frames looked at */
	uint64_t entries; /* table entries looked at */
	uint32_t faults;  /* broken invariants; each has a line in the monitor's log */
	uint32_t slices;  /* steps the check took */
};

/*
 * A piece of a console's history. Positions count all bytes ever written.
 *
 * CTL_INPUT uses it the other way round: `position` is the number of input bytes of that VM
 * that came before these ones, since the monitor booted. The monitor skips bytes it already
 * took (a repeated request), takes as many of the rest as it has room for, and answers with
 * `position` = input bytes taken ever (where the next request goes on) and `count` = bytes
 * taken now. A request from beyond that position takes nothing and learns it.
 */
struct ctl_log {
	uint64_t position; /* of the first byte; in a request: wanted, older bytes may be gone */
	uint32_t count;    /* bytes that follow; in a request: at most that many */
	uint32_t zero;
};

struct ctl_watch {
	uint32_t states;   /* 1: send CTL_EVENT_STATE */
	uint32_t consoles; /* 1: send CTL_EVENT_CONSOLE of all VMs and of the monitor */
};

#endif
