/* SPDX-License-Identifier: BSD-2-Clause */
#include "session.h"

#include "launch.h"
#include "report.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define TICK_MS 200
#define STATES_MS 2000
#define END_MS 60000

static volatile sig_atomic_t interrupts;

static void count_interrupt(int number)
{
	(void)number;
	interrupts = interrupts + 1;
}

static void catch_interrupts(void)
{
	struct sigaction action = {.sa_handler = count_interrupt};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static bool vm_over(const struct session *session, unsigned int i)
{
	const struct ctl_vm *vm = &session->vms[i];

	return vm->state == CTL_VM_OFF &&
	       (vm->end != CTL_END_NONE || session->config->vms[i].manual);
}

static bool all_over(const struct session *session)
{
	for (unsigned int i = 0; i < session->config->vm_count; i++)
		if (!vm_over(session, i))
			return false;
	return true;
}

static void tell_state(struct session *session, const struct ctl_vm *vm)
{
	char words[160];

	stream_pump(&session->stream, true);
	say("%s: %s", session->config->vms[vm->vm].name, vm_words(vm, words, sizeof(words)));
}

static void take_state(struct session *session, const struct ctl_vm *vm)
{
	struct ctl_vm *known;
	bool over;

	if (vm->vm >= session->config->vm_count)
		return;
	known = &session->vms[vm->vm];
	over = known->state == CTL_VM_OFF && known->end != CTL_END_NONE;
	*known = *vm;
	if (vm->owned > session->most_owned[vm->vm])
		session->most_owned[vm->vm] = vm->owned;
	known->reason[sizeof(known->reason) - 1] = 0;
	if (vm->state == CTL_VM_OFF && vm->end != CTL_END_NONE && !over && session->show_states)
		tell_state(session, known);
}

static void take_event(struct link *link, const struct frame *frame)
{
	struct session *session = link->context;
	struct ctl_vm vm;

	if (frame->head.type == SUP_EVENT_TEXT) {
		stream_pump(&session->stream, true);
		say("%.*s", (int)frame->head.length, (const char *)frame->payload);
	} else if (frame->head.type == CTL_EVENT_STATE && frame->head.length == sizeof(vm)) {
		memcpy(&vm, frame->payload, sizeof(vm));
		take_state(session, &vm);
	}
}

static void fetch_states(struct session *session)
{
	unsigned int count;
	struct ctl_vm *vms = link_vms(session->link, &count);

	for (unsigned int i = 0; i < count; i++)
		take_state(session, &vms[i]);
	free(vms);
}

void session_open(struct session *session, const struct config *config, const char *copies,
		  bool quiet)
{
	size_t size = config->vm_count * sizeof(struct ctl_vm);

	session->config = config;
	session->vms = need_alloc(size);
	memset(session->vms, 0, size);
	session->link = launch(config);
	launch_wait(session->link, session->limit); /* Ctrl-C ends us here, and so the machine */
	catch_interrupts();
	stream_open(&session->stream, config, session->link->folder, copies, quiet);
	session->link->context = session;
	session->link->event = take_event;
	link_watch(session->link, true, true);
	fetch_states(session);
}

static void ask_down(struct session *session, uint32_t grace_ms)
{
	struct sup_down down = {.grace_ms = grace_ms};
	struct ctl_header head = {.type = SUP_DOWN, .vm = CTL_VM_NONE};

	outbox_message(&session->link->out, head, &down, sizeof(down));
}

/* A new Ctrl-C: the first is patient. */
static void take_interrupt(struct session *session)
{
	bool first = !session->interrupts;

	session->interrupts = (unsigned int)interrupts;
	if (first)
		say("stopping '%s' in order (Ctrl-C again: at once)", session->link->name);
	else
		say("ending '%s' at once", session->link->name);
	ask_down(session, first ? session->grace_ms : 0);
}

static void note_all_over(struct session *session)
{
	if (session->told_all_ended || !all_over(session))
		return;
	session->told_all_ended = true;
	say("all VMs are off (Ctrl-C: end the machine; from elsewhere: disco -m %s start VM)",
	    session->link->name);
}

void session_run(struct session *session)
{
	int64_t fetch = now_ms() + STATES_MS;

	while (session->link->fd >= 0 && !session->link->ended) {
		if (session->until_ended && !session->interrupts && all_over(session))
			break;
		if (!session->until_ended && !session->interrupts)
			note_all_over(session);
		if (session->limit && now_ms() >= session->limit) {
			session->timed_out = true;
			break;
		}
		if ((unsigned int)interrupts != session->interrupts)
			take_interrupt(session);
		link_wait(session->link, TICK_MS, -1);
		stream_pump(&session->stream, false);
		if (now_ms() >= fetch && !session->interrupts && session->link->fd >= 0) {
			fetch_states(session);
			fetch = now_ms() + STATES_MS;
		}
	}
	stream_pump(&session->stream, true);
}

void session_close(struct session *session, uint32_t grace_ms)
{
	int64_t end = now_ms() + END_MS + grace_ms;

	if (session->link->fd >= 0 && !session->link->ended)
		ask_down(session, grace_ms);
	while (session->link->fd >= 0 && !session->link->ended && now_ms() < end) {
		if ((unsigned int)interrupts != session->interrupts)
			take_interrupt(session);
		link_wait(session->link, TICK_MS, -1);
		stream_pump(&session->stream, false);
	}
	stream_pump(&session->stream, true);
	stream_close(&session->stream);
}
