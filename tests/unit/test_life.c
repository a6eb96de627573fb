/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of VMs: what is in a new one's memory, every way to its end, and that each end
 * gives all memory back; stops at every step of a build, and shortage at every frame.
 */
#include "test_control_fakes.h"

#define FRAMES 0x8000ull /* 128 MiB a node */

enum { A, B }; /* VMs of the configuration: b is manual and restarts on reset */

static u64 free_frames; /* with the records of all VMs made */

/* The invariants hold, with the VMs that there are. */
static void consistent(void)
{
	u32 n = 0;

	memset(fake_p2ms, 0, sizeof(fake_p2ms));
	for (u32 i = A; i <= B; i++)
		if (slots[i].p2m_made)
			fake_p2ms[n++] = &vms[i]->p2m;
	assert_int_equal(fake_check(), 0);
}

/* Both VMs are off: all their memory is back. */
static void nothing_lost(void)
{
	assert_int_equal(fake_free(), free_frames);
	consistent();
}

static void start(u32 n)
{
	assert_int_equal(operate(CTL_START, n), CTL_OK);
	run_all();
	assert_int_equal(slots[n].state, VM_RUNNING);
}

static void kill(u32 n)
{
	bool runs = slots[n].state == VM_RUNNING;

	assert_int_equal(operate(CTL_KILL, n), CTL_OK);
	if (runs) /* until its vCPUs have stopped */
		assert_int_equal(slots[n].state, VM_RUNNING);
	if (vms[n])
		vcpus_stop(vms[n]);
	run_all();
	assert_int_equal(slots[n].state, VM_OFF);
}

/* Takes all free frames but `leave`; returns how many there are in `held`. */
static u64 hoard(struct pfn *held, u64 leave)
{
	u64 n = 0;

	while (fake_free() > leave) {
		held[n] = node_alloc(0, 0, FRAME_MONITOR, 0);
		assert_false(pfn_is_none(held[n]));
		n++;
	}
	return n;
}

/* The first start of B, which makes its records, with ever more memory until it runs. */
static void first_start_with_shortage(void)
{
	struct pfn *held = calloc(2 * FRAMES, sizeof(*held));

	for (u64 leave = 0; slots[B].state != VM_RUNNING; leave++) {
		u64 n;

		assert_int_equal(operate(CTL_START, B), CTL_OK);
		n = hoard(held, leave);
		run_all();
		if (slots[B].state != VM_RUNNING) {
			assert_int_equal(slots[B].state, VM_OFF);
			assert_int_equal(slots[B].end, CTL_END_SHORTAGE);
		}
		while (n)
			node_free(held[--n], 0);
		consistent();
	}
	free(held);
}

/* Boots; makes both VMs once, so that later lives can be compared. */
static int boot(void **state)
{
	(void)state;
	fake_machine(FRAMES);
	fake_boot(NULL, 0);
	run_all();
	first_start_with_shortage();
	kill(A);
	kill(B);
	free_frames = fake_free();
	return 0;
}

static int end(void **state)
{
	(void)state;
	fake_unboot();
	return 0;
}

static void guest_has(struct vm *vm, u64 ipa, const u8 *data, size_t n)
{
	u8 *copy = malloc(n);
	struct wait w;

	assert_int_equal(guest_read(&vm->p2m, ipa_of(ipa), copy, n, &w), OK);
	assert_memory_equal(copy, data, n);
	free(copy);
}

static void check_built(u32 n)
{
	const struct vm_config *c = slots[n].config;
	struct vm *vm = vms[n];
	u8 *dtb = aligned_alloc(8, DTB_MAX);
	struct wait w;

	guest_has(vm, vm->entry.v, c->kernel.data, c->kernel.size);
	if (c->initrd.size)
		guest_has(vm, slots[n].build.layout.initrd.v, c->initrd.data, c->initrd.size);
	assert_int_equal(guest_read(&vm->p2m, vm->dtb, dtb, DTB_MAX, &w), OK);
	assert_int_equal(fdt_check_full(dtb, DTB_MAX), 0);
	free(dtb);
	assert_int_equal(vm->vcpus[0]->regs.pc, vm->entry.v);
	assert_int_equal(vm->vcpus[0]->regs.x[0], vm->dtb.v);
	assert_int_equal(vm->vcpus[0]->state, VCPU_RUNNING);
	for (u32 i = 1; i < vm->vcpu_count; i++)
		assert_int_equal(vm->vcpus[i]->state, VCPU_OFF);
	for (u32 i = 0; i < vm->vcpu_count; i++)
		assert_true(p2m_is_memory(&vm->p2m, ipa_gfn(vm->vcpus[i]->steal_time)));
	assert_false(vm->ending);
	assert_true(vm->p2m.caches_off_seen);
}

