/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VMs and vCPUs as records: making, stopping, ending. Who frees an ended VM's memory is
 * control/life.c; this file makes sure that no vCPU runs any more before that.
 *
 * Ending. vm_end() may come from any CPU and any exit. It notes the first reason and asks
 * every vCPU that is not off to stop; each goes to STOPPED on its own CPU, in leave.c, with
 * its registers saved; the last one brings vm->stopping to 0 and leave.c tells control.
 */
#include "vcpu/vcpu.h"

#include "arm64/sysreg.h"
#include "hw/timer.h"
#include "lib/print.h"
#include "lib/string.h"
#include "mem/node.h"
#include "vcpu/sched.h"

struct vm *vms[CFG_VMS_MAX];
u32 vm_slots;

static struct vcpu *vcpu_alloc(struct vm *vm, u32 id, u32 node)
{
	struct vcpu *v = monitor_alloc(node, sizeof(*v));
	if (!v)
		return NULL;
	v->vm = vm;
	v->id = id;
	v->vmpidr = BIT(31) | vcpu_mpidr(id);
	v->vtimer.vcpu = v;
	v->vtimer.kind = TIMER_VIRTUAL;
	v->ptimer.vcpu = v;
	v->ptimer.kind = TIMER_EL1;
	list_init(&v->queue);
	list_init(&v->vtimer.entry);
	list_init(&v->ptimer.entry);
	return v;
}

enum err vm_alloc(u32 number, u32 vcpu_count, u32 near, struct vm **to)
{
	struct vm *vm = monitor_alloc(near, sizeof(*vm));
	if (!vm)
		return ERR_MEMORY;
	lock_init(&vm->lock, LOCK_VM);
	vm->number = number;
	vm->vcpu_count = vcpu_count;
	for (u32 i = 0; i < vcpu_count; i++) {
		vm->vcpus[i] = vcpu_alloc(vm, i, near);
		if (!vm->vcpus[i]) {
			vm_free(vm);
			return ERR_MEMORY;
		}
	}
	*to = vm;
	return OK;
}

void vm_free(struct vm *vm)
{
	for (u32 i = 0; i < vm->vcpu_count; i++)
		if (vm->vcpus[i])
			monitor_free(vm->vcpus[i], sizeof(struct vcpu));
	monitor_free(vm, sizeof(*vm));
}

static bool is_settled(const struct vcpu *v)
{
	u32 s = load_acquire(&v->state);
	return s == VCPU_OFF || s == VCPU_STOPPED;
}

static void stop_locked(struct vm *vm)
{
	lock_assert(&vm->lock);
	for (u32 i = 0; i < vm->vcpu_count; i++) {
		struct vcpu *v = vm->vcpus[i];
		if (!is_settled(v) && !(load_acquire(&v->work) & VWORK_STOP)) {
			atomic_add(&vm->stopping, 1u);
			sched_kick(v, VWORK_STOP);
		}
	}
}

void vm_stop_vcpus(struct vm *vm)
{
	lock(&vm->lock);
	stop_locked(vm);
	unlock(&vm->lock);
}

void vm_resume_vcpus(struct vm *vm)
{
	lock(&vm->lock);
	/* Not once it is ending: what is stopped then stays so, its memory is being freed. */
	for (u32 i = 0; !vm->ending && i < vm->vcpu_count; i++)
		if (load_acquire(&vm->vcpus[i]->state) == VCPU_STOPPED)
			sched_start(vm->vcpus[i]);
	unlock(&vm->lock);
}

bool vcpu_settle(struct vcpu *v, enum vcpu_state state)
{
	struct vm *vm = v->vm;
	bool last = false;
	lock(&vm->lock);
	store_release(&v->state, (u32)state);
	u32 work = atomic_and(&v->work, ~(u32)(VWORK_STOP | VWORK_OFF));
	if (work & VWORK_STOP)
		last = atomic_sub(&vm->stopping, 1u) == 1;
	unlock(&vm->lock);
	return last;
}

void vm_end(struct vm *vm, u32 end, const char *format, ...)
{
	va_list args;
	lock(&vm->lock);
	if (!vm->ending) {
		vm->end = end;
		va_start(args, format);
		format_args(vm->reason, sizeof(vm->reason), format, args);
		va_end(args);
		store_release(&vm->ending, true);
		stop_locked(vm);
	}
	unlock(&vm->lock);
}

enum verdict vm_fault(struct vm *vm, const char *format, ...)
{
	char text[sizeof(vm->reason)];
	va_list args;
	va_start(args, format);
	format_args(text, sizeof(text), format, args);
	va_end(args);
	vm_end(vm, CTL_END_FAULT, "%s", text);
	return VERDICT_KILL;
}

u64 vm_count(const struct vm *vm, enum counter c)
{
	u64 sum = vm->retired[c];
	for (u32 i = 0; i < vm->vcpu_count; i++)
		sum += load_relaxed(&vm->vcpus[i]->counts[c]);
	return sum;
}

struct vcpu *vm_vcpu_by_mpidr(struct vm *vm, u64 mpidr)
{
	u64 id = (mpidr & 0xff) + ((mpidr >> 8) & 0xff) * 16;
	if ((mpidr & 0xff) > 15 || (mpidr & MPIDR_AFF_MASK) >> 16 || id >= vm->vcpu_count)
		return NULL;
	return vm->vcpus[id];
}

void vcpu_set_caches_off(struct vcpu *v, bool off)
{
	struct vm *vm = v->vm;
	if (v->caches_off != off) {
		v->caches_off = off;
		if (off)
			atomic_add(&vm->caches_off, 1u);
		else
			atomic_sub(&vm->caches_off, 1u);
	}
	/* Always: the p2m may be a new one, of the VM's next life. */
	store_release(&vm->p2m.caches_off_seen, off);
	if (atomic_add(&vm->caches_off, 0u) != 0) /* others, also ones that came meanwhile */
		store_release(&vm->p2m.caches_off_seen, true);
	v->hcr = off ? v->hcr | HCR_TVM : v->hcr & ~HCR_TVM;
}
