/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual GIC: no interrupt is lost, none is delivered that nobody raised, none is active
 * on two vCPUs, a level that stays high comes again and again. First one behaviour at a time,
 * then random operations with moves between CPUs, then four threads at once.
 */
#include "test_vgic_sim.h"

#include <pthread.h>

#define IGROUPR 0x080u
#define ISENABLER 0x100u
#define ICENABLER 0x180u
#define ISPENDR 0x200u
#define ICPENDR 0x280u
#define ISACTIVER 0x300u
#define ICACTIVER 0x380u
#define IROUTER(n) (VGICD_BASE + 0x6000 + 8ull * (n))
#define GICR(v) (VGICR_BASE + (v)*VGICR_STRIDE)

/* --- registers --- */

static void identification(void **state)
{
	(void)state;
	assert_int_equal(rd(0, VGICD_BASE, 4), 0x53);
	assert_int_equal(rd(0, VGICD_BASE + 4, 4), 3 | 9 << 19);
	assert_int_equal(rd(0, VGICD_BASE + 0xffe8, 4), 0x3b);
	for (u32 v = 0; v < VCPUS; v++) {
		u64 type = (u64)v << 32 | v << 8 | (v == VCPUS - 1 ? 0x10 : 0);
		assert_int_equal(rd(1, GICR(v) + 8, 8), type);
		assert_int_equal(rd(1, GICR(v) + 8, 4), (u32)type);
		assert_int_equal(rd(1, GICR(v) + 12, 4), v);
		assert_int_equal(rd(1, GICR(v) + 0xffe8, 4), 0x3b);
		assert_int_equal(rd(1, GICR(v) + 0x14, 4), 6);
		wr(1, GICR(v) + 0x14, 4, 0);
		assert_int_equal(rd(1, GICR(v) + 0x14, 4), 0);
	}
	assert_int_equal(rd(0, GICR(VCPUS) + 8, 8), 0); /* nobody's */
}

static void plain_registers(void **state)
{
	(void)state;
	wr(0, VGICD_BASE + 0x400 + 44, 4, 0xff8341ff);
	assert_int_equal(rd(0, VGICD_BASE + 0x400 + 44, 4), 0xf88040f8);
	assert_int_equal(rd(0, VGICD_BASE + 0x400 + 46, 1), 0x80);
	assert_int_equal(rd(0, VGICD_BASE + 0x400 + 46, 2), 0); /* no such size */
	assert_int_equal(rd(0, VGICD_BASE + 0x400 + 45, 4), 0); /* not aligned */
	assert_int_equal(rd(0, VGICD_BASE + ISENABLER, 8), 0);
	assert_int_equal(rd(0, VGICD_BASE + ISENABLER, 4), 0);      /* private ones are elsewhere */
	assert_int_equal(rd(0, VGICD_BASE + ISENABLER + 16, 4), 0); /* beyond 128 */
	assert_int_equal(rd(0, VGICD_BASE + ISENABLER + 4, 4), 0xffffffff);
	wr(0, VGICD_BASE + ICENABLER + 4, 4, 0xf0);
	assert_int_equal(rd(0, VGICD_BASE + ICENABLER + 4, 4), 0xffffff0f);
	wr(0, VGICD_BASE + IGROUPR + 4, 4, 0x10);
	assert_int_equal(rd(0, VGICD_BASE + IGROUPR + 4, 4), 0x10);
	wr(0, GICR(2) + 0x10c00, 4, 0);
	assert_int_equal(rd(0, GICR(2) + 0x10c00, 4), 0xaaaaaaaa);
	wr(0, GICR(2) + 0x10c04, 4, 0xffffffff);
	assert_int_equal(rd(0, GICR(2) + 0x10c04, 4), 0xaaaaaaaa);
	wr(0, IROUTER(40), 8, 0xffffffff7fffff03);
	assert_int_equal(rd(0, IROUTER(40), 8), 0xff00ffff03);
	wr(0, IROUTER(40) + 4, 4, 0);
	wr(0, IROUTER(40), 4, 0x80000002);
	assert_int_equal(rd(0, IROUTER(40), 8), 0x80000002);
	assert_int_equal(rd(0, IROUTER(40), 2), 0);
	for (u32 offset = 0; offset < 0x10000; offset += 4) { /* nothing to trip over */
		u64 value = ~0ull;
		(void)try_access(3, VGICD_BASE + offset, 4, offset != 0, &value);
		(void)try_access(3, GICR(1) + offset, 4, true, &value);
		(void)try_access(3, GICR(1) + 0x10000 + offset, 8, true, &value);
	}
}

