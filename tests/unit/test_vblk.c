/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual disk, from a driver's registers to the machine's disk and back: every request
 * type, what a driver may do wrong, errors, resets, shortages, waits at every access.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_guest.h"
#include "vdev/blk.h"

#define DISK 3u /* its slot */
#define DISK_INTID (VDEV_VIRTIO_INTID + DISK)
#define Q_AT (RAM_BASE + 0x10000)
#define HEADER(i) (RAM_BASE + 0x20000 + 64 * (u64)(i))
#define STATUS(i) (HEADER(i) + 32)
#define DATA (RAM_BASE + 0x100000)
#define STATUS_PENDING 0xcc

static struct vm *vm;
static struct driver_queue q;

static void start_at(u32 size, u64 features, bool readonly)
{
	vm = fake_vm_make(1, readonly);
	assert_non_null(vm);
	assert_true(driver_start(vm, DISK, features));
	driver_queue(&q, vm, DISK, 0, size, Q_AT);
	mmio_write(vm, SLOT(DISK) + 0x70, 4, 15);
	for (u64 i = 0; i < DISK_BYTES; i++)
		fake_disk[i] = (u8)(i * 31 + (i >> 9));
}

static int start(void **state)
{
	(void)state;
	start_at(128, 0, false);
	return 0;
}

static int end(void **state)
{
	(void)state;
	fake_vm_end(vm);
	return 0;
}

static void put_header(u32 i, u32 type, u64 sector)
{
	u32 h[4] = {type, 0, (u32)sector, (u32)(sector >> 32)};
	memcpy(ram(HEADER(i)), h, sizeof(h));
	*(u8 *)ram(STATUS(i)) = STATUS_PENDING;
}

/* Adds request `i` with one data buffer (or none). */
static void add(u32 i, u32 type, u64 sector, u64 data, u32 bytes)
{
	bool to_guest = type == T_IN || type == T_GET_ID;
	struct buffer_desc b[3] = {{HEADER(i), 16}, {data, bytes}, {STATUS(i), 1}};
	put_header(i, type, sector);
	if (bytes == 0)
		b[1] = b[2];
	driver_add(&q, b, bytes ? 3 : 2, bytes && to_guest ? 2 : 1);
}

static u8 status(u32 i)
{
	return *(u8 *)ram(STATUS(i));
}

/* Kicks, lets everything finish; expects one used element and returns its status. */
static u8 run(u32 i, u32 *len)
{
	u32 id, l;
	driver_kick(&q);
	fake_settle();
	assert_true(driver_take(&q, &id, &l));
	if (len)
		*len = l;
	return status(i);
}

static u8 one(u32 type, u64 sector, u32 bytes)
{
	add(0, type, sector, DATA, bytes);
	return run(0, NULL);
}

static bool broken(void)
{
	return (mmio_read(vm, SLOT(DISK) + 0x70, 4) & STATUS_NEEDS_RESET) != 0;
}

static void test_config(void **state)
{
	(void)state;
	u64 base = SLOT(DISK) + 0x100;
	assert_int_equal(mmio_read(vm, base, 8), DISK_SECTORS);
	assert_int_equal(mmio_read(vm, base, 4), DISK_SECTORS);
	assert_int_equal(mmio_read(vm, base + 4, 4), 0);
	assert_int_equal(mmio_read(vm, base + 12, 4), VCHAIN_SEGS - 2);
	assert_int_equal(mmio_read(vm, base + 20, 4), 512);
	assert_int_equal(mmio_read(vm, base + 36, 4), 1024); /* discard */
	assert_int_equal(mmio_read(vm, base + 48, 4), 512);  /* write zeroes */
	assert_int_equal(mmio_read(vm, base + 52, 4), 1);
	assert_int_equal(mmio_read(vm, base + 64, 4), 0); /* behind it */
	assert_int_equal(mmio_read(vm, base + 0xfc, 8), 0);
}

