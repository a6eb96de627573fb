/* SPDX-License-Identifier: BSD-2-Clause */
/* p2m, stage-2 trees on four nodes, faults, flush, guest access, sharing, teardown. */
#include "fake/guest_model.h"

#include "arm64/pte.h"
#include "lib/string.h"
#include "mem/fault.h"
#include "mem/flush.h"
#include "mem/guest.h"
#include "mem/node.h"
#include "mem/share.h"
#include "mem/stage2.h"

#define NODES 4u
#define FRAMES 0x3000ull
#define ROM 0x3f000ull

static u64 free_at_start;
static struct p2m vm[3];

static int make_machine(void **state)
{
	(void)state;
	*fake_sysreg("ID_AA64MMFR0_EL1") = 5;
	*fake_sysreg("ID_AA64MMFR1_EL1") = 0x22; /* 16-bit VMIDs, HAFDBS */
	*fake_sysreg("CTR_EL0") = 4u << 16;
	fake_cpus(NODES, 2);
	(void)stage2_vtcr();
	fake_memory(NODES, FRAMES);
	free_at_start = fake_free();
	return 0;
}

static void make_vm(struct p2m *m, u16 vmid, u8 home)
{
	struct p2m_range r[] = {{{MODEL_FIRST}, MODEL_PAGES, false}, {{ROM}, 16, true}};

	assert_int_equal(p2m_init(m, vmid, home, r, 2), OK);
	model_vm(m);
	fake_p2ms[vmid - 1] = m;
	fake_p2ms[vmid] = NULL;
}

static int begin(void **state)
{
	(void)state;
	model_init();
	fake_run_on(0);
	make_vm(&vm[0], 1, NODE_ANY);
	make_vm(&vm[1], 2, 1);
	make_vm(&vm[2], 3, NODE_ANY);
	return 0;
}

static void destroy(struct p2m *m, u32 budget)
{
	u64 cursor = 0;
	u32 steps = 0;

	while (!p2m_destroy_step(m, &cursor, budget)) {
		assert_true(++steps < 10000);
		if (steps % 16 == 0)
			assert_int_equal(fake_check(), 0);
	}
}

static int end(void **state)
{
	(void)state;
	guest_wait_test = false;
	model_verify();
	assert_int_equal(fake_check(), 0);
	for (u32 i = 0; i < 3; i++)
		if (vm[i].vmid)
			destroy(&vm[i], i + 1);
	assert_int_equal(fake_free(), free_at_start);
	assert_int_equal(fake_check(), 0);
	return 0;
}

static struct gfn page(u64 i)
{
	return gfn_of(MODEL_FIRST + i);
}

/* A guest's access that must succeed; the first word of the page. */
static u64 *word(struct p2m *m, u32 cpu, u64 i, bool write)
{
	enum err e = OK;
	struct pfn p = model_access(m, cpu, page(i), write, &e);

	assert_int_equal(e, OK);
	assert_false(pfn_is_none(p));
	return pfn_va(p);
}

static u64 counter(enum counter c)
{
	return count_sum(c);
}

static void bad_shapes(void **state)
{
	struct p2m m;
	struct p2m_range bad[] = {
		{{5}, 0, false}, {{P2M_GFNS - 1}, 2, false}, {{P2M_GFNS}, 1, false}};
	struct p2m_range two[] = {{{5}, 5, false}, {{9}, 2, false}};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(p2m_init(&m, 9, 0, &bad[i], 1), ERR_RANGE);
	assert_int_equal(p2m_init(&m, 9, 0, two, 2), ERR_RANGE);
	assert_int_equal(p2m_init(&m, 9, 0, two, 0), ERR_RANGE);
	assert_int_equal(p2m_init(&m, 0, 0, two, 1), ERR_RANGE);
	assert_int_equal(p2m_init(&m, 9, MAX_NODES, two, 1), ERR_RANGE);
}

