/* SPDX-License-Identifier: BSD-2-Clause */
/* The control channel's driver against a virtio console with several ports. */
#include "fake_virtio.h"

#include "hw/channel.c"
#include "hw/virtio_queue.c"

#define PORT 2u /* ours: queues 6 and 7 */
#define IN 6u
#define OUT 7u

/* The device tells the driver about an event. */
static void tell(u32 id, u16 event, u16 value, const char *name)
{
	struct control e = {.id = id, .event = event, .value = value};
	struct chain c;
	u32 n = (u32)strlen(name);
	assert_true(device_pop(CONTROL_IN, &c));
	assert_true(c.piece[0].len >= sizeof(e) + n);
	memcpy(c.piece[0].p, &e, sizeof(e));
	memcpy(c.piece[0].p + sizeof(e), name, n);
	device_push(CONTROL_IN, c.head, (u32)sizeof(e) + n);
}

/* The driver's next control message must be this one. */
static void hear(u32 id, u16 event, u16 value)
{
	struct control e;
	struct chain c;
	assert_true(device_pop(CONTROL_OUT, &c));
	assert_int_equal(c.outs, 1);
	memcpy(&e, c.piece[0].p, sizeof(e));
	assert_int_equal(e.id, id);
	assert_int_equal(e.event, event);
	assert_int_equal(e.value, value);
	device_push(CONTROL_OUT, c.head, 0);
}

static void hear_nothing(void)
{
	struct chain c;
	channel_present();
	assert_false(device_pop(CONTROL_OUT, &c));
}

static int start(void **state)
{
	(void)state;
	channel = NULL;
	device_make(3, BIT(0) | BIT(1) | BIT(2));
	device.config[4] = 31;
	channel_start(DEVICE_AT, test_alloc);
	assert_non_null(channel);
	assert_int_equal(device.accepted, BIT(32) | BIT(1));
	assert_int_equal(device.status, 15);
	hear(PORT_NONE, DEVICE_READY, 1);
	return 0;
}

/* Ports 0 and PORT are announced; ours gets its name and the other side opens it. */
static void bring_up(void)
{
	tell(0, DEVICE_ADD, 1, "");
	tell(PORT, DEVICE_ADD, 1, "");
	assert_false(channel_present());
	hear(0, PORT_READY, 1);
	hear(PORT, PORT_READY, 1);
	tell(0, PORT_NAME, 1, "org.qemu.guest_agent.0");
	hear_nothing();
	tell(PORT, PORT_NAME, 1, CTL_PORT_NAME);
	assert_true(channel_present());
	hear(PORT, PORT_OPEN, 1);
	assert_false(channel_open());
	tell(0, PORT_OPEN, 1, "");
	assert_false(channel_open());
	tell(PORT, PORT_OPEN, 1, "");
	assert_true(channel_open());
}

static void test_ports(void **state)
{
	(void)state;
	bring_up();
	tell(PORT, PORT_OPEN, 0, "");
	assert_false(channel_open());
	assert_int_equal(channel_write("x", 1), 0);
	tell(PORT, PORT_OPEN, 1, "");
	assert_true(channel_open());
	tell(PORT, DEVICE_REMOVE, 0, "");
	assert_false(channel_open());
}

/* Events that make no sense, more of them than there are buffers. */
static void test_odd_events(void **state)
{
	(void)state;
	struct chain c;
	for (u32 i = 0; i < 100; i++) {
		tell(i * 0x1234567, (u16)(i == 1 ? 99 : PORT_NAME), (u16)i, i & 1 ? "" : "no");
		assert_false(channel_present());
	}
	tell(4, PORT_NAME, 1, CTL_PORT_NAME); /* not among those with queues */
	assert_false(channel_present());
	tell(0xffffffff, PORT_NAME, 1, CTL_PORT_NAME);
	assert_false(channel_present());
	tell(PORT_NONE, PORT_OPEN, 1, ""); /* our port is "none" as yet */
	channel_open();
	assert_int_equal(channel_write("x", 1), 0);
	assert_true(device_pop(CONTROL_IN, &c)); /* lengths that can't be */
	device_push(CONTROL_IN, c.head, 3);
	assert_false(channel_present());
	assert_true(device_pop(CONTROL_IN, &c));
	device_push(CONTROL_IN, c.head, 0xffffffff);
	assert_false(channel_present());
	tell(PORT_NONE, PORT_OPEN, 0, "");
	bring_up();
}

