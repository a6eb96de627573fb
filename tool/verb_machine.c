/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands about a whole machine: down, ps, stats, check. */
#include "report.h"
#include "rundir.h"
#include "table.h"
#include "units.h"
#include "verbs.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_GRACE_MS 10000
#define DOWN_MS 60000
#define CHECK_MS 600000
#define BUSY_MS 500

int verb_down(const struct verb *verb, int argc, char **argv)
{
	int64_t grace = DEFAULT_GRACE_MS, end;
	bool force = false;
	const struct opt opts[] = {
		{0, "force", OPT_FLAG, &force},
		{'t', "timeout", OPT_SECONDS, &grace},
		{0, NULL, OPT_FLAG, NULL},
	};
	struct sup_down down = {0};
	struct link *link;

	if (opts_parse(verb, argc, argv, opts, 0, 1))
		opt_machine = argv[0];
	link = link_open(opt_machine);
	down.grace_ms = force ? 0 : (uint32_t)grace;
	link_need(link, SUP_DOWN, CTL_VM_NONE, &down, sizeof(down));
	end = now_ms() + down.grace_ms + DOWN_MS;
	while (link->fd >= 0 && !link->ended) {
		if (now_ms() >= end)
			die(CODE_FAIL, "'%s' does not end (its supervisor is in %s)", link->name,
			    link->folder);
		link_wait(link, 500, -1);
	}
	printf("%s is down\n", link->name);
	link_close(link);
	return CODE_OK;
}

static void print_machine(const char *name, bool heading)
{
	struct link *link = link_open(name);
	struct report report;
	struct sup_info info;

	link_need(link, SUP_INFO, CTL_VM_NONE, NULL, 0);
	memcpy(&info, link->payload, sizeof(info));
	if (info.phase != SUP_UP) {
		printf("%s: %s\n", name,
		       info.phase == SUP_BOOTING ? "boots (see: disco logs --serial)"
						 : "is going down");
		link_close(link);
		return;
	}
	report_fetch(link, &report);
	if (heading) {
		char text[UNITS_ROOM];

		printf("%s: %u nodes, %u CPUs, up %s\n", name, report.hello.node_count,
		       report.hello.cpu_count, short_time(text, info.up_ms * 1000000u));
	}
	report_vms(&report, stdout);
	report_free(&report);
	link_close(link);
}

int verb_ps(const struct verb *verb, int argc, char **argv)
{
	bool quiet = false;
	const struct opt opts[] = {
		{'q', "quiet", OPT_FLAG, &quiet},
		{0, NULL, OPT_FLAG, NULL},
	};
	char **names;

	opts_parse(verb, argc, argv, opts, 0, 0);
	if (opt_machine) {
		print_machine(opt_machine, !quiet);
		return CODE_OK;
	}
	names = run_list();
	if (!names[0])
		say("no machine runs (start one: disco up -d -f FILE)");
	for (size_t i = 0; names[i]; i++) {
		if (quiet)
			printf("%s\n", names[i]);
		else
			print_machine(names[i], true);
	}
	run_list_free(names);
	return CODE_OK;
}

static void print_counters(const struct report *report)
{
	static const char *const sched[] = {"switches", "wakes", "steals", "ipis", "slices", "irq_",
					    "timer_", NULL};
	static const char *const memory[] = {"fault_", "pool_", "far_", "frames_", "published",
					     "flush_", "tables", "waits", NULL};
	static const char *const io[] = {"blk_", "console_", "rng_", "virtio_", "guest_", NULL};
	static const char *const monitor[] = {"jobs", "job_", "control_", "spurious", NULL};

	report_exits(report, stdout);
	report_group(report, "SCHEDULING", sched, stdout);
	report_group(report, "MEMORY", memory, stdout);
	report_group(report, "DEVICES", io, stdout);
	report_group(report, "MONITOR", monitor, stdout);
}

static void print_vcpus(struct link *link, uint32_t vm)
{
	static const char *const head[] = {"VCPU",   "STATE",  ">CPU", ">NODE",
					   ">TIME", ">STEAL", ">EXITS", ">PC", NULL};
	struct table table;
	size_t count;

	link_need(link, CTL_VCPUS, vm, NULL, 0);
	count = link->length / sizeof(struct ctl_vcpu);
	table_begin(&table, head);
	for (size_t i = 0; i < count; i++) {
		struct ctl_vcpu vcpu;
		char text[UNITS_ROOM];

		memcpy(&vcpu, link->payload + i * sizeof(vcpu), sizeof(vcpu));
		table_cell(&table, "%u", vcpu.vcpu);
		table_cell(&table, "%u", vcpu.state);
		table_cell(&table, "%u", vcpu.cpu);
		table_cell(&table, "%u", vcpu.node);
		table_cell(&table, "%s", short_time(text, vcpu.cpu_ns));
		table_cell(&table, "%s", short_time(text, vcpu.steal_ns));
		table_cell(&table, "%s", short_count(text, vcpu.exits));
		table_cell(&table, "0x%llx", (unsigned long long)vcpu.pc);
	}
	table_print(&table, stdout);
	printf("\n");
}

int verb_stats(const struct verb *verb, int argc, char **argv)
{
	int words = opts_parse(verb, argc, argv, NULL, 0, 1);
	struct link *link = link_open(opt_machine);
	struct report report;
	struct ctl_vm vm;

	report_fetch(link, &report);
	if (words) {
		uint32_t number = link_find_vm(link, argv[0], &vm);

		report.vms[0] = vm;
		report.vm_count = 1;
		report_counters(link, number, &report);
		report_vms(&report, stdout);
		printf("\n");
		print_vcpus(link, number);
	} else {
		report_vms(&report, stdout);
		printf("\n");
		report_nodes(&report, stdout);
		printf("\n");
	}
	print_counters(&report);
	report_free(&report);
	link_close(link);
	return CODE_OK;
}

int verb_check(const struct verb *verb, int argc, char **argv)
{
	struct ctl_check check = {0};
	struct link *link;
	uint32_t status;

	opts_parse(verb, argc, argv, NULL, 0, 0);
	link = link_open(opt_machine);
	while ((status = link_call(link, CTL_CHECK, CTL_VM_NONE, NULL, 0, CHECK_MS)) == CTL_E_BUSY)
		link_wait(link, BUSY_MS, -1);
	if (status != CTL_OK && status != CTL_E_CHECK)
		die(CODE_FAIL, "%s", status_text(status));
	if (link->length >= sizeof(check))
		memcpy(&check, link->payload, sizeof(check));
	printf("%llu frames and %llu table entries looked at in %u slices: %u faults\n",
	       (unsigned long long)check.frames, (unsigned long long)check.entries, check.slices,
	       check.faults);
	if (check.faults)
		say("each fault has a line in the monitor's log: disco logs");
	link_close(link);
	return check.faults || status != CTL_OK ? CODE_FAIL : CODE_OK;
}
