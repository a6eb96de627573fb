/* SPDX-License-Identifier: BSD-2-Clause */
#include "link.h"

#include "rundir.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct link *link_make(const char *name, const char *folder, int fd)
{
	struct link *link = need_alloc(sizeof(*link));

	memset(link, 0, sizeof(*link));
	link->name = need_copy(name);
	link->folder = need_copy(folder);
	link->fd = fd;
	return link;
}

/* Which machine, when none was named. */
static char *only_machine(void)
{
	char **names = run_list();
	char *only = names[0];

	if (!only)
		die(CODE_MISSING, "no machine runs (start one: disco up -d -f FILE)");
	if (names[1]) {
		char *list = need_copy(names[0]);

		for (size_t i = 1; names[i]; i++) {
			char *longer = need_format("%s, %s", list, names[i]);

			free(list);
			list = longer;
		}
		die(CODE_USAGE, "several machines run: %s (pick one: disco -m %s ...)", list, only);
	}
	names[0] = NULL;
	free(names);
	return only;
}

struct link *link_open(const char *name)
{
	char *found = name ? need_copy(name) : only_machine();
	char *folder;
	struct link *link;
	int fd;

	if (name && (strchr(name, '/') || name[0] == '.' || !run_alive(name)))
		die(CODE_MISSING, "no machine '%s' runs (which do: disco ps)", name);
	folder = run_folder(found);
	fd = run_connect(folder);
	if (fd < 0)
		die(CODE_FAIL, "the supervisor of '%s' does not take connections: %s", found,
		    strerror(errno));
	link = link_make(found, folder, fd);
	free(found);
	free(folder);
	return link;
}

void link_close(struct link *link)
{
	if (link->fd >= 0)
		close(link->fd);
	outbox_free(&link->out);
	free(link->name);
	free(link->folder);
	free(link);
}

static void take_reply(struct link *link, const struct frame *frame)
{
	if (frame->head.seq != link->seq)
		return;
	link->answered = true;
	link->status = frame->head.status;
	link->length = frame->head.length;
	memcpy(link->payload, frame->payload, frame->head.length);
}

static void take_frame(struct link *link, const struct frame *frame)
{
	if (frame->head.type == CTL_REPLY) {
		take_reply(link, frame);
		return;
	}
	if (frame->head.type == SUP_EVENT_READY)
		link->ready = true;
	if (frame->head.type == SUP_EVENT_END && frame->head.length == sizeof(link->end)) {
		memcpy(&link->end, frame->payload, sizeof(link->end));
		link->ended = true;
	}
	if (link->event)
		link->event(link, frame);
	else if (frame->head.type == SUP_EVENT_TEXT)
		say("%.*s", (int)frame->head.length, (const char *)frame->payload);
}

static void take_bytes(struct link *link)
{
	uint8_t bytes[FRAME_MAX];
	struct frame frame;
	ssize_t got = recv(link->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		close(link->fd);
		link->fd = -1;
		link->ended = true;
		return;
	}
	frame_feed(&link->in, bytes, (size_t)got);
	while (frame_next(&link->in, &frame))
		take_frame(link, &frame);
}

void link_wait(struct link *link, int timeout_ms, int other)
{
	struct pollfd slots[2] = {{.fd = link->fd, .events = POLLIN},
				  {.fd = other, .events = POLLIN}};

	if (link->fd >= 0 && !outbox_flush(&link->out, link->fd))
		link->ended = true;
	if (outbox_size(&link->out))
		slots[0].events |= POLLOUT;
	if (poll(slots, 2, timeout_ms) > 0 && slots[0].revents & (POLLIN | POLLHUP | POLLERR))
		take_bytes(link);
}

bool link_readable(int fd)
{
	struct pollfd slot = {.fd = fd, .events = POLLIN};

	return poll(&slot, 1, 0) > 0;
}

uint32_t link_call(struct link *link, uint32_t type, uint32_t vm, const void *payload,
		   size_t length, int64_t limit_ms)
{
	struct ctl_header head = {.type = (uint16_t)type, .vm = vm, .seq = ++link->seq};
	int64_t end = now_ms() + limit_ms;

	link->answered = false;
	outbox_message(&link->out, head, payload, length);
	while (!link->answered) {
		if (link->fd < 0)
			die(CODE_FAIL, "the machine '%s' has ended", link->name);
		if (now_ms() >= end)
			die(CODE_FAIL, "the machine '%s' does not answer (look: disco -m %s logs; "
			    "end it: disco -m %s down --force)", link->name, link->name,
			    link->name);
		link_wait(link, 100, -1);
	}
	return link->status;
}

void link_need(struct link *link, uint32_t type, uint32_t vm, const void *payload, size_t length)
{
	uint32_t status = link_call(link, type, vm, payload, length, LINK_CALL_MS);

	if (status != CTL_OK)
		die(CODE_FAIL, "%s", status_text(status));
}

const char *status_text(uint32_t status)
{
	switch (status) {
	case CTL_OK:
		return "done";
	case CTL_E_VERSION:
		return "the monitor speaks another protocol version: build both from one source";
	case CTL_E_TYPE:
		return "this monitor does not know that request";
	case CTL_E_LENGTH:
		return "the monitor found the request's size wrong: build both from one source";
	case CTL_E_VM:
		return "there is no such VM";
	case CTL_E_STATE:
		return "that is not possible in the VM's state (look: disco ps)";
	case CTL_E_MEMORY:
		return "the machine has not enough free memory (look: disco stats)";
	case CTL_E_BUSY:
		return "the monitor is busy with such a request: try again";
	case CTL_E_CHECK:
		return "the check found faults (look: disco logs)";
	case SUP_E_DOWN:
		return "the machine is going down";
	case SUP_E_FULL:
		return "too many requests at a time: try again";
	default:
		return "the monitor refused, for a reason unknown to this disco";
	}
}

const char *state_text(uint32_t state)
{
	static const char *const names[] = {"off", "starting", "running", "paused", "ending"};

	return state < ARRAY_SIZE(names) ? names[state] : "?";
}

const char *end_text(uint32_t end)
{
	static const char *const names[] = {"",      "powered off", "killed",
					    "fault", "reset",       "shortage"};

	return end < ARRAY_SIZE(names) ? names[end] : "?";
}