static void vtcr(void **state)
{
	(void)state;
	/* RES1, VS, HA, 48-bit PA, inner shareable, write-back, start level 1, 39 bits. */
	assert_int_equal(stage2_vtcr(), 0x802d3559u);
	assert_int_equal(stage2_vmids(), 65536);
}

static void first_touch(void **state)
{
	bool block;

	(void)state;
	u64 *w = word(&vm[0], 2, 100, false); /* CPU 2: node 1 */
	assert_int_equal(*w, 0);
	assert_int_equal(node_of(va_pfn(w)), 1);
	assert_int_equal(vm[0].private_frames, 1);
	assert_int_equal(vm[0].node_frames[1], 1);
	u64 e = stage2_entry(&vm[0], 1, page(100), &block);
	assert_false(block);
	assert_int_equal(e & ~PTE_OUTPUT,
			 PTE_VALID | PTE_PAGE | S2_READ | S2_WRITE | S2_SH_INNER | S2_ATTR_NORMAL);
	assert_int_equal(stage2_entry(&vm[0], 0, page(100), &block), 0);
	/* A fixed home. */
	w = word(&vm[1], 7, 5, true);
	assert_int_equal(node_of(va_pfn(w)), 1);
}

static void refill_other_nodes(void **state)
{
	bool block;

	(void)state;
	for (u64 i = 0; i < 32; i++)
		*word(&vm[0], 0, i * 2, true) = i;
	u64 refills = counter(COUNTER_fault_refill), owned = vm[0].private_frames;
	for (u64 i = 0; i < 32; i++)
		assert_int_equal(*word(&vm[0], 4, i * 2, false), i);
	assert_int_equal(counter(COUNTER_fault_refill), refills + 1);
	assert_int_equal(vm[0].private_frames, owned);
	assert_true(stage2_entry(&vm[0], 2, page(62), &block) != 0);
	/* The tree's tables are on its node. */
	u64 *l2 = stage2_slot(&vm[0], 2, page(0), 2);
	assert_int_equal(node_of(va_pfn(l2)), 2);
	assert_int_equal(node_of(SLOT_PFN(*l2)), 2);
}

static void not_memory(void **state)
{
	struct wait w;
	u32 what;

	(void)state;
	assert_int_equal(mem_fault(&vm[0], 0, ipa_of(0x09000000), ACCESS_READ, &w, &what),
			 ERR_ABSENT);
	assert_int_equal(
		mem_fault(&vm[0], 0, gfn_ipa(gfn_of(MODEL_FIRST - 1)), ACCESS_WRITE, &w, &what),
		ERR_ABSENT);
	assert_int_equal(mem_fault(&vm[0], 0, ipa_of(~0ull), ACCESS_READ, &w, &what), ERR_ABSENT);
	assert_int_equal(mem_fault(&vm[0], 0, gfn_ipa(gfn_of(ROM)), ACCESS_WRITE, &w, &what),
			 ERR_RANGE);
	assert_int_equal(mem_fault(&vm[0], 0, gfn_ipa(gfn_of(ROM)), ACCESS_EXEC, &w, &what), OK);
	bool block;
	assert_false(stage2_entry(&vm[0], 0, gfn_of(ROM), &block) & S2_WRITE);
	assert_int_equal(p2m_give_back(&vm[0], gfn_of(ROM), 16), 0);
}

