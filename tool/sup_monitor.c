/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests to the monitor: numbered, repeated until answered, answers handed back. */
#include "sup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define PAUSE_FIRST 1000
#define PAUSE_HELLO 500
#define PAUSE_CHECK 30000 /* a check takes long, and a second one would find it busy */
#define PAUSE_MAX 8000
#define VMS_PAUSE 2000   /* states are asked for that often, in case an event was lost */
#define CONGESTED 65536
#define SILENCE_MS 20000 /* then people are told that the monitor does not answer */
#define PANIC_MS 5000    /* then a monitor that said PANIC is believed to be dead */

static int64_t first_pause(uint16_t type)
{
	switch (type) {
	case CTL_HELLO:
		return PAUSE_HELLO;
	case CTL_CHECK:
		return PAUSE_CHECK;
	default:
		return PAUSE_FIRST;
	}
}

bool monitor_request(struct sup *sup, int client, struct ctl_header head, const void *payload,
		     size_t length)
{
	struct pending *pending = sup->pending;

	while (pending < sup->pending + SUP_PENDING && pending->used)
		pending++;
	if (pending == sup->pending + SUP_PENDING)
		return false;
	*pending = (struct pending){.used = true, .head = head, .length = length,
				    .client = client, .client_seq = head.seq};
	if (client != SUP_NOBODY)
		pending->client_id = sup->clients[client].id;
	do {
		pending->head.seq = ++sup->last_seq;
	} while (!pending->head.seq);
	pending->head.status = 0;
	pending->payload = need_alloc(length);
	if (length)
		memcpy(pending->payload, payload, length);
	pending->pause = first_pause(head.type);
	return true;
}

static void release(struct pending *pending)
{
	free(pending->payload);
	*pending = (struct pending){0};
}

static bool ready(const struct sup *sup)
{
	return sup->hello.version != 0;
}

static void ask_vms(struct sup *sup, uint32_t first)
{
	struct ctl_from from = {.first = first};

	monitor_request(sup, SUP_NOBODY,
			(struct ctl_header){.type = CTL_VMS, .vm = CTL_VM_NONE}, &from,
			sizeof(from));
}

void monitor_pump(struct sup *sup, int64_t now)
{
	if (ready(sup) && now >= sup->vms_due && sup->phase < SUP_OFF) {
		sup->vms_due = now + VMS_PAUSE;
		ask_vms(sup, 0);
	}
	for (int i = 0; i < SUP_PENDING; i++) {
		struct pending *pending = &sup->pending[i];

		if (!pending->used || pending->due > now || outbox_size(&sup->out) > CONGESTED)
			continue;
		if (!ready(sup) && pending->head.type != CTL_HELLO)
			continue;
		outbox_message(&sup->out, pending->head, pending->payload, pending->length);
		if (!pending->sent)
			pending->first = now;
		sup->resent += pending->sent && pending->head.type != CTL_HELLO;
		pending->sent = true;
		pending->due = now + pending->pause;
		if (pending->pause * 2 <= PAUSE_MAX)
			pending->pause *= 2;
	}
}

/* Since when the oldest request waits for its answer; `now` if none does. */
static int64_t waiting_since(const struct sup *sup, int64_t now)
{
	int64_t since = now;

	for (int i = 0; i < SUP_PENDING; i++) {
		const struct pending *pending = &sup->pending[i];

		if (pending->used && pending->sent && pending->head.type != CTL_CHECK &&
		    pending->first < since)
			since = pending->first;
	}
	return since;
}

/*
 * A guest can print "PANIC" as well, where consoles share the serial line: it is believed
 * only of a monitor that is silent too.
 */
void monitor_watch(struct sup *sup, int64_t now)
{
	int64_t silence = now - waiting_since(sup, now);

	if (sup->phase >= SUP_OFF || (!ready(sup) && !sup->panicked))
		return;
	if (sup->panicked && silence > PANIC_MS) {
		down_abandon(sup);
	} else if (silence > SILENCE_MS && !sup->silent) {
		emulator_last_words(sup, "the monitor has not answered for 20 s");
		sup->silent = true;
	} else if (silence < SILENCE_MS) {
		sup->silent = false;
	}
}

int64_t monitor_due(const struct sup *sup)
{
	int64_t due = ready(sup) ? sup->vms_due : INT64_MAX;

	for (int i = 0; i < SUP_PENDING; i++) {
		const struct pending *pending = &sup->pending[i];

		if (pending->used && pending->due < due &&
		    (ready(sup) || pending->head.type == CTL_HELLO))
			due = pending->due;
	}
	return due;
}

void monitor_forget(struct sup *sup, int client)
{
	for (int i = 0; i < SUP_PENDING; i++)
		if (sup->pending[i].used && sup->pending[i].client == client)
			release(&sup->pending[i]);
}

