/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames, the buddy allocators, the zeroed pools: random operations against a model. */
#include "fake/fake.h"

#include <stdlib.h>

#include "lib/string.h"
#include "mem/buddy.h"
#include "mem/node.h"
#include "mem/stage2.h"

#define NODES 3u
#define FRAMES 0x3000ull /* 48 MiB each */
#define PIECES 400u

static u64 free_at_start;

static int make_machine(void **state)
{
	(void)state;
	fake_cpus(NODES, 1);
	fake_memory(NODES, 0);
	/* Uneven: node 0 in two ranges with a hole, node 2 small. */
	assert_int_equal(node_add(0, fake_pfn(0), 0x1001), OK);
	assert_int_equal(node_add(0, pfn_of(fake_pfn(0).v + 0x2003), 0x1000), OK);
	assert_int_equal(node_reserve(0, pfn_of(fake_pfn(0).v + 0x1001), 2), OK);
	assert_int_equal(node_add(1, fake_pfn(1), FRAMES), OK);
	assert_int_equal(node_add(2, fake_pfn(2), 0x800), OK);
	node_set_distance(0, 1, 30);
	node_set_distance(0, 2, 20);
	node_set_distance(2, 1, 12);
	node_order();
	free_at_start = fake_free();
	return 0;
}

static int leak_check(void **state)
{
	(void)state;
	fake_run_on(0);
	assert_int_equal(fake_free(), free_at_start);
	assert_int_equal(fake_check(), 0);
	return 0;
}

static void pages_fill(struct pfn p, u32 order, u8 with)
{
	for (u32 i = 0; i < 1u << order; i++)
		memset(pfn_va(pfn_of(p.v + i)), with, 64);
}

static bool page_is_zero(struct pfn p)
{
	static const char zeros[PAGE_SIZE];
	return memcmp(pfn_va(p), zeros, PAGE_SIZE) == 0;
}

static void bad_ranges(void **state)
{
	(void)state;
	assert_int_equal(node_add(0, pfn_of(0), 5), ERR_RANGE);
	assert_int_equal(node_add(MAX_NODES, fake_pfn(2), 5), ERR_RANGE);
	assert_int_equal(node_add(1, pfn_of(~0u), 5), ERR_RANGE);
	assert_int_equal(node_add(1, pfn_of(fake_pfn(1).v + 5), 1), ERR_RANGE);
	assert_int_equal(node_reserve(1, pfn_of(fake_pfn(1).v + FRAMES - 1), 2), ERR_RANGE);
	assert_int_equal(node_reserve(5, fake_pfn(5), 2), ERR_RANGE);
	assert_true(frame_known(pfn_of(fake_pfn(0).v + 0x1002)));
	assert_false(frame_known(pfn_of(fake_pfn(0).v + 0x1003)));
	assert_true(frame_known(pfn_of(fake_pfn(0).v + 0x2003)));
	assert_false(frame_known(pfn_of(fake_pfn(0).v + 0x3003)));
	assert_false(frame_known(pfn_of(1)));
}

static void near_order(void **state)
{
	(void)state;
	assert_int_equal(node_near(0, 0), 0);
	assert_int_equal(node_near(0, 1), 2);
	assert_int_equal(node_near(0, 2), 1);
	assert_int_equal(node_near(2, 0), 2);
	assert_int_equal(node_near(2, 1), 1);
	assert_int_equal(node_near(1, 1), 2); /* equal: the one behind */
	assert_int_equal(node_distance(1, 1), 10);
	assert_int_equal(node_distance(1, 0), 20);
}