static void test_read_write(void **state)
{
	(void)state;
	u32 len;
	add(0, T_IN, 5, DATA, 4096);
	assert_int_equal(run(0, &len), S_OK);
	assert_int_equal(len, 4097);
	assert_memory_equal(ram(DATA), fake_disk + 5 * 512, 4096);
	assert_true(fake_line[DISK_INTID]);
	assert_int_equal(mmio_read(vm, SLOT(DISK) + 0x60, 4), 1);
	mmio_write(vm, SLOT(DISK) + 0x64, 4, 1);
	assert_false(fake_line[DISK_INTID]);

	memset(ram(DATA), 0x77, 1024);
	add(1, T_OUT, DISK_SECTORS - 2, DATA, 1024);
	assert_int_equal(run(1, &len), S_OK);
	assert_int_equal(len, 1);
	assert_memory_equal(fake_disk + DISK_BYTES - 1024, ram(DATA), 1024);
	assert_int_equal(fake_disk_ops[DISK_WRITE], 1);
	assert_int_equal(vdev_count(vm, COUNTER_blk_read_bytes), 4096);
	assert_int_equal(vdev_count(vm, COUNTER_blk_written_bytes), 1024);
}

/* Many buffers of odd sizes across pages; header and status cut into pieces, too. */
static void odd_buffers(u32 type)
{
	struct buffer_desc b[40];
	u64 at = DATA + 13;
	u32 n = 0, left = 70 * 512, size = 3;
	u8 *want;

	put_header(0, type, 9);
	b[n++] = (struct buffer_desc){HEADER(0), 7};
	b[n++] = (struct buffer_desc){HEADER(0) + 7, 9};
	while (left) {
		u32 part = MIN(left, size);
		b[n++] = (struct buffer_desc){at, part};
		at += part + 11;
		left -= part;
		size = size * 2 + 1;
	}
	b[n++] = (struct buffer_desc){STATUS(0), 1};
	for (u64 i = 0; i < 80 * 512; i++)
		*(u8 *)ram(DATA + i) = (u8)(i * 7);
	want = malloc(70 * 512);
	driver_add(&q, b, n, type == T_IN ? n - 2 : 1);
	assert_int_equal(run(0, NULL), S_OK);
	for (u32 i = 2, done = 0; i < n - 1; done += b[i++].len)
		memcpy(want + done, ram(b[i].addr), b[i].len);
	assert_memory_equal(fake_disk + 9 * 512, want, 70 * 512);
	free(want);
}

static void test_odd_buffers(void **state)
{
	(void)state;
	odd_buffers(T_IN);
	odd_buffers(T_OUT);
}

static void test_big(void **state)
{
	(void)state;
	u32 bytes = 1u << 20;
	add(0, T_IN, 100, DATA, bytes);
	assert_int_equal(run(0, NULL), S_OK);
	assert_memory_equal(ram(DATA), fake_disk + 100 * 512, bytes);
	assert_int_equal(fake_disk_ops[DISK_READ], bytes / VBLK_WINDOW);
	add(1, T_OUT, 3000, DATA, bytes);
	assert_int_equal(run(1, NULL), S_OK);
	assert_memory_equal(ram(DATA), fake_disk + 3000 * 512, bytes);
}

static void test_others(void **state)
{
	(void)state;
	u32 len;
	u32 range[4] = {64, 0, 32, 0};

	assert_int_equal(one(T_FLUSH, 0, 0), S_OK);
	assert_int_equal(fake_disk_ops[DISK_FLUSH], 1);
	memset(ram(DATA), 0xff, 32);
	add(0, T_GET_ID, 0, DATA, 20);
	assert_int_equal(run(0, &len), S_OK);
	assert_int_equal(len, 21);
	assert_memory_equal(ram(DATA), "disk-0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\377", 21);
	add(0, T_GET_ID, 0, DATA, 3);
	assert_int_equal(run(0, &len), S_OK);
	assert_int_equal(len, 4);

	memcpy(ram(DATA), range, 16);
	assert_int_equal(one(T_ZEROES, 0, 16), S_OK);
	assert_int_equal(fake_disk[64 * 512], 0);
	assert_int_equal(fake_disk[96 * 512 - 1], 0);
	assert_int_not_equal(fake_disk[96 * 512 + 1], 0);
	range[0] = DISK_SECTORS - 32;
	memcpy(ram(DATA), range, 16);
	assert_int_equal(one(T_DISCARD, 0, 16), S_OK);
	assert_int_equal(fake_disk[DISK_BYTES - 1], 0);
	assert_int_equal(one(77, 0, 0), S_UNSUPP);
	assert_false(broken());
}

