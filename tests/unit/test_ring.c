/* SPDX-License-Identifier: BSD-2-Clause */
/* Split rings, device side: what a driver may do and what it may not, and waits everywhere. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_guest.h"
#include "vdev/ring.h"

#define Q_AT (RAM_BASE + 0x10000)
#define TABLE_AT (RAM_BASE + 0x20000)
#define BUF(i) (RAM_BASE + 0x40000 + (i)*0x1000ull)

static struct vqueue q;
static struct vchain c;
static struct p2m *const m = NULL;
static struct wait w;

/* A queue of 8 at Q_AT; desc, avail, used as in driver_queue(). */
static void make_queue(bool event_idx)
{
	memset(fake_ram, 0, RAM_BYTES);
	memset(&q, 0, sizeof(q));
	q.size = 8;
	q.desc = Q_AT;
	q.avail = Q_AT + 128;
	q.used = Q_AT + 128 + 24;
	q.event_idx = event_idx;
	q.indirect = true;
	fake_wait_access = ~0ull;
	assert_true(ring_enable(&q));
}

static u16 *avail(u32 i)
{
	return (u16 *)ram(q.avail) + i;
}

static u16 *used_word(u32 bytes)
{
	return ram(q.used + bytes);
}

static void offer(u16 head)
{
	avail(2)[avail(1)[0] % 8] = head;
	avail(1)[0]++;
}

static enum err pop(void)
{
	return ring_pop(&q, m, &c, &w);
}

static void expect_bad(enum err want)
{
	u16 before = q.next_avail;
	assert_int_equal(pop(), want);
	assert_int_equal(q.next_avail, before);
}

static void test_chain(void **state)
{
	(void)state;
	make_queue(false);
	assert_int_equal(pop(), ERR_ABSENT);
	put_desc(Q_AT, 2, BUF(0), 16, D_NEXT, 0);
	put_desc(Q_AT, 0, BUF(1), 100, D_NEXT | D_WRITE, 3);
	put_desc(Q_AT, 3, BUF(2), 1, D_WRITE, 7);
	offer(2);
	assert_int_equal(pop(), OK);
	assert_int_equal(c.head, 2);
	assert_int_equal(c.outs, 1);
	assert_int_equal(c.ins, 2);
	assert_int_equal(c.out_bytes, 16);
	assert_int_equal(c.in_bytes, 101);
	assert_int_equal(c.seg[2].addr, BUF(2));
	assert_int_equal(pop(), ERR_ABSENT);
}

static void test_indirect(void **state)
{
	(void)state;
	make_queue(false);
	put_desc(Q_AT, 1, TABLE_AT, 48, D_INDIRECT, 0);
	put_desc(TABLE_AT, 0, BUF(0), 16, D_NEXT, 2);
	put_desc(TABLE_AT, 2, BUF(1), 512, D_NEXT | D_WRITE, 1);
	put_desc(TABLE_AT, 1, BUF(2), 1, D_WRITE, 0);
	offer(1);
	assert_int_equal(pop(), OK);
	assert_int_equal(c.head, 1);
	assert_int_equal(c.outs, 1);
	assert_int_equal(c.ins, 2);

	/* behind direct ones */
	make_queue(false);
	put_desc(Q_AT, 4, BUF(3), 8, D_NEXT, 5);
	put_desc(Q_AT, 5, TABLE_AT, 16, D_INDIRECT, 0);
	put_desc(TABLE_AT, 0, BUF(0), 16, 0, 0);
	offer(4);
	assert_int_equal(pop(), OK);
	assert_int_equal(c.outs, 2);
}