/* fault.c's essay: 33 exits for the first 2 MiB of a stream, then one for each. */
static void streams_get_more(void **state)
{
	bool block;

	(void)state;
	fake_run_on(0);
	while (node_zero_some(0, 512))
		;
	u64 zero = counter(COUNTER_fault_zero), blocks = counter(COUNTER_fault_block);
	for (u64 i = 0; i < 512; i++)
		*word(&vm[0], 0, i, true) = i;
	assert_int_equal(counter(COUNTER_fault_zero), zero + 33);
	for (u64 i = 512; i < 1536; i++)
		*word(&vm[0], 0, i, true) = i;
	assert_int_equal(counter(COUNTER_fault_zero), zero + 33);
	assert_int_equal(counter(COUNTER_fault_block), blocks + 2);
	assert_true(stage2_entry(&vm[0], 0, page(600), &block) && block);
	assert_int_equal(vm[0].private_frames, 1536);
	/* Also downwards. */
	for (u64 i = 4095; i >= 3072; i--)
		*word(&vm[0], 0, i, true) = i;
	assert_int_equal(counter(COUNTER_fault_block), blocks + 3);
	/* Here and there: single frames. */
	u64 owned = vm[2].private_frames;
	for (u64 i = 0; i < 512; i += 8)
		*word(&vm[2], 0, i, true) = i;
	assert_int_equal(vm[2].private_frames, owned + 64);
	for (u64 i = 0; i < 1536; i++)
		assert_int_equal(*word(&vm[0], 7, i, false), i);
}

static void blocks_break(void **state)
{
	bool block;

	(void)state;
	streams_get_more(state);
	word(&vm[0], 6, 700, true);
	assert_true(stage2_entry(&vm[0], 3, page(700), &block) && block);
	u64 vms = counter(COUNTER_flush_vm), free = fake_free();
	assert_int_equal(p2m_give_back(&vm[0], page(700), 1), 1);
	assert_int_equal(counter(COUNTER_flush_vm), vms + 1);
	assert_int_equal(fake_free(), free + 1);
	model_verify();
	assert_int_equal(stage2_entry(&vm[0], 0, page(600), &block), 0);
	assert_int_equal(*word(&vm[0], 6, 701, false), 701);
	assert_int_equal(*word(&vm[0], 6, 700, false), 0);
	/* The whole of another block. */
	assert_int_equal(p2m_give_back(&vm[0], page(1024), 512), 512);
	model_verify();
	assert_int_equal(*word(&vm[0], 1, 1100, false), 0);
}

/* DESIGN section 5's sequence, with another VM loaded. */
static void flush_order(void **state)
{
	static const enum fake_op want[] = {OP_DSB_ISHST,   OP_ISB,     OP_TLBI_IPA_IS,
					    OP_TLBI_IPA_IS, OP_DSB_ISH, OP_TLBI_VM_S1_IS,
					    OP_DSB_ISH,     OP_ISB,     OP_ISB};

	(void)state;
	word(&vm[0], 0, 3, true);
	word(&vm[0], 4, 3, true);
	word(&vm[0], 2, 40, true);
	word(&vm[1], 0, 9, true); /* CPU 0 has VM 2 loaded now */
	fake_run_on(0);
	fake_forget();
	assert_int_equal(p2m_give_back(&vm[0], page(0), 64), 2);
	assert_int_equal(fake_event_count, ARRAY_SIZE(want));
	for (u32 i = 0; i < ARRAY_SIZE(want); i++)
		assert_int_equal(fake_events[i].op, want[i]);
	for (u32 i = 2; i < 6; i++)
		assert_int_equal(fake_events[i].vttbr >> 48, 1);
	assert_int_equal(fake_events[2].argument, gfn_ipa(page(3)).v);
	assert_int_equal(*fake_sysreg("VTTBR_EL2"), vm[1].trees[0].vttbr);
	/* Nothing was there: nothing is flushed. */
	fake_forget();
	assert_int_equal(p2m_give_back(&vm[0], page(0), 64), 0);
	assert_int_equal(fake_event_count, 0);
}

static struct pfn watched;
static u32 looks;

/* At each invalidation the frame still belongs to the guest. */
static void not_yet_free(enum fake_op op, u64 argument, u64 vttbr)
{
	(void)argument;
	(void)vttbr;
	if (op < OP_TLBI_IPA_IS || op > OP_TLBI_ALL_IS)
		return;
	looks++;
	assert_int_equal(frame_of(watched)->state, FRAME_PRIVATE);
}