static void test_bad_ranges(void **state)
{
	(void)state;
	static const struct {
		u32 type, range[4];
		u8 want;
	} bad[] = {
		{T_ZEROES, {DISK_SECTORS - 31, 0, 32, 0}, S_IOERR},
		{T_ZEROES, {0xffffffff, 0xffffffff, 1, 0}, S_IOERR},
		{T_ZEROES, {0, 0, 513, 0}, S_IOERR}, /* more than we said */
		{T_ZEROES, {0, 0, 1, 2}, S_UNSUPP},  /* reserved flag */
		{T_DISCARD, {0, 0, 1, 1}, S_UNSUPP}, /* unmap is for zeroes */
	};
	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		memcpy(ram(DATA), bad[i].range, 16);
		assert_int_equal(one(bad[i].type, 0, 16), bad[i].want);
	}
	assert_int_equal(one(T_DISCARD, 0, 32), S_IOERR); /* two ranges */
	assert_int_equal(one(T_IN, DISK_SECTORS, 512), S_IOERR);
	assert_int_equal(one(T_IN, DISK_SECTORS - 1, 1024), S_IOERR);
	assert_int_equal(one(T_IN, ~0ull, 512), S_IOERR);
	assert_int_equal(one(T_OUT, ~0ull - 1, 1024), S_IOERR);
	assert_int_equal(one(T_IN, 0, 511), S_IOERR);
	assert_int_equal(one(T_OUT, 0, 513), S_IOERR);
	assert_int_equal(one(T_IN, DISK_SECTORS, 0), S_OK); /* nothing, at the end */
	assert_int_equal(fake_disk_ops[DISK_READ] + fake_disk_ops[DISK_WRITE], 0);
	assert_int_equal(vdev_count(vm, COUNTER_blk_errors), ARRAY_SIZE(bad) + 7);
	assert_false(broken());
}

static void test_readonly(void **state)
{
	(void)state;
	u32 range[4] = {0, 0, 1, 0};
	mmio_write(vm, SLOT(DISK) + 0x70, 4, 0);
	fake_vm_end(vm);
	start_at(16, BIT(5), true);
	assert_int_not_equal(mmio_read(vm, SLOT(DISK) + 0x10, 4) & BIT(5), 0);
	assert_int_equal(mmio_read(vm, SLOT(DISK) + 0x10, 4) & (BIT(13) | BIT(14)), 0);
	assert_int_equal(one(T_OUT, 0, 512), S_IOERR);
	memcpy(ram(DATA), range, 16);
	assert_int_equal(one(T_DISCARD, 0, 16), S_IOERR);
	assert_int_equal(one(T_IN, 0, 512), S_OK);
	assert_int_equal(one(T_FLUSH, 0, 0), S_OK);
	assert_int_equal(fake_disk_ops[DISK_WRITE] + fake_disk_ops[DISK_DISCARD], 0);
}

static void test_errors_leak_nothing(void **state)
{
	(void)state;
	memset(ram(DATA), 0x11, 0x40000);
	fake_disk_errors = 1;
	assert_int_equal(one(T_IN, 0, 0x8000), S_IOERR);
	for (u32 i = 0; i < 0x8000; i++)
		assert_int_equal(*(u8 *)ram(DATA + i), 0x11);
	/* the third window fails: what came before is data of the disk, the rest is untouched */
	add(0, T_IN, 0, DATA, 0x40000);
	driver_kick(&q);
	fake_disk_step(false);
	while (vdev_retry())
		;
	fake_disk_step(false);
	while (vdev_retry())
		;
	fake_disk_errors = 1;
	fake_settle();
	assert_int_equal(status(0), S_IOERR);
	assert_memory_equal(ram(DATA), fake_disk, 2 * VBLK_WINDOW);
	for (u32 i = 2 * VBLK_WINDOW; i < 0x40000; i++)
		assert_int_equal(*(u8 *)ram(DATA + i), 0x11);
	fake_disk_errors = 1;
	add(0, T_FLUSH, 0, 0, 0);
	driver_kick(&q);
	fake_settle();
	assert_int_equal(status(0), S_IOERR);
	assert_int_equal(vdev_count(vm, COUNTER_blk_errors), 3);
}

