/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Building a VM: its records, its empty p2m, its devices, then kernel, initrd and device
 * tree copied into its memory, then vCPU 0 starts at the kernel's first byte with x0 = the
 * device tree, MMU and caches off (Linux, Documentation/arch/arm64/booting.rst).
 *
 * A kernel of 30 MB is 7,500 pages, so this is a job: each step does a bounded part and
 * returns; struct builder remembers where. The copies go through mem/guest.c like those of
 * a device, so memory comes in the same pieces, from the VM's own node, and is published
 * before the guest can see it.
 *
 * Records and devices are made at the first start and kept from then on: console history
 * and counters survive a restart; the memory does not. Whatever goes wrong, the end job of
 * life.c frees what there is.
 */
#include "control/build.h"

#include "control/life.h"
#include "hw/timer.h"
#include "lib/print.h"
#include "lib/random.h"
#include "lib/string.h"
#include "mem/guest.h"
#include "mem/node.h"
#include "vcpu/sched.h"

#define COPY_PAGES 4u  /* a step: 4 * 3,000 instructions and the faults */
#define RESET_VCPUS 8u /* a step: 32 interrupts each */
#define SCRATCH_SIZE (sizeof(struct dtb_machine) + DTB_MAX)

enum phase {
	BUILD_RECORDS,
	BUILD_MEMORY,
	BUILD_DEVICES,
	BUILD_KERNEL,
	BUILD_INITRD,
	BUILD_TREE,
	BUILD_TREE_COPY,
	BUILD_VCPUS,
	BUILD_START,
};

void build_begin(struct builder *b)
{
	memset(b, 0, sizeof(*b));
}

/* --- where it lives --- */

static u32 node_cpus(u32 node)
{
	u32 n = 0;

	for (u32 i = 0; i < cpu_count; i++)
		n += cpus[i] && cpus[i]->node == node;
	return n;
}

/* vCPUs of the VMs at home on a node. */
static u32 node_vcpus(u32 node)
{
	u32 n = 0;

	for (u32 i = 0; i < slot_count(); i++)
		if (slots[i].home == node && slots[i].state != VM_OFF)
			n += slots[i].config->vcpus;
	return n;
}

/*
 * A VM that fits on one node is at home on the one with the fewest vCPUs for its CPUs (of
 * equal ones: the most free memory); a wider one is at home nowhere.
 */
u32 build_choose_home(const struct vm_config *c)
{
	u32 best = NODE_ANY;
	u64 best_load = ~0ull, best_free = 0;

	if (c->home != NODE_ANY)
		return c->home;
	for (u32 n = 0; n < node_count; n++) {
		u32 cpus_here = node_cpus(n);
		struct node_stats s;
		u64 load;

		if (!cpus_here || cpus_here < c->vcpus || !node_has_memory(n))
			continue;
		node_stats(n, &s);
		load = node_vcpus(n) * 1000ull / cpus_here;
		if (load < best_load || (load == best_load && s.free > best_free)) {
			best = n;
			best_load = load;
			best_free = s.free;
		}
	}
	return best;
}

/* --- the phases --- */

static enum err make_records(struct slot *s)
{
	const struct vm_config *c = s->config;
	u32 number = slot_number(s), home = s->home;
	struct vm *vm;
	enum err e;

	if (vms[number])
		return OK;
	e = vm_alloc(number, c->vcpus, home == NODE_ANY ? this_cpu()->node : home, &vm);
	if (e != OK)
		return e;
	vm->weight = c->weight;
	vm->home = home;
	vm->memory = c->memory;
	vm->restart_on_reset = c->restart_on_reset;
	vm->state = VM_STARTING;
	string_copy(vm->name, c->name, sizeof(vm->name));
	for (u32 i = 0; i < c->vcpus; i++)
		vm->vcpus[i]->steal_time = ipa_of(PVTIME_BASE + i * PVTIME_STRIDE);
	lock(&control_lock);
	store_release(&vms[number], vm);
	vm_slots = MAX(vm_slots, number + 1);
	unlock(&control_lock);
	return OK;
}