/* --- single behaviours --- */

static void levels(void **state)
{
	(void)state;
	set_line(0, 33, true);
	for (u32 i = 0; i < 5; i++)
		assert_int_equal(serve(0), 33); /* stays high: again and again */
	set_line(0, 33, false);
	assert_int_equal(serve(0), 0); /* withdrawn */
	set_line(0, 33, true);
	leave(0);
	run_on(0);
	assert_true(acknowledge(0));
	set_line(0, 33, false);
	leave(0);
	end(0);
	assert_false(maintenance()); /* nothing to look at: the line is low */
	assert_int_equal(serve(0), 0);
	assert_true(list_empty(&vm->vcpus[1]->vgic.listed));
}

/* Of six equal ones that scream all the time each has its turn. */
static void fair(void **state)
{
	(void)state;
	u32 turns[6] = {0};
	for (u32 i = 0; i < 6; i++)
		set_line(0, 33 + 4 * i, true);
	for (u32 i = 0; i < 60; i++)
		turns[(serve(0) - 33) / 4]++;
	for (u32 i = 0; i < 6; i++)
		assert_true(turns[i] >= 9);
}

static void urgent_first(void **state)
{
	(void)state;
	u32 last = 0;
	for (u32 i = 0; i < 40; i++)
		pulse(32 + 2 * (i * 13 % 40));
	for (u32 i = 0; i < 40; i++) {
		u32 intid = serve(0);
		assert_true(intid && intid % 4 * 0x20 >= last);
		last = intid % 4 * 0x20;
	}
	assert_int_equal(serve(0), 0);
	assert_true(vm->vcpus[0]->counts[COUNTER_irq_overflow] > 5);
	assert_true(vm->vcpus[0]->counts[COUNTER_irq_maintenance] > 5);
}

/* Seven nested ones in four registers. */
static void nested(void **state)
{
	(void)state;
	run_on(0);
	for (u32 i = 0; i < 7; i++) {
		wr_priority(0, 0, 40 + 2 * i, 0xe0 - 0x10 * i);
		pulse(40 + 2 * i);
		exit_if_needed(0);
		assert_true(acknowledge(0));
		assert_int_equal(guest[0].stack[i], 40 + 2 * i);
	}
	unload(0);
	load_on(0, 0);
	vm->vcpus[0]->work |= VWORK_VGIC;
	leave(0);
	for (u32 i = 0; i < 7; i++)
		assert_true(rd_bit(1, 0, 40 + 2 * i, ISACTIVER));
	run_on(0);
	for (u32 i = 0; i < 5; i++)
		end(0); /* those without a register are counted, and once only */
	for (u32 i = 0; i < 7; i++)
		assert_int_equal(rd_bit(0, 0, 40 + 2 * i, ISACTIVER), i < 2);
	end(0);
	end(0);
	exit_if_needed(0);
	for (u32 i = 0; i < 7; i++)
		assert_false(rd_bit(0, 0, 40 + 2 * i, ISACTIVER));
	assert_int_equal(vm->vcpus[0]->vgic.hcr, ICH_EN);
}

/* Drop and deactivation apart: any order, by trap when a register is missing. */
static void deactivate_any_order(void **state)
{
	(void)state;
	run_on(0);
	fake_ich->vmcr |= VMCR_EOIM;
	for (u32 i = 0; i < 7; i++) {
		pulse(40 + 4 * i);
		exit_if_needed(0);
		assert_true(acknowledge(0));
		guest[0].depth = 0; /* dropped */
	}
	exit_if_needed(0);
	assert_true(fake_ich->hcr & ICH_TDIR);
	for (u32 i = 0; i < 7; i++) {
		vgic_deactivate(vm->vcpus[0], 40 + 4 * (i * 3 % 7));
		leave(0);
		assert_false(rd_bit(0, 0, 40 + 4 * (i * 3 % 7), ISACTIVER));
	}
	vgic_deactivate(vm->vcpus[0], ~0ull); /* what is not there is nobody's */
	leave(0);
	assert_int_equal(fake_ich->hcr, ICH_EN);
}

