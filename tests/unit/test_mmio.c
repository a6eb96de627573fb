/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers as a guest sees them: dispatch, odd accesses, transport, PL011, PL031. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fake_guest.h"

#define UART(offset) (VDEV_PL011_BASE + (offset))
#define RTC(offset) (VDEV_PL031_BASE + (offset))
#define Q_AT (RAM_BASE + 0x10000)

static struct vm *vm;
static u64 clock_now;

static u64 test_clock(void)
{
	return clock_now;
}

static int start(void **state)
{
	(void)state;
	vm = fake_vm_make(2, false);
	return vm ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	fake_vm_end(vm);
	return 0;
}

static u64 rd(u64 at)
{
	return mmio_read(vm, at, 4);
}

static void wr(u64 at, u64 value)
{
	mmio_write(vm, at, 4, value);
}

static void test_dispatch(void **state)
{
	(void)state;
	const u64 nobody[] = {0,
			      VDEV_PL011_BASE - 1,
			      VDEV_PL031_BASE + 0x1000,
			      VDEV_VIRTIO_BASE - 4,
			      VDEV_VIRTIO_BASE + 0x4000,
			      0x10000000,
			      ~0ull};
	for (u32 i = 0; i < ARRAY_SIZE(nobody); i++) {
		struct access a = {.ipa = {nobody[i]}, .size = 4};
		enum verdict v;
		assert_int_equal(vdev_access(fake_vcpu(vm), &a, &v), ERR_ABSENT);
	}
	assert_int_equal(vdev_slots(vm), 5);
	const u32 kinds[] = {3, 4, 5, 2, 2, 0, 0};
	for (u32 i = 0; i < ARRAY_SIZE(kinds); i++) {
		assert_int_equal(rd(SLOT(i)), 0x74726976);
		assert_int_equal(rd(SLOT(i) + 4), 2);
		assert_int_equal(rd(SLOT(i) + 8), kinds[i]);
	}
	assert_int_equal(rd(SLOT(31) + 8), 0);
	assert_int_equal(rd(SLOT(31) + 0x70), 0);
}

/* Every offset of every device, every size, read and written with junk: nothing breaks. */
static void test_all_offsets(void **state)
{
	(void)state;
	for (u32 size = 1; size <= 8; size *= 2) {
		for (u64 at = 0; at < 0x1000; at++) {
			u64 mask = size == 8 ? ~0ull : BIT(8 * size) - 1;
			assert_int_equal(mmio_read(vm, UART(at), size) & ~mask, 0);
			assert_int_equal(mmio_read(vm, RTC(at), size) & ~mask, 0);
			mmio_write(vm, UART(at), size, 0xa5a5a5a5a5a5a5a5);
			mmio_write(vm, RTC(at), size, 0xa5a5a5a5a5a5a5a5);
		}
		for (u64 at = 0; at < 0x4000; at++) {
			u64 mask = size == 8 ? ~0ull : BIT(8 * size) - 1;
			assert_int_equal(mmio_read(vm, VDEV_VIRTIO_BASE + at, size) & ~mask, 0);
			mmio_write(vm, VDEV_VIRTIO_BASE + at, size, 0xa5a5a5a5a5a5a5a5);
		}
	}
	/* narrow and misaligned ones read as zero */
	assert_int_equal(mmio_read(vm, SLOT(3), 1), 0);
	assert_int_equal(mmio_read(vm, SLOT(3), 8), 0);
	assert_int_equal(mmio_read(vm, SLOT(3) + 2, 4), 0);
	assert_int_equal(mmio_read(vm, UART(0xfe1), 1), 0);
	assert_int_equal(mmio_read(vm, UART(0xfe0), 1), 0x11);
	assert_int_equal(mmio_read(vm, UART(0xfe0), 8), 0x11);
}

static void test_features(void **state)
{
	(void)state;
	u64 base = SLOT(3);
	wr(base + 0x14, 0);
	assert_int_equal(rd(base + 0x10) & BIT(9), BIT(9));
	wr(base + 0x14, 1);
	assert_int_equal(rd(base + 0x10), 1);
	wr(base + 0x14, 2);
	assert_int_equal(rd(base + 0x10), 0);
	assert_true(driver_start(vm, 3, BIT(9)));
	wr(base + 0x24, 0);
	wr(base + 0x20, BIT(5)); /* too late */
	wr(base + 0x70, 15);
	assert_int_equal(rd(base + 0x70), 15);
	assert_false(driver_start(vm, 3, BIT(5)));  /* not offered */
	assert_false(driver_start(vm, 3, BIT(63))); /* nor this */
	wr(base + 0x70, 0);
	wr(base + 0x70, 3);
	wr(base + 0x24, 0);
	wr(base + 0x20, BIT(9));
	wr(base + 0x24, 1);
	wr(base + 0x20, 0);
	wr(base + 0x70, 11); /* a legacy driver: without VERSION_1 */
	assert_int_equal(rd(base + 0x70), 3);
	wr(base + 0x70, 64 | 128); /* NEEDS_RESET is ours, FAILED is the driver's */
	assert_int_equal(rd(base + 0x70), 131);
	wr(base + 0x70, 0);
	assert_int_equal(rd(base + 0x70), 0);
}