/* More requests than the pool has, finished newest first. */
static void test_many(void **state)
{
	(void)state;
	u32 id, len, done = 0;
	for (u32 i = 0; i < 42; i++)
		add(i, T_IN, 8 * i, DATA + 4096 * i, 4096);
	driver_kick(&q);
	while (vdev_retry())
		;
	assert_int_equal(fake_disk_pending(), VBLK_REQUESTS);
	while (done < 42) {
		fake_disk_step(true);
		while (vdev_retry())
			;
		while (driver_take(&q, &id, &len))
			done++;
	}
	for (u32 i = 0; i < 42; i++)
		assert_int_equal(status(i), S_OK);
	assert_memory_equal(ram(DATA), fake_disk, 42 * 4096);
	assert_int_equal(fake_frames, 0);
}

static void expect_broken(void)
{
	u32 id, len;
	u64 before = vdev_count(vm, COUNTER_virtio_broken);
	driver_kick(&q);
	fake_settle();
	assert_true(broken());
	assert_false(driver_take(&q, &id, &len));
	assert_int_equal(mmio_read(vm, SLOT(DISK) + 0x60, 4) & 2, 2);
	assert_int_equal(vdev_count(vm, COUNTER_virtio_broken), before + 1);
	driver_kick(&q); /* nothing more happens */
	assert_int_equal(vdev_count(vm, COUNTER_virtio_broken), before + 1);
	/* and after a reset all is well */
	assert_true(driver_start(vm, DISK, 0));
	driver_queue(&q, vm, DISK, 0, 128, Q_AT);
	mmio_write(vm, SLOT(DISK) + 0x70, 4, 15);
	assert_int_equal(one(T_IN, 1, 512), S_OK);
	assert_int_equal(fake_frames, 0);
}

static void test_malformed(void **state)
{
	(void)state;
	struct buffer_desc b[3] = {{HEADER(0), 16}, {DATA, 512}, {STATUS(0), 1}};
	put_header(0, T_IN, 0);
	b[0].len = 15; /* no whole header */
	driver_add(&q, b, 3, 2);
	expect_broken();
	b[0].len = 16;
	put_header(0, T_OUT, 0);
	driver_add(&q, b, 3, 0); /* no status */
	expect_broken();
	put_header(0, T_IN, 0);
	b[1].addr = RAM_BASE + RAM_BYTES - 256; /* data half outside */
	driver_add(&q, b, 3, 2);
	expect_broken();
	put_header(0, T_OUT, 0);
	driver_add(&q, b, 3, 1);
	expect_broken();
	b[1].addr = DATA;
	b[2].addr = 0x1000; /* status outside */
	driver_add(&q, b, 3, 1);
	expect_broken();
	b[0].addr = 0; /* header outside */
	driver_add(&q, b, 3, 1);
	expect_broken();
	driver_offer(&q, 200);
	expect_broken();
	*(u16 *)ram(q.avail + 2) = (u16)(q.next_avail + 1000);
	expect_broken();
}

/* Good requests are flying when the driver goes wrong: they end in nothing. */
static void test_broken_in_flight(void **state)
{
	(void)state;
	add(0, T_IN, 0, DATA, 512);
	add(1, T_OUT, 8, DATA + 4096, 512);
	driver_kick(&q);
	assert_int_equal(fake_disk_pending(), 2);
	driver_offer(&q, 500);
	expect_broken();
	assert_int_equal(status(0), S_OK); /* that of the new request */
	assert_int_equal(status(1), STATUS_PENDING);
}

static void test_reset_in_flight(void **state)
{
	(void)state;
	u32 id, len;
	memset(ram(DATA), 0x11, 512);
	add(0, T_IN, 0, DATA, 512);
	driver_kick(&q);
	vdev_reset(vm);
	assert_false(vdev_quiet(vm));
	assert_true(fake_disk_step(false));
	assert_true(vdev_quiet(vm));
	assert_int_equal(status(0), STATUS_PENDING);
	assert_int_equal(*(u8 *)ram(DATA), 0x11);
	assert_false(driver_take(&q, &id, &len));
	assert_false(fake_line[DISK_INTID]);
	assert_int_equal(fake_frames, 0);
}

static void test_shortage(void **state)
{
	(void)state;
	fake_no_frames = 3; /* none at all for a while: the kick waits, and is done again */
	assert_int_equal(one(T_IN, 0, 0x20000), S_OK);
	assert_memory_equal(ram(DATA), fake_disk, 0x20000);
	/* few frames: small windows */
	add(0, T_IN, 7, DATA, 0x20000);
	driver_kick(&q);
	assert_int_equal(run(0, NULL), S_OK);
	assert_memory_equal(ram(DATA), fake_disk + 7 * 512, 0x20000);
	assert_int_equal(fake_no_frames, 0);
}

