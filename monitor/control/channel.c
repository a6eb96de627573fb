/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Moving messages. What is sent goes to a ring and from there to the channel as it has
 * room; nothing here waits for the tool. What happens when the tool does not read:
 *
 *   replies   a request is taken only while the ring has room for the longest reply
 *   states    one bit for each VM says "to be told"; what is told is the newest state
 *   consoles  their history is kept anyway: sending goes on when there is room, from the
 *             oldest byte that is left; positions in the messages show the gap
 *
 * When the tool closes its port, all of it is forgotten.
 */
#include "control/channel.h"

#include "control/check.h"
#include "control/life.h"
#include "control/parser.h"
#include "control/stats.h"
#include "hw/channel.h"
#include "hw/timer.h"
#include "lib/print.h"
#include "lib/string.h"

#define RING (64u << 10)
#define MESSAGE_MAX PARSER_ROOM
#define CONSOLE_PIECE 1024u
#define CONSOLE_ROOM (RING / 2) /* console output leaves half of the ring to the rest */

static struct {
	u8 ring[RING];
	u64 put, taken; /* bytes, ever */
	struct parser in;
	bool open;
	bool garbled; /* CTL_EVENT_GARBLED is to be sent */
	u64 states[(CFG_VMS_MAX + 63) / 64];
	u64 log_sent;
} chan;

static size_t ring_used(void)
{
	return chan.put - chan.taken;
}

static void ring_put(const void *p, size_t n)
{
	size_t at = chan.put % RING, first = MIN(n, RING - at);

	if (n == 0)
		return;
	memcpy(chan.ring + at, p, first);
	memcpy(chan.ring, (const u8 *)p + first, n - first);
	chan.put += n;
}

bool control_send(const struct ctl_header *head, const void *a, size_t a_size, const void *b,
		  size_t b_size)
{
	struct ctl_header h = *head;

	if (!chan.open || RING - ring_used() < sizeof(h) + a_size + b_size)
		return false;
	h.magic = CTL_MAGIC;
	h.version = CTL_VERSION;
	h.length = (u32)(a_size + b_size);
	h.payload_crc = crc32(crc32(0, a, a_size), b, b_size);
	h.header_crc = crc32(0, &h, offsetof(struct ctl_header, header_crc));
	ring_put(&h, sizeof(h));
	ring_put(a, a_size);
	ring_put(b, b_size);
	return true;
}

/* Gives the channel what it takes. */
static void flush(void)
{
	while (ring_used()) {
		size_t at = chan.taken % RING, n = MIN(ring_used(), RING - at);
		size_t sent = channel_write(chan.ring + at, n);

		chan.taken += sent;
		if (sent < n)
			return;
	}
}

bool control_drained(void)
{
	if (chan.open)
		flush();
	return !chan.open || ring_used() == 0;
}

void control_state_changed(u32 number)
{
	if (watch.states)
		chan.states[number / 64] |= BIT(number % 64);
	atomic_or(&this_cpu()->work, WORK_CONTROL | WORK_CONSOLE);
}

/* Events that wait for room. */
static void send_events(void)
{
	if (chan.garbled)
		chan.garbled = !control_send(
			&(struct ctl_header){.type = CTL_EVENT_GARBLED, .vm = CTL_VM_NONE}, NULL, 0,
			NULL, 0);
	for (u32 n = 0; n < slot_count(); n++) {
		struct ctl_vm vm;

		if (!(chan.states[n / 64] & BIT(n % 64)))
			continue;
		if (RING - ring_used() < MESSAGE_MAX)
			return;
		stats_vm(n, &vm);
		(void)control_send(&(struct ctl_header){.type = CTL_EVENT_STATE, .vm = n}, &vm,
				   sizeof(vm), NULL, 0);
		chan.states[n / 64] &= ~BIT(n % 64);
	}
	check_answer();
}

static void send_piece(u32 vm, u64 end, const char *p, size_t n)
{
	struct ctl_log log = {.position = end - n, .count = (u32)n};

	(void)control_send(&(struct ctl_header){.type = CTL_EVENT_CONSOLE, .vm = vm}, &log,
			   sizeof(log), p, n);
}

static bool console_room(void)
{
	return RING - ring_used() >= CONSOLE_ROOM;
}

/* One piece of a VM's console; true when there is more. */
static bool send_vm_console(u32 n)
{
	char text[CONSOLE_PIECE];
	struct slot *s = &slots[n];
	struct vm *vm = vms[n];
	size_t got;

	if (!vm || !vm->devs)
		return false;
	got = console_read(vm, &s->console_sent, text, sizeof(text));
	if (got)
		send_piece(n, s->console_sent, text, got);
	return got == sizeof(text);
}

static void send_log(void)
{
	char text[CONSOLE_PIECE];
	size_t got;

	if (chan.log_sent == log_end() || !console_room())
		return;
	got = log_read(&chan.log_sent, text, sizeof(text));
	if (got)
		send_piece(CTL_VM_NONE, chan.log_sent, text, got);
}

void control_watch_consoles(void)
{
	chan.log_sent = log_end();
	for (u32 i = 0; i < slot_count(); i++)
		if (vms[i] && vms[i]->devs)
			slots[i].console_sent = console_end(vms[i]);
}

/* Bits of console_dirty are cleared before the read: what comes later sets them again. */
void control_send_consoles(void)
{
	bool wanted = chan.open && watch.consoles, more = false;

	if (wanted)
		send_log();
	for (u32 w = 0; w < ARRAY_SIZE(console_dirty); w++) {
		u64 bits = load_relaxed(&console_dirty[w]);

		while (bits && !(wanted && (more || !console_room()))) {
			u32 b = (u32)__builtin_ctzll(bits);

			bits &= bits - 1;
			atomic_and(&console_dirty[w], ~BIT(b));
			if (wanted && send_vm_console(w * 64 + b)) {
				atomic_or(&console_dirty[w], BIT(b));
				more = true;
			}
		}
	}
	if (wanted)
		flush();
	if (wanted && console_room() && (more || chan.log_sent != log_end()))
		atomic_or(&this_cpu()->work, WORK_CONSOLE);
}

/* The port was opened or closed by the other side. */
static void session(bool open)
{
	chan.open = open;
	chan.taken = chan.put;
	chan.garbled = false;
	memset(chan.states, 0, sizeof(chan.states));
	parser_reset(&chan.in);
	request_forget();
}

static void receive(void)
{
	size_t room, got = 0;
	u8 *space = parser_space(&chan.in, &room);

	if (room)
		got = channel_read(space, room);
	parser_added(&chan.in, got, timer_ns());
}

/* At most one request; true when there may be another one. */
static bool take_request(void)
{
	if (RING - ring_used() < MESSAGE_MAX)
		return false; /* WORK_CONTROL comes again with the room */
	receive();
	switch (parser_next(&chan.in)) {
	case PARSED_NOTHING:
		return false;
	case PARSED_GARBAGE:
		count(COUNTER_control_garbled);
		chan.garbled = true;
		return true;
	case PARSED_MESSAGE:
		break;
	}
	count(COUNTER_control_messages);
	request_handle(&chan.in.head, chan.in.payload);
	parser_take(&chan.in);
	return true;
}

void control_poll(void)
{
	bool open = channel_present() && channel_open();

	lock(&control_lock);
	if (open != chan.open)
		session(open);
	if (open) {
		flush();
		send_events();
		if (take_request())
			atomic_or(&this_cpu()->work, WORK_CONTROL);
		send_events();
		flush();
		if (watch.consoles)
			atomic_or(&this_cpu()->work, WORK_CONSOLE);
	}
	unlock(&control_lock);
}