/* Random pieces; none overlap, all aligned, all inside, contents kept. */
static void random_pieces(void **state)
{
	static u8 owner[NODES * FAKE_NODE_PFNS];
	struct {
		struct pfn p;
		u32 order;
		u8 mark;
	} got[PIECES];
	u32 n = 0;

	(void)state;
	fake_seed = 42;
	for (u32 round = 0; round < 8000; round++) {
		if (n < PIECES && fake_random(100) < 55) {
			u32 order = fake_random(5) ? fake_random(4) : fake_random(11);
			u32 flags = fake_random(2) ? ALLOC_ZERO : 0;
			u32 kinds[] = {FRAME_MONITOR, FRAME_PRIVATE, FRAME_FILLING};
			u32 kind = kinds[fake_random(3)];
			struct pfn p = node_alloc(fake_random(NODES), order, kind, flags);
			if (pfn_is_none(p))
				continue;
			assert_true(IS_ALIGNED(p.v, 1ull << order));
			assert_int_equal(frame_of(p)->refs, 1);
			for (u32 i = 0; i < 1u << order; i++) {
				u64 at = p.v - FAKE_FIRST_PFN + i;
				assert_true(frame_known(pfn_of(p.v + i)));
				assert_int_equal(owner[at], 0);
				owner[at] = 1;
				assert_int_equal(frame_of(p)[i].state, kind);
				if ((flags & ALLOC_ZERO) || kind == FRAME_PRIVATE) {
					assert_true(page_is_zero(pfn_of(p.v + i)));
					assert_true(frame_of(p)[i].flags & FRAME_PUBLISHED);
				}
			}
			got[n].p = p;
			got[n].order = order;
			got[n].mark = (u8)(round | 1);
			pages_fill(p, order, got[n].mark);
			n++;
		} else if (n) {
			u32 i = fake_random(n);
			for (u32 k = 0; k < 1u << got[i].order; k++) {
				assert_int_equal(*(u8 *)pfn_va(pfn_of(got[i].p.v + k)),
						 got[i].mark);
				owner[got[i].p.v - FAKE_FIRST_PFN + k] = 0;
			}
			node_free(got[i].p, got[i].order);
			got[i] = got[--n];
		}
		if (fake_random(4) == 0)
			node_zero_some(fake_random(NODES), fake_random(64));
	}
	while (n--)
		node_free(got[n].p, got[n].order);
}

/* All of it can be taken frame by frame, and as large pieces again afterwards. */
static void exhaustion(void **state)
{
	u32 *next, count = 0;
	struct pfn first = PFN_NONE, p;

	(void)state;
	while (node_zero_some(2, 100))
		;
	while (!pfn_is_none(p = node_alloc(2, 0, FRAME_MONITOR, 0))) {
		next = pfn_va(p);
		*next = (u32)(pfn_is_none(first) ? 0 : first.v);
		first = p;
		count++;
	}
	assert_int_equal(count, free_at_start);
	assert_int_equal(fake_free(), 0);
	assert_null(monitor_alloc(0, 100));
	while (count--) {
		p = first;
		first = pfn_of(*(u32 *)pfn_va(p));
		node_free(p, 0);
	}
	p = node_alloc(1, NODE_ORDER_MAX, FRAME_MONITOR, ALLOC_NEAR);
	assert_false(pfn_is_none(p));
	node_free(p, NODE_ORDER_MAX);
}

static void nearest_first(void **state)
{
	struct pfn got[32];
	u32 n = 0;
	u64 far = count_sum(COUNTER_far_frames);

	(void)state;
	/* Node 2 has 8 MiB: 1 or 2 pieces of 4 MiB; then node 1 is nearer than 0. */
	do {
		got[n] = node_alloc(2, NODE_ORDER_MAX, FRAME_MONITOR, 0);
	} while (node_of(got[n++]) == 2);
	assert_int_equal(node_of(got[n - 1]), 1);
	assert_int_equal(count_sum(COUNTER_far_frames), far + 1024);
	assert_true(pfn_is_none(node_alloc(2, NODE_ORDER_MAX, FRAME_MONITOR, ALLOC_NEAR)));
	while (n--)
		node_free(got[n], NODE_ORDER_MAX);
}