static void test_bad_indirect(void **state)
{
	(void)state;
	struct {
		u32 len;
		u16 flags, inner;
		u64 at;
	} bad[] = {
		{0, D_INDIRECT, 0, TABLE_AT},
		{24, D_INDIRECT, 0, TABLE_AT},
		{16 * 9, D_INDIRECT, 0, TABLE_AT}, /* longer than the queue */
		{16, D_INDIRECT | D_NEXT, 0, TABLE_AT},
		{16, D_INDIRECT, D_INDIRECT, TABLE_AT}, /* nested */
		{16, D_INDIRECT, D_NEXT, TABLE_AT},     /* next outside the table */
		{16, D_INDIRECT, 0, ~0ull - 7},
	};
	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		make_queue(false);
		put_desc(Q_AT, 1, bad[i].at, bad[i].len, bad[i].flags, 2);
		put_desc(TABLE_AT, 0, BUF(0), 16, bad[i].inner, 5);
		offer(1);
		expect_bad(ERR_INPUT);
	}
	make_queue(false); /* a table outside memory */
	put_desc(Q_AT, 1, 0x1000, 16, D_INDIRECT, 0);
	offer(1);
	expect_bad(ERR_RANGE);
	make_queue(false); /* not negotiated */
	q.indirect = false;
	put_desc(Q_AT, 1, TABLE_AT, 16, D_INDIRECT, 0);
	put_desc(TABLE_AT, 0, BUF(0), 16, 0, 0);
	offer(1);
	expect_bad(ERR_INPUT);
}

static void test_bad_chains(void **state)
{
	(void)state;
	make_queue(false); /* wild head */
	offer(8);
	expect_bad(ERR_INPUT);
	make_queue(false); /* wild next */
	put_desc(Q_AT, 0, BUF(0), 1, D_NEXT, 8);
	offer(0);
	expect_bad(ERR_INPUT);
	make_queue(false); /* a loop of one, of three */
	put_desc(Q_AT, 0, BUF(0), 1, D_NEXT, 0);
	offer(0);
	expect_bad(ERR_INPUT);
	make_queue(false);
	for (u16 i = 0; i < 3; i++)
		put_desc(Q_AT, i, BUF(i), 1, D_NEXT, (u16)((i + 1) % 3));
	offer(1);
	expect_bad(ERR_INPUT);
	make_queue(false); /* to read after to write */
	put_desc(Q_AT, 0, BUF(0), 1, D_NEXT | D_WRITE, 1);
	put_desc(Q_AT, 1, BUF(0), 1, 0, 0);
	offer(0);
	expect_bad(ERR_INPUT);
	make_queue(false); /* empty buffer, address that would overflow */
	put_desc(Q_AT, 0, BUF(0), 0, 0, 0);
	offer(0);
	expect_bad(ERR_INPUT);
	make_queue(false);
	put_desc(Q_AT, 0, ~0ull - 10, 100, 0, 0);
	offer(0);
	expect_bad(ERR_INPUT);
	make_queue(false); /* index too far ahead, and behind */
	*avail(1) = 9;
	expect_bad(ERR_INPUT);
	*avail(1) = 0xffff;
	expect_bad(ERR_INPUT);
}

static void test_long_chain(void **state)
{
	(void)state;
	make_queue(false);
	q.size = 128;
	q.avail = Q_AT + 0x1000;
	q.used = Q_AT + 0x2000;
	assert_true(ring_enable(&q));
	for (u16 i = 0; i < 128; i++)
		put_desc(Q_AT, i, BUF(0), 1, D_NEXT, (u16)(i + 1));
	put_desc(Q_AT, VCHAIN_SEGS - 1, BUF(0), 1, 0, 0);
	avail(2)[0] = 0;
	*avail(1) = 1;
	assert_int_equal(pop(), OK);
	assert_int_equal(c.outs, VCHAIN_SEGS);
	put_desc(Q_AT, VCHAIN_SEGS - 1, BUF(0), 1, D_NEXT, VCHAIN_SEGS);
	put_desc(Q_AT, VCHAIN_SEGS, BUF(0), 1, 0, 0);
	*avail(1) = 2;
	expect_bad(ERR_INPUT);
}

static void test_rings_outside_memory(void **state)
{
	(void)state;
	make_queue(false);
	q.desc = RAM_BASE - 16;
	offer(0);
	expect_bad(ERR_RANGE);
	make_queue(false);
	q.avail = RAM_BASE + RAM_BYTES;
	expect_bad(ERR_RANGE);
	make_queue(false);
	q.used = 0;
	assert_int_equal(ring_push(&q, m, 0, 0, &w), ERR_RANGE);
	assert_int_equal(q.next_used, 0);
}

