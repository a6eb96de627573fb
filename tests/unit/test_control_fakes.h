/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is below and beside control/ in its tests: a tool and a terminal made of byte queues,
 * devices that are a console only, vCPUs that never run. Memory (mem/), VM records
 * (vcpu/vm.c) and jobs (vcpu/job.c) are the real ones.
 */
#ifndef TEST_CONTROL_FAKES_H
#define TEST_CONTROL_FAKES_H

#include "fake/fake.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/channel.h"
#include "control/console.h"
#include "control/life.h"
#include "hw/channel.h"
#include "hw/ipi.h"
#include "hw/psci.h"
#include "hw/timer.h"
#include "hw/uart.h"
#include "lib/print.h"
#include "lib/string.h"
#include "mem/guest.h"
#include "mem/node.h"
#include "mem/stage2.h"
#include "test_config_blob.h"
#include "vcpu/job.h"
#include "vcpu/sched.h"
#include "vcpu/timer.h"
#include "vcpu/vcpu.h"
#include "vdev/vdev.h"

/* --- byte queues --- */

#define QUEUE_BYTES (4u << 20)
struct queue {
	u8 *bytes;
	size_t put, taken;
	size_t room; /* what the reader's side takes in one go */
};
static struct queue to_monitor, from_monitor, keys, screen;
static bool tool_connected = true;

static inline void queue_reset(struct queue *q, size_t room)
{
	if (!q->bytes)
		q->bytes = malloc(QUEUE_BYTES);
	q->put = q->taken = 0;
	q->room = room;
}

static inline void queue_put(struct queue *q, const void *p, size_t n)
{
	if (q->taken == q->put)
		q->put = q->taken = 0;
	assert_true(q->put + n <= QUEUE_BYTES);
	if (n)
		memcpy(q->bytes + q->put, p, n);
	q->put += n;
}

static inline size_t queue_get(struct queue *q, void *p, size_t n)
{
	n = MIN(n, q->put - q->taken);
	memcpy(p, q->bytes + q->taken, n);
	q->taken += n;
	return n;
}

bool channel_present(void)
{
	return true;
}
bool channel_open(void)
{
	return tool_connected;
}
size_t channel_write(const void *p, size_t n)
{
	n = MIN(n, from_monitor.room);
	queue_put(&from_monitor, p, n);
	return n;
}
size_t channel_read(void *p, size_t n)
{
	return queue_get(&to_monitor, p, n);
}
size_t uart_write(const char *p, size_t n)
{
	n = MIN(n, screen.room);
	queue_put(&screen, p, n);
	return n;
}
int uart_get(void)
{
	u8 c;

	return queue_get(&keys, &c, 1) ? c : -1;
}
void uart_want_room(bool on)
{
	(void)on;
}

/* --- time, interrupts, power --- */

static u64 now_ns = 1000;
static jmp_buf switched_off;

u64 timer_ns(void)
{
	return now_ns;
}
u64 ticks_to_ns(u64 ticks)
{
	return ticks;
}
void ipi_send(u32 cpu, u32 work)
{
	atomic_or(&cpus[cpu]->work, work);
}
void psci_system_off(void)
{
	longjmp(switched_off, 1);
}

/* --- vCPUs that stand still --- */

void sched_start(struct vcpu *v)
{
	store_release(&v->state, (u32)VCPU_RUNNING);
}
void sched_kick(struct vcpu *v, u32 work)
{
	atomic_or(&v->work, work);
}
u64 sched_ticks(const struct vcpu *v)
{
	return v->cpu_ticks;
}
void vcpu_reset(struct vcpu *v, struct ipa entry, u64 context)
{
	assert_int_equal(v->state, VCPU_OFF);
	v->regs.pc = entry.v;
	v->regs.x[0] = context;
	v->work = 0;
}
void vgic_reset_vm(struct vm *vm)
{
	vm->vgic.ctlr = 0;
}
void vgic_reset_vcpu(struct vcpu *v)
{
	v->vgic.waker = 1;
}

/* All vCPUs that were told to stop do so, as leave.c makes them. */
static inline void vcpus_stop(struct vm *vm)
{
	for (u32 i = 0; i < vm->vcpu_count; i++)
		if ((vm->vcpus[i]->work & VWORK_STOP) && vcpu_settle(vm->vcpus[i], VCPU_STOPPED))
			life_vm_stopped(vm);
}

/* --- devices --- */

struct vdevs {
	char text[CONSOLE_RING];
	u64 end;
	char typed[256];
	size_t typed_length, typed_room;
	bool busy;
	u32 resets;
};
u64 console_dirty[(CFG_VMS_MAX + 63) / 64];