static void test_queue_registers(void **state)
{
	(void)state;
	struct driver_queue q;
	u64 base = SLOT(0);
	assert_true(driver_start(vm, 0, 0));
	wr(base + 0x30, 1);
	assert_int_equal(rd(base + 0x34), 128);
	assert_int_equal(rd(base + 0x44), 0);
	wr(base + 0x30, 2);
	assert_int_equal(rd(base + 0x34), 0);
	wr(base + 0x30, 0xffffffff);
	wr(base + 0x44, 1);
	assert_int_equal(rd(base + 0x44), 0);
	driver_queue(&q, vm, 0, 0, 16, Q_AT);
	assert_int_equal(rd(base + 0x44), 1);
	wr(base + 0x38, 3); /* while it is ready: nothing */
	wr(base + 0x44, 1);
	assert_int_equal(rd(base + 0x70), 11);
	wr(base + 0x44, 0);
	assert_int_equal(rd(base + 0x44), 0);
	driver_queue(&q, vm, 0, 0, 24, Q_AT); /* not a power of two */
	assert_int_equal(rd(base + 0x44), 0);
	assert_int_equal(rd(base + 0x70) & 64, 64);
	assert_false(fake_line[VDEV_VIRTIO_INTID]); /* no DRIVER_OK yet: no interrupt */
	assert_int_equal(rd(base + 0xb0), 0xffffffff);
	assert_int_equal(rd(base + 0xbc), 0xffffffff);
	for (u32 i = 0; i < 100; i++)
		wr(base + 0x50, i); /* kicks of a broken device */
	assert_int_equal(vdev_count(vm, COUNTER_virtio_kicks), 100);
	assert_int_equal(vdev_count(vm, COUNTER_virtio_broken), 1);
}

static void test_no_memory(void **state)
{
	(void)state;
	fake_vm_end(vm);
	for (s64 k = 0;; k++) { /* creation fails at each of its allocations */
		s64 before = fake_pieces;
		fake_pieces_left = k;
		vm = fake_vm_make(2, false);
		fake_pieces_left = -1;
		if (vm)
			break;
		assert_int_equal(fake_pieces, before);
		assert_true(k < 20);
	}
}

/* --- PL011 --- */

static char console[256];

static void test_pl011_output(void **state)
{
	(void)state;
	u64 position = 0;
	const char *text = "Hello";
	console_dirty[0] = 0;
	this_cpu()->work = 0;
	assert_int_equal(rd(UART(0x18)) & 0x90, 0x90);
	for (const char *p = text; *p; p++)
		mmio_write(vm, UART(0), 1, (u64)*p);
	assert_int_equal(console_read(vm, &position, console, sizeof(console)), 5);
	assert_memory_equal(console, text, 5);
	assert_int_equal(position, 5);
	assert_int_equal(console_end(vm), 5);
	assert_int_equal(console_dirty[0], 1);
	assert_true(this_cpu()->work & WORK_CONSOLE);
	assert_int_equal(vdev_count(vm, COUNTER_console_bytes), 5);
	/* the transmit interrupt: raised by sending, cleared by ICR */
	assert_int_equal(rd(UART(0x3c)), 0x20);
	assert_false(fake_line[VDEV_PL011_INTID]);
	wr(UART(0x38), 0x20);
	assert_true(fake_line[VDEV_PL011_INTID]);
	wr(UART(0x44), 0x20);
	assert_false(fake_line[VDEV_PL011_INTID]);
}

