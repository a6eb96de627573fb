/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtio console and its stream, entropy, balloon: with and without waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_guest.h"

#define CONS 0u
#define RNG 1u
#define BALLOON 2u
#define Q_AT(i) (RAM_BASE + 0x10000 + 0x4000 * (u64)(i))
#define BUF(i) (RAM_BASE + 0x40000 + 0x1000 * (u64)(i))
#define UART VDEV_PL011_BASE

static struct vm *vm;
static struct driver_queue q[5];

static void bring_up(u32 slot, u64 features, u32 queues)
{
	assert_true(driver_start(vm, slot, features));
	for (u32 i = 0; i < queues; i++)
		driver_queue(&q[i], vm, slot, i, 32, Q_AT(i));
	mmio_write(vm, SLOT(slot) + 0x70, 4, 15);
}

static int start(void **state)
{
	(void)state;
	vm = fake_vm_make(0, false);
	return vm ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	fake_vm_end(vm);
	return 0;
}

static void post(u32 queue, u64 at, u32 bytes, bool writable)
{
	struct buffer_desc b = {at, bytes};
	driver_add(&q[queue], &b, 1, writable);
}

/* Everything the console has said. */
static void expect_output(const char *text)
{
	char got[4096] = "";
	u64 position = 0;
	size_t n = console_read(vm, &position, got, sizeof(got) - 1);
	assert_int_equal(n, strlen(text));
	assert_memory_equal(got, text, n);
}

static void say(const char *text)
{
	u32 id, len;
	memcpy(ram(BUF(0)), text, strlen(text));
	post(1, BUF(0), (u32)strlen(text), false);
	driver_kick(&q[1]);
	fake_settle();
	assert_true(driver_take(&q[1], &id, &len));
	assert_int_equal(len, 0);
}

static void test_output(void **state)
{
	(void)state;
	bring_up(CONS, 0, 2);
	mmio_write(vm, UART, 4, '>');
	say("hello ");
	say("world");
	expect_output(">hello world");
	assert_true(fake_line[VDEV_VIRTIO_INTID + CONS]);
	assert_int_equal(vdev_count(vm, COUNTER_console_bytes), 12);
}

static void test_long_output(void **state)
{
	(void)state;
	u32 id, len;
	u64 position = 0, total = 0;
	char *got = malloc(CONSOLE_RING);
	bring_up(CONS, 0, 2);
	for (u32 i = 0; i < 60000; i++)
		*(char *)ram(BUF(0) + i) = (char)(i * 7);
	post(1, BUF(0), 60000, false);
	driver_kick(&q[1]);
	assert_false(driver_take(&q[1], &id, &len)); /* too long for one pass */
	assert_true(console_end(vm) > 0);
	fake_settle();
	assert_true(driver_take(&q[1], &id, &len));
	total = console_read(vm, &position, got, CONSOLE_RING);
	assert_int_equal(total, 60000);
	assert_memory_equal(got, ram(BUF(0)), 60000);
	free(got);
}

/* The PL011 gets a byte, or hvc0 does: whoever the stream chose. */
static void typed_goes_to(bool hvc0)
{
	static char c = 'a';
	u32 id, len;
	c = c == 'z' ? 'a' : (char)(c + 1);
	assert_int_equal(console_type(vm, &c, 1), 1);
	if (hvc0) {
		assert_true(driver_take(&q[0], &id, &len));
		assert_int_equal(len, 1);
		assert_int_equal(*(char *)ram(BUF(4)), c);
		post(0, BUF(4), 16, true);
		driver_kick(&q[0]);
	} else {
		assert_int_equal(mmio_read(vm, UART, 4), c);
	}
	assert_int_equal(mmio_read(vm, UART + 0x18, 4) & 0x10, 0x10);
	assert_false(driver_take(&q[0], &id, &len));
}

static void uart_says(const char *text)
{
	for (; *text; text++)
		mmio_write(vm, UART, 4, (u64)*text);
}

/* Whose input it is: see console.c. */
static void test_input_rule(void **state)
{
	(void)state;
	u32 id, len;
	bring_up(CONS, 0, 2);
	post(0, BUF(4), 16, true);
	driver_kick(&q[0]);
	typed_goes_to(false); /* nobody has spoken */
	uart_says("boot\n");
	typed_goes_to(false);
	say("whole line\n");
	typed_goes_to(false);
	say("login: ");
	uart_says("\r\n");
	uart_says("[ 1.2] message\n");
	typed_goes_to(true);
	say("a line\n");
	uart_says("[ 1.3] message\n");
	typed_goes_to(true);
	uart_says("login: ");
	say("a line\n"); /* of the owner: above the PL011's claim while it lasts */
	typed_goes_to(false);
	say("half");
	say(" a line\n");
	typed_goes_to(false);
	say("prompt> ");
	uart_says("prompt> ");
	typed_goes_to(false);
	say("prompt> ");
	typed_goes_to(true);
	mmio_write(vm, SLOT(CONS) + 0x70, 4, 0); /* its driver goes */
	console_type(vm, "4", 1);
	assert_int_equal(mmio_read(vm, UART, 4), '4');

	/* a guest without PL011 output; and bytes wait for a buffer */
	vdev_reset(vm);
	bring_up(CONS, 0, 2);
	say("a line\n");
	assert_int_equal(console_type(vm, "two", 3), 3);
	assert_false(driver_take(&q[0], &id, &len));
	post(0, BUF(5), 2, true);
	post(0, BUF(6), 2, true);
	driver_kick(&q[0]);
	assert_true(driver_take(&q[0], &id, &len));
	assert_int_equal(len, 2);
	assert_true(driver_take(&q[0], &id, &len));
	assert_int_equal(len, 1);
	assert_memory_equal(ram(BUF(5)), "tw", 2);
}

