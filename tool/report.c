/* SPDX-License-Identifier: BSD-2-Clause */
#include "report.h"

#include "table.h"
#include "units.h"

#include <stdlib.h>
#include <string.h>

void report_counters(struct link *link, uint32_t vm, struct report *report)
{
	struct ctl_stats stats;
	size_t count;

	link_need(link, CTL_STATS, vm, NULL, 0);
	if (link->length < sizeof(stats))
		die(CODE_FAIL, "the monitor's statistics are too short");
	memcpy(&stats, link->payload, sizeof(stats));
	report->now_ns = stats.now_ns;
	count = (link->length - sizeof(stats)) / sizeof(uint64_t);
	if (stats.count < count)
		count = stats.count;
	if (count > COUNTER_COUNT)
		count = COUNTER_COUNT;
	memset(report->counters, 0, sizeof(report->counters));
	memcpy(report->counters, link->payload + sizeof(stats), count * sizeof(uint64_t));
	report->counter_count = (unsigned int)count;
}

static void fetch_hello(struct link *link, struct report *report)
{
	link_need(link, CTL_HELLO, CTL_VM_NONE, NULL, 0);
	if (link->length >= sizeof(report->hello))
		memcpy(&report->hello, link->payload, sizeof(report->hello));
	report->hello.name[CTL_NAME_MAX - 1] = 0;
	if (report->hello.counter_count != COUNTER_COUNT)
		say("this disco knows %d counters, the monitor has %u: build both from one source",
		    COUNTER_COUNT, report->hello.counter_count);
}

void report_fetch(struct link *link, struct report *report)
{
	memset(report, 0, sizeof(*report));
	fetch_hello(link, report);
	report_counters(link, CTL_VM_NONE, report);
	link_need(link, CTL_NODES, CTL_VM_NONE, NULL, 0);
	report->node_count = (unsigned int)(link->length / sizeof(struct ctl_node));
	if (report->node_count > REPORT_NODES)
		report->node_count = REPORT_NODES;
	memcpy(report->nodes, link->payload, report->node_count * sizeof(struct ctl_node));
	report->vms = link_vms(link, &report->vm_count);
}

void report_free(struct report *report)
{
	free(report->vms);
	report->vms = NULL;
}

const char *vm_words(const struct ctl_vm *vm, char *out, size_t room)
{
	const char *end = end_text(vm->end);

	if (vm->state != CTL_VM_OFF || !end[0])
		snprintf(out, room, "%s", state_text(vm->state));
	else if (vm->end == CTL_END_OFF || !vm->reason[0])
		snprintf(out, room, "%s", end);
	else
		snprintf(out, room, "%s: %s", end, vm->reason);
	return out;
}

/* Nanoseconds that a VM has been there, up to now or to its end. */
static uint64_t vm_time(const struct report *report, const struct ctl_vm *vm)
{
	uint64_t end = vm->state == CTL_VM_OFF ? vm->ended_ns : report->now_ns;

	return vm->started_ns && end > vm->started_ns ? end - vm->started_ns : 0;
}

static void time_cells(struct table *table, const struct ctl_vm *vm)
{
	char text[UNITS_ROOM];

	table_cell(table, "%s", short_time(text, vm->cpu_ns));
	table_cell(table, "%s", percent(text, vm->monitor_ns, vm->cpu_ns));
	table_cell(table, "%s", short_time(text, vm->steal_ns));
}

static void memory_cells(struct table *table, const struct ctl_vm *vm)
{
	char sees[UNITS_ROOM], owns[UNITS_ROOM];

	table_cell(table, "%s / %s", exact_size(sees, vm->memory), short_size(owns, vm->owned));
}

/* The sum of all VMs, as if it were one. */
static struct ctl_vm sum_vms(const struct report *report)
{
	struct ctl_vm sum = {0};

	for (unsigned int i = 0; i < report->vm_count; i++) {
		const struct ctl_vm *vm = &report->vms[i];

		sum.vcpus += vm->vcpus;
		sum.memory += vm->memory;
		sum.owned += vm->owned;
		sum.cpu_ns += vm->cpu_ns;
		sum.monitor_ns += vm->monitor_ns;
		sum.steal_ns += vm->steal_ns;
		sum.exits += vm->exits;
	}
	return sum;
}

static void result_row(struct table *table, const struct ctl_vm *vm, const char *name,
		       const char *result, uint64_t time)
{
	char text[UNITS_ROOM];

	table_cell(table, "%s", name);
	table_cell(table, "%s", result);
	table_cell(table, "%s", short_time(text, time));
	time_cells(table, vm);
	memory_cells(table, vm);
	table_cell(table, "%s", short_count(text, vm->exits));
}

void report_results(const struct report *report, FILE *out)
{
	static const char *const head[] = {"VM", "RESULT", ">TIME", ">CPU", ">MONITOR", ">STEAL",
					   ">SEES / OWNS", ">EXITS", NULL};
	struct ctl_vm sum = sum_vms(report);
	char words[160];
	struct table table;

	table_begin(&table, head);
	for (unsigned int i = 0; i < report->vm_count; i++) {
		const struct ctl_vm *vm = &report->vms[i];

		result_row(&table, vm, vm->name, vm_words(vm, words, sizeof(words)),
			   vm_time(report, vm));
	}
	snprintf(words, sizeof(words), "%u nodes, %u CPUs", report->hello.node_count,
		 report->hello.cpu_count);
	result_row(&table, &sum, "(machine)", words, report->now_ns);
	table_print(&table, out);
}

void report_vms(const struct report *report, FILE *out)
{
	static const char *const head[] = {"VM",       "STATE",  ">VCPUS", ">SEES / OWNS", ">CPU",
					   ">MONITOR", ">STEAL", ">EXITS", "REASON",       NULL};
	char text[UNITS_ROOM];
	struct table table;

	table_begin(&table, head);
	for (unsigned int i = 0; i < report->vm_count; i++) {
		const struct ctl_vm *vm = &report->vms[i];
		const char *end = vm->state == CTL_VM_OFF ? end_text(vm->end) : "";

		table_cell(&table, "%s", vm->name);
		table_cell(&table, "%s", state_text(vm->state));
		table_cell(&table, "%u", vm->vcpus);
		memory_cells(&table, vm);
		time_cells(&table, vm);
		table_cell(&table, "%s", short_count(text, vm->exits));
		table_cell(&table, "%s%s%s", end, end[0] && vm->reason[0] ? ": " : "", vm->reason);
	}
	table_print(&table, out);
}

void report_nodes(const struct report *report, FILE *out)
{
	static const char *const head[] = {"NODE",    ">CPUS",  ">MEMORY", ">GUESTS",
					   ">MONITOR", ">FREE", ">ZEROED", NULL};
	struct table table;

	table_begin(&table, head);
	for (unsigned int i = 0; i < report->node_count; i++) {
		const struct ctl_node *node = &report->nodes[i];
		char text[UNITS_ROOM];

		table_cell(&table, "%u", node->node);
		table_cell(&table, "%u", node->cpus);
		table_cell(&table, "%s", short_size(text, node->total));
		table_cell(&table, "%s", short_size(text, node->guest));
		table_cell(&table, "%s", short_size(text, node->monitor));
		table_cell(&table, "%s", short_size(text, node->free));
		table_cell(&table, "%s", short_size(text, node->zeroed));
	}
	table_print(&table, out);
}
