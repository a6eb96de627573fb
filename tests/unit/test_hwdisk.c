/* SPDX-License-Identifier: BSD-2-Clause */
/* The driver of the machine's disks against a device that is right, slow, or wrong. */
#include "fake_virtio.h"

#include "hw/disk.c"
#include "hw/virtio.c"
#include "hw/virtio_queue.c"

#define INTID 48u
#define DISK_BYTES (1u << 20)

static u8 content[DISK_BYTES];
static struct disk_request request[200];
static u8 data[200][4096] __attribute__((aligned(4096)));

void channel_start(u64 base, virtio_alloc *alloc)
{
	(void)base;
	(void)alloc;
}

/* Does what one chain says; the status byte is `status`, `less` bytes are not reported. */
static bool serve(u8 status, u32 less)
{
	struct chain c;
	u32 type, len = 0;
	u64 sector;

	if (!device_pop(0, &c))
		return false;
	assert_int_equal(c.piece[0].len, 16);
	assert_int_equal(c.piece[c.n - 1].len, 1);
	memcpy(&type, c.piece[0].p, 4);
	memcpy(&sector, c.piece[0].p + 8, 8);
	for (u32 i = 1; i < c.n - 1; i++) {
		u8 *at = content + sector * 512;
		if (type == T_IN)
			memcpy(c.piece[i].p, at, c.piece[i].len);
		if (type == T_OUT)
			memcpy(at, c.piece[i].p, c.piece[i].len);
		if (type == T_GET_ID)
			memcpy(c.piece[i].p, "serial\0\7\7", 9);
		if (i >= c.outs)
			len += c.piece[i].len;
		sector += c.piece[i].len / 512;
	}
	*c.piece[c.n - 1].p = status;
	device_push(0, c.head, len + 1 - less);
	return true;
}

static void answer(u32 queue)
{
	assert_int_equal(queue, 0);
	while (serve(0, 0))
		;
}

/* Boot's synchronous requests are answered; those of the tests wait for serve(). */
static void start(void)
{
	device_kicked = answer;
	virtio_start(test_alloc);
	device_kicked = NULL;
}

static void restart(u64 features)
{
	slot_count = count_of_disks = 0;
	device_make(2, features);
	device.config[0] = (u8)(DISK_BYTES / 512);
	device.config[1] = DISK_BYTES / 512 >> 8;
	device.config[12] = 126;
	device.config[37] = 1; /* 256 sectors of discard */
	device.config[49] = 2;
	virtio_found(DEVICE_AT, INTID);
}

static void submit(u32 i, enum disk_op op, u64 sector)
{
	struct disk_request *r = &request[i];
	memset(r, 0, sizeof(*r));
	r->op = op;
	r->sector = sector;
	r->sectors = 8;
	r->segment_count = op == DISK_READ || op == DISK_WRITE;
	r->segments[0] = (struct disk_segment){va_pa(data[i]), 4096};
	r->result = ERR_BUSY;
	disk_submit(0, r);
}

static void test_start(void **state)
{
	(void)state;
	const struct disk_info *info;
	restart(BIT(2) | BIT(9) | BIT(13) | BIT(14) | BIT(28) | BIT(29));
	start();
	assert_int_equal(disk_count(), 1);
	assert_int_equal(virtio_intid(0), INTID);
	assert_int_equal(virtio_intid(1), 0);
	info = disk_info(0);
	assert_string_equal(info->serial, "serial");
	assert_int_equal(info->sectors, DISK_BYTES / 512);
	assert_false(info->readonly);
	assert_true(info->flush && info->discard && info->zeroes);
	assert_int_equal(info->max_discard, 256);
	assert_int_equal(info->max_zeroes, 512);
	assert_int_equal(device.accepted, BIT(32) | BIT(2) | BIT(9) | BIT(13) | BIT(14));
	assert_int_equal(device.status, 15);
}

static void test_refused(void **state)
{
	(void)state;
	restart(0);
	device.refuses = true;
	start();
	assert_int_equal(disk_count(), 0);
	assert_int_equal(device.status, STATUS_FAILED);
	restart(BIT(2));
	device.config[12] = 3; /* too few segments */
	start();
	assert_int_equal(disk_count(), 0);
	restart(0);
	device.queue[0].max = 16; /* too short a queue */
	start();
	assert_int_equal(disk_count(), 0);
	restart(0);
	slot_count = 0;
	device.version = 1; /* legacy */
	virtio_found(DEVICE_AT, INTID);
	assert_int_equal(slot_count, 0);
	device.version = 2;
	device.id = 0; /* nobody */
	virtio_found(DEVICE_AT, INTID);
	assert_int_equal(slot_count, 0);
}

/* A disk that never answers costs a bounded time, and is not asked again. */
static void test_silent(void **state)
{
	(void)state;
	restart(0);
	virtio_start(test_alloc);
	assert_int_equal(disk_count(), 1);
	assert_string_equal(disk_info(0)->serial, "");
	assert_int_equal(disk_read_now(0, 0, data[0], 512), ERR_IO);
	while (serve(0, 0)) /* it wakes up: the old answer goes nowhere */
		;
	assert_null(disk_done());
	submit(0, DISK_READ, 0);
	assert_true(serve(0, 0));
	assert_ptr_equal(disk_done(), &request[0]);
}

static void go(void)
{
	restart(BIT(2) | BIT(9) | BIT(13) | BIT(14));
	start();
	for (u32 i = 0; i < DISK_BYTES; i++)
		content[i] = (u8)(i >> 4 ^ i);
}

