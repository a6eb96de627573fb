/* SPDX-License-Identifier: BSD-2-Clause */
/* check.c finds what it is there for: each invariant is broken on purpose, then mended. */
#include "fake/guest_model.h"

#include "arm64/pte.h"
#include "lib/string.h"
#include "mem/buddy.h"
#include "mem/check.h"
#include "mem/guest.h"
#include "mem/share.h"
#include "mem/stage2.h"

#define NODES 2u

static struct p2m vm[2];
static struct pfn private, shared; /* frames at pages 3 and 4 of VM 0 */

static struct gfn page(u64 i)
{
	return gfn_of(MODEL_FIRST + i);
}

static u64 *slot_of(u32 v, u64 i)
{
	return &leaf_slots(p2m_leaf(&vm[v], page(i)))[leaf_index(page(i))];
}

/* The level-3 entry of node 0's tree. */
static u64 *entry_of(u32 v, u64 i)
{
	return stage2_table(*stage2_slot(&vm[v], 0, page(i), 2)) + PT_INDEX(gfn_ipa(page(i)).v, 3);
}

static int make_machine(void **state)
{
	struct p2m_range r = {{MODEL_FIRST}, MODEL_PAGES, false};
	enum err e;

	(void)state;
	fake_cpus(NODES, 1);
	fake_memory(NODES, 0x2000);
	model_init();
	for (u16 v = 0; v < 2; v++) {
		assert_int_equal(p2m_init(&vm[v], (u16)(v + 1), NODE_ANY, &r, 1), OK);
		fake_p2ms[v] = &vm[v];
		model_vm(&vm[v]);
		for (u64 i = 0; i < 600; i++)
			model_access(&vm[v], v, page(i), true, &e);
	}
	assert_int_equal(share_make_shared(&vm[0], page(4)), OK);
	private = SLOT_PFN(*slot_of(0, 3));
	shared = SLOT_PFN(*slot_of(0, 4));
	model_access(&vm[0], 0, page(4), false, &e);
	p2m_give_back(&vm[1], page(5), 1);
	assert_int_equal(share_map(&vm[1], page(5), shared), OK);
	while (node_zero_some(1, 512))
		;
	return 0;
}

static u32 seen; /* faults of the last broken() */

