/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands about VMs: start, stop, restart, pause, resume. */
#include "link.h"
#include "report.h"
#include "verbs.h"

#include "abi/config.h"

#include <stdlib.h>

#define DEFAULT_GRACE_MS 10000
#define STATE_MS 30000
#define LOOK_MS 100

/* Wait until the VM's state is `wanted`, or has been left if !`reached`; false if late. */
static bool wait_state(struct link *link, uint32_t vm, enum ctl_vm_state wanted, bool reached,
		       int64_t limit_ms, struct ctl_vm *out)
{
	int64_t end = now_ms() + limit_ms;

	for (;;) {
		*out = link_vm(link, vm);
		if ((out->state == wanted) == reached)
			return true;
		if (now_ms() >= end)
			return false;
		link_wait(link, LOOK_MS, -1);
	}
}

static void tell(const struct ctl_vm *vm)
{
	char words[160];

	printf("%s: %s\n", vm->name, vm_words(vm, words, sizeof(words)));
}

/* Refusals name the VM and the state it is in. */
static bool ask(struct link *link, enum ctl_type type, const struct ctl_vm *vm, const char *what)
{
	uint32_t status = link_call(link, type, vm->vm, NULL, 0, LINK_CALL_MS);

	if (status == CTL_E_STATE)
		say("%s cannot be %s: it is %s", vm->name, what, state_text(vm->state));
	else if (status != CTL_OK)
		say("%s: %s", vm->name, status_text(status));
	return status == CTL_OK;
}

int verb_start(const struct verb *verb, int argc, char **argv)
{
	int count = opts_parse(verb, argc, argv, NULL, 1, CFG_VMS_MAX);
	struct link *link = link_open(opt_machine);
	int code = CODE_OK;

	for (int i = 0; i < count; i++) {
		struct ctl_vm vm;
		uint32_t number = link_find_vm(link, argv[i], &vm);

		if (!ask(link, CTL_START, &vm, "started")) {
			code = CODE_FAIL;
			continue;
		}
		wait_state(link, number, CTL_VM_STARTING, false, STATE_MS, &vm);
		tell(&vm);
		if (vm.state == CTL_VM_OFF && vm.end != CTL_END_OFF)
			code = CODE_FAIL;
	}
	link_close(link);
	return code;
}

/* Ask a VM to power off, or end it. */
static int stop_one(struct link *link, const char *name, bool force, int64_t grace)
{
	struct ctl_vm vm;
	uint32_t number = link_find_vm(link, name, &vm);

	if (vm.state == CTL_VM_OFF) {
		printf("%s: is off already\n", name);
		return CODE_OK;
	}
	if (!ask(link, force ? CTL_KILL : CTL_STOP, &vm, "stopped"))
		return CODE_FAIL;
	if (!wait_state(link, number, CTL_VM_OFF, true, force ? STATE_MS : grace, &vm)) {
		say("%s did not power off within %lld s (shut it down from inside: disco console "
		    "%s; or end it: disco stop --force %s)", name,
		    (long long)((force ? STATE_MS : grace) / 1000), name, name);
		return CODE_FAIL;
	}
	tell(&vm);
	return CODE_OK;
}

int verb_stop(const struct verb *verb, int argc, char **argv)
{
	int64_t grace = DEFAULT_GRACE_MS;
	bool force = false;
	const struct opt opts[] = {
		{0, "force", OPT_FLAG, &force},
		{'t', "timeout", OPT_SECONDS, &grace},
		{0, NULL, OPT_FLAG, NULL},
	};
	int count = opts_parse(verb, argc, argv, opts, 1, CFG_VMS_MAX);
	struct link *link = link_open(opt_machine);
	int code = CODE_OK;

	for (int i = 0; i < count; i++) {
		int one = stop_one(link, argv[i], force, grace);

		code = one ? one : code;
	}
	link_close(link);
	return code;
}

/* A request that is done when it is answered. */
static int simple(const struct verb *verb, int argc, char **argv, enum ctl_type type,
		  const char *what)
{
	int count = opts_parse(verb, argc, argv, NULL, 1, CFG_VMS_MAX);
	struct link *link = link_open(opt_machine);
	int code = CODE_OK;

	for (int i = 0; i < count; i++) {
		struct ctl_vm vm;

		link_find_vm(link, argv[i], &vm);
		if (ask(link, type, &vm, what))
			printf("%s: %s\n", argv[i], what);
		else
			code = CODE_FAIL;
	}
	link_close(link);
	return code;
}

int verb_restart(const struct verb *verb, int argc, char **argv)
{
	return simple(verb, argc, argv, CTL_RESTART, "restarted");
}

int verb_pause(const struct verb *verb, int argc, char **argv)
{
	return simple(verb, argc, argv, CTL_PAUSE, "paused");
}

int verb_resume(const struct verb *verb, int argc, char **argv)
{
	return simple(verb, argc, argv, CTL_RESUME, "resumed");
}
