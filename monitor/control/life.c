/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of a VM:
 *
 *            start              built                pause
 *     OFF ----------> STARTING -------> RUNNING <------------> PAUSED
 *      ^                  |                |       resume         |
 *      |                  | no memory,     | off, reset, fault,   | kill
 *      |   freed          v kill           v kill                 v
 *      +------------- ENDING <--------------------------------------
 *                         | guest's reset with on-reboot = "restart", operator's restart
 *                         +-------> STARTING
 *
 * RUNNING ends by vm_end() (vcpu/vm.c), called from any exit or by the operator: vCPUs stop
 * one by one, the last one's CPU calls life_vm_stopped(). If none had to stop (paused, all
 * off), nobody would call it, so the operator's commands do; it may come twice.
 *
 * STARTING and ENDING belong to a job each (build.c; end_step() here). A job that starts the
 * other one may still be on its CPU's hands when the other comes to its end, and a job must
 * not be listed twice, so each first waits until the other one is off the list.
 *
 * The record (struct vm, vCPUs, devices) lives from the first start until the machine is
 * switched off, so that numbers and consoles of ended VMs can be read and nobody holds a
 * pointer to freed memory; all guest memory, tables included, is freed at each end.
 */
#include "control/life.h"

#include "control/channel.h"
#include "lib/percpu.h"
#include "hw/psci.h"
#include "hw/timer.h"
#include "lib/print.h"
#include "lib/string.h"
#include "mem/node.h"

#define OFF_DRAIN_NS 500000000ull /* for the last messages to the tool and the serial line */

struct slot slots[CFG_VMS_MAX];
struct config *config;
struct lock control_lock = {.rank = LOCK_CONTROL};

static struct {
	struct job job;
	bool wanted;
	u64 deadline; /* ns; 0: VMs are still there */
} off;

#define KILLS_A_STEP 8u

enum end_phase { END_DEVICES, END_QUIET, END_MEMORY, END_DONE };

void life_init(struct config *c)
{
	config = c;
	for (u32 i = 0; i < c->vm_count; i++) {
		slots[i].config = &c->vms[i];
		slots[i].build_job.kind = JOB_BUILD;
		slots[i].end_job.kind = JOB_END;
	}
}

void life_set_state(struct slot *s, u32 state)
{
	struct vm *vm = vms[slot_number(s)];

	lock_assert(&control_lock);
	store_release(&s->state, state);
	if (vm) {
		lock(&vm->lock);
		store_release(&vm->state, state);
		unlock(&vm->lock);
	}
	control_state_changed(slot_number(s));
}

/* --- starting --- */

static void begin_build(struct slot *s)
{
	s->kill = false;
	s->restart = false;
	if (!vms[slot_number(s)])
		s->home = build_choose_home(s->config);
	build_begin(&s->build);
	s->build_job.vm = vms[slot_number(s)];
	life_set_state(s, VM_STARTING);
	job_add(&s->build_job);
}

/* Enough free memory for what is copied at the start; the rest comes on demand. */
static bool memory_for(const struct vm_config *c)
{
	u64 free = 0, need = c->image_size + c->initrd.size + BLOCK_SIZE;

	for (u32 n = 0; n < node_count; n++) {
		struct node_stats s;

		if (!node_has_memory(n))
			continue;
		node_stats(n, &s);
		free += s.free << PAGE_SHIFT;
	}
	return free >= need;
}

static enum ctl_status do_start(struct slot *s)
{
	if (s->state == VM_STARTING && !s->kill)
		return CTL_OK;
	if (s->state != VM_OFF || off.wanted)
		return CTL_E_STATE;
	if (!memory_for(s->config))
		return CTL_E_MEMORY;
	begin_build(s);
	return CTL_OK;
}

/* Reads it and opens the volumes; NULL: refused, the log says why. */
static struct config *read_configuration(const void *archive, size_t size)
{
	struct config *c = monitor_alloc(this_cpu()->node, sizeof(*c));

	if (!c) {
		print("config: no memory\n");
		return NULL;
	}
	if (config_read(archive, size, c) == OK && config_open_volumes(c) == OK)
		return c;
	if (c->blob)
		monitor_free(c->blob, c->blob_size);
	monitor_free(c, sizeof(*c));
	return NULL;
}

void life_boot(const void *archive, size_t size)
{
	struct config *c = read_configuration(archive, size);

	if (!c)
		return;
	lock(&control_lock);
	life_init(c);
	for (u32 i = 0; i < slot_count(); i++)
		if (!slots[i].config->manual && do_start(&slots[i]) != CTL_OK)
			print("%s: not started: not enough memory\n", slots[i].config->name);
	unlock(&control_lock);
}

/* --- ending --- */

void life_begin_end(struct slot *s, u32 end, const char *reason)
{
	lock_assert(&control_lock);
	s->end = end;
	string_copy(s->reason, reason, sizeof(s->reason));
	s->end_phase = END_DEVICES;
	s->end_cursor = 0;
	s->end_job.vm = vms[slot_number(s)];
	life_set_state(s, VM_ENDING);
	print("%s: ends: %s\n", s->config->name, reason);
	job_add(&s->end_job);
}