static void test_enable(void **state)
{
	(void)state;
	struct vqueue good = {.size = 8, .desc = 0x1000, .avail = 0x2000, .used = 0x3000};
	struct vqueue v;
	const u32 sizes[] = {0, 3, 12, 256, 0xffffffff, 0x80000000};
	v = good;
	assert_true(ring_enable(&v));
	for (u32 i = 0; i < ARRAY_SIZE(sizes); i++) {
		v = good;
		v.size = sizes[i];
		assert_false(ring_enable(&v));
	}
	v = good;
	v.desc += 8;
	assert_false(ring_enable(&v));
	v = good;
	v.avail += 1;
	assert_false(ring_enable(&v));
	v = good;
	v.used += 2;
	assert_false(ring_enable(&v));
	v = good;
	v.used = ~0ull - 3;
	assert_false(ring_enable(&v));
}

static void test_push_wraps(void **state)
{
	(void)state;
	bool interrupt;
	make_queue(false);
	q.next_used = 0xffff;
	assert_int_equal(ring_push(&q, m, 5, 77, &w), OK);
	assert_int_equal(*used_word(2), 0);
	assert_int_equal(*used_word(4 + 8 * 7), 5);
	assert_int_equal(*used_word(4 + 8 * 7 + 4), 77);
	assert_int_equal(ring_notify(&q, m, &interrupt, &w), OK);
	assert_true(interrupt);
	assert_int_equal(ring_notify(&q, m, &interrupt, &w), OK);
	assert_false(interrupt); /* only once */
	*avail(0) = 1;           /* NO_INTERRUPT */
	assert_int_equal(ring_push(&q, m, 5, 77, &w), OK);
	assert_int_equal(ring_notify(&q, m, &interrupt, &w), OK);
	assert_false(interrupt);
}

static void test_event_idx(void **state)
{
	(void)state;
	bool interrupt;
	make_queue(true);
	assert_int_equal(pop(), ERR_ABSENT);
	put_desc(Q_AT, 0, BUF(0), 1, 0, 0);
	offer(0);
	assert_int_equal(pop(), OK);
	assert_int_equal(pop(), ERR_ABSENT);
	assert_int_equal(*used_word(4 + 8 * 8), 1); /* avail_event: kick for entry 1 */
	avail(2)[8] = 2;                            /* used_event: tell me when entry 2 is used */
	for (u32 i = 0; i < 5; i++) {
		assert_int_equal(ring_push(&q, m, 0, 0, &w), OK);
		assert_int_equal(ring_notify(&q, m, &interrupt, &w), OK);
		assert_int_equal(interrupt, i == 2);
	}
	avail(2)[8] = 6; /* several at once that pass it */
	for (u32 i = 0; i < 4; i++)
		assert_int_equal(ring_push(&q, m, 0, 0, &w), OK);
	assert_int_equal(ring_notify(&q, m, &interrupt, &w), OK);
	assert_true(interrupt);
}

/* A scenario with every kind of access; the n-th of them waits. */
static enum err scenario(u32 *step, u32 *interrupts)
{
	for (;; (*step)++) {
		bool interrupt = false;
		enum err e;
		switch (*step) {
		case 0:
		case 2:
		case 6:
			e = ring_pop(&q, m, &c, &w);
			break;
		case 1:
		case 3:
			e = ring_push(&q, m, c.head, (u32)c.in_bytes, &w);
			break;
		case 4:
			e = ring_notify(&q, m, &interrupt, &w);
			break;
		case 5:
			e = chain_write(&c, m, 3, "0123456789", 10, &w);
			break;
		default:
			return OK;
		}
		*interrupts += interrupt;
		if (e == ERR_WAIT)
			return e;
		assert_int_equal(e, *step == 6 ? ERR_ABSENT : OK);
	}
}

static void scenario_setup(bool event_idx)
{
	make_queue(event_idx);
	put_desc(Q_AT, 1, BUF(0), 5, D_WRITE, 0);
	offer(1);
	put_desc(Q_AT, 2, TABLE_AT, 48, D_INDIRECT, 0);
	put_desc(TABLE_AT, 0, BUF(1), 4, D_WRITE | D_NEXT, 1);
	put_desc(TABLE_AT, 1, BUF(2), 4, D_WRITE | D_NEXT, 2);
	put_desc(TABLE_AT, 2, BUF(3), 40, D_WRITE, 2);
	offer(2);
	fake_accesses = 0;
}

