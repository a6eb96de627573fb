/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers are read while they change: each is right, sums may be off by what just happened. */
#include "control/stats.h"

#include "control/life.h"
#include "lib/string.h"
#include "mem/node.h"
#include "vcpu/sched.h"
#include "vcpu/timer.h"

/* The exits of abi/counters.h are its first group. */
#define EXITS_FIRST COUNTER_exit_irq
#define EXITS_LAST COUNTER_exit_other

static u64 vcpu_exits(const struct vcpu *v)
{
	u64 sum = 0;

	for (u32 c = EXITS_FIRST; c <= EXITS_LAST; c++)
		sum += load_relaxed(&v->counts[c]);
	return sum;
}

/* What the record of a VM that was started once knows. */
static void add_record(const struct vm *vm, struct ctl_vm *to)
{
	u64 cpu = 0, monitor = 0, steal = 0;

	for (u32 i = 0; i < vm->vcpu_count; i++) {
		const struct vcpu *v = vm->vcpus[i];

		cpu += sched_ticks(v);
		monitor += load_relaxed(&v->monitor_ticks);
		steal += load_relaxed(&v->steal_ticks);
		to->exits += vcpu_exits(v);
	}
	for (u32 c = EXITS_FIRST; c <= EXITS_LAST; c++)
		to->exits += vm->retired[c];
	to->cpu_ns = ticks_to_ns(cpu);
	to->monitor_ns = ticks_to_ns(monitor);
	to->steal_ns = ticks_to_ns(steal);
	if (slots[vm->number].p2m_made)
		to->owned = (load_relaxed(&vm->p2m.private_frames) +
			     load_relaxed(&vm->p2m.table_frames))
			    << PAGE_SHIFT;
}

void stats_vm(u32 number, struct ctl_vm *to)
{
	const struct slot *s = &slots[number];

	memset(to, 0, sizeof(*to));
	to->vm = number;
	to->state = s->state;
	to->end = s->end;
	to->vcpus = s->config->vcpus;
	to->memory = s->config->memory;
	to->started_ns = s->started;
	to->ended_ns = s->ended;
	to->resets = s->resets;
	to->weight = s->config->weight;
	string_copy(to->name, s->config->name, sizeof(to->name));
	string_copy(to->reason, s->reason, sizeof(to->reason));
	if (vms[number])
		add_record(vms[number], to);
}

bool stats_vcpu(u32 number, u32 vcpu, struct ctl_vcpu *to)
{
	const struct vm *vm = vms[number];
	const struct vcpu *v;
	u32 cpu;

	if (!vm || vcpu >= vm->vcpu_count)
		return false;
	v = vm->vcpus[vcpu];
	cpu = load_relaxed(&v->cpu);
	*to = (struct ctl_vcpu){
		.vcpu = vcpu,
		.state = load_relaxed(&v->state),
		.cpu = cpu,
		.node = cpu < cpu_count && cpus[cpu] ? cpus[cpu]->node : 0,
		.cpu_ns = ticks_to_ns(sched_ticks(v)),
		.steal_ns = ticks_to_ns(load_relaxed(&v->steal_ticks)),
		.exits = vcpu_exits(v),
		.pc = load_relaxed(&v->regs.pc),
	};
	return true;
}

void stats_node(u32 node, struct ctl_node *to)
{
	struct node_stats s;

	*to = (struct ctl_node){.node = node};
	for (u32 i = 0; i < cpu_count; i++)
		to->cpus += cpus[i] && cpus[i]->node == node;
	if (!node_has_memory(node))
		return;
	node_stats(node, &s);
	to->total = s.total << PAGE_SHIFT;
	to->free = s.free << PAGE_SHIFT;
	to->zeroed = s.zeroed << PAGE_SHIFT;
	to->monitor = s.by_state[FRAME_MONITOR] << PAGE_SHIFT;
	to->guest = (s.by_state[FRAME_PRIVATE] + s.by_state[FRAME_SHARED]) << PAGE_SHIFT;
}

/* mem/fault.c counts these on the CPU, and trap/exit.c on the vCPU as well. */
static bool counted_twice(enum counter c)
{
	return c >= COUNTER_fault_zero && c <= COUNTER_fault_unshare;
}

/*
 * The counts of a VM are those of its vCPUs and devices. The machine's are those of the CPUs
 * (which have the devices' too) and of all vCPUs.
 */
u64 stats_counter(u32 number, enum counter c)
{
	u64 sum = 0;

	if (number != CTL_VM_NONE)
		return vms[number] ? vm_count(vms[number], c) + vdev_count(vms[number], c) : 0;
	for (u32 i = 0; i < slot_count() && !counted_twice(c); i++)
		if (vms[i])
			sum += vm_count(vms[i], c);
	return sum + count_sum(c);
}

const char *stats_state_name(u32 state)
{
	static const char *const names[] = {"off", "starting", "running", "paused", "ending"};

	return state < ARRAY_SIZE(names) ? names[state] : "?";
}