static void test_write(void **state)
{
	(void)state;
	static char text[100000], got[100000];
	struct chain c, held[BUFFERS];
	size_t done = 0, taken = 0;

	bring_up();
	for (u32 i = 0; i < sizeof(text); i++)
		text[i] = (char)(i * 7 + i / 300);
	/* the device holds on to what it gets: the buffers run out */
	done = channel_write(text, sizeof(text));
	assert_int_equal(done, BUFFERS * BUFFER_BYTES);
	assert_int_equal(channel_write(text, 1), 0);
	for (u32 i = 0; i < BUFFERS; i++)
		assert_true(device_pop(OUT, &held[i]));
	for (u32 i = 0; i < BUFFERS; i++) {
		memcpy(got + taken, held[i].piece[0].p, held[i].piece[0].len);
		taken += held[i].piece[0].len;
		device_push(OUT, held[i].head, 0);
	}
	done += channel_write(text + done, sizeof(text) - done);
	assert_int_equal(done, sizeof(text));
	while (device_pop(OUT, &c)) {
		memcpy(got + taken, c.piece[0].p, c.piece[0].len);
		taken += c.piece[0].len;
		device_push(OUT, c.head, 0);
	}
	assert_int_equal(taken, sizeof(text));
	assert_memory_equal(got, text, sizeof(text));
}

/* The device sends n bytes; false when it has no buffer. */
static bool send(const char *p, u32 n)
{
	struct chain c;
	if (!device_pop(IN, &c))
		return false;
	assert_int_equal(c.outs, 0);
	assert_true(c.piece[0].len >= n);
	memcpy(c.piece[0].p, p, n);
	device_push(IN, c.head, n);
	return true;
}

static void test_read(void **state)
{
	(void)state;
	static char text[5000], got[5000];
	u32 sent = 0, taken = 0, n = 1;

	bring_up();
	for (u32 i = 0; i < sizeof(text); i++)
		text[i] = (char)(i * 13 + i / 200);
	assert_int_equal(channel_read(got, sizeof(got)), 0);
	while (taken < sizeof(text)) {
		while (sent < sizeof(text)) {
			u32 part = MIN(n, (u32)sizeof(text) - sent);
			if (!send(text + sent, part))
				break;
			sent += part;
			n = n % 97 + 1;
		}
		taken += (u32)channel_read(got + taken, 10 + n);
		assert_true(taken <= sent);
	}
	assert_memory_equal(got, text, sizeof(text));
	assert_int_equal(channel_read(got, sizeof(got)), 0);
	/* empty ones, and lengths beyond the buffer */
	struct chain c;
	assert_true(device_pop(IN, &c));
	device_push(IN, c.head, 0);
	assert_int_equal(channel_read(got, sizeof(got)), 0);
	assert_true(device_pop(IN, &c));
	device_push(IN, c.head, 0xffffffff);
	assert_int_equal(channel_read(got, sizeof(got)), 4096);
	for (u32 i = 0; i < BUFFERS; i++)
		assert_true(send("y", 1));
	assert_false(send("y", 1));
	assert_int_equal(channel_read(got, sizeof(got)), BUFFERS);
}

static void test_refused(void **state)
{
	(void)state;
	channel = NULL;
	assert_int_equal(channel_read(NULL, 0) + channel_write(NULL, 0), 0);
	assert_false(channel_present() || channel_open());
	device_make(3, 0); /* no MULTIPORT */
	channel_start(DEVICE_AT, test_alloc);
	assert_null(channel);
	assert_int_equal(device.status, STATUS_FAILED);
	device_make(3, BIT(1));
	device.config[4] = 31;
	device.queue[5].max = 0;
	channel_start(DEVICE_AT, test_alloc);
	assert_null(channel);
	device_make(3, BIT(1));
	device.config[4] = 1; /* one port: 4 queues */
	channel_start(DEVICE_AT, test_alloc);
	assert_non_null(channel);
	hear(PORT_NONE, DEVICE_READY, 1);
	tell(1, PORT_NAME, 1, CTL_PORT_NAME);
	assert_false(channel_present());
	tell(0, PORT_NAME, 1, CTL_PORT_NAME);
	assert_true(channel_present());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_ports, start),
		cmocka_unit_test_setup(test_odd_events, start),
		cmocka_unit_test_setup(test_write, start),
		cmocka_unit_test_setup(test_read, start),
		cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests_name("channel", tests, NULL, NULL);
}