static void built_as_configured(void **state)
{
	const struct vm_config *c = slots[A].config;

	(void)state;
	assert_int_not_equal((uintptr_t)c->kernel.data % 8, (uintptr_t)c->initrd.data % 8);
	start(A);
	check_built(A);
	assert_int_equal(vms[A]->home, 1); /* as configured */
	start(B);
	check_built(B);
	assert_int_equal(vms[B]->home, 0); /* the emptier one */
	kill(A);
	kill(B);
	nothing_lost();
}

static void ends_by_itself(void **state)
{
	(void)state;
	start(A);
	vm_end(vms[A], CTL_END_OFF, "the guest powered off");
	vcpus_stop(vms[A]);
	assert_int_equal(slots[A].state, VM_ENDING);
	run_all();
	assert_int_equal(slots[A].state, VM_OFF);
	assert_int_equal(slots[A].end, CTL_END_OFF);
	assert_string_equal(slots[A].reason, "the guest powered off");
	nothing_lost();
}

static void reset_starts_again(void **state)
{
	u32 resets = slots[B].resets;

	(void)state;
	start(B);
	for (u32 i = 1; i <= 3; i++) {
		vm_end(vms[B], CTL_END_RESET, "reset");
		vcpus_stop(vms[B]);
		run_all();
		assert_int_equal(slots[B].state, VM_RUNNING);
		assert_int_equal(slots[B].resets, resets + i);
		check_built(B);
	}
	kill(B);
	nothing_lost();
}

/* on-reboot = "stop" */
static void reset_may_stop(void **state)
{
	(void)state;
	start(A);
	vm_end(vms[A], CTL_END_RESET, "reset");
	vcpus_stop(vms[A]);
	run_all();
	assert_int_equal(slots[A].state, VM_OFF);
	assert_int_equal(slots[A].end, CTL_END_RESET);
	nothing_lost();
}

static void restart_by_operator(void **state)
{
	u32 resets = slots[A].resets;

	(void)state;
	start(A);
	assert_int_equal(operate(CTL_RESTART, A), CTL_OK);
	vcpus_stop(vms[A]);
	run_all();
	assert_int_equal(slots[A].state, VM_RUNNING);
	assert_int_equal(slots[A].resets, resets);
	check_built(A);
	kill(A);
	assert_int_equal(operate(CTL_RESTART, A), CTL_OK); /* of one that is off: a start */
	run_all();
	assert_int_equal(slots[A].state, VM_RUNNING);
	kill(A);
	nothing_lost();
}

/* A kill on the way down forbids the restart; a restart on the way down wants it again. */
static void last_word_counts(void **state)
{
	(void)state;
	start(A);
	assert_int_equal(operate(CTL_RESTART, A), CTL_OK);
	vcpus_stop(vms[A]);
	run_jobs(1);
	assert_int_equal(operate(CTL_KILL, A), CTL_OK);
	run_all();
	assert_int_equal(slots[A].state, VM_OFF);
	start(A);
	assert_int_equal(operate(CTL_KILL, A), CTL_OK);
	vcpus_stop(vms[A]);
	run_jobs(1);
	assert_int_equal(operate(CTL_RESTART, A), CTL_OK);
	run_all();
	assert_int_equal(slots[A].state, VM_RUNNING);
	kill(A);
	nothing_lost();
}

static void paused_and_resumed(void **state)
{
	struct vcpu *v;

	(void)state;
	start(A);
	v = vms[A]->vcpus[0];
	assert_int_equal(operate(CTL_PAUSE, A), CTL_OK);
	assert_int_equal(operate(CTL_PAUSE, A), CTL_OK);
	vcpus_stop(vms[A]);
	assert_int_equal(v->state, VCPU_STOPPED);
	assert_int_equal(slots[A].state, VM_PAUSED);
	assert_int_equal(operate(CTL_RESUME, A), CTL_OK);
	assert_int_equal(operate(CTL_RESUME, A), CTL_OK);
	assert_int_equal(v->state, VCPU_RUNNING);

	/* Resumed before it has stopped: it stops, and goes on at once. */
	assert_int_equal(operate(CTL_PAUSE, A), CTL_OK);
	assert_int_equal(operate(CTL_RESUME, A), CTL_OK);
	vcpus_stop(vms[A]);
	assert_int_equal(v->state, VCPU_RUNNING);

	/* Nobody stops any more in a paused one: its end goes on by itself. */
	assert_int_equal(operate(CTL_PAUSE, A), CTL_OK);
	vcpus_stop(vms[A]);
	assert_int_equal(operate(CTL_KILL, A), CTL_OK);
	assert_int_equal(slots[A].state, VM_ENDING);
	run_all();
	assert_int_equal(slots[A].state, VM_OFF);
	nothing_lost();
}