enum err vdev_create(struct vm *vm, const struct vdev_config *c)
{
	(void)c;
	vm->devs = monitor_alloc(0, sizeof(struct vdevs));
	if (!vm->devs)
		return ERR_MEMORY;
	vm->devs->typed_room = sizeof(vm->devs->typed);
	return OK;
}
void vdev_reset(struct vm *vm)
{
	vm->devs->resets++;
}
bool vdev_quiet(struct vm *vm)
{
	return !vm->devs->busy;
}
u32 vdev_slots(const struct vm *vm)
{
	(void)vm;
	return 4;
}
u64 vdev_count(const struct vm *vm, enum counter c)
{
	(void)vm;
	return c == COUNTER_blk_reads ? 5 : 0;
}
u64 console_end(struct vm *vm)
{
	return vm->devs->end;
}
size_t console_read(struct vm *vm, u64 *position, char *to, size_t n)
{
	struct vdevs *d = vm->devs;

	if (d->end - *position > CONSOLE_RING)
		*position = *position > d->end ? d->end : d->end - CONSOLE_RING;
	n = MIN(n, d->end - *position);
	for (size_t i = 0; i < n; i++)
		to[i] = d->text[(*position)++ % CONSOLE_RING];
	return n;
}
size_t console_type(struct vm *vm, const char *p, size_t n)
{
	struct vdevs *d = vm->devs;

	n = MIN(n, d->typed_room - d->typed_length);
	memcpy(d->typed + d->typed_length, p, n);
	d->typed_length += n;
	return n;
}
/* The guest prints. */
static inline void guest_says(u32 vm, const char *text)
{
	struct vdevs *d = vms[vm]->devs;

	for (; *text; text++)
		d->text[d->end++ % CONSOLE_RING] = *text;
	console_dirty[vm / 64] |= BIT(vm % 64);
	cpus[0]->work |= WORK_CONSOLE;
}

struct volume volumes[CFG_VOLUMES_MAX];
u32 volume_count;
enum err volume_add(const char *name, const char *serial, u32 partition)
{
	(void)serial;
	string_copy(volumes[volume_count].name, name, CFG_NAME_MAX + 1);
	volumes[volume_count].disk = partition;
	volumes[volume_count++].sectors = 8;
	return OK;
}

/* --- leave.c --- */

/* Advances jobs, one step each; returns how many steps there were to do. */
static inline u32 run_jobs(u32 steps)
{
	struct job *j;
	u32 done = 0;

	for (; done < steps && (j = job_take()); done++) {
		bool over = false;

		switch (j->kind) {
		case JOB_BUILD:
			over = build_step(j);
			break;
		case JOB_END:
			over = end_step(j);
			break;
		case JOB_CHECK:
			over = check_step(j);
			break;
		case JOB_OFF:
			over = off_step(j);
			break;
		}
		lock_assert_none();
		job_release(j, over);
	}
	return done;
}

/* The flags of this CPU until none is left. */
static inline void run_work(void)
{
	u32 rounds = 0, work;

	while ((work = atomic_exchange(&this_cpu()->work, 0u)) != 0) {
		assert_true(rounds++ < 100000);
		if (work & WORK_CONTROL)
			control_poll();
		if (work & WORK_CONSOLE)
			console_poll();
		lock_assert_none();
	}
}

static inline void run_all(void)
{
	do
		run_work();
	while (run_jobs(1000) || load_relaxed(&this_cpu()->work));
}

/* --- the machine --- */

static struct archive boot_archive;
static u8 *boot_blob;

static inline void fake_machine(u64 frames)
{
	fake_cpus(2, 2);
	fake_memory(2, frames);
	queue_reset(&to_monitor, QUEUE_BYTES);
	queue_reset(&from_monitor, QUEUE_BYTES);
	queue_reset(&keys, QUEUE_BYTES);
	queue_reset(&screen, QUEUE_BYTES);
}

static inline void fake_boot(const struct tweak *tweaks, u32 count)
{
	if (!boot_archive.bytes)
		boot_archive.bytes = aligned_alloc(4096, ARCHIVE_MAX);
	if (!boot_blob)
		boot_blob = aligned_alloc(4096, BLOB_MAX_BYTES);
	archive_write(&boot_archive, boot_blob, blob_write(boot_blob, tweaks, count));
	life_boot(boot_archive.bytes, boot_archive.size);
}

static inline void fake_unboot(void)
{
	struct queue *queues[] = {&to_monitor, &from_monitor, &keys, &screen};

	free(boot_archive.bytes);
	free(boot_blob);
	for (u32 i = 0; i < ARRAY_SIZE(queues); i++)
		free(queues[i]->bytes);
}

/* An operator's command. */
static inline enum ctl_status operate(u32 type, u32 number)
{
	enum ctl_status s;

	lock(&control_lock);
	s = life_command(type, number);
	unlock(&control_lock);
	return s;
}

#endif