/* --- waits --- */

/* A load with all kinds of requests; result: guest memory and the disk. */
static void load(void)
{
	u32 id, len, done = 0;
	u32 range[4] = {700, 0, 8, 0};
	memcpy(ram(DATA + 0x50000), range, 16);
	memset(ram(DATA + 0x40000), 0x33, 4096);
	add(0, T_IN, 3, DATA, 512);
	add(1, T_OUT, 900, DATA + 0x40000, 4096);
	add(2, T_FLUSH, 0, 0, 0);
	add(3, T_GET_ID, 0, DATA + 0x51000, 20);
	driver_kick(&q);
	add(4, T_ZEROES, 0, DATA + 0x50000, 16);
	add(5, T_IN, 40, DATA + 0x800, 0x11000);
	add(6, 99, 0, 0, 0);
	add(7, T_IN, DISK_SECTORS, DATA + 0x60000, 512);
	driver_kick(&q);
	fake_settle();
	while (driver_take(&q, &id, &len))
		done++;
	assert_int_equal(done, 8);
}

/* Event index: the kicks and interrupts that are left out differ from run to run, not more. */
static void waits_everywhere(u64 features)
{
	u8 *memory = malloc(RAM_BYTES), *disk = malloc(DISK_BYTES);
	u64 accesses;

	fake_vm_end(vm);
	start_at(64, features, false);
	fake_accesses = 0;
	load();
	accesses = fake_accesses;
	memcpy(memory, fake_ram, RAM_BYTES);
	memcpy(disk, fake_disk, DISK_BYTES);
	for (u64 k = 0; k < accesses; k++) {
		fake_vm_end(vm);
		start_at(64, features, false);
		fake_accesses = 0;
		fake_wait_access = k;
		load();
		assert_memory_equal(fake_disk, disk, DISK_BYTES);
		assert_memory_equal(ram(DATA), memory + (DATA - RAM_BASE), 0x100000);
		assert_memory_equal(ram(HEADER(0)), memory + (HEADER(0) - RAM_BASE), 0x1000);
		assert_true(fake_line[DISK_INTID]);
	}
	for (u32 one_in = 2; one_in < 9; one_in++) { /* many waits in one run */
		fake_vm_end(vm);
		start_at(64, features, false);
		fake_wait_random = one_in;
		load();
		fake_wait_random = 0;
		assert_int_not_equal(fake_waited, 0);
		assert_memory_equal(fake_disk, disk, DISK_BYTES);
		assert_memory_equal(ram(DATA), memory + (DATA - RAM_BASE), 0x100000);
	}
	free(memory);
	free(disk);
}

static void test_waits(void **state)
{
	(void)state;
	waits_everywhere(0);
	waits_everywhere(BIT(29));
}

/* --- two CPUs: one kicks, one completes --- */

static bool stop;

static void *complete(void *unused)
{
	(void)unused;
	fake_cpu_is(1);
	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		fake_disk_step(rand() & 1);
		vdev_retry();
	}
	return NULL;
}

static void test_two_cpus(void **state)
{
	(void)state;
	pthread_t thread;
	u32 id, len, done = 0, added = 0;

	fake_vm_end(vm);
	start_at(128, BIT(29), false);
	stop = false;
	pthread_create(&thread, NULL, complete, NULL);
	while (done < 20000) {
		while (added - done < 40 && added < 20000) {
			u32 i = added % 42;
			add(i, T_IN, added % 4096, DATA + 4096 * i, 512);
			added++;
		}
		driver_kick(&q);
		while (driver_take(&q, &id, &len)) {
			assert_int_equal(len, 513);
			done++;
		}
		vdev_retry();
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	assert_false(broken());
	assert_int_equal(vdev_count(vm, COUNTER_blk_reads), 20000);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start, end)
	const struct CMUnitTest tests[] = {
		T(test_config),
		T(test_read_write),
		T(test_odd_buffers),
		T(test_big),
		T(test_others),
		T(test_bad_ranges),
		T(test_readonly),
		T(test_errors_leak_nothing),
		T(test_many),
		T(test_malformed),
		T(test_broken_in_flight),
		T(test_reset_in_flight),
		T(test_shortage),
		T(test_waits),
		T(test_two_cpus),
	};
	return cmocka_run_group_tests_name("vblk", tests, NULL, NULL);
}