static void freed_only_after(void **state)
{
	(void)state;
	watched = va_pfn(word(&vm[0], 0, 3, true));
	for (u64 i = 64; i < 128; i++)
		word(&vm[0], 0, i, true);
	fake_op_hook = not_yet_free;
	looks = 0;
	assert_int_equal(p2m_give_back(&vm[0], page(3), 1), 1);
	assert_int_equal(looks, 2);
	assert_int_equal(frame_of(watched)->state, FRAME_FREE);
	model_init();
	/* Many pages: the whole VM at once. */
	watched = va_pfn(word(&vm[0], 0, 127, true));
	fake_op_hook = not_yet_free;
	looks = 0;
	assert_int_equal(p2m_give_back(&vm[0], page(64), 64), 64);
	assert_int_equal(looks, 1);
	assert_int_equal(frame_of(watched)->state, FRAME_FREE);
	model_init();
}

static void unpublished(void *argument)
{
	struct pfn p = node_alloc(0, 0, FRAME_PRIVATE, 0);
	frame_written(p);
	(void)!p2m_install(&vm[0], page(0), p);
	(void)argument;
}

static void install(void **state)
{
	struct pfn p = node_alloc(0, 0, FRAME_PRIVATE, 0);

	(void)state;
	fake_must_panic(unpublished, NULL, "FRAME_PUBLISHED");
	*(u64 *)pfn_va(p) = 77;
	assert_int_equal(p2m_install(&vm[0], gfn_of(5), p), ERR_RANGE);
	assert_int_equal(p2m_install(&vm[0], page(8), p), OK);
	assert_int_equal(p2m_install(&vm[0], page(8), p), ERR_STATE);
	assert_int_equal(*word(&vm[0], 3, 8, false), 77);
}

static void sharing(void **state)
{
	(void)state;
	u64 *w = word(&vm[0], 0, 20, true);
	*w = 1234;
	struct pfn p = va_pfn(w);
	word(&vm[0], 4, 20, true);
	struct hold h;
	struct wait wait;
	assert_int_equal(share_make_shared(&vm[0], page(21)), ERR_ABSENT);
	assert_int_equal(guest_hold(&vm[0], page(20), true, &h, &wait), OK);
	assert_int_equal(share_make_shared(&vm[0], page(20)), ERR_BUSY);
	guest_release(&h);
	assert_int_equal(share_make_shared(&vm[0], page(20)), OK);
	model_verify(); /* no CPU can write any more */
	assert_int_equal(frame_of(p)->state, FRAME_SHARED);
	assert_int_equal(vm[0].private_frames, 0);
	assert_int_equal(share_map(&vm[1], page(30), p), OK);
	assert_int_equal(share_map(&vm[1], page(30), p), ERR_STATE);
	assert_int_equal(share_map(&vm[1], page(31), p), OK);
	assert_int_equal(share_map(&vm[1], gfn_of(1), p), ERR_RANGE);
	assert_int_equal(frame_of(p)->refs, 3);
	assert_int_equal(fake_check(), 0);
	assert_int_equal(*word(&vm[1], 2, 30, false), 1234);
	/* A write gets a copy; the others keep the frame. */
	u64 copies = counter(COUNTER_fault_unshare);
	w = word(&vm[1], 2, 30, true);
	assert_int_equal(counter(COUNTER_fault_unshare), copies + 1);
	assert_int_equal(*w, 1234);
	*w = 5;
	assert_ptr_not_equal(w, pfn_va(p));
	assert_int_equal(frame_of(p)->refs, 2);
	assert_int_equal(*word(&vm[1], 2, 31, false), 1234);
	assert_int_equal(p2m_give_back(&vm[1], page(30), 2), 2);
	/* The last one writes in place. */
	assert_int_equal(frame_of(p)->refs, 1);
	assert_ptr_equal(word(&vm[0], 0, 20, true), pfn_va(p));
	assert_int_equal(frame_of(p)->state, FRAME_PRIVATE);
	assert_ptr_equal(word(&vm[0], 4, 20, true), pfn_va(p));
}

