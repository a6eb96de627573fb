/* SPDX-License-Identifier: BSD-2-Clause */
/* `disco up` and `disco run`. */
#include "launch.h"
#include "report.h"
#include "session.h"
#include "verbs.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_FILE "disco.yaml"
#define DEFAULT_GRACE_MS 10000

static struct config *load(const char *file)
{
	struct config *config = config_load(file);

	if (opt_machine) {
		if (strlen(opt_machine) > CFG_NAME_MAX || strchr(opt_machine, '/') ||
		    opt_machine[0] == '.')
			die(CODE_USAGE, "-m: '%s' is not a machine's name", opt_machine);
		copy_name(config->name, sizeof(config->name), opt_machine);
	}
	return config;
}

static int up_detached(const struct config *config)
{
	struct link *link = launch(config);

	launch_wait(link, 0);
	link_need(link, SUP_DISOWN, CTL_VM_NONE, NULL, 0);
	printf("%s is up: %u VMs on %u nodes, %u CPUs\n"
	       "  disco -m %s ps            what they do\n"
	       "  disco -m %s console %s   talk to one (Ctrl-] leaves)\n"
	       "  disco -m %s down          end it\n",
	       config->name, config->vm_count, config->machine.node_count,
	       config->machine.cpu_count, config->name, config->name, config->vms[0].name,
	       config->name);
	link_close(link);
	return CODE_OK;
}

static int up_attached(const struct config *config, uint32_t grace_ms)
{
	struct session session = {.grace_ms = grace_ms, .show_states = true};
	bool expected;

	session_open(&session, config, NULL, false);
	say("'%s' is up (Ctrl-C: stop in order; from elsewhere: disco -m %s ps)", config->name,
	    config->name);
	session_run(&session);
	expected = session.link->end.expected;
	session_close(&session, grace_ms);
	link_close(session.link);
	free(session.vms);
	return expected ? CODE_OK : CODE_FAIL;
}

int verb_up(const struct verb *verb, int argc, char **argv)
{
	const char *file = DEFAULT_FILE;
	bool detach = false;
	int64_t grace = DEFAULT_GRACE_MS;
	const struct opt opts[] = {
		{'d', "detach", OPT_FLAG, &detach},
		{'f', "file", OPT_TEXT, &file},
		{'t', "timeout", OPT_SECONDS, &grace},
		{0, NULL, OPT_FLAG, NULL},
	};
	struct config *config;
	int code;

	opts_parse(verb, argc, argv, opts, 0, 0);
	config = load(file);
	code = detach ? up_detached(config) : up_attached(config, (uint32_t)grace);
	config_free(config);
	return code;
}

/* What `run` makes of how the VMs ended. */
static int worst(const struct session *session)
{
	int code = CODE_OK;

	for (unsigned int i = 0; i < session->config->vm_count; i++) {
		const struct ctl_vm *vm = &session->vms[i];
		bool idle = vm->end == CTL_END_NONE && session->config->vms[i].manual;

		if (!idle && (vm->state != CTL_VM_OFF || vm->end != CTL_END_OFF))
			code = CODE_FAIL;
	}
	return code;
}

static int run_code(const struct session *session, bool died)
{
	if (session->timed_out)
		return CODE_TIMEOUT;
	if (session->interrupts)
		return CODE_INTERRUPT;
	return died ? CODE_FAIL : worst(session);
}

/* A VM that has ended owns nothing: the table shows the most that was seen. */
static void use_most_owned(const struct session *session, struct report *report)
{
	for (unsigned int i = 0; i < report->vm_count; i++) {
		struct ctl_vm *vm = &report->vms[i];

		if (vm->vm < session->config->vm_count && session->most_owned[vm->vm] > vm->owned)
			vm->owned = session->most_owned[vm->vm];
	}
}

/* What `run` was asked for besides running. */
struct run_wishes {
	const char *logs;     /* folder for the consoles' output */
	const char *counters; /* file for the machine's counters at the end */
	bool quiet;
	bool table;
};

static int run_session(struct session *session, const struct run_wishes *wish)
{
	struct report report = {0};
	bool fetched = false, died;
	int code;

	session_open(session, session->config, wish->logs, wish->quiet);
	session_run(session);
	died = session->link->ended && !session->interrupts;
	code = run_code(session, died);
	if (session->timed_out)
		say("the time limit is over: '%s' is ended", session->config->name);
	if ((wish->table || wish->counters) && !session->link->ended) {
		report_fetch(session->link, &report);
		use_most_owned(session, &report);
		fetched = true;
	}
	session_close(session, 0);
	if (fetched && wish->counters)
		report_write_counters(&report, wish->counters);
	if (fetched && wish->table) {
		printf("\n");
		report_results(&report, stdout);
	}
	report_free(&report);
	return code;
}

static void check_autostart(const struct config *config)
{
	for (unsigned int i = 0; i < config->vm_count; i++)
		if (!config->vms[i].manual)
			return;
	die(CODE_USAGE, "no VM starts by itself (autostart: false): there is nothing to wait for");
}

int verb_run(const struct verb *verb, int argc, char **argv)
{
	struct run_wishes wish = {0};
	int64_t limit = 0;
	struct session session = {.until_ended = true, .show_states = true,
				  .grace_ms = DEFAULT_GRACE_MS};
	const struct opt opts[] = {
		{'t', "timeout", OPT_SECONDS, &limit}, {'q', "quiet", OPT_FLAG, &wish.quiet},
		{0, "table", OPT_FLAG, &wish.table},   {0, "logs", OPT_TEXT, &wish.logs},
		{0, "counters", OPT_TEXT, &wish.counters},
		{0, NULL, OPT_FLAG, NULL},
	};
	struct config *config;
	int code;

	opts_parse(verb, argc, argv, opts, 1, 1);
	config = load(argv[0]);
	check_autostart(config);
	session.config = config;
	session.limit = limit ? now_ms() + limit : 0;
	code = run_session(&session, &wish);
	link_close(session.link);
	free(session.vms);
	config_free(config);
	return code;
}