static void wrong_states(void **state)
{
	(void)state;
	assert_int_equal(operate(CTL_KILL, A), CTL_OK);
	assert_int_equal(operate(CTL_STOP, A), CTL_OK);
	assert_int_equal(operate(CTL_PAUSE, A), CTL_E_STATE);
	assert_int_equal(operate(CTL_RESUME, A), CTL_E_STATE);
	assert_int_equal(operate(CTL_START, A), CTL_OK);
	assert_int_equal(operate(CTL_START, A), CTL_OK); /* it is on its way */
	assert_int_equal(operate(CTL_PAUSE, A), CTL_E_STATE);
	run_all();
	assert_int_equal(operate(CTL_START, A), CTL_E_STATE);
	assert_int_equal(operate(CTL_STOP, A), CTL_E_STATE);
	kill(A);
}

/* Devices answer late: the memory stays until they have. */
static void waits_for_devices(void **state)
{
	(void)state;
	start(A);
	vms[A]->devs->busy = true;
	assert_int_equal(operate(CTL_KILL, A), CTL_OK);
	vcpus_stop(vms[A]);
	run_jobs(50);
	assert_int_equal(slots[A].state, VM_ENDING);
	guest_has(vms[A], vms[A]->entry.v, slots[A].config->kernel.data, 4096);
	vms[A]->devs->busy = false;
	run_all();
	assert_int_equal(slots[A].state, VM_OFF);
	nothing_lost();
}

static void killed_at_every_step(void **state)
{
	u32 steps = 0;

	(void)state;
	for (bool running = false; !running; steps++) {
		assert_int_equal(operate(CTL_START, A), CTL_OK);
		run_jobs(steps);
		running = slots[A].state == VM_RUNNING;
		assert_int_equal(operate(CTL_KILL, A), CTL_OK);
		vcpus_stop(vms[A]);
		run_all();
		assert_int_equal(slots[A].state, VM_OFF);
		nothing_lost();
	}
	assert_true(steps > 10);
}

/* Every guest access waits, again and again. */
static void build_may_wait(void **state)
{
	(void)state;
	guest_wait_test = true;
	start(A);
	guest_wait_test = false;
	check_built(A);
	kill(A);
	nothing_lost();
}

static void shortage_at_every_frame(void **state)
{
	struct pfn *held = calloc(2 * FRAMES, sizeof(*held));
	u64 enough = 0;

	(void)state;
	for (u64 leave = 0; !enough; leave++) {
		u64 n;

		/* The start looks for plenty of memory first: take it away behind that. */
		assert_int_equal(operate(CTL_START, A), CTL_OK);
		n = hoard(held, leave);
		run_all();
		if (slots[A].state == VM_RUNNING)
			enough = leave;
		else
			assert_int_equal(slots[A].end, CTL_END_SHORTAGE);
		kill(A);
		while (n)
			node_free(held[--n], 0);
		assert_int_equal(fake_free(), free_frames);
	}
	assert_in_range(enough, 8, 600);
	consistent();
	hoard(held, 10);
	assert_int_equal(operate(CTL_START, A), CTL_E_MEMORY);
	free(held);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(built_as_configured), cmocka_unit_test(ends_by_itself),
		cmocka_unit_test(reset_starts_again),  cmocka_unit_test(reset_may_stop),
		cmocka_unit_test(restart_by_operator), cmocka_unit_test(last_word_counts),
		cmocka_unit_test(paused_and_resumed),  cmocka_unit_test(wrong_states),
		cmocka_unit_test(waits_for_devices),   cmocka_unit_test(killed_at_every_step),
		cmocka_unit_test(build_may_wait),      cmocka_unit_test(shortage_at_every_frame),
	};

	return cmocka_run_group_tests(tests, boot, end);
}