/* *p is wrong for the time of one check. */
#define BROKEN(what, wrong)                                           \
	do {                                                          \
		assert_int_equal(fake_check(), 0);                    \
		__typeof__(what) kept_ = (what);                      \
		(what) = (__typeof__(what))(wrong);                   \
		seen = fake_check();                                  \
		(what) = kept_;                                       \
		if (!seen)                                            \
			fail_msg("not seen: %s", #what " = " #wrong); \
		assert_int_equal(fake_check(), 0);                    \
	} while (0)

/* Every frame in one state that agrees with all that refers to it. */
static void states(void **state)
{
	(void)state;
	BROKEN(frame_of(private)->state, FRAME_SHARED);
	BROKEN(frame_of(private)->state, FRAME_MONITOR);
	BROKEN(frame_of(private)->state, FRAME_FREE);
	BROKEN(frame_of(private)->state, FRAME_NONE);
	BROKEN(frame_of(private)->state, 77);
	BROKEN(frame_of(shared)->state, FRAME_PRIVATE);
	BROKEN(frame_of(private)->node, 1);
	BROKEN(frame_of(private)->slot, frame_of(private)->slot + 1);
	BROKEN(frame_of(private)->slot, 5);
	BROKEN(p2m_leaf(&vm[0], page(0))->used, 511);
	BROKEN(p2m_leaf(&vm[0], page(0))->gfn, 0x1000);
	BROKEN(p2m_leaf(&vm[0], page(0))->flags, FRAME_HEAD);
	BROKEN(p2m_leaf(&vm[0], page(0))->p2m, &vm[1]);
}

/* References equal what refers. */
static void references(void **state)
{
	(void)state;
	BROKEN(frame_of(private)->refs, 2);
	BROKEN(frame_of(private)->refs, 0);
	BROKEN(frame_of(shared)->refs, 1);
	BROKEN(frame_of(shared)->refs, 3);
	BROKEN(frame_of(shared)->refs, 0);
	/* One too many here, one too few there: the sum is right, the hash is not. */
	frame_of(private)->refs++;
	frame_of(shared)->refs--;
	assert_int_equal(fake_check(), 1);
	frame_of(private)->refs--;
	frame_of(shared)->refs++;
	/* A slot more, or less, or another frame's. */
	BROKEN(*slot_of(0, 4), 0);
	BROKEN(*slot_of(0, 3), 0);
	BROKEN(*slot_of(0, 3), *slot_of(0, 6));
	BROKEN(*slot_of(0, 700), *slot_of(0, 4));
	BROKEN(*slot_of(0, 3), 0x123000 | SLOT_PRIVATE);
	BROKEN(*slot_of(0, 3), *slot_of(0, 3) | 15);
	/* A hold is a reference. */
	struct hold h;
	struct wait w;
	assert_int_equal(guest_hold(&vm[0], page(4), false, &h, &w), OK);
	BROKEN(frame_of(shared)->refs, 2);
	guest_release(&h);
	BROKEN(vm[0].private_frames, 3);
}

/* Trees say what the p2m says. */
static void trees(void **state)
{
	(void)state;
	BROKEN(*entry_of(0, 4), *entry_of(0, 4) | S2_WRITE);
	BROKEN(*entry_of(0, 3), *entry_of(0, 6));
	BROKEN(*entry_of(0, 800), *entry_of(0, 6));
	BROKEN(*entry_of(0, 3), 0x123000 | PTE_VALID | PTE_PAGE);
	BROKEN(*stage2_slot(&vm[0], 0, page(0), 2), pfn_pa(private).v | PTE_VALID);
	BROKEN(*stage2_slot(&vm[0], 0, page(1024), 2), pfn_pa(private).v | PTE_VALID);
	BROKEN(*slot_of(0, 3), *slot_of(0, 3) | SLOT_READONLY);
	BROKEN(vm[0].table_frames, 1);
	/* A table that nothing refers to. */
	struct pfn t = p2m_table_make(&vm[0], 0, FRAME_TABLE);
	assert_true(fake_check() > 0);
	p2m_table_free(&vm[0], t);
	assert_int_equal(fake_check(), 0);
}

/* free + used = all, and each free frame is in a list. */
static void free_memory(void **state)
{
	struct node *n = node_get(0), *z = node_get(1);
	u32 o = 0, zo = 0;

	(void)state;
	while (!n->free_list[o])
		o++;
	while (!z->zero_list[zo])
		zo++;
	u32 head = n->free_list[o], zhead = z->zero_list[zo];
	BROKEN(n->by_state[FRAME_FREE], 1);
	BROKEN(n->by_state[FRAME_MONITOR], 0);
	BROKEN(n->free_list[o], 0);
	BROKEN(n->free_list[o], head + 1);
	BROKEN(z->zero_list[zo], 0);
	BROKEN(z->zeroed, 7);
	BROKEN(frame_table[head].refs, 1);
	BROKEN(frame_table[head].flags, 0);
	BROKEN(frame_table[head].order, o + 1);
	BROKEN(frame_table[head].order, 30);
	BROKEN(frame_table[head].next, private.v);
	BROKEN(frame_table[head].next, 3);
	BROKEN(frame_table[head].prev, private.v);
	BROKEN(frame_table[head].state, FRAME_MONITOR);
	BROKEN(frame_table[zhead].flags, FRAME_HEAD);
	/* Taken and lost. */
	struct pfn p = node_alloc(0, 0, FRAME_PRIVATE, 0);
	assert_true(fake_check() > 0);
	node_free(p, 0);
	assert_int_equal(fake_check(), 0);
}

static struct p2m *no_p2m(struct p2m *after)
{
	(void)after;
	return NULL;
}

/* It counts what it saw, holds the pools still meanwhile, and works in slices. */
static void slices(void **state)
{
	struct mem_check c;
	struct node_stats s;
	u64 total = 0;

	(void)state;
	for (u32 i = 0; i < NODES; i++) {
		node_stats(i, &s);
		total += s.total;
	}
	mem_check_begin(&c);
	assert_int_equal(node_zero_some(0, 10), 0);
	while (!mem_check_step(&c, no_p2m))
		;
	assert_int_equal(c.frames, total);
	assert_true(c.faults > 0); /* VMs that it was not told of */
	assert_true(c.slices >= total / 256);
	assert_int_equal(node_zero_some(0, 10), 10);
	assert_int_equal(fake_check(), 0); /* with a piece half zeroed */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states), cmocka_unit_test(references),
		cmocka_unit_test(trees),  cmocka_unit_test(free_memory),
		cmocka_unit_test(slices),
	};
	return cmocka_run_group_tests_name("mem: invariants", tests, make_machine, NULL);
}
