/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A few commands for the day when there is nothing but the serial line. An answer is made
 * line by line as the line takes it, so that no answer is too long for one pass and none
 * has to be kept.
 */
#include "control/prompt.h"

#include "control/check.h"
#include "control/life.h"
#include "control/stats.h"
#include "lib/print.h"
#include "lib/string.h"

static const char *const counter_names[] = {
#define X(name, unit, help) #name,
	COUNTERS(X)
#undef X
};

static const char *const help[] = {
	"vms                 the VMs and their numbers",
	"stats [VM]          all counters that are not 0",
	"console VM          its console (or Ctrl-] and its number); Ctrl-] m leaves it",
	"start, kill, restart, pause, resume VM",
	"check               the monitor's invariants",
	"off                 ends all VMs and switches the machine off",
};

static struct {
	enum { SAY_NOTHING, SAY_TEXT, SAY_HELP, SAY_VMS, SAY_STATS } what;
	u32 next; /* line of help, VM, counter */
	u32 vm;   /* SAY_STATS */
	const char *text;
} answer;

u32 prompt_find_vm(const char *name)
{
	u32 number = 0;

	for (u32 i = 0; i < slot_count(); i++)
		if (strcmp(slots[i].config->name, name) == 0)
			return i;
	for (const char *p = name; *p; p++) {
		if (*p < '0' || *p > '9' || number >= CFG_VMS_MAX)
			return CTL_VM_NONE;
		number = number * 10 + (u32)(*p - '0');
	}
	return *name && number < slot_count() ? number : CTL_VM_NONE;
}

static void say(const char *text)
{
	answer.what = SAY_TEXT;
	answer.text = text;
}

static const char *status_text(enum ctl_status s)
{
	switch (s) {
	case CTL_OK:
		return "ok";
	case CTL_E_MEMORY:
		return "not enough free memory";
	case CTL_E_STATE:
		return "not in its present state";
	default:
		return "refused";
	}
}

static size_t vm_line(u32 n, char *to, size_t size)
{
	struct ctl_vm vm;

	stats_vm(n, &vm);
	return format_text(to, size, "%3u %s: %s%s%s, %u vCPUs, %lu MiB, owns %lu MiB\r\n", n,
			   vm.name, stats_state_name(vm.state), vm.reason[0] ? ": " : "", vm.reason,
			   vm.vcpus, (unsigned long)(vm.memory >> 20),
			   (unsigned long)(vm.owned >> 20));
}

/* The next counter that is not 0, from `answer.next` on. */
static size_t counter_line(char *to, size_t size)
{
	while (answer.next < COUNTER_COUNT) {
		u32 c = answer.next++;
		u64 value = stats_counter(answer.vm, (enum counter)c);

		if (value)
			return format_text(to, size, "%16lu %s\r\n", (unsigned long)value,
					   counter_names[c]);
	}
	return 0;
}

size_t prompt_answer(char *to, size_t size)
{
	size_t n = 0;

	switch (answer.what) {
	case SAY_NOTHING:
		return 0;
	case SAY_TEXT:
		if (answer.text)
			n = format_text(to, size, "%s\r\n", answer.text);
		answer.text = NULL;
		break;
	case SAY_HELP:
		if (answer.next < ARRAY_SIZE(help))
			n = format_text(to, size, "%s\r\n", help[answer.next++]);
		break;
	case SAY_VMS:
		if (answer.next < slot_count())
			n = vm_line(answer.next++, to, size);
		break;
	case SAY_STATS:
		n = counter_line(to, size);
		break;
	}
	if (n == 0)
		answer.what = SAY_NOTHING;
	return MIN(n, size - 1);
}

/* A command about a VM: its type, or 0 when the word is none. */
static u32 vm_command(const char *word)
{
	static const struct {
		const char *word;
		u32 type;
	} commands[] = {
		{"start", CTL_START}, {"kill", CTL_KILL},     {"restart", CTL_RESTART},
		{"pause", CTL_PAUSE}, {"resume", CTL_RESUME},
	};

	for (u32 i = 0; i < ARRAY_SIZE(commands); i++)
		if (strcmp(commands[i].word, word) == 0)
			return commands[i].type;
	return 0;
}

/* Cuts the line at its first space; returns what is behind it. */
static char *split(char *line)
{
	char *space = strchr(line, ' ');

	if (!space)
		return line + strlen(line);
	*space = 0;
	return space + 1;
}

/* Commands that are about a VM; true when its console is wanted. */
static bool about_vm(const char *word, u32 vm, u32 *show)
{
	u32 type = vm_command(word);

	if (vm == CTL_VM_NONE) {
		say("no such VM");
	} else if (type) {
		say(status_text(life_command(type, vm)));
	} else {
		*show = vm;
		return true;
	}
	return false;
}

bool prompt_command(char *line, u32 *show)
{
	char *name = split(line);
	u32 vm = prompt_find_vm(name);

	answer.next = 0;
	answer.vm = vm;
	if (vm_command(line) || strcmp(line, "console") == 0)
		return about_vm(line, vm, show);
	if (strcmp(line, "vms") == 0) {
		answer.what = SAY_VMS;
	} else if (strcmp(line, "stats") == 0) {
		answer.what = SAY_STATS;
		if (*name && vm == CTL_VM_NONE)
			say("no such VM");
	} else if (strcmp(line, "help") == 0) {
		answer.what = SAY_HELP;
	} else if (strcmp(line, "check") == 0) {
		say(check_begin(NULL) ? "checking: the result goes to the log"
				      : "a check is running");
	} else if (strcmp(line, "off") == 0) {
		life_off();
	} else if (*line) {
		say("unknown command: try help");
	}
	return false;
}