static void pools(void **state)
{
	struct node_stats s;
	u32 done = 0, now;

	(void)state;
	while ((now = node_zero_some(1, 100)) != 0) {
		assert_true(now <= 100);
		done += now;
	}
	node_stats(1, &s);
	assert_true(s.zeroed > 0 && s.zeroed <= s.total / 4 && s.total / 4 - s.zeroed < 512);
	assert_int_equal(fake_check(), 0);
	/* A block, then single frames split another; none is zeroed now. */
	fake_forget();
	u64 hits = count_sum(COUNTER_pool_hits), misses = count_sum(COUNTER_pool_misses);
	struct pfn b = node_alloc(1, BLOCK_ORDER, FRAME_PRIVATE, ALLOC_POOL | ALLOC_NEAR);
	assert_false(pfn_is_none(b));
	struct pfn p = node_alloc(1, 0, FRAME_PRIVATE, 0);
	assert_true(page_is_zero(p) && page_is_zero(pfn_of(b.v + 511)));
	assert_int_equal(count_sum(COUNTER_pool_hits), hits + 513);
	assert_int_equal(count_sum(COUNTER_pool_misses), misses);
	assert_int_equal(fake_op_count[OP_DC_POC], 0); /* published when zeroed */
	node_free(p, 0);
	node_free(b, BLOCK_ORDER);
	/* What the pool lacks is not zeroed here and now. */
	struct pfn got[64];
	u32 n = 0;
	do
		got[n] = node_alloc(1, BLOCK_ORDER, FRAME_PRIVATE, ALLOC_POOL | ALLOC_NEAR);
	while (!pfn_is_none(got[n++]));
	assert_int_equal(count_sum(COUNTER_pool_misses), misses);
	assert_in_range(n, 1, done / 512 + 1);
	for (n--; n--;)
		node_free(got[n], BLOCK_ORDER);
}

static void split_pieces(void **state)
{
	struct pfn p = node_alloc(1, BLOCK_ORDER, FRAME_PRIVATE, 0);

	(void)state;
	node_split(p, BLOCK_ORDER);
	for (u32 i = 0; i < BLOCK_FRAMES; i++)
		assert_int_equal(frame_of(p)[i].refs, 1);
	for (u32 i = 0; i < BLOCK_FRAMES; i++)
		node_free(pfn_of(p.v + (i * 7) % BLOCK_FRAMES), 0);
}

struct change {
	enum frame_state from, to;
};

/* A frame in a state, by a legal way; its number. */
static struct pfn frame_in(enum frame_state s)
{
	struct pfn p;

	switch (s) {
	case FRAME_MONITOR:
	case FRAME_PRIVATE:
	case FRAME_FILLING:
		return node_alloc(0, 0, s, 0);
	case FRAME_SHARED:
		p = node_alloc(0, 0, FRAME_FILLING, 0);
		frame_set(p, FRAME_SHARED);
		return p;
	case FRAME_REPLICA:
		return node_alloc(0, 0, FRAME_REPLICA, 0);
	default:
		p = node_alloc(0, 0, FRAME_MONITOR, 0);
		frame_set(p, FRAME_FREE);
		return p;
	}
}

static void back(struct pfn p)
{
	if (frame_of(p)->state == FRAME_FREE)
		frame_set(p, FRAME_MONITOR);
	node_free(p, 0);
}

static void illegal(void *argument)
{
	struct change *c = argument;
	frame_set(frame_in(c->from), c->to);
}

/* Every state times every change. */
static void state_changes(void **state)
{
	static const char *legal[FRAME_STATES] = {
		[FRAME_FREE] = "MPfR",   [FRAME_MONITOR] = "F", [FRAME_PRIVATE] = "FS",
		[FRAME_FILLING] = "FSP", [FRAME_SHARED] = "FP", [FRAME_REPLICA] = "F",
	};
	static const char letters[FRAME_STATES + 1] = "NFMPfSR";

	(void)state;
	for (u32 from = FRAME_FREE; from < FRAME_STATES; from++)
		for (u32 to = FRAME_NONE; to < FRAME_STATES; to++) {
			struct change c = {from, to};
			if (!strchr(legal[from], letters[to])) {
				fake_must_panic(illegal, &c, "legal[from]");
				continue;
			}
			struct pfn p = frame_in(from);
			frame_set(p, to);
			assert_int_equal(frame_of(p)->state, to);
			back(p);
		}
}

static void shared_twice(void *argument)
{
	(void)argument;
	struct pfn p = frame_in(FRAME_SHARED);
	frame_get(p);
	frame_set(p, FRAME_PRIVATE);
}

static void freed_twice(void *argument)
{
	struct pfn p = node_alloc(0, 0, FRAME_MONITOR, 0);
	node_free(p, 0);
	node_free(p, 0);
	(void)argument;
}

