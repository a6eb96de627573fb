/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ending a machine in order: ask all VMs to power off; end those that do not; tell the
 * monitor to power the machine off; end the emulator if even that does not help. Each phase
 * has a deadline, so a machine always ends.
 */
#include "sup.h"

#include <signal.h>

#define KILL_MS 10000
#define OFF_MS 5000
#define TERM_MS 5000

static bool all_off(const struct sup *sup)
{
	for (unsigned int i = 0; i < sup->config->vm_count; i++)
		if (sup->vms[i].state != CTL_VM_OFF)
			return false;
	return sup->vms_known;
}

static void tell_running(struct sup *sup, enum ctl_type type)
{
	for (unsigned int i = 0; i < sup->config->vm_count; i++)
		if (!sup->vms_known || sup->vms[i].state != CTL_VM_OFF)
			monitor_request(sup, SUP_NOBODY,
					(struct ctl_header){.type = (uint16_t)type, .vm = i}, NULL,
					0);
}

static void enter_term(struct sup *sup, int64_t now)
{
	sup->phase = SUP_TERM;
	sup->deadline = now + TERM_MS;
	kill(sup->emulator, SIGTERM);
}

static void enter_off(struct sup *sup, int64_t now)
{
	sup->phase = SUP_OFF;
	sup->deadline = now + OFF_MS;
	monitor_request(sup, SUP_NOBODY, (struct ctl_header){.type = CTL_OFF, .vm = CTL_VM_NONE},
			NULL, 0);
}

static void enter_killing(struct sup *sup, int64_t now)
{
	sup->phase = SUP_KILLING;
	sup->deadline = now + KILL_MS;
	for (unsigned int i = 0; i < sup->config->vm_count; i++) {
		if (sup->vms[i].state == CTL_VM_OFF)
			continue;
		if (sup->grace_ms)
			clients_say(sup, "%s did not power off within %u s: ended by force",
				    sup->config->vms[i].name, (sup->grace_ms + 999) / 1000);
		else
			clients_say(sup, "%s is ended by force", sup->config->vms[i].name);
	}
	tell_running(sup, CTL_KILL);
}

void down_begin(struct sup *sup, uint32_t grace_ms)
{
	int64_t now = now_ms();

	sup->expected = true;
	switch (sup->phase) {
	case SUP_BOOTING:
		emulator_last_words(sup, "the monitor has not answered");
		enter_term(sup, now);
		break;
	case SUP_UP:
		sup->phase = SUP_STOPPING;
		sup->grace_ms = grace_ms;
		sup->deadline = now + grace_ms;
		sup->vms_due = 0;
		if (grace_ms)
			tell_running(sup, CTL_STOP);
		break;
	case SUP_STOPPING:
		if (now + grace_ms < sup->deadline)
			sup->deadline = now + grace_ms;
		sup->grace_ms = grace_ms;
		break;
	case SUP_KILLING:
	case SUP_OFF:
		if (!grace_ms)
			enter_term(sup, now);
		break;
	case SUP_TERM:
	case SUP_GONE:
		break;
	}
}

void down_abandon(struct sup *sup)
{
	sup->expected = false;
	enter_term(sup, now_ms());
}

void down_pump(struct sup *sup, int64_t now)
{
	bool late = sup->deadline && now >= sup->deadline;

	switch (sup->phase) {
	case SUP_BOOTING:
	case SUP_UP:
	case SUP_GONE:
		break;
	case SUP_STOPPING:
		if (all_off(sup))
			enter_off(sup, now);
		else if (late)
			enter_killing(sup, now);
		break;
	case SUP_KILLING:
		if (all_off(sup) || late)
			enter_off(sup, now);
		break;
	case SUP_OFF:
		if (late)
			enter_term(sup, now);
		break;
	case SUP_TERM:
		if (late) {
			kill(sup->emulator, SIGKILL);
			sup->deadline = now + TERM_MS;
		}
		break;
	}
}