/* One frame in many slots of one leaf, given back in one batch. */
static void many_references(void **state)
{
	(void)state;
	*word(&vm[0], 0, 0, true) = 9;
	struct pfn p = va_pfn(word(&vm[0], 0, 0, false));
	assert_int_equal(share_make_shared(&vm[0], page(0)), OK);
	for (u64 i = 1; i < 100; i++)
		assert_int_equal(share_map(&vm[0], page(i), p), OK);
	assert_int_equal(*word(&vm[0], 5, 99, false), 9);
	assert_int_equal(fake_check(), 0);
	assert_int_equal(p2m_give_back(&vm[0], page(1), 98), 98);
	assert_int_equal(frame_of(p)->refs, 2);
	model_verify();
	assert_int_equal(p2m_give_back(&vm[0], page(0), 100), 2);
	assert_int_equal(frame_of(p)->state, FRAME_FREE);
}

static void guest_access(void **state)
{
	char a[3 * PAGE_SIZE], b[3 * PAGE_SIZE];
	struct wait w;
	struct ipa at = ipa_of(gfn_ipa(page(10)).v + 4000);

	(void)state;
	fake_run_on(3);
	memset(b, 1, sizeof(b));
	assert_int_equal(guest_read(&vm[0], at, b, sizeof(b), &w), OK);
	for (u32 i = 0; i < sizeof(b); i++)
		assert_int_equal(b[i], 0);
	assert_int_equal(vm[0].private_frames, 0); /* reading zeros costs nothing */
	for (u32 i = 0; i < sizeof(a); i++)
		a[i] = (char)(i * 7);
	assert_int_equal(guest_write(&vm[0], at, a, sizeof(a), &w), OK);
	assert_int_equal(guest_read(&vm[0], at, b, sizeof(b), &w), OK);
	assert_memory_equal(a, b, sizeof(a));
	assert_int_equal(memcmp((char *)word(&vm[0], 1, 10, false) + 4000, a, 96), 0);
	/* Outside, at the end, over the end, wrapping. */
	struct ipa last = ipa_of(gfn_ipa(page(MODEL_PAGES)).v - 4);
	assert_int_equal(guest_write(&vm[0], last, a, 4, &w), OK);
	assert_int_equal(guest_write(&vm[0], last, a, 5, &w), ERR_RANGE);
	assert_int_equal(guest_read(&vm[0], last, b, 5, &w), ERR_RANGE);
	assert_int_equal(guest_read(&vm[0], ipa_of(~0ull - 3), b, 8, &w), ERR_RANGE);
	assert_int_equal(guest_read(&vm[0], ipa_of(0), b, 8, &w), ERR_RANGE);
	/* ROM. */
	assert_int_equal(guest_read(&vm[0], gfn_ipa(gfn_of(ROM)), b, 8, &w), OK);
	assert_int_equal(guest_write(&vm[0], gfn_ipa(gfn_of(ROM)), b, 8, &w), ERR_RANGE);
	struct hold h;
	assert_int_equal(guest_hold(&vm[0], gfn_of(ROM), true, &h, &w), ERR_RANGE);
	assert_int_equal(guest_hold(&vm[0], gfn_of(ROM), false, &h, &w), OK);
	guest_release(&h);
}

/* Data that a device wrote is cleaned to memory only for a guest that looks past caches. */
static void caches_off(void **state)
{
	struct wait w;
	u64 v = 3;

	(void)state;
	fake_run_on(0);
	assert_int_equal(guest_write(&vm[0], gfn_ipa(page(1)), &v, 8, &w), OK);
	fake_forget();
	assert_int_equal(guest_write(&vm[0], gfn_ipa(page(1)), &v, 8, &w), OK);
	assert_int_equal(fake_op_count[OP_DC_POC], 0);
	vm[0].caches_off_seen = true;
	assert_int_equal(guest_write(&vm[0], gfn_ipa(page(1)), &v, 8, &w), OK);
	assert_int_equal(fake_op_count[OP_DC_POC], 1);
	assert_true(frame_of(va_pfn(word(&vm[0], 0, 1, false)))->flags & FRAME_PUBLISHED);
}