static void test_long_input(void **state)
{
	(void)state;
	u32 id, len, got = 0;
	char text[1000];
	bring_up(CONS, 0, 2);
	say("x");
	for (u32 i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + i % 26);
	assert_int_equal(console_type(vm, text, sizeof(text)), 1000);
	while (got < 1000) {
		post(0, BUF(4) + got, 100, true);
		driver_kick(&q[0]);
		assert_true(driver_take(&q[0], &id, &len));
		got += len;
	}
	assert_memory_equal(ram(BUF(4)), text, 1000);
}

static void test_broken_console(void **state)
{
	(void)state;
	bring_up(CONS, 0, 2);
	say("x");
	post(0, BUF(4), 16, false); /* a receive buffer that can't be written */
	driver_kick(&q[0]);
	console_type(vm, "a", 1);
	assert_int_equal(mmio_read(vm, SLOT(CONS) + 0x70, 4) & 64, 64);
	mmio_write(vm, UART, 4, 'k'); /* the PL011 goes on */
	console_type(vm, "b", 1);
	bring_up(CONS, 0, 2);
	say("z");
	expect_output("xkz");
}

static void console_load(void)
{
	u32 id, len;
	bring_up(CONS, BIT(29), 2);
	fake_accesses = 0;
	say("first");
	post(0, BUF(4), 16, true);
	post(0, BUF(5), 16, true);
	driver_kick(&q[0]);
	console_type(vm, "typed", 5);
	fake_settle();
	say("second");
	console_type(vm, "more", 4);
	fake_settle();
	expect_output("firstsecond");
	assert_true(driver_take(&q[0], &id, &len));
	assert_int_equal(len, 5);
	assert_true(driver_take(&q[0], &id, &len));
	assert_int_equal(len, 4);
	assert_memory_equal(ram(BUF(4)), "typed", 5);
	assert_memory_equal(ram(BUF(5)), "more", 4);
}

static void test_console_waits(void **state)
{
	(void)state;
	u64 accesses;
	console_load();
	accesses = fake_accesses;
	for (u64 k = 0; k < accesses; k++) {
		fake_vm_end(vm);
		vm = fake_vm_make(0, false);
		fake_wait_access = k;
		console_load();
	}
	for (u32 one_in = 2; one_in < 6; one_in++) {
		fake_vm_end(vm);
		vm = fake_vm_make(0, false);
		fake_wait_random = one_in;
		console_load();
		assert_int_not_equal(fake_waited, 0);
	}
}

/* --- entropy --- */

static void test_rng(void **state)
{
	(void)state;
	u32 id, len, used = 0;
	u8 zero[64] = {0};
	bring_up(RNG, 0, 1);
	for (u32 i = 0; i < 10; i++)
		post(0, BUF(i), 64, true);
	post(0, BUF(10), 100000, true);
	driver_kick(&q[0]);
	fake_settle();
	while (driver_take(&q[0], &id, &len)) {
		assert_int_equal(len, used < 10 ? 64 : 256);
		assert_memory_not_equal(ram(BUF(used)), zero, 64);
		if (used)
			assert_memory_not_equal(ram(BUF(used)), ram(BUF(used - 1)), 64);
		used++;
	}
	assert_int_equal(used, 11);
	assert_int_equal(vdev_count(vm, COUNTER_rng_bytes), 896);
	fake_accesses = 0;
	fake_wait_random = 2;
	post(0, BUF(0), 64, true);
	driver_kick(&q[0]);
	fake_settle();
	fake_wait_random = 0;
	assert_true(driver_take(&q[0], &id, &len));
	post(0, BUF(0), 64, false);
	driver_kick(&q[0]);
	assert_int_equal(mmio_read(vm, SLOT(RNG) + 0x70, 4) & 64, 64);
}

/* --- balloon --- */

