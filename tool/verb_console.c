/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `disco console`: attach the terminal to a VM's console. With a terminal, every key goes to
 * the VM except Ctrl-]; without one (a script), the input is typed as it comes and the
 * command leaves when the input has ended and the VM has been quiet for a while.
 */
#include "follow.h"
#include "report.h"
#include "verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define LEAVE_KEY 0x1d /* Ctrl-] */
#define SCROLLBACK 16384
#define DEFAULT_QUIET_MS 1000
#define TICK_MS 100

struct attach {
	struct link *link;
	uint32_t vm;
	struct follow follow;
	bool terminal;
	bool input_ended;
	bool leave;
	struct outbox typed; /* not yet taken by the supervisor */
	uint64_t waiting;    /* not yet taken by the VM */
	int64_t quiet_ms;
	int64_t last_output;
	bool vm_ended;
	struct ctl_vm state;
};

static struct termios saved;
static volatile sig_atomic_t raw;

static void restore_terminal(void)
{
	if (raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
	raw = 0;
}

static void restore_and_leave(int number)
{
	restore_terminal();
	_exit(128 + number);
}

static void make_raw(void)
{
	struct termios now;

	if (tcgetattr(STDIN_FILENO, &saved))
		return;
	now = saved;
	cfmakeraw(&now);
	raw = 1;
	atexit(restore_terminal);
	signal(SIGTERM, restore_and_leave);
	signal(SIGHUP, restore_and_leave);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &now);
}

static void take_event(struct link *link, const struct frame *frame)
{
	struct attach *attach = link->context;
	struct ctl_vm vm;

	if (frame->head.type != CTL_EVENT_STATE || frame->head.vm != attach->vm ||
	    frame->head.length != sizeof(vm))
		return;
	memcpy(&vm, frame->payload, sizeof(vm));
	vm.reason[sizeof(vm.reason) - 1] = 0;
	attach->state = vm;
	attach->vm_ended = vm.state == CTL_VM_OFF;
}

static void take_input(struct attach *attach)
{
	uint8_t bytes[1024];
	ssize_t got = read(STDIN_FILENO, bytes, sizeof(bytes));
	uint8_t *key;

	if (got < 0 && errno == EINTR)
		return;
	if (got <= 0) {
		attach->input_ended = true;
		attach->leave = attach->terminal;
		attach->last_output = now_ms();
		return;
	}
	key = attach->terminal ? memchr(bytes, LEAVE_KEY, (size_t)got) : NULL;
	if (key)
		attach->leave = true;
	outbox_put(&attach->typed, bytes, key ? (size_t)(key - bytes) : (size_t)got);
}

/*
 * Hand over what was typed; the supervisor may take a part only. At the end of a script's
 * input an empty request asks how much of it still waits.
 */
static void send_typed(struct attach *attach)
{
	size_t size = outbox_size(&attach->typed);
	struct ctl_log taken = {0};

	if (!size && !(attach->input_ended && attach->waiting))
		return;
	if (size > CTL_PAYLOAD_MAX)
		size = CTL_PAYLOAD_MAX;
	link_need(attach->link, CTL_INPUT, attach->vm, attach->typed.bytes + attach->typed.start,
		  size);
	if (attach->link->length >= sizeof(taken))
		memcpy(&taken, attach->link->payload, sizeof(taken));
	attach->typed.start += taken.count < size ? taken.count : size;
	attach->waiting = taken.position;
	if (attach->waiting || size)
		attach->last_output = now_ms();
}

static bool script_done(const struct attach *attach)
{
	return attach->input_ended && !outbox_size(&attach->typed) &&
	       now_ms() - attach->last_output >= attach->quiet_ms;
}

static void attach_loop(struct attach *attach)
{
	while (attach->link->fd >= 0 && !attach->link->ended && !attach->leave) {
		bool more = !attach->input_ended && outbox_size(&attach->typed) < 65536;

		link_wait(attach->link, outbox_size(&attach->typed) ? 20 : TICK_MS,
			  more ? STDIN_FILENO : -1);
		if (more && link_readable(STDIN_FILENO))
			take_input(attach);
		if (attach->link->fd >= 0 && !attach->link->ended)
			send_typed(attach);
		if (follow_pump(&attach->follow))
			attach->last_output = now_ms();
		if (attach->vm_ended || script_done(attach))
			break;
	}
	follow_pump(&attach->follow);
}

/* Words for the line that says why it is over, after the terminal is its old self again. */
static void say_end(const struct attach *attach, const char *name)
{
	char words[160];

	restore_terminal();
	if (attach->terminal && !attach->vm_ended && !attach->link->ended)
		fprintf(stderr, "\n");
	if (attach->link->ended)
		say("the machine '%s' has ended", attach->link->name);
	else if (attach->vm_ended)
		say("%s: %s", name, vm_words(&attach->state, words, sizeof(words)));
	else if (attach->terminal)
		say("left %s; it goes on", name);
}

static void attach_to(struct attach *attach, const char *name, bool scrollback)
{
	attach->terminal = isatty(STDIN_FILENO);
	attach->link->context = attach;
	attach->link->event = take_event;
	attach->last_output = now_ms();
	link_watch(attach->link, true, true);
	if (attach->terminal)
		say("attached to %s; Ctrl-] leaves", name);
	attach->follow = follow_open(attach->link, attach->vm, scrollback ? SCROLLBACK : 0);
	follow_pump(&attach->follow);
	if (attach->terminal)
		make_raw();
	attach_loop(attach);
	say_end(attach, name);
}

int verb_console(const struct verb *verb, int argc, char **argv)
{
	struct attach attach = {.quiet_ms = DEFAULT_QUIET_MS};
	bool serial = false, no_scrollback = false;
	const struct opt opts[] = {
		{0, "serial", OPT_FLAG, &serial},
		{0, "no-scrollback", OPT_FLAG, &no_scrollback},
		{0, "quiet", OPT_SECONDS, &attach.quiet_ms},
		{0, NULL, OPT_FLAG, NULL},
	};
	int words = opts_parse(verb, argc, argv, opts, 0, 1);
	const char *name = words ? argv[0] : "the serial line";
	int code;

	if (!words != serial)
		die(CODE_USAGE, "console: name one VM, or --serial (which VMs: disco ps)");
	attach.link = link_open(opt_machine);
	attach.vm = SUP_VM_SERIAL;
	if (words) {
		attach.vm = link_find_vm(attach.link, name, &attach.state);
		attach.vm_ended = attach.state.state == CTL_VM_OFF;
	}
	attach_to(&attach, name, !no_scrollback);
	code = attach.link->ended ? CODE_FAIL : CODE_OK;
	close(attach.follow.file);
	outbox_free(&attach.typed);
	link_close(attach.link);
	return code;
}