static void holds(void **state)
{
	struct hold h;
	struct wait w;

	(void)state;
	fake_run_on(0);
	assert_int_equal(guest_hold(&vm[0], page(77), true, &h, &w), OK);
	*(u64 *)h.va = 5;
	assert_int_equal(fake_check(), 0);
	u64 free = fake_free();
	assert_int_equal(p2m_give_back(&vm[0], page(77), 1), 1);
	assert_int_equal(fake_free(), free); /* I/O in flight */
	assert_int_equal(fake_check(), 0);
	assert_int_equal(*word(&vm[0], 0, 77, false), 0);
	fake_run_on(5);
	*(u64 *)h.va = 6;
	free = fake_free();
	guest_release(&h);
	assert_int_equal(fake_free(), free + 1);
	/* Read hold of a shared frame that its guest then writes: the hold sees the old. */
	*word(&vm[0], 0, 78, true) = 1;
	assert_int_equal(share_make_shared(&vm[0], page(78)), OK);
	assert_int_equal(guest_hold(&vm[0], page(78), false, &h, &w), OK);
	*word(&vm[0], 0, 78, true) = 2;
	assert_int_equal(*(u64 *)h.va, 1);
	guest_release(&h);
	/* Over the end of the VM. */
	assert_int_equal(guest_hold(&vm[0], page(79), true, &h, &w), OK);
	destroy(&vm[0], 1);
	vm[0].vmid = 0;
	*(u64 *)h.va = 7;
	assert_int_equal(fake_check(), 0);
	guest_release(&h);
}

/* A handler with many accesses and no effect before its last gets through. */
static enum err handler(u32 accesses, struct wait *w)
{
	u64 v;

	for (u32 i = 0; i < accesses; i++) {
		struct ipa a = ipa_of(gfn_ipa(page(i * 37 % 400)).v + 8 * i);
		enum err e =
			i % 3 ? guest_read(&vm[0], a, &v, 8, w) : guest_write(&vm[0], a, &v, 8, w);
		if (e != OK)
			return e;
	}
	return OK;
}

static void waits(void **state)
{
	struct wait w;

	(void)state;
	fake_run_on(0);
	guest_wait_test = true;
	u64 before = counter(COUNTER_waits);
	for (u32 round = 0; round < 20; round++)
		for (u32 accesses = 1; accesses < 3000; accesses *= 5) {
			u32 tries = 0;
			while (handler(accesses, &w) != OK) {
				assert_int_equal(w.cause, WAIT_TEST);
				assert_true(++tries < 4000);
			}
		}
	assert_true(counter(COUNTER_waits) > before + 1000);
	/* Over pages: nothing is written before all of it can be. */
	char data[2 * PAGE_SIZE];
	memset(data, 0x5a, sizeof(data));
	struct ipa a = ipa_of(gfn_ipa(page(2000)).v + 100);
	while (guest_write(&vm[2], a, data, sizeof(data), &w) == ERR_WAIT) {
		char byte = 1;
		guest_wait_test = false;
		assert_int_equal(guest_read(&vm[2], a, &byte, 1, &w), OK);
		assert_int_equal(byte, 0);
		guest_wait_test = true;
	}
}

/* No memory: an error, nothing half done, and again when there is some. */
static void shortage(void **state)
{
	struct pfn *got = test_malloc(free_at_start * sizeof(*got)), p;
	struct wait w;
	u64 n = 0, v = 1;
	u32 what;
	struct p2m m;
	struct p2m_range r = {{16}, 16, false};

	(void)state;
	word(&vm[0], 0, 600, true);
	fake_run_on(0);
	while (!pfn_is_none(p = node_alloc(0, 0, FRAME_MONITOR, 0)))
		got[n++] = p;
	for (u32 left = 0; left < 4; left++) {
		assert_int_equal(p2m_init(&m, 9, NODE_ANY, &r, 1), ERR_MEMORY);
		assert_int_equal(fake_free(), left);
		node_free(got[--n], 0);
	}
	while (!pfn_is_none(p = node_alloc(0, 0, FRAME_MONITOR, 0)))
		got[n++] = p;
	for (u32 left = 0; left < 2; left++) { /* leaf and frame are missing */
		assert_int_equal(mem_fault(&vm[0], 0, gfn_ipa(page(5)), ACCESS_WRITE, &w, &what),
				 ERR_MEMORY);
		assert_int_equal(guest_write(&vm[2], gfn_ipa(page(5)), &v, 8, &w), ERR_MEMORY);
		assert_int_equal(fake_check(), 0);
		if (left == 0)
			node_free(got[--n], 0);
	}
	while (n)
		node_free(got[--n], 0);
	word(&vm[0], 0, 5, true);
	test_free(got);
}