static void pending_and_active_by_register(void **state)
{
	(void)state;
	for (u32 by = 0; by < 2; by++) { /* the target itself, and another vCPU */
		pulse(34);
		leave(0);
		assert_true(rd_bit(by, 0, 34, ISPENDR));
		wr_bit(by, 0, 34, ICPENDR);
		model_of(0, 34)->allowed = model_of(0, 34)->must = 0;
		assert_false(rd_bit(by, 0, 34, ISPENDR));
		assert_int_equal(serve(0), 0);
		wr_bit(by, 0, 34, ISPENDR);
		model_of(0, 34)->must = true;
		assert_int_equal(serve(0), 34);
		assert_false(rd_bit(by, 0, 34, ISACTIVER));
		model_of(0, 34)->must = true;
		wr_bit(by, 0, 34, ISPENDR);
		leave(0);
		run_on(0);
		assert_true(acknowledge(0));
		assert_true(rd_bit(by, 0, 34, ISACTIVER));
		wr_bit(by, 0, 34, ICACTIVER);
		assert_false(rd_bit(by, 0, 34, ISACTIVER));
		wr_bit(by, 0, 34, ISACTIVER);
		pulse(34);
		leave(0);
		assert_true(rd_bit(by, 0, 34, ISACTIVER));
		run_on(0);
		end(0);
		assert_int_equal(serve(0), 34);
	}
}

static void retarget(void **state)
{
	(void)state;
	pulse(50);
	leave(0); /* in vCPU 0's list register */
	wr(1, IROUTER(50), 8, 3);
	model_of(0, 50)->stale = 1;
	leave(0);
	assert_int_equal(serve(0), 0);
	assert_int_equal(serve(3), 50);
	pulse(50);
	leave(3);
	run_on(3);
	assert_true(acknowledge(3));
	wr(1, IROUTER(50), 8, 2); /* active: ends where it began */
	pulse(50);
	leave(3);
	leave(2);
	assert_int_equal(serve(2), 0);
	run_on(3);
	end(3);
	vm->vcpus[3]->work |= VWORK_VGIC;
	leave(3);
	assert_int_equal(serve(2), 50);
	wr(1, IROUTER(50), 8, 9); /* nobody's, until it is somebody's */
	pulse(50);
	for (u32 v = 0; v < VCPUS; v++)
		assert_int_equal(serve(v), 0);
	wr(1, IROUTER(50), 8, 1ull << 31);
	assert_int_equal(serve(0), 50);
	unload(1); /* off, and told to give up what it holds */
	wr(0, IROUTER(50), 8, 1);
	pulse(50);
	wr(0, IROUTER(50), 8, 2);
	assert_int_equal(serve(2), 50);
	load_on(1, 1);
	assert_int_equal(serve(1), 0);
}

static void sgis(void **state)
{
	(void)state;
	send_sgi(0, 5, 0xa);
	assert_int_equal(serve(1), 5);
	assert_int_equal(serve(3), 5);
	vgic_sgi(vm->vcpus[0], 5ull << 24 | 1ull << 44 | 0xf); /* Aff0 16 to 31 */
	vgic_sgi(vm->vcpus[0], 5ull << 24 | 1ull << 32 | 0xf);
	vgic_sgi(vm->vcpus[0], 5ull << 24 | 1ull << 16 | 0xf);
	for (u32 v = 0; v < VCPUS; v++) {
		assert_int_equal(serve(v), 0);
		model_of(v, 7)->allowed = v != 2;
	}
	vgic_sgi(vm->vcpus[2], 7ull << 24 | 1ull << 40);
	for (u32 v = 0; v < VCPUS; v++)
		assert_int_equal(serve(v), v == 2 ? 0 : 7);
}