static enum err make_memory(struct slot *s, struct vm *vm)
{
	const struct p2m_range ranges[] = {
		{ipa_gfn(ipa_of(VDEV_RAM_BASE)), vm->memory >> PAGE_SHIFT, false},
		{ipa_gfn(ipa_of(PVTIME_BASE)), 1, false},
	};
	enum err e;

	if (!layout_place(s->config, &s->build.layout))
		return ERR_RANGE; /* config.c has checked it */
	e = p2m_init(&vm->p2m, (u16)(vm->number + 1), (u8)vm->home, ranges, ARRAY_SIZE(ranges));
	if (e != OK)
		return e;
	s->p2m_made = true;
	/* It starts with its caches off: what is written must reach the memory itself. */
	store_release(&vm->p2m.caches_off_seen, true);
	vm->entry = s->build.layout.kernel;
	vm->dtb = s->build.layout.dtb;
	return OK;
}

/* The archive aligns its members to 4 bytes only, which memcpy() does byte by byte. */
static void copy_words(void *to, const u8 *from, size_t n)
{
	const u32 *f = __builtin_assume_aligned(from, 4);
	u64 *t = to;
	size_t i;

	if (IS_ALIGNED((uintptr_t)from, 8u) || !IS_ALIGNED((uintptr_t)from, 4u)) {
		memcpy(to, from, n);
		return;
	}
	for (i = 0; i + 8 <= n; i += 8, f += 2)
		*t++ = f[0] | (u64)f[1] << 32;
	memcpy(t, f, n - i);
}

/*
 * Copies the next pages of a file to guest memory. OK: some were copied, b->done == size
 * at the end. `to` is page-aligned.
 */
static enum err copy_some(struct vm *vm, struct builder *b, struct ipa to, const u8 *data,
			  size_t size)
{
	for (u32 i = 0; i < COPY_PAGES && b->done < size; i++) {
		size_t n = MIN(PAGE_SIZE, size - b->done);
		struct wait wait;
		struct hold hold;
		enum err e =
			guest_hold(&vm->p2m, ipa_gfn(ipa_of(to.v + b->done)), true, &hold, &wait);

		if (e != OK)
			return e;
		copy_words(hold.va, data + b->done, n);
		guest_release(&hold);
		b->done += n;
	}
	return OK;
}

static enum err begin_tree(struct slot *s, struct vm *vm)
{
	struct builder *b = &s->build;
	struct dtb_machine *m = monitor_alloc(this_cpu()->node, SCRATCH_SIZE);

	if (!m)
		return ERR_MEMORY;
	m->memory = vm->memory;
	m->vcpus = vm->vcpu_count;
	m->virtio_slots = vdev_slots(vm);
	m->cmdline = s->config->cmdline;
	m->initrd = b->layout.initrd;
	m->initrd_size = s->config->initrd.size;
	random_bytes(&this_cpu()->random, m->seed, sizeof(m->seed));
	random_bytes(&this_cpu()->random, &m->kaslr_seed, sizeof(m->kaslr_seed));
	b->machine = m;
	dtb_begin(&b->dtb, m + 1, DTB_MAX);
	return OK;
}

static void free_scratch(struct builder *b)
{
	if (b->machine)
		monitor_free(b->machine, SCRATCH_SIZE);
	b->machine = NULL;
}

static enum err write_tree(struct slot *s, struct vm *vm, bool *done)
{
	struct builder *b = &s->build;

	if (!b->machine)
		return begin_tree(s, vm);
	*done = dtb_step(&b->dtb, b->machine);
	return *done && dtb_length(&b->dtb) == 0 ? ERR_RANGE : OK;
}

/* Some vCPUs into the state of after power-on: off. */
static void reset_vcpus(struct vm *vm, struct builder *b)
{
	size_t last = MIN(vm->vcpu_count, b->done + RESET_VCPUS);

	if (b->done == 0) {
		vgic_reset_vm(vm);
		store_release(&vm->caches_off, 0u);
	}
	for (; b->done < last; b->done++) {
		struct vcpu *v = vm->vcpus[b->done];

		vgic_reset_vcpu(v);
		v->caches_off = false;
		v->wait.cause = WAIT_NONE;
		store_release(&v->work, 0u);
		store_release(&v->state, (u32)VCPU_OFF);
	}
}