static void waits_everywhere(bool event_idx)
{
	u8 *want = malloc(RAM_BYTES);
	u32 step = 0, interrupts = 0;
	u64 accesses;

	scenario_setup(event_idx);
	assert_int_equal(scenario(&step, &interrupts), OK);
	assert_int_equal(interrupts, 1);
	accesses = fake_accesses;
	memcpy(want, fake_ram, RAM_BYTES);
	for (u64 k = 0; k < accesses; k++) {
		struct vqueue before;
		u16 index;
		step = interrupts = 0;
		scenario_setup(event_idx);
		fake_wait_access = k;
		assert_int_equal(scenario(&step, &interrupts), ERR_WAIT);
		assert_int_equal(w.cause, WAIT_TEST);
		before = q;
		index = *used_word(2);
		fake_accesses = 0; /* the same step waits at its first access, too */
		fake_wait_access = 0;
		assert_int_equal(scenario(&step, &interrupts), ERR_WAIT);
		assert_memory_equal(&q, &before, offsetof(struct vqueue, chain));
		assert_int_equal(*used_word(2), index);
		fake_wait_access = ~0ull;
		assert_int_equal(scenario(&step, &interrupts), OK);
		assert_int_equal(interrupts, 1);
		assert_memory_equal(fake_ram, want, RAM_BYTES);
	}
	free(want);
}

static void test_waits(void **state)
{
	(void)state;
	waits_everywhere(false);
	waits_everywhere(true);
}

static void test_copy(void **state)
{
	(void)state;
	char text[32] = "";
	make_queue(false);
	c = (struct vchain){.outs = 2, .ins = 2};
	c.seg[0] = (struct vseg){BUF(0) + 4095, 3};
	c.seg[1] = (struct vseg){BUF(5), 5};
	c.seg[2] = (struct vseg){BUF(7), 2};
	c.seg[3] = (struct vseg){RAM_BASE + RAM_BYTES - 4, 8}; /* half outside */
	memcpy(ram(BUF(0) + 4095), "abc", 3);
	memcpy(ram(BUF(5)), "defgh", 5);
	assert_int_equal(chain_read(&c, m, 1, text, 6, &w), OK);
	assert_string_equal(text, "bcdefg");
	assert_int_equal(chain_read(&c, m, 3, text, 6, &w), ERR_INPUT);
	assert_int_equal(chain_read(&c, m, 8, text, 0, &w), OK);
	assert_int_equal(chain_read(&c, m, 9, text, 1, &w), ERR_INPUT);
	assert_int_equal(chain_write(&c, m, 1, "xyz", 1, &w), OK);
	assert_int_equal(*(char *)ram(BUF(7) + 1), 'x');
	assert_int_equal(chain_write(&c, m, 0, "12345678", 8, &w), ERR_RANGE);
}

/* --- the index is never seen half written --- */

static bool flipping;

static void *flip(void *unused)
{
	(void)unused;
	while (__atomic_load_n(&flipping, __ATOMIC_RELAXED)) {
		__atomic_store_n(avail(1), 0x100, __ATOMIC_RELAXED);
		__atomic_store_n(avail(1), 0x0ff, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void test_torn_index(void **state)
{
	(void)state;
	pthread_t thread;
	make_queue(false);
	put_desc(Q_AT, 0, BUF(0), 1, 0, 0);
	*avail(1) = 0xff;
	q.next_avail = 0xff;
	flipping = true;
	pthread_create(&thread, NULL, flip, NULL);
	for (u32 i = 0; i < 100000; i++) {
		enum err e = pop();
		assert_true(e == OK || e == ERR_ABSENT);
		q.next_avail = 0xff;
	}
	__atomic_store_n(&flipping, false, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
}

static int setup(void **state)
{
	(void)state;
	fake_vm_end(fake_vm_make(0, false)); /* memory */
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chain),        cmocka_unit_test(test_indirect),
		cmocka_unit_test(test_bad_indirect), cmocka_unit_test(test_bad_chains),
		cmocka_unit_test(test_long_chain),   cmocka_unit_test(test_rings_outside_memory),
		cmocka_unit_test(test_enable),       cmocka_unit_test(test_push_wraps),
		cmocka_unit_test(test_event_idx),    cmocka_unit_test(test_waits),
		cmocka_unit_test(test_copy),         cmocka_unit_test(test_torn_index),
	};
	return cmocka_run_group_tests_name("ring", tests, setup, NULL);
}
