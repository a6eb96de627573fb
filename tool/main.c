/* SPDX-License-Identifier: BSD-2-Clause */
/* `disco`: start and drive machines and their VMs. This file is the list of commands. */
#include "verbs.h"

#include "faults.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct verb verbs[] = {
	{"up", NULL, "[-d] [-f FILE] [-t SECONDS]", "start the machine of a configuration file",
	 "  -d, --detach       return when it is up; it goes on in the background\n"
	 "  -f, --file FILE    the configuration (default: disco.yaml)\n"
	 "  -t, --timeout S    at Ctrl-C, give VMs that long to power off (default: 10)\n"
	 "  -m, --machine NAME another name than the file says\n\n"
	 "In the foreground all consoles are shown; Ctrl-C stops the VMs in order, a second one\n"
	 "at once.\n\nExample: disco up -d -f examples/demo.yaml\n",
	 verb_up},
	{"run", NULL, "FILE [-t SECONDS] [--table] [-q] [--logs FOLDER] [--counters FILE]",
	 "start a machine, wait until all its VMs have ended, end it",
	 "  -t, --timeout S    end it after that many seconds, with exit status 124\n"
	 "  --table            print a table of all VMs and the machine at the end; what a VM\n"
	 "                     OWNS is the most that was seen (every 2 s)\n"
	 "  -q, --quiet        do not show the consoles\n"
	 "  --logs FOLDER      keep each console's raw output there, as NAME.log\n"
	 "  --counters FILE    write the machine's counters there, a line 'name value' each\n"
	 "  -m, --machine NAME another name than the file says\n\n"
	 "The exit status is 0 if every VM powered itself off; 1 if one was killed, failed, or\n"
	 "reset itself with 'on_reboot: stop', or if the machine died; 124 at the time limit;\n"
	 "130 after Ctrl-C.\n\nExample: disco run examples/tiny.yaml --timeout 60 --table\n",
	 verb_run},
	{"down", NULL, "[NAME] [-t SECONDS] [--force]", "end a machine and all its VMs",
	 "  -t, --timeout S    give VMs that long to power off by themselves (default: 10)\n"
	 "  --force            do not ask them\n\nExample: disco down -m demo\n",
	 verb_down},
	{"ps", "vms", "[-q]", "list the running machines and their VMs",
	 "  -q, --quiet        names of machines only (with -m: the table only)\n\n"
	 "SEES / OWNS: memory the VM was promised / frames that only it has.\n"
	 "MONITOR: share of its CPU time spent in the monitor. STEAL: time it waited for a CPU.\n\n"
	 "Example: disco ps\n",
	 verb_ps},
	{"logs", NULL, "[VM] [-f] [--serial]",
	 "print a console's history; without VM the monitor's",
	 "  -f, --follow       go on as it grows\n"
	 "  --serial           the machine's serial line\n\nExample: disco logs -f a\n",
	 verb_logs},
	{"console", NULL, "VM [--no-scrollback] [--quiet SECONDS]", "attach to a VM's console",
	 "  --no-scrollback    do not print what was there before\n"
	 "  --quiet SECONDS    input from a file or pipe: leave when that has ended and the VM\n"
	 "                     has written nothing for so long (default: 1)\n"
	 "  --serial           the machine's serial line instead of a VM\n\n"
	 "Ctrl-] leaves; the VM goes on.\n\n"
	 "Example: disco console a\n         echo uname -a | disco console a --no-scrollback\n",
	 verb_console},
	{"start", NULL, "VM...", "start VMs that are off",
	 "Example: disco start a b\n", verb_start},
	{"stop", NULL, "VM... [-t SECONDS] [--force]", "ask VMs to power off, or end them",
	 "  -t, --timeout S    wait that long for it (default: 10)\n"
	 "  --force            end them now, whatever they do\n\nExample: disco stop --force a\n",
	 verb_stop},
	{"restart", NULL, "VM...", "end VMs now and start them anew", "Example: disco restart a\n",
	 verb_restart},
	{"pause", NULL, "VM...", "stop the vCPUs of VMs until resume", "Example: disco pause a\n",
	 verb_pause},
	{"resume", NULL, "VM...", "let paused VMs go on", "Example: disco resume a\n", verb_resume},
	{"stats", NULL, "[VM]", "exits by reason, CPU and steal time, memory by node, devices",
	 "Example: disco stats\n         disco stats a\n", verb_stats},
	{"check", NULL, "", "let the monitor check its invariants (the VMs stand still meanwhile)",
	 "The exit status is 1 if it finds a fault.\n\nExample: disco check\n", verb_check},
	{"config", "check-config", "[FILE] [--dump] [--dtb OUT] [--qemu]",
	 "check a configuration file (default: disco.yaml)",
	 "  --dump             print what the monitor gets, as device tree source\n"
	 "  --dtb OUT          write it, as a blob\n"
	 "  --qemu             print the emulator's command line\n\n"
	 "The exit status is 2 if the file has faults.\n\n"
	 "Example: disco config examples/demo.yaml\n",
	 verb_config},
};