static void freed_with_references(void *argument)
{
	struct pfn p = node_alloc(0, 0, FRAME_MONITOR, 0);
	frame_get(p);
	node_free(p, 0);
	(void)argument;
}

static void put_too_often(void *argument)
{
	struct pfn p = node_alloc(0, 0, FRAME_MONITOR, 0);
	frame_put(p);
	frame_put(p);
	(void)argument;
}

static void misuse(void **state)
{
	(void)state;
	fake_must_panic(shared_twice, NULL, "FRAME_SHARED");
	fake_must_panic(freed_twice, NULL, "FRAME_FREE");
	fake_must_panic(freed_with_references, NULL, "refs");
	fake_must_panic(put_too_often, NULL, "before != 0");
}

static void holds_free_last(void **state)
{
	struct pfn p = node_alloc(0, 0, FRAME_PRIVATE, 0);

	(void)state;
	frame_get(p);
	fake_run_on(2); /* released elsewhere */
	assert_false(frame_put(p));
	frame_get(p);
	assert_false(frame_slot_put(p));
	assert_true(frame_put(p));
	assert_int_equal(frame_of(p)->state, FRAME_FREE);
}

/* The upkeep that each kind of CPU needs. */
static void publishing(void **state)
{
	struct {
		u64 fwb, idc, dic;
		u64 poc, pou, ic;
	} rows[] = {
		{0, 0, 0, 64, 0, 1}, {0, 1, 1, 64, 0, 0}, {1, 0, 0, 0, 64, 1},
		{1, 1, 0, 0, 0, 1},  {1, 1, 1, 0, 0, 0},
	};
	struct pfn p = node_alloc(0, 0, FRAME_MONITOR, 0);

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		*fake_sysreg("CTR_EL0") = 4u << 16 | rows[i].idc << 28 | rows[i].dic << 29;
		stage2_fwb = rows[i].fwb;
		frame_written(p);
		assert_false(frame_of(p)->flags & FRAME_PUBLISHED);
		fake_forget();
		frame_publish(p, 1);
		assert_true(frame_of(p)->flags & FRAME_PUBLISHED);
		assert_int_equal(fake_op_count[OP_DC_POC], rows[i].poc);
		assert_int_equal(fake_op_count[OP_DC_POU], rows[i].pou);
		assert_int_equal(fake_op_count[OP_IC_ALL], rows[i].ic);
		fake_forget();
		frame_publish_data(p, pfn_va(p), 65, false);
		assert_int_equal(fake_event_count, 0);
		frame_publish_data(p, pfn_va(p), 65, true);
		assert_int_equal(fake_op_count[OP_DC_POC], rows[i].fwb ? 0 : 2);
	}
	stage2_fwb = false;
	node_free(p, 0);
}

static void monitor_memory(void **state)
{
	char *a = monitor_alloc(1, 1), *b = monitor_alloc(1, 5 * PAGE_SIZE);

	(void)state;
	assert_true(page_is_zero(va_pfn(a)));
	assert_int_equal(frame_of(va_pfn(b))->order, 3);
	assert_int_equal(node_of(va_pfn(b)), 1);
	assert_null(monitor_alloc(1, 5ull << 20));
	monitor_free(a, 1);
	monitor_free(b, 5 * PAGE_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(bad_ranges, leak_check),
		cmocka_unit_test_teardown(near_order, leak_check),
		cmocka_unit_test_teardown(random_pieces, leak_check),
		cmocka_unit_test_teardown(exhaustion, leak_check),
		cmocka_unit_test_teardown(nearest_first, leak_check),
		cmocka_unit_test_teardown(pools, leak_check),
		cmocka_unit_test_teardown(split_pieces, leak_check),
		cmocka_unit_test_teardown(state_changes, leak_check),
		cmocka_unit_test_teardown(misuse, leak_check),
		cmocka_unit_test_teardown(holds_free_last, leak_check),
		cmocka_unit_test_teardown(publishing, leak_check),
		cmocka_unit_test_teardown(monitor_memory, leak_check),
	};
	return cmocka_run_group_tests_name("mem: allocators", tests, make_machine, NULL);
}
