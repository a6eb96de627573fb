/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers of a machine, fetched once and shown in tables. */
#ifndef TOOL_REPORT_H
#define TOOL_REPORT_H

#include "link.h"

#include "abi/counters.h"

#include <stdio.h>

#define REPORT_NODES 64

/* A machine at one moment. */
struct report {
	struct ctl_hello hello;
	struct ctl_vm *vms;
	unsigned int vm_count;
	struct ctl_node nodes[REPORT_NODES];
	unsigned int node_count;
	uint64_t now_ns;
	uint64_t counters[COUNTER_COUNT];
	unsigned int counter_count; /* of them that the monitor told */
};

/** Fetch everything. */
void report_fetch(struct link *link, struct report *report);

/** Release it. */
/* Writes `name value` lines: the machine's counters, and the time it ran. */
void report_write_counters(const struct report *report, const char *file);
void report_free(struct report *report);

/** Fetch the counters of a VM, or of the machine for CTL_VM_NONE. */
void report_counters(struct link *link, uint32_t vm, struct report *report);

/** The table of `run --table`: each VM, then the machine. */
void report_results(const struct report *report, FILE *out);

/** The table of `ps`. */
void report_vms(const struct report *report, FILE *out);

/** The machine's memory by node. */
void report_nodes(const struct report *report, FILE *out);

/** Counters whose name begins with `prefix`, with their meaning; `skip_zero` hides zeros. */
void report_group(const struct report *report, const char *title, const char *const *prefixes,
		  FILE *out);

/** Exits by reason with each one's share. */
void report_exits(const struct report *report, FILE *out);

/** Words for how a VM ended or what it does: "running", "powered off", "fault: ...". */
const char *vm_words(const struct ctl_vm *vm, char *out, size_t room);

#endif