/* The VM's vCPUs may all have stopped: goes on if it is ending and has not gone on yet. */
static void go_on_if_stopped(struct slot *s, struct vm *vm)
{
	char reason[sizeof(vm->reason)];
	u32 end;

	if (s->state != VM_RUNNING && s->state != VM_PAUSED)
		return;
	lock(&vm->lock); /* vm_end() sets both under it */
	if (!vm->ending || vm->stopping != 0) {
		unlock(&vm->lock);
		return;
	}
	end = vm->end;
	string_copy(reason, vm->reason, sizeof(reason));
	unlock(&vm->lock);
	life_begin_end(s, end, reason);
}

void life_vm_stopped(struct vm *vm)
{
	struct slot *s = &slots[vm->number];

	lock(&control_lock);
	if (load_acquire(&vm->ending))
		go_on_if_stopped(s, vm);
	else if (s->state == VM_RUNNING)
		vm_resume_vcpus(vm); /* resumed before all had stopped */
	unlock(&control_lock);
}

/* What comes after the end: the next life, or off. */
static void ended(struct slot *s)
{
	bool reset = s->end == CTL_END_RESET && s->config->restart_on_reset;

	lock(&control_lock);
	s->ended = timer_ns();
	s->resets += reset;
	if ((reset || s->restart) && !s->kill)
		begin_build(s);
	else
		life_set_state(s, VM_OFF);
	unlock(&control_lock);
}

bool end_step(struct job *j)
{
	struct slot *s = container_of(j, struct slot, end_job);
	struct vm *vm = vms[slot_number(s)];

	if (load_relaxed(&s->build_job.listed))
		return false; /* the CPU that built it is about to let go of it */
	switch ((enum end_phase)s->end_phase) {
	case END_DEVICES:
		if (vm && vm->devs)
			vdev_reset(vm);
		break;
	case END_QUIET:
		if (vm && vm->devs && !vdev_quiet(vm))
			return false;
		break;
	case END_MEMORY:
		if (s->p2m_made && !p2m_destroy_step(&vm->p2m, &s->end_cursor, 1))
			return false;
		s->p2m_made = false;
		break;
	case END_DONE:
		ended(s);
		return true;
	}
	s->end_phase++;
	return false;
}

static enum ctl_status do_kill(struct slot *s, bool restart)
{
	struct vm *vm = vms[slot_number(s)];

	switch ((enum vm_state)s->state) {
	case VM_OFF:
		return restart ? do_start(s) : CTL_OK;
	case VM_STARTING:
		s->kill = !restart; /* a restart of one that starts: it does already */
		break;
	case VM_ENDING:
		s->kill = !restart;
		s->restart = restart;
		break;
	case VM_RUNNING:
	case VM_PAUSED:
		s->kill = !restart;
		s->restart = restart;
		vm_end(vm, CTL_END_KILLED, "%s by the operator", restart ? "restarted" : "ended");
		go_on_if_stopped(s, vm);
		break;
	}
	return CTL_OK;
}

static enum ctl_status do_pause(struct slot *s)
{
	if (s->state == VM_PAUSED)
		return CTL_OK;
	if (s->state != VM_RUNNING || load_acquire(&vms[slot_number(s)]->ending))
		return CTL_E_STATE;
	life_set_state(s, VM_PAUSED);
	vm_stop_vcpus(vms[slot_number(s)]);
	return CTL_OK;
}

static enum ctl_status do_resume(struct slot *s)
{
	if (s->state == VM_RUNNING)
		return CTL_OK;
	if (s->state != VM_PAUSED || load_acquire(&vms[slot_number(s)]->ending))
		return CTL_E_STATE;
	life_set_state(s, VM_RUNNING);
	vm_resume_vcpus(vms[slot_number(s)]);
	return CTL_OK;
}

enum ctl_status life_command(u32 type, u32 number)
{
	struct slot *s = &slots[number];

	lock_assert(&control_lock);
	if (number >= slot_count())
		return CTL_E_VM;
	switch (type) {
	case CTL_START:
		return do_start(s);
	case CTL_STOP: /* it has no power key yet: the tool types, waits or kills */
		return s->state == VM_OFF || s->state == VM_ENDING ? CTL_OK : CTL_E_STATE;
	case CTL_KILL:
		return do_kill(s, false);
	case CTL_RESTART:
		return do_kill(s, true);
	case CTL_PAUSE:
		return do_pause(s);
	case CTL_RESUME:
		return do_resume(s);
	}
	return CTL_E_TYPE;
}

/* --- switching the machine off --- */

void life_off(void)
{
	lock_assert(&control_lock);
	if (off.wanted)
		return;
	off.wanted = true;
	print("machine: switching off\n");
	off.job.kind = JOB_OFF;
	job_add(&off.job);
}

/* True when no VM is left; ends some of those that are. */
static bool all_off(void)
{
	bool all = true;
	u32 killed = 0;

	for (u32 i = 0; i < slot_count() && killed < KILLS_A_STEP; i++) {
		if (slots[i].state == VM_OFF)
			continue;
		all = false;
		if (slots[i].kill)
			continue;
		do_kill(&slots[i], false);
		killed++;
	}
	return all;
}

bool off_step(struct job *j)
{
	bool now = false;

	(void)j;
	lock(&control_lock);
	if (off.deadline == 0) {
		if (all_off())
			off.deadline = timer_ns() + OFF_DRAIN_NS;
	} else {
		now = control_drained() || timer_ns() >= off.deadline;
	}
	unlock(&control_lock);
	if (now)
		psci_system_off();
	return false;
}