static void test_pl011_input(void **state)
{
	(void)state;
	char many[2000];
	memset(many, 'x', sizeof(many));
	wr(UART(0x2c), 0x70); /* FIFOs on; level 8 of 16 after reset */
	wr(UART(0x38), 0x10); /* receive */
	assert_int_equal(console_type(vm, "abcdefg", 7), 7);
	assert_false(fake_line[VDEV_PL011_INTID]);
	assert_int_equal(rd(UART(0x3c)), 0x40); /* timeout only */
	wr(UART(0x38), 0x50);
	assert_true(fake_line[VDEV_PL011_INTID]);
	assert_int_equal(console_type(vm, "h", 1), 1);
	assert_int_equal(rd(UART(0x40)), 0x50);
	assert_int_equal(rd(UART(0x18)) & 0x50, 0);
	for (char c = 'a'; c <= 'h'; c++) {
		assert_true(fake_line[VDEV_PL011_INTID]);
		assert_int_equal(rd(UART(0)), c);
	}
	assert_false(fake_line[VDEV_PL011_INTID]);
	assert_int_equal(rd(UART(0x18)) & 0x10, 0x10);
	assert_int_equal(rd(UART(0)), 0);
	assert_int_equal(console_type(vm, many, sizeof(many)), 1024);
	assert_int_equal(console_type(vm, many, 1), 0);
	assert_int_equal(rd(UART(0x18)) & 0x40, 0x40); /* full */
	vdev_reset(vm);
	assert_false(fake_line[VDEV_PL011_INTID]);
	assert_int_equal(rd(UART(0x18)) & 0x10, 0x10);
	assert_int_equal(console_type(vm, many, sizeof(many)), 1024);
}

static void test_pl011_identity(void **state)
{
	(void)state;
	const u8 id[8] = {0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};
	for (u32 i = 0; i < 8; i++)
		assert_int_equal(rd(UART(0xfe0 + 4 * i)), id[i]);
	assert_int_equal(rd(RTC(0xfe0)), 0x31);
	assert_int_equal(rd(UART(0x30)), 0x300);
	assert_int_equal(rd(UART(0x34)), 0x12);
	wr(UART(0x24), 0x12345678);
	assert_int_equal(rd(UART(0x24)), 0x5678);
}

/* The history is a ring: an old position moves up, a reader never gets torn text. */
static void test_console_history(void **state)
{
	(void)state;
	u64 position = 0, end;
	char got[100];
	for (u32 i = 0; i < CONSOLE_RING + 50; i++)
		mmio_write(vm, UART(0), 4, 'a' + i % 26);
	end = console_end(vm);
	assert_int_equal(end, CONSOLE_RING + 50);
	assert_int_equal(console_read(vm, &position, got, 100), 100);
	assert_int_equal(position, 150);
	for (u32 i = 0; i < 100; i++)
		assert_int_equal(got[i], 'a' + (50 + i) % 26);
	position = end - 10;
	assert_int_equal(console_read(vm, &position, got, 100), 10);
	assert_int_equal(console_read(vm, &position, got, 100), 0);
	position = ~0ull; /* a reader from the future */
	assert_int_equal(console_read(vm, &position, got, 100), 0);
	assert_int_equal(position, end);
}

/* --- PL031 --- */

static void test_pl031(void **state)
{
	(void)state;
	wall_clock_seconds = test_clock;
	clock_now = 1700000000;
	assert_int_equal(rd(RTC(0)), 1700000000);
	clock_now += 5;
	assert_int_equal(rd(RTC(0)), 1700000005);
	wr(RTC(8), 1000);
	assert_int_equal(rd(RTC(0)), 1000);
	assert_int_equal(rd(RTC(8)), 1000);
	clock_now += 1;
	assert_int_equal(rd(RTC(0)), 1001);
	assert_int_equal(rd(RTC(0xc)), 1);
	/* match */
	wr(RTC(4), 1010);
	wr(RTC(0x10), 1);
	assert_false(fake_line[VDEV_PL031_INTID]);
	clock_now += 9;
	assert_int_equal(rd(RTC(0x14)), 1);
	assert_int_equal(rd(RTC(0x18)), 1);
	assert_true(fake_line[VDEV_PL031_INTID]);
	wr(RTC(0x1c), 1);
	assert_false(fake_line[VDEV_PL031_INTID]);
	clock_now += 100;
	assert_int_equal(rd(RTC(0x14)), 0); /* once */
	vdev_reset(vm);
	assert_int_equal(rd(RTC(0)), 1110); /* the time stays */
	assert_int_equal(rd(RTC(0x10)), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start, end)
	const struct CMUnitTest tests[] = {
		T(test_dispatch),        T(test_all_offsets),    T(test_features),
		T(test_queue_registers), T(test_no_memory),      T(test_pl011_output),
		T(test_pl011_input),     T(test_pl011_identity), T(test_console_history),
		T(test_pl031),
	};
	return cmocka_run_group_tests_name("mmio", tests, NULL, NULL);
}
