/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mem/ under real concurrency: each thread is a CPU of the machine and does random faults,
 * guest accesses, give-backs, sharing and zeroing on two VMs; then the invariants must hold
 * and all memory come back. Also built with -fsanitize=thread.
 */
#include "fake/fake.h"

#include <pthread.h>

#include "mem/fault.h"
#include "mem/guest.h"
#include "mem/node.h"
#include "mem/share.h"
#include "mem/stage2.h"

#define THREADS 4u
#define NODES 2u
#define ROUNDS 20000u
#define SPAN 1200u
#define FIRST 0x40000ull

static struct p2m vm[2];

static struct gfn page(u64 i)
{
	return gfn_of(FIRST + i);
}

/* One operation; all may meet the others' at any point. */
static void random_op(void)
{
	struct p2m *m = &vm[fake_random(2)];
	struct gfn g = page(fake_random(SPAN));
	struct wait w;
	struct hold h;
	u32 what, n = fake_random(20);
	u64 x = 1;
	enum err e = OK;

	switch (fake_random(9)) {
	case 0:
		p2m_give_back(m, g, fake_random(30) ? n : 600);
		break;
	case 1:
		(void)!share_make_shared(m, g);
		break;
	case 2:
		e = guest_hold(m, g, true, &h, &w);
		if (e == OK) {
			__atomic_store_n((u64 *)h.va, 5, __ATOMIC_RELAXED);
			guest_release(&h);
		}
		break;
	case 3:
		e = guest_hold(m, g, false, &h, &w);
		if (e == OK) {
			(void)!share_map(&vm[0], page(fake_random(SPAN)), h.frame);
			guest_release(&h);
		}
		break;
	case 4:
		e = guest_read(m, gfn_ipa(g), &x, 8, &w);
		break;
	case 5:
		e = guest_write(m, gfn_ipa(g), &x, 8, &w);
		break;
	case 6:
		node_zero_some(this_cpu()->node, 64);
		break;
	default:
		for (; n-- && e == OK; g.v++)
			e = mem_fault(m, this_cpu()->node, gfn_ipa(g),
				      n % 2 ? ACCESS_WRITE : ACCESS_READ, &w, &what);
	}
	assert_int_equal(e, OK);
}

static void *run(void *argument)
{
	u32 id = (u32)(uintptr_t)argument;

	fake_run_on(id);
	*fake_sysreg("CTR_EL0") = 4u << 16;
	fake_seed = id + 1;
	for (u32 i = 0; i < ROUNDS; i++)
		random_op();
	return NULL;
}

static void concurrent(void **state)
{
	struct p2m_range r = {{FIRST}, SPAN + 100, false};
	pthread_t thread[THREADS];
	u64 cursor;

	(void)state;
	fake_cpus(NODES, THREADS / NODES);
	fake_memory(NODES, 0x1800);
	u64 free = fake_free();
	for (u16 i = 0; i < 2; i++) {
		assert_int_equal(p2m_init(&vm[i], (u16)(i + 1), NODE_ANY, &r, 1), OK);
		fake_p2ms[i] = &vm[i];
	}
	for (u32 i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, run, (void *)(uintptr_t)i);
	for (u32 i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(fake_check(), 0);
	for (u32 i = 0; i < 2; i++)
		for (cursor = 0; !p2m_destroy_step(&vm[i], &cursor, 1);)
			;
	assert_int_equal(fake_free(), free);
	assert_int_equal(fake_check(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(concurrent)};
	return cmocka_run_group_tests_name("mem: threads", tests, NULL, NULL);
}