#define SPAN 1600u
static u64 shadow[3][SPAN];

/* One random operation on VM `v`. */
static void random_op(u32 v)
{
	u64 i = fake_random(SPAN), n = fake_random(8) ? fake_random(8) : fake_random(900);
	u32 cpu = fake_random(NODES * 2);
	struct p2m *m = &vm[v];
	struct wait w;
	u64 x = 0;

	fake_run_on(cpu);
	switch (fake_random(12)) {
	case 0:
		p2m_give_back(m, page(i), n);
		for (u64 k = i; k < i + n && k < SPAN; k++)
			shadow[v][k] = 0;
		break;
	case 1:
		(void)!share_make_shared(m, page(i));
		break;
	case 2: { /* another VM gets a reference */
		u32 o = fake_random(3);
		u64 k = fake_random(SPAN);
		struct frame *leaf = p2m_leaf(m, page(i));
		u64 slot = leaf ? leaf_slots(leaf)[leaf_index(page(i))] : 0;
		if (SLOT_KIND(slot) == SLOT_SHARED &&
		    share_map(&vm[o], page(k), SLOT_PFN(slot)) == OK)
			shadow[o][k] = shadow[v][i];
		break;
	}
	case 3:
		assert_int_equal(guest_read(m, gfn_ipa(page(i)), &x, 8, &w), OK);
		assert_int_equal(x, shadow[v][i]);
		break;
	case 4:
		x = fake_seed;
		assert_int_equal(guest_write(m, gfn_ipa(page(i)), &x, 8, &w), OK);
		shadow[v][i] = x;
		break;
	case 5:
		node_zero_some(fake_random(NODES), 600);
		break;
	case 6: /* a stream */
		for (; n-- && i < SPAN; i++) {
			u64 *at = word(m, cpu, i, true);
			assert_int_equal(*at, shadow[v][i]);
			*at = shadow[v][i] = fake_seed + i;
		}
		break;
	case 7:
	case 8:
		*word(m, cpu, i, true) = shadow[v][i] = fake_seed;
		break;
	default:
		assert_int_equal(*word(m, cpu, i, false), shadow[v][i]);
	}
}

static void random_guests(void **state)
{
	(void)state;
	memset(shadow, 0, sizeof(shadow));
	fake_seed = 7;
	for (u32 round = 0; round < 40000; round++) {
		random_op(fake_random(3));
		if (round % 64 == 0)
			model_verify();
		if (round % 2000 == 0)
			assert_int_equal(fake_check(), 0);
	}
	assert_true(counter(COUNTER_fault_block) > 3);
	assert_true(counter(COUNTER_fault_unshare) > 100);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bad_shapes),
		TEST(vtcr),
		TEST(first_touch),
		TEST(refill_other_nodes),
		TEST(not_memory),
		TEST(streams_get_more),
		TEST(blocks_break),
		TEST(flush_order),
		TEST(freed_only_after),
		TEST(install),
		TEST(sharing),
		TEST(many_references),
		TEST(guest_access),
		TEST(caches_off),
		TEST(holds),
		TEST(waits),
		TEST(shortage),
		TEST(random_guests),
	};
	return cmocka_run_group_tests_name("mem: guests' memory", tests, make_machine, NULL);
}