static void test_read_now(void **state)
{
	(void)state;
	go();
	device_kicked = answer;
	assert_int_equal(disk_read_now(0, 3, data[0], 4096), OK);
	device_kicked = NULL;
	assert_memory_equal(data[0], content + 3 * 512, 4096);
	assert_int_equal(disk_read_now(0, 3, data[0], 4097), ERR_RANGE);
	assert_int_equal(disk_read_now(0, 3, data[0], 100), ERR_RANGE);
	assert_int_equal(disk_read_now(0, 2048, data[0], 512), ERR_RANGE);
	assert_int_equal(disk_read_now(0, 2047, data[0], 1024), ERR_RANGE);
	assert_int_equal(disk_read_now(0, ~0ull, data[0], 512), ERR_RANGE);
}

/* More than the queue holds; they are finished in order and the rest follows. */
static void test_many(void **state)
{
	(void)state;
	u32 done = 0, served = 0;
	go();
	for (u32 i = 0; i < 200; i++)
		submit(i, DISK_READ, i % 200);
	while (done < 200) {
		struct disk_request *r;
		served += serve(0, 0);
		while ((r = disk_done())) {
			assert_ptr_equal(r, &request[done]);
			assert_int_equal(r->result, OK);
			assert_memory_equal(data[done], content + 512 * (done % 200), 4096);
			done++;
		}
	}
	assert_int_equal(served, 200);
	assert_int_equal(disks[0]->queue.free, 128);
}

static void test_interrupt(void **state)
{
	(void)state;
	go();
	fake_cpu->work = 0;
	device.isr = 1;
	assert_false(virtio_interrupt(INTID + 1));
	assert_true(virtio_interrupt(INTID));
	assert_int_equal(device.isr, 0);
	assert_int_equal(fake_cpu->work, WORK_DISK);
	device.isr = 2;
	device.status |= STATUS_NEEDS_RESET;
	assert_true(virtio_interrupt(INTID)); /* one line in the log */
	assert_true(slots[0].told);
}

static enum err result_of(enum disk_op op, u8 status, u32 less)
{
	submit(0, op, 8);
	assert_true(serve(status, less));
	assert_ptr_equal(disk_done(), &request[0]);
	return request[0].result;
}

static void test_results(void **state)
{
	(void)state;
	go();
	assert_int_equal(result_of(DISK_READ, 0, 0), OK);
	assert_int_equal(result_of(DISK_READ, 1, 0), ERR_IO);
	assert_int_equal(result_of(DISK_READ, 2, 0), ERR_IO);
	assert_int_equal(result_of(DISK_READ, 0xff, 0), ERR_IO);
	assert_int_equal(result_of(DISK_READ, 0, 1), ERR_IO); /* short */
	assert_int_equal(result_of(DISK_READ, 0, 4096), ERR_IO);
	assert_int_equal(result_of(DISK_WRITE, 0, 0), OK);
	assert_int_equal(result_of(DISK_WRITE, 0, 1), ERR_IO); /* no status was written */
	assert_int_equal(result_of(DISK_FLUSH, 0, 0), OK);
	assert_int_equal(result_of(DISK_DISCARD, 0, 0), OK);
	assert_int_equal(result_of(DISK_ZERO, 1, 0), ERR_IO);
}

static enum err at_once(enum disk_op op)
{
	fake_cpu->work = 0;
	submit(0, op, 0);
	assert_int_equal(fake_cpu->work, WORK_DISK);
	assert_ptr_equal(disk_done(), &request[0]);
	return request[0].result;
}

static void test_impossible(void **state)
{
	(void)state;
	restart(BIT(5)); /* read-only, no flush, no discard */
	start();
	assert_int_equal(at_once(DISK_WRITE), ERR_IO);
	assert_int_equal(at_once(DISK_FLUSH), OK);
	assert_int_equal(at_once(DISK_DISCARD), ERR_IO);
	assert_int_equal(at_once(DISK_ZERO), ERR_IO);
	assert_int_equal(at_once((enum disk_op)77), ERR_IO);
	assert_false(serve(0, 0));
}

/* Used elements that can't be: each is ignored, good ones still arrive. */
static void test_wrong_elements(void **state)
{
	(void)state;
	struct chain c;
	go();
	submit(0, DISK_READ, 0);
	device_push(0, 200, 1); /* outside the queue */
	device_push(0, 0xffffffff, 1);
	device_push(0, 77, 1); /* not in flight */
	assert_null(disk_done());
	assert_true(device_pop(0, &c));
	device_push(0, c.head + 1u, 1); /* the middle of a chain */
	assert_null(disk_done());
	*c.piece[c.n - 1].p = 0;
	device_push(0, c.head, 4097);
	device_push(0, c.head, 4097); /* twice */
	assert_ptr_equal(disk_done(), &request[0]);
	assert_null(disk_done());
	assert_int_equal(disks[0]->queue.free, 128);
	submit(1, DISK_READ, 1);
	assert_true(serve(0, 0));
	assert_ptr_equal(disk_done(), &request[1]);
	/* an index far ahead */
	((u16 *)(uintptr_t)device.queue[0].used)[1] += 500;
	assert_null(disk_done());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start),          cmocka_unit_test(test_refused),
		cmocka_unit_test(test_silent),         cmocka_unit_test(test_read_now),
		cmocka_unit_test(test_many),           cmocka_unit_test(test_interrupt),
		cmocka_unit_test(test_results),        cmocka_unit_test(test_impossible),
		cmocka_unit_test(test_wrong_elements),
	};
	return cmocka_run_group_tests_name("hwdisk", tests, NULL, NULL);
}