static void timer_interrupt(void **state)
{
	(void)state;
	struct vcpu *v = vm->vcpus[0];
	guest[0].timer_on = true;
	timer_fires(0);
	assert_int_equal(v->counts[COUNTER_timer_direct], 1);
	assert_int_equal(v->work, 0); /* on the spot */
	assert_int_equal(serve(0), TIMER);
	timer_fires(0);
	assert_int_equal(v->counts[COUNTER_timer_direct], 2);
	assert_true(rd_bit(0, 0, TIMER, ISPENDR));
	guest[0].timer_on = false;
	assert_false(rd_bit(0, 0, TIMER, ISPENDR));
	guest[0].timer_on = true;
	assert_true(rd_bit(0, 0, TIMER, ISPENDR));
	guest[0].timer_on = false; /* turned off: withdrawn at the next look */
	v->work |= VWORK_VGIC;
	leave(0);
	assert_false(machine[0].ppi27);
	assert_int_equal(serve(0), 0);
	wr_bit(0, 0, TIMER, ICENABLER);
	guest[0].timer_on = true;
	timer_fires(0);
	assert_int_equal(serve(0), 0);
	assert_true(machine[0].ppi27); /* can't fire again */
	assert_false(vgic_pending(v));
	unload(0);
	unload(1);
	load_on(1, 0); /* another vCPU, timer off, on that CPU */
	assert_false(machine[0].ppi27);
	load_on(0, 1);
	assert_true(machine[1].ppi27);
	assert_false(vgic_pending(v));
	wr_bit(0, 0, TIMER, ISENABLER);
	assert_true(vgic_pending(v));
	unload(0);
	assert_true(vgic_pending(v)); /* so it does not sleep */
	load_on(0, 1);
	assert_true(acknowledge(0));
	unload(0); /* active: so is the machine's wherever it goes */
	unload(1);
	load_on(0, 0);
	assert_true(machine[0].ppi27);
	guest[0].timer_on = false;
	end(0);
	assert_false(machine[0].ppi27);
	unload(0);
	assert_false(vgic_pending(v));
	guest[0].timer_on = true;
	vgic_vtimer_soft(v);
	assert_true(vgic_pending(v) && v->work);
	load_on(0, 1);
	assert_int_equal(serve(0), TIMER);
	guest[0].timer_on = false;
}

static void waiting(void **state)
{
	(void)state;
	struct vcpu *v = vm->vcpus[0];
	assert_false(vgic_pending(v));
	pulse(32);
	assert_true(vgic_pending(v));
	leave(0);
	assert_true(vgic_pending(v));
	run_on(0);
	fake_ich->vmcr = 0x40ull << 24 | VMCR_ENG1;
	assert_false(vgic_pending(v)); /* masked by priority: WFI does not end */
	fake_ich->vmcr = 0xf0ull << 24;
	assert_false(vgic_pending(v));
	fake_ich->vmcr = 0xf0ull << 24 | VMCR_ENG1;
	assert_true(acknowledge(0));
	assert_false(vgic_pending(v)); /* active only */
	end(0);
	pulse(32);
	wr(1, VGICD_BASE, 4, 0); /* the distributor's group off */
	model_of(0, 32)->stale = 0;
	leave(0);
	assert_false(vgic_pending(v));
	send_sgi(1, 3, 1);
	wr(1, VGICD_BASE, 4, 2);
	leave(0);
	assert_true(vgic_pending(v));
	assert_int_equal(serve(0), 3);
	assert_int_equal(serve(0), 32);
}

static void reset_keeps_spis(void **state)
{
	(void)state;
	unload(2);
	wr(0, IROUTER(60), 8, 2);
	pulse(60);
	send_sgi(0, 4, 4);
	vgic_reset_vcpu(vm->vcpus[2]);
	vm->vcpus[2]->vgic.vmcr = 0xf0ull << 24 | VMCR_ENG1;
	load_on(2, 2);
	assert_int_equal(serve(2), 60);
	assert_int_equal(serve(2), 0);
	pulse(62);
	for (u32 v = 0; v < VCPUS; v++)
		unload(v);
	vgic_reset_vm(vm);
	assert_true(list_empty(&vm->vcpus[0]->vgic.listed));
	for (u32 v = 0; v < VCPUS; v++)
		load_on(v, v);
}

#include "test_vgic_random.h"

int main(void)
{
	fake_cpus(1, VCPUS);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(identification, power_on),
		cmocka_unit_test_setup(plain_registers, power_on),
		cmocka_unit_test_setup(levels, power_on),
		cmocka_unit_test_setup(fair, power_on),
		cmocka_unit_test_setup(urgent_first, power_on),
		cmocka_unit_test_setup(nested, power_on),
		cmocka_unit_test_setup(deactivate_any_order, power_on),
		cmocka_unit_test_setup(pending_and_active_by_register, power_on),
		cmocka_unit_test_setup(retarget, power_on),
		cmocka_unit_test_setup(sgis, power_on),
		cmocka_unit_test_setup(timer_interrupt, power_on),
		cmocka_unit_test_setup(waiting, power_on),
		cmocka_unit_test_setup(reset_keeps_spis, power_on),
		cmocka_unit_test_setup(random_operations, power_on),
		cmocka_unit_test_setup(four_threads, power_on),
	};
	return cmocka_run_group_tests_name("vgic", tests, NULL, NULL);
}