static void test_balloon_config(void **state)
{
	(void)state;
	u64 config = SLOT(BALLOON) + 0x100;
	u64 generation = mmio_read(vm, SLOT(BALLOON) + 0xfc, 4);
	vballoon_target(vm, 0x12345);
	assert_int_equal(mmio_read(vm, config, 4), 0x12345);
	assert_int_not_equal(mmio_read(vm, SLOT(BALLOON) + 0xfc, 4), generation);
	assert_false(fake_line[VDEV_VIRTIO_INTID + BALLOON]);
	bring_up(BALLOON, 0, 2);
	vballoon_target(vm, 0x12345); /* no news */
	assert_false(fake_line[VDEV_VIRTIO_INTID + BALLOON]);
	vballoon_target(vm, 0x222);
	assert_int_equal(mmio_read(vm, SLOT(BALLOON) + 0x60, 4), 2);
	mmio_write(vm, config, 4, 7); /* not the driver's */
	assert_int_equal(mmio_read(vm, config, 4), 0x222);
	mmio_write(vm, config + 4, 4, 0x111);
	assert_int_equal(vballoon_actual(vm), 0x111);
	assert_int_equal(mmio_read(vm, config, 8), 0x11100000222);
	mmio_write(vm, config + 6, 8, ~0ull); /* over the end */
	assert_int_equal(vballoon_actual(vm), 0xffff0111);
}

static void inflate(const u32 *pages, u32 n, u32 bytes)
{
	u32 id, len;
	memcpy(ram(BUF(0)), pages, 4 * n);
	post(0, BUF(0), bytes, false);
	driver_kick(&q[0]);
	fake_settle();
	assert_true(driver_take(&q[0], &id, &len));
}

static void test_inflate(void **state)
{
	(void)state;
	u32 page[256], id, len;
	u32 first = (u32)(BUF(0) >> 12) + 16;
	bring_up(BALLOON, 0, 2);
	memset(ram(BUF(16)), 0xaa, 512 << 12);
	for (u32 i = 0; i < 256; i++)
		page[i] = first + (i < 128 ? i : 511 - i); /* up, then down */
	inflate(page, 256, 1024);
	assert_int_equal(fake_given_back, 256);
	for (u32 i = 0; i < 512; i++)
		assert_int_equal(*(u8 *)ram(BUF(16 + i)),
				 i < 128 || (i >= 256 && i < 384) ? 0 : 0xaa);
	/* wrong ones are ignored, odd bytes too */
	page[0] = 0;
	page[1] = 0xffffffff;
	page[2] = first + 200;
	inflate(page, 3, 15);
	assert_int_equal(fake_given_back, 257);
	assert_int_equal(vdev_count(vm, COUNTER_frames_returned), 257);
	post(1, BUF(0), 1024, false); /* deflate */
	driver_kick(&q[1]);
	fake_settle();
	assert_true(driver_take(&q[1], &id, &len));
	assert_int_equal(fake_given_back, 257);
}

static void test_report(void **state)
{
	(void)state;
	u32 id, len;
	struct buffer_desc b[3] = {
		{BUF(100), 600 << 12},                   /* crosses a block */
		{BUF(10) + 5, 3 << 12},                  /* two whole pages */
		{RAM_BASE + RAM_BYTES - 4096, 1u << 20}, /* one page, then no memory */
	};
	bring_up(BALLOON, BIT(5), 5);
	memset(ram(BUF(0)), 0xaa, 800 << 12);
	driver_add(&q[2], b, 3, 3); /* where Linux has it */
	driver_kick(&q[2]);
	fake_settle();
	assert_true(driver_take(&q[2], &id, &len));
	assert_int_equal(fake_given_back, 603);
	assert_int_equal(*(u8 *)ram(BUF(10)), 0xaa);
	assert_int_equal(*(u8 *)ram(BUF(11)), 0);
	assert_int_equal(*(u8 *)ram(BUF(12)), 0);
	assert_int_equal(*(u8 *)ram(BUF(13)), 0xaa);
	assert_int_equal(*(u8 *)ram(BUF(99)), 0xaa);
	assert_int_equal(*(u8 *)ram(BUF(100)), 0);
	assert_int_equal(*(u8 *)ram(BUF(699)), 0);
	assert_int_equal(*(u8 *)ram(BUF(700)), 0xaa);
	driver_add(&q[4], b + 1, 1, 1); /* where the standard has it */
	driver_kick(&q[4]);
	fake_settle();
	assert_true(driver_take(&q[4], &id, &len));
	assert_int_equal(fake_given_back, 605);
}

static void test_balloon_waits(void **state)
{
	(void)state;
	u32 page[100], id, len;
	for (u32 i = 0; i < 100; i++)
		page[i] = (u32)(BUF(16) >> 12) + 2 * i;
	for (u64 k = 0;; k++) {
		struct buffer_desc b = {BUF(300), 5 << 12};
		fake_vm_end(vm);
		vm = fake_vm_make(0, false);
		bring_up(BALLOON, BIT(5) | BIT(29), 3);
		fake_accesses = 0;
		fake_wait_access = k;
		inflate(page, 100, 400);
		driver_add(&q[2], &b, 1, 1);
		driver_kick(&q[2]);
		fake_settle();
		assert_true(driver_take(&q[2], &id, &len));
		assert_int_equal(fake_given_back, 105);
		if (fake_accesses <= k)
			break;
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start, end)
	const struct CMUnitTest tests[] = {
		T(test_output),     T(test_long_output),    T(test_input_rule),
		T(test_long_input), T(test_broken_console), T(test_console_waits),
		T(test_rng),        T(test_balloon_config), T(test_inflate),
		T(test_report),     T(test_balloon_waits),
	};
	return cmocka_run_group_tests_name("vcons", tests, NULL, NULL);
}