/* The first answer: the session is open, watch everything. */
static void take_hello(struct sup *sup, const struct frame *frame)
{
	struct ctl_watch watch = {.states = 1, .consoles = 1};
	struct ctl_hello hello;

	if (ready(sup) || frame->head.length < sizeof(hello))
		return;
	memcpy(&hello, frame->payload, sizeof(hello));
	if (hello.version != CTL_VERSION || hello.vm_count != sup->config->vm_count) {
		clients_say(sup, "the monitor speaks protocol version %u with %u VMs, this disco "
			    "version %d with %u: build both from one source (make)",
			    hello.version, hello.vm_count, CTL_VERSION, sup->config->vm_count);
		down_begin(sup, 0);
		return;
	}
	sup->hello = hello;
	sup->hello.name[CTL_NAME_MAX - 1] = 0;
	if (sup->phase == SUP_BOOTING)
		sup->phase = SUP_UP;
	monitor_request(sup, SUP_NOBODY,
			(struct ctl_header){.type = CTL_WATCH, .vm = CTL_VM_NONE}, &watch,
			sizeof(watch));
	consoles_refresh(sup);
	clients_tell(sup, SUP_EVENT_READY, NULL, 0);
}

static void take_state(struct sup *sup, const struct ctl_vm *vm)
{
	struct ctl_vm *known;

	if (vm->vm >= sup->config->vm_count)
		return;
	known = &sup->vms[vm->vm];
	if (known->state != vm->state || known->end != vm->end || known->resets != vm->resets) {
		*known = *vm;
		clients_state(sup, known);
	}
	*known = *vm;
	known->name[CTL_NAME_MAX - 1] = 0;
	known->reason[sizeof(known->reason) - 1] = 0;
}

static void take_vms(struct sup *sup, const struct frame *frame)
{
	uint32_t count = (uint32_t)(frame->head.length / sizeof(struct ctl_vm));
	struct ctl_vm vm = {0};

	for (uint32_t i = 0; i < count; i++) {
		memcpy(&vm, frame->payload + i * sizeof(vm), sizeof(vm));
		take_state(sup, &vm);
	}
	if (count && vm.vm + 1 < sup->config->vm_count)
		ask_vms(sup, vm.vm + 1);
	else
		sup->vms_known = true;
}

/* An answer to a request of the supervisor itself. */
static void take_own(struct sup *sup, const struct pending *pending, const struct frame *frame)
{
	switch (pending->head.type) {
	case CTL_HELLO:
		take_hello(sup, frame);
		break;
	case CTL_VMS:
		take_vms(sup, frame);
		break;
	case CTL_LOG:
		console_piece(sup, pending->head.vm, frame->payload, frame->head.length, true);
		break;
	case CTL_INPUT:
		console_typed(sup, pending->head.vm, frame->payload, frame->head.length);
		break;
	default:
		break;
	}
}

static void take_reply(struct sup *sup, const struct frame *frame)
{
	struct pending *pending = sup->pending;
	struct pending answered;

	while (pending < sup->pending + SUP_PENDING &&
	       !(pending->used && pending->sent && pending->head.seq == frame->head.seq))
		pending++;
	if (pending == sup->pending + SUP_PENDING)
		return; /* a second answer to a repeated request */
	answered = *pending;
	*pending = (struct pending){0};
	if (answered.client == SUP_NOBODY) {
		take_own(sup, &answered, frame);
	} else if (sup->clients[answered.client].id == answered.client_id) {
		struct ctl_header head = frame->head;

		head.seq = answered.client_seq;
		client_send(sup, answered.client, head, frame->payload, head.length);
	}
	free(answered.payload);
}

/* Something damaged arrived, here or there: what has no answer goes out again. */
static void send_all_again(struct sup *sup)
{
	for (int i = 0; i < SUP_PENDING; i++)
		if (sup->pending[i].used && sup->pending[i].head.type != CTL_CHECK)
			sup->pending[i].due = 0;
	sup->vms_due = 0;
	if (ready(sup))
		consoles_refresh(sup);
}

static void take_frame(struct sup *sup, const struct frame *frame)
{
	struct ctl_vm vm;

	switch (frame->head.type) {
	case CTL_REPLY:
		take_reply(sup, frame);
		break;
	case CTL_EVENT_STATE:
		if (frame->head.length != sizeof(vm))
			break;
		memcpy(&vm, frame->payload, sizeof(vm));
		take_state(sup, &vm);
		break;
	case CTL_EVENT_CONSOLE:
		console_piece(sup, frame->head.vm, frame->payload, frame->head.length, false);
		break;
	case CTL_EVENT_GARBLED:
		send_all_again(sup);
		break;
	default:
		break; /* a newer monitor's event */
	}
}

void monitor_input(struct sup *sup)
{
	uint8_t bytes[FRAME_MAX];
	struct frame frame;
	ssize_t got = recv(sup->control, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		sup->control = -1; /* the emulator is gone: its end is noticed by SIGCHLD */
		return;
	}
	frame_feed(&sup->in, bytes, (size_t)got);
	while (frame_next(&sup->in, &frame))
		take_frame(sup, &frame);
	if (frame_losses(&sup->in) != sup->losses_seen) {
		sup->losses_seen = frame_losses(&sup->in);
		send_all_again(sup);
	}
}
