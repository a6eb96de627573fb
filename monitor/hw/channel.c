/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control channel: one named port of the machine's virtio console (virtio 1.2, 5.3, with
 * VIRTIO_CONSOLE_F_MULTIPORT). Ports are announced over a pair of control queues:
 *
 *   device                    driver
 *                             DEVICE_READY 1      at start
 *   DEVICE_ADD port           PORT_READY port 1
 *   PORT_NAME port "name"     PORT_OPEN port 1    when it is ours
 *   PORT_OPEN port 0 or 1                         the other side comes and goes
 *
 * Port n has queues 2n + 2 and 2n + 3, but port 0 has 0 and 1; 2 and 3 are control. Queues
 * must be set up before it is known which port is ours, so the first CHANNEL_PORTS get some.
 *
 * Nothing is done in the interrupt: each call first looks at what the device has finished.
 */
#include "hw/channel.h"

#include "abi/control.h"
#include "hw/virtio_queue.h"
#include "lib/addr.h"
#include "lib/lock.h"
#include "lib/percpu.h"
#include "lib/print.h"
#include "lib/string.h"

#define F_MULTIPORT BIT(1)
#define CONFIG_MAX_PORTS 4u

#define CHANNEL_PORTS 4u /* ports that may be ours: 0 to 3 */
#define CHANNEL_QUEUES (2u * CHANNEL_PORTS + 2)
#define QUEUE_SIZE 16u
#define CONTROL_IN 2u
#define CONTROL_OUT 3u
#define PORT_NONE 0xffffffffu

#define BUFFERS QUEUE_SIZE     /* of each direction; one piece each */
#define BUFFER_BYTES PAGE_SIZE /* data */
#define EVENT_BYTES 128u       /* control events: header and name */

enum event { /* 5.3.6.2 */
	     DEVICE_READY = 0,
	     DEVICE_ADD = 1,
	     DEVICE_REMOVE = 2,
	     PORT_READY = 3,
	     PORT_OPEN = 6,
	     PORT_NAME = 7,
};

struct control {
	u32 id;
	u16 event;
	u16 value;
};

struct buffer {
	void *data; /* a page */
	u32 used;   /* received bytes */
	u32 taken;  /* of them, by channel_read() */
	bool busy;  /* the device has it */
};

static struct channel {
	struct lock lock; /* rank CONSOLE: all */
	struct virtq queue[CHANNEL_QUEUES];
	u32 queues; /* set up */
	u32 port;   /* ours, or PORT_NONE */
	bool open;  /* the other side has it open */

	struct buffer in[BUFFERS], out[BUFFERS];
	u32 first; /* index in `order` of the oldest received buffer */
	u32 count; /* of received buffers */
	u8 order[BUFFERS];

	u8 (*event)[EVENT_BYTES]; /* BUFFERS of them, for CONTROL_IN */
	struct control *answer;   /* BUFFERS of them, for CONTROL_OUT */
	u32 answers_busy;         /* bit mask */
} * channel;

static struct virtq_piece piece(const void *va, u32 bytes)
{
	return (struct virtq_piece){.pa = va_pa(va), .bytes = bytes};
}

static u32 queue_in(u32 port)
{
	return port ? 2 * port + 2 : 0;
}

static u32 queue_out(u32 port)
{
	return queue_in(port) + 1;
}

/* Tells the device something; events in flight never exceed the answers we have. */
static void send_control(struct channel *c, u32 id, enum event event, u16 value)
{
	struct virtq_piece p;
	for (u32 i = 0; i < BUFFERS; i++) {
		struct control *a = &c->answer[i];
		if (c->answers_busy & BIT(i))
			continue;
		*a = (struct control){.id = id, .event = (u16)event, .value = value};
		p = piece(a, sizeof(*a));
		if (!virtq_add(&c->queue[CONTROL_OUT], &p, 1, 0, a))
			return;
		c->answers_busy |= (u32)BIT(i);
		virtq_kick(&c->queue[CONTROL_OUT]);
		return;
	}
	print("control channel: the device does not take our answers\n");
}

