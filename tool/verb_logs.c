/* SPDX-License-Identifier: BSD-2-Clause */
/* `disco logs`: a console's history. */
#include "follow.h"
#include "verbs.h"

#include <unistd.h>

#define TICK_MS 1000

int verb_logs(const struct verb *verb, int argc, char **argv)
{
	bool keep = false, serial = false;
	const struct opt opts[] = {
		{'f', "follow", OPT_FLAG, &keep},
		{0, "serial", OPT_FLAG, &serial},
		{0, NULL, OPT_FLAG, NULL},
	};
	int words = opts_parse(verb, argc, argv, opts, 0, 1);
	struct link *link = link_open(opt_machine);
	uint32_t vm = serial ? SUP_VM_SERIAL : CTL_VM_NONE;
	struct follow follow;

	if (words && serial)
		die(CODE_USAGE, "logs: --serial is the machine's line: name no VM with it");
	if (words)
		vm = link_find_vm(link, argv[0], NULL);
	follow = follow_open(link, vm, UINT64_MAX / 2);
	if (keep)
		link_watch(link, false, true);
	if (!follow_pump(&follow) && !keep && vm == CTL_VM_NONE)
		say("the monitor has no log yet (what the serial line says: disco logs --serial)");
	while (keep && link->fd >= 0 && !link->ended) {
		link_wait(link, TICK_MS, -1);
		follow_pump(&follow);
	}
	close(follow.file);
	link_close(link);
	return CODE_OK;
}