/* From here on the guest runs; under control_lock, so that no operator comes between. */
static void start(struct slot *s, struct vm *vm)
{
	struct vcpu *first = vm->vcpus[0];

	lock(&vm->lock);
	vm->end = CTL_END_NONE;
	vm->reason[0] = 0;
	vm->reset_wanted = false;
	vm->stopping = 0;
	vm->started = timer_ns();
	vm->cntvoff = timer_now();
	store_release(&vm->ending, false);
	unlock(&vm->lock);
	s->end = CTL_END_NONE;
	s->reason[0] = 0;
	s->started = vm->started;
	vcpu_reset(first, vm->entry, vm->dtb.v);
	life_set_state(s, VM_RUNNING);
	print("%s: running, %u vCPUs, %lu MiB\n", vm->name, vm->vcpu_count,
	      (unsigned long)(vm->memory >> 20));
	sched_start(first);
}

/* One step of the present phase; *done: the phase is over. */
static enum err phase_step(struct slot *s, struct vm *vm, bool *done)
{
	struct builder *b = &s->build;
	const struct vm_config *c = s->config;
	enum err e = OK;

	*done = true;
	switch ((enum phase)b->phase) {
	case BUILD_RECORDS:
		return make_records(s);
	case BUILD_MEMORY:
		return make_memory(s, vm);
	case BUILD_DEVICES:
		lock(&control_lock); /* who reads consoles holds it: all of them or none */
		e = vm->devs ? OK : vdev_create(vm, &c->devices);
		unlock(&control_lock);
		return e;
	case BUILD_KERNEL:
		e = copy_some(vm, b, b->layout.kernel, c->kernel.data, c->kernel.size);
		*done = b->done == c->kernel.size;
		return e;
	case BUILD_INITRD:
		e = copy_some(vm, b, b->layout.initrd, c->initrd.data, c->initrd.size);
		*done = b->done == c->initrd.size;
		return e;
	case BUILD_TREE:
		*done = false;
		return write_tree(s, vm, done);
	case BUILD_TREE_COPY:
		e = copy_some(vm, b, b->layout.dtb, b->dtb.buffer, dtb_length(&b->dtb));
		*done = b->done == dtb_length(&b->dtb);
		return e;
	case BUILD_VCPUS:
		reset_vcpus(vm, b);
		*done = b->done == vm->vcpu_count;
		return OK;
	case BUILD_START:
		return OK;
	}
	return ERR_STATE;
}

static bool fail(struct slot *s, u32 end, const char *reason)
{
	free_scratch(&s->build);
	lock(&control_lock);
	life_begin_end(s, end, reason);
	unlock(&control_lock);
	return true;
}

/* The last phase: starts the guest unless the operator does not want it any more. */
static bool finish(struct slot *s)
{
	bool killed;

	free_scratch(&s->build);
	lock(&control_lock);
	killed = s->kill;
	if (killed)
		life_begin_end(s, CTL_END_KILLED, "ended by the operator");
	else
		start(s, vms[slot_number(s)]);
	unlock(&control_lock);
	return true;
}

bool build_step(struct job *j)
{
	struct slot *s = container_of(j, struct slot, build_job);
	char reason[96];
	bool done;
	enum err e;

	if (load_relaxed(&s->end_job.listed))
		return false; /* the CPU that ended the last life is about to let go of it */
	if (load_relaxed(&s->kill) || s->build.phase == BUILD_START)
		return finish(s);
	e = phase_step(s, vms[slot_number(s)], &done);
	if (e == ERR_WAIT)
		return false;
	if (e != OK) {
		format_text(reason, sizeof(reason), "it could not be built: %s", err_name(e));
		return fail(s, CTL_END_SHORTAGE, reason);
	}
	if (done) {
		s->build.phase++;
		s->build.done = 0;
	}
	return false;
}