/* An empty receive buffer goes to the device. */
static void post_input(struct channel *c, struct buffer *b)
{
	struct virtq_piece p = piece(b->data, BUFFER_BYTES);
	b->used = b->taken = 0;
	b->busy = virtq_add(&c->queue[queue_in(c->port)], &p, 0, 1, b);
}

/* This port is the one: it gets buffers, and the device is told that we listen. */
static void adopt(struct channel *c, u32 port)
{
	if (c->port != PORT_NONE)
		return;
	c->port = port;
	for (u32 i = 0; i < BUFFERS; i++)
		post_input(c, &c->in[i]);
	send_control(c, port, PORT_OPEN, 1);
	virtq_kick(&c->queue[queue_in(port)]);
}

/* The rest of a PORT_NAME event is the name, without a zero. */
static bool name_is_ours(const u8 *name, u32 bytes)
{
	u32 want = sizeof(CTL_PORT_NAME) - 1;
	while (bytes && name[bytes - 1] == 0)
		bytes--;
	return bytes == want && memcmp(name, CTL_PORT_NAME, want) == 0;
}

static void handle_event(struct channel *c, const u8 *event, u32 bytes)
{
	struct control e;
	bool ours;
	if (bytes < sizeof(e) || bytes > EVENT_BYTES)
		return;
	memcpy(&e, event, sizeof(e));
	ours = e.id == c->port && c->port != PORT_NONE;
	switch (e.event) {
	case DEVICE_ADD:
		send_control(c, e.id, PORT_READY, 1);
		break;
	case DEVICE_REMOVE:
		if (ours)
			c->open = false;
		break;
	case PORT_NAME:
		if (!name_is_ours(event + sizeof(e), bytes - (u32)sizeof(e)))
			break;
		if (e.id < CHANNEL_PORTS && queue_out(e.id) < c->queues)
			adopt(c, e.id);
		else
			print("control channel: port %u is not among the first %u, not used\n",
			      e.id, CHANNEL_PORTS);
		break;
	case PORT_OPEN:
		if (ours)
			c->open = e.value != 0;
		break;
	default:
		break;
	}
}

static void collect_events(struct channel *c)
{
	struct control *a;
	u8 *event;
	u32 bytes;
	bool posted = false;

	while ((a = virtq_take(&c->queue[CONTROL_OUT], &bytes)))
		c->answers_busy &= ~(u32)BIT((u32)(a - c->answer));
	while ((event = virtq_take(&c->queue[CONTROL_IN], &bytes))) {
		struct virtq_piece p = piece(event, EVENT_BYTES);
		handle_event(c, event, bytes);
		posted |= virtq_add(&c->queue[CONTROL_IN], &p, 0, 1, event);
	}
	if (posted)
		virtq_kick(&c->queue[CONTROL_IN]);
}

/* Takes back what the device has finished. Locked. */
static void collect(struct channel *c)
{
	struct buffer *b;
	u32 bytes;

	lock_assert(&c->lock);
	collect_events(c);
	if (c->port == PORT_NONE)
		return;
	while ((b = virtq_take(&c->queue[queue_out(c->port)], &bytes)))
		b->busy = false;
	while ((b = virtq_take(&c->queue[queue_in(c->port)], &bytes))) {
		b->busy = false;
		b->used = MIN(bytes, (u32)BUFFER_BYTES);
		c->order[(c->first + c->count++) % BUFFERS] = (u8)(b - c->in);
	}
}

bool channel_present(void)
{
	bool present;
	if (!channel)
		return false;
	lock(&channel->lock);
	collect(channel);
	present = channel->port != PORT_NONE;
	unlock(&channel->lock);
	return present;
}

bool channel_open(void)
{
	bool open;
	if (!channel)
		return false;
	lock(&channel->lock);
	collect(channel);
	open = channel->open;
	unlock(&channel->lock);
	return open;
}