static void print_help(void)
{
	printf("disco: virtual machines on a NUMA machine\n\n"
	       "usage: disco [-m MACHINE] COMMAND ...\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		printf("  %-8s  %s\n", verbs[i].name, verbs[i].summary);
	printf("\n-m picks a machine when several run. 'disco COMMAND --help' tells more.\n\n"
	       "exit status\n"
	       "    0  done; run: every VM powered itself off\n"
	       "    1  it did not work; run: a VM was killed or failed; check: faults found\n"
	       "    2  wrong arguments, or faults in the configuration\n"
	       "    3  no such machine, no such VM\n"
	       "  124  run: the time limit was reached\n"
	       "  130  run: Ctrl-C\n\n"
	       "environment\n"
	       "  DISCO_IMAGE       the monitor (default: disco.img beside this program)\n"
	       "  DISCO_QEMU        the emulator (default: qemu-system-aarch64)\n"
	       "  DISCO_QEMU_ACCEL  its -accel option, as tcg,thread=single\n"
	       "  DISCO_QEMU_EXTRA  more options for it\n"
	       "  XDG_RUNTIME_DIR   running machines are in its folder disco/\n"
	       "  NO_COLOR          no colours\n");
}

static const struct verb *find_verb(const char *name)
{
	const char *names[ARRAY_SIZE(verbs) + 1];
	const char *near;

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		names[i] = verbs[i].name;
		if (!strcmp(name, verbs[i].name) ||
		    (verbs[i].alias && !strcmp(name, verbs[i].alias)))
			return &verbs[i];
	}
	names[ARRAY_SIZE(verbs)] = NULL;
	near = suggest(name, names);
	if (near)
		die(CODE_USAGE, "there is no command '%s'; did you mean '%s'?", name, near);
	die(CODE_USAGE, "there is no command '%s' (all of them: disco help)", name);
}

int main(int argc, char **argv)
{
	const struct verb *verb;
	int at = 1;

	while (at < argc && argv[at][0] == '-') {
		if (!strcmp(argv[at], "--help") || !strcmp(argv[at], "-h")) {
			print_help();
			return CODE_OK;
		}
		if ((strcmp(argv[at], "-m") && strcmp(argv[at], "--machine")) || at + 1 == argc)
			die(CODE_USAGE, "there is no option '%s' here (see: disco help)", argv[at]);
		opt_machine = argv[at + 1];
		at += 2;
	}
	if (at == argc || !strcmp(argv[at], "help")) {
		if (at + 1 < argc)
			verb_help(find_verb(argv[at + 1]));
		else
			print_help();
		return at == argc ? CODE_USAGE : CODE_OK;
	}
	verb = find_verb(argv[at]);
	return verb->run(verb, argc - at - 1, argv + at + 1);
}
