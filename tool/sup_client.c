/* SPDX-License-Identifier: BSD-2-Clause */
/* The clients of a supervisor: connections, their requests, what they are told. */
#include "sup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A client that does not read for that long is not waited for. */
#define BACKLOG_MAX (4u << 20)
#define ORPHAN_GRACE 2000

void client_add(struct sup *sup, int fd, bool owner)
{
	for (int i = 0; i < SUP_CLIENTS; i++) {
		struct client *client = &sup->clients[i];

		if (client->fd >= 0)
			continue;
		memset(client, 0, sizeof(*client));
		client->fd = fd;
		client->id = ++sup->last_id;
		client->owner = owner;
		if (sup->hello.version)
			client_send(sup, i, (struct ctl_header){.type = SUP_EVENT_READY}, NULL, 0);
		return;
	}
	close(fd);
}

void clients_accept(struct sup *sup)
{
	int fd = accept4(sup->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0)
		client_add(sup, fd, false);
}

void client_drop(struct sup *sup, int slot)
{
	struct client *client = &sup->clients[slot];
	bool owner = client->owner;

	close(client->fd);
	client->fd = -1;
	client->id = 0;
	client->owner = false;
	outbox_free(&client->out);
	monitor_forget(sup, slot);
	if (owner && sup->phase < SUP_STOPPING)
		down_begin(sup, ORPHAN_GRACE);
}

void client_send(struct sup *sup, int slot, struct ctl_header head, const void *payload,
		 size_t length)
{
	struct client *client = &sup->clients[slot];

	if (client->fd >= 0 && outbox_size(&client->out) <= BACKLOG_MAX)
		outbox_message(&client->out, head, payload, length);
}

static void answer(struct sup *sup, int slot, const struct ctl_header *request, uint32_t status,
		   const void *payload, size_t length)
{
	struct ctl_header head = {.type = CTL_REPLY, .seq = request->seq, .vm = request->vm,
				  .status = status};

	client_send(sup, slot, head, payload, length);
}

static void answer_info(struct sup *sup, int slot, const struct ctl_header *request)
{
	struct sup_info info = {
		.phase = sup->phase,
		.pid = (uint32_t)getpid(),
		.emulator_pid = (uint32_t)sup->emulator,
		.vm_count = sup->config->vm_count,
		.losses = (uint32_t)frame_losses(&sup->in),
		.resent = sup->resent,
		.up_ms = (uint64_t)(now_ms() - sup->started),
	};

	answer(sup, slot, request, CTL_OK, &info, sizeof(info));
}

static void take_watch(struct sup *sup, int slot, const struct frame *frame)
{
	struct ctl_watch watch = {0};

	if (frame->head.length == sizeof(watch))
		memcpy(&watch, frame->payload, sizeof(watch));
	sup->clients[slot].watch_states = watch.states;
	sup->clients[slot].watch_logs = watch.consoles;
	answer(sup, slot, &frame->head, CTL_OK, NULL, 0);
}

static void take_typed(struct sup *sup, int slot, const struct frame *frame)
{
	struct ctl_log taken = {0};

	if (!console_find(sup, frame->head.vm)) {
		answer(sup, slot, &frame->head, CTL_E_VM, NULL, 0);
		return;
	}
	taken.count = console_type(sup, frame->head.vm, frame->payload, frame->head.length);
	taken.position = outbox_size(&console_find(sup, frame->head.vm)->in);
	answer(sup, slot, &frame->head, CTL_OK, &taken, sizeof(taken));
}

static void take_down(struct sup *sup, int slot, const struct frame *frame)
{
	struct sup_down down = {0};

	if (frame->head.length == sizeof(down))
		memcpy(&down, frame->payload, sizeof(down));
	answer(sup, slot, &frame->head, CTL_OK, NULL, 0);
	down_begin(sup, down.grace_ms);
}

static void take_request(struct sup *sup, int slot, const struct frame *frame)
{
	switch (frame->head.type) {
	case SUP_INFO:
		answer_info(sup, slot, &frame->head);
		break;
	case SUP_DOWN:
		take_down(sup, slot, frame);
		break;
	case SUP_DISOWN:
		sup->clients[slot].owner = false;
		answer(sup, slot, &frame->head, CTL_OK, NULL, 0);
		break;
	case CTL_WATCH:
		take_watch(sup, slot, frame);
		break;
	case CTL_INPUT:
		take_typed(sup, slot, frame);
		break;
	case CTL_OFF:
		answer(sup, slot, &frame->head, CTL_E_TYPE, NULL, 0);
		break;
	default:
		if (sup->phase >= SUP_OFF)
			answer(sup, slot, &frame->head, SUP_E_DOWN, NULL, 0);
		else if (!monitor_request(sup, slot, frame->head, frame->payload,
					  frame->head.length))
			answer(sup, slot, &frame->head, SUP_E_FULL, NULL, 0);
		break;
	}
}

void client_input(struct sup *sup, int slot)
{
	struct client *client = &sup->clients[slot];
	uint32_t id = client->id;
	uint8_t bytes[FRAME_MAX];
	struct frame frame;
	ssize_t got = recv(client->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		client_drop(sup, slot);
		return;
	}
	frame_feed(&client->in, bytes, (size_t)got);
	while (client->id == id && frame_next(&client->in, &frame))
		take_request(sup, slot, &frame);
}

void clients_tell(struct sup *sup, enum local_type type, const void *payload, size_t length)
{
	for (int i = 0; i < SUP_CLIENTS; i++)
		client_send(sup, i,
			    (struct ctl_header){.type = (uint16_t)type, .vm = CTL_VM_NONE},
			    payload, length);
}

void clients_say(struct sup *sup, const char *format, ...)
{
	va_list args;
	char *text;
	size_t length;

	va_start(args, format);
	text = need_vformat(format, args);
	va_end(args);
	length = strlen(text);
	if (length > CTL_PAYLOAD_MAX)
		length = CTL_PAYLOAD_MAX;
	clients_tell(sup, SUP_EVENT_TEXT, text, length);
	free(text);
}

void clients_state(struct sup *sup, const struct ctl_vm *vm)
{
	struct ctl_header head = {.type = CTL_EVENT_STATE, .vm = vm->vm};

	for (int i = 0; i < SUP_CLIENTS; i++)
		if (sup->clients[i].watch_states)
			client_send(sup, i, head, vm, sizeof(*vm));
}

void clients_logs(struct sup *sup)
{
	for (unsigned int i = 0; i < sup->console_count; i++) {
		struct console *console = &sup->consoles[i];
		struct ctl_header head = {.type = SUP_EVENT_LOG, .vm = console->vm};
		struct sup_log grown = {.size = console->size};

		for (int j = 0; console->grown && j < SUP_CLIENTS; j++)
			if (sup->clients[j].watch_logs)
				client_send(sup, j, head, &grown, sizeof(grown));
		console->grown = false;
	}
}