size_t channel_write(const void *from, size_t n)
{
	struct channel *c = channel;
	struct virtq *q;
	size_t done = 0;

	if (!c)
		return 0;
	lock(&c->lock);
	collect(c);
	for (u32 i = 0; c->open && i < BUFFERS && done < n; i++) {
		struct buffer *b = &c->out[i];
		u32 part = (u32)MIN(n - done, (size_t)BUFFER_BYTES);
		struct virtq_piece p = piece(b->data, part);
		if (b->busy)
			continue;
		q = &c->queue[queue_out(c->port)];
		memcpy(b->data, (const char *)from + done, part);
		if (!virtq_add(q, &p, 1, 0, b))
			break;
		b->busy = true;
		done += part;
	}
	if (done)
		virtq_kick(&c->queue[queue_out(c->port)]);
	unlock(&c->lock);
	return done;
}

size_t channel_read(void *to, size_t n)
{
	struct channel *c = channel;
	size_t done = 0;
	bool posted = false;

	if (!c)
		return 0;
	lock(&c->lock);
	collect(c);
	while (c->count && done < n) {
		struct buffer *b = &c->in[c->order[c->first]];
		u32 part = (u32)MIN(n - done, (size_t)(b->used - b->taken));
		memcpy((char *)to + done, (char *)b->data + b->taken, part);
		b->taken += part;
		done += part;
		if (b->taken < b->used)
			break;
		c->first = (c->first + 1) % BUFFERS;
		c->count--;
		post_input(c, b);
		posted = true;
	}
	if (posted)
		virtq_kick(&c->queue[queue_in(c->port)]);
	unlock(&c->lock);
	return done;
}

/* All memory of the channel, and its buffers' pages. False: there is not enough. */
static bool get_memory(struct channel *c, virtio_alloc *alloc)
{
	u32 node = this_cpu()->node;
	c->event = alloc(node, BUFFERS * EVENT_BYTES);
	c->answer = alloc(node, BUFFERS * sizeof(*c->answer));
	if (!c->event || !c->answer)
		return false;
	for (u32 i = 0; i < BUFFERS; i++) {
		c->in[i].data = alloc(node, BUFFER_BYTES);
		c->out[i].data = alloc(node, BUFFER_BYTES);
		if (!c->in[i].data || !c->out[i].data)
			return false;
	}
	return true;
}

static bool set_up_queues(struct channel *c, u64 base, virtio_alloc *alloc)
{
	u32 want = 2 * MIN(virtio_config32(base, CONFIG_MAX_PORTS), CHANNEL_PORTS) + 2;
	for (u32 i = 0; i < want; i++) {
		void *page = alloc(this_cpu()->node, PAGE_SIZE);
		if (!page || !virtq_setup(&c->queue[i], base, i, QUEUE_SIZE, page))
			return false;
		c->queues++;
	}
	return want > CONTROL_OUT;
}

void channel_start(u64 base, virtio_alloc *alloc)
{
	struct channel *c;
	u64 features;

	if (channel)
		return;
	c = alloc(this_cpu()->node, sizeof(*c));
	if (!c || !get_memory(c, alloc) || !virtio_begin(base, F_MULTIPORT, &features) ||
	    !(features & F_MULTIPORT) || !set_up_queues(c, base, alloc)) {
		virtio_give_up(base);
		print("virtio at 0x%llx: console not used: no memory, or no ports\n",
		      (unsigned long long)base);
		return;
	}
	lock_init(&c->lock, LOCK_CONSOLE);
	c->port = PORT_NONE;
	virtio_ready(base);
	lock(&c->lock);
	for (u32 i = 0; i < BUFFERS; i++) {
		struct virtq_piece p = piece(c->event[i], EVENT_BYTES);
		if (!virtq_add(&c->queue[CONTROL_IN], &p, 0, 1, c->event[i]))
			break;
	}
	virtq_kick(&c->queue[CONTROL_IN]);
	send_control(c, PORT_NONE, DEVICE_READY, 1);
	unlock(&c->lock);
	channel = c;
}
