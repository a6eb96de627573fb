/* SPDX-License-Identifier: BSD-2-Clause */
/* The VMs of a machine, as the monitor tells them. */
#include "link.h"

#include "abi/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void terminate(struct ctl_vm *vm)
{
	vm->name[sizeof(vm->name) - 1] = 0;
	vm->reason[sizeof(vm->reason) - 1] = 0;
}

struct ctl_vm *link_vms(struct link *link, unsigned int *count)
{
	struct ctl_vm *vms = need_alloc(CFG_VMS_MAX * sizeof(*vms));
	unsigned int have = 0, got;

	do {
		struct ctl_from from = {.first = have};

		link_need(link, CTL_VMS, CTL_VM_NONE, &from, sizeof(from));
		got = (unsigned int)(link->length / sizeof(*vms));
		if (got > CFG_VMS_MAX - have)
			got = CFG_VMS_MAX - have;
		memcpy(vms + have, link->payload, got * sizeof(*vms));
		have += got;
	} while (got);
	for (unsigned int i = 0; i < have; i++)
		terminate(&vms[i]);
	*count = have;
	return vms;
}

uint32_t link_find_vm(struct link *link, const char *name, struct ctl_vm *out)
{
	unsigned int count;
	struct ctl_vm *vms = link_vms(link, &count);
	char list[400] = "";
	uint32_t found = CTL_VM_NONE;

	for (unsigned int i = 0; i < count; i++) {
		size_t used = strlen(list);

		snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "", vms[i].name);
		if (!strcmp(vms[i].name, name)) {
			found = vms[i].vm;
			if (out)
				*out = vms[i];
		}
	}
	free(vms);
	if (found == CTL_VM_NONE)
		die(CODE_MISSING, "the machine '%s' has no VM '%s'; it has: %s", link->name, name,
		    list);
	return found;
}

struct ctl_vm link_vm(struct link *link, uint32_t vm)
{
	struct ctl_from from = {.first = vm};
	struct ctl_vm out;

	link_need(link, CTL_VMS, CTL_VM_NONE, &from, sizeof(from));
	if (link->length < sizeof(out))
		die(CODE_FAIL, "the monitor does not tell of VM %u", vm);
	memcpy(&out, link->payload, sizeof(out));
	terminate(&out);
	return out;
}

void link_watch(struct link *link, bool states, bool logs)
{
	struct ctl_watch watch = {.states = states, .consoles = logs};

	link_need(link, CTL_WATCH, CTL_VM_NONE, &watch, sizeof(watch));
}
