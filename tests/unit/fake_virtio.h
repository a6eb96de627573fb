/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio-mmio device of the machine, as hw/ sees it: registers as functions, queues read
 * from the driver's pages. Included once by a test, before the driver's .c files.
 */
#ifndef FAKE_VIRTIO_H
#define FAKE_VIRTIO_H

#define HW_MMIO_H  /* these stand in for hw/mmio.h, */
#define HW_TIMER_H /* and this for hw/timer.h: time passes when it is looked at */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arm64/cpu.h"
#include "hw/virtio_queue.h"
#include "hw/virtio_regs.h"
#include "lib/percpu.h"

#define DEVICE_AT 0x0a000000ull
#define DEVICE_QUEUES 16u

_Thread_local struct cpu *fake_cpu;
u64 fake_counter;
u64 direct_base;

static u64 timer_hz = 1000;
static inline u64 timer_now(void)
{
	(void)timer_hz;
	return fake_counter++;
}

static void (*device_kicked)(u32 queue); /* the device answers at once */

static struct {
	u32 version, id;
	u64 features, accepted;
	u32 status, select, feature_select, isr;
	bool refuses; /* FEATURES_OK does not stick */
	u8 config[64];
	struct {
		u32 max, size, ready, kicks;
		u64 desc, avail, used;
		u16 next; /* available entry to take */
	} queue[DEVICE_QUEUES];
} device;

void panic(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	abort();
}

void fake_op(enum fake_op op, u64 argument)
{
	(void)op;
	(void)argument;
}

/* The CPU of the test, and a device that nobody has set up. */
static void device_make(u32 id, u64 features)
{
	if (!cpus[0]) {
		cpus[0] = aligned_alloc(64, ALIGN_UP(sizeof(struct cpu), 64ul));
		memset(cpus[0], 0, sizeof(struct cpu));
		cpu_count = 1;
	}
	fake_cpu = cpus[0];
	fake_cpu->work = 0;
	memset(&device, 0, sizeof(device));
	device.version = 2;
	device.id = id;
	device.features = features | BIT(32);
	for (u32 i = 0; i < DEVICE_QUEUES; i++)
		device.queue[i].max = 256;
}

static void *test_alloc(u32 node, size_t bytes)
{
	void *p = aligned_alloc(4096, ALIGN_UP(bytes, 4096ul));
	(void)node;
	memset(p, 0, ALIGN_UP(bytes, 4096ul));
	return p;
}

static u32 mmio_read32(u64 at)
{
	u32 reg = (u32)(at - DEVICE_AT), v;
	if (reg >= VIRTIO_CONFIG_SPACE && reg < VIRTIO_CONFIG_SPACE + 64) {
		memcpy(&v, device.config + reg - VIRTIO_CONFIG_SPACE, 4);
		return v;
	}
	switch (reg) {
	case VIRTIO_MAGIC:
		return VIRTIO_MAGIC_VALUE;
	case VIRTIO_VERSION:
		return device.version;
	case VIRTIO_DEVICE_ID:
		return device.id;
	case VIRTIO_DEVICE_FEATURES:
		return (u32)(device.features >> (device.feature_select ? 32 : 0));
	case VIRTIO_QUEUE_NUM_MAX:
		return device.queue[device.select].max;
	case VIRTIO_QUEUE_READY:
		return device.queue[device.select].ready;
	case VIRTIO_INTERRUPT_STATUS:
		return device.isr;
	case VIRTIO_STATUS:
		return device.status;
	default:
		return 0;
	}
}

static void set_half(u64 *address, u32 reg, u32 v)
{
	u32 shift = reg & 4 ? 32 : 0;
	*address = (*address & ~(0xffffffffull << shift)) | (u64)v << shift;
}

static void mmio_write32(u64 at, u32 v)
{
	u32 reg = (u32)(at - DEVICE_AT);
	switch (reg) {
	case VIRTIO_DEVICE_FEATURES_SEL:
	case VIRTIO_DRIVER_FEATURES_SEL:
		device.feature_select = v;
		break;
	case VIRTIO_DRIVER_FEATURES:
		set_half(&device.accepted, device.feature_select ? 4 : 0, v);
		break;
	case VIRTIO_QUEUE_SEL:
		device.select = v;
		break;
	case VIRTIO_QUEUE_NUM:
		device.queue[device.select].size = v;
		break;
	case VIRTIO_QUEUE_READY:
		device.queue[device.select].ready = v;
		break;
	case VIRTIO_QUEUE_NOTIFY:
		device.queue[v].kicks++;
		if (device_kicked)
			device_kicked(v);
		break;
	case VIRTIO_INTERRUPT_ACK:
		device.isr &= ~v;
		break;
	case VIRTIO_STATUS:
		device.status = device.refuses ? v & ~STATUS_FEATURES_OK : v;
		break;
	case VIRTIO_QUEUE_DESC:
	case VIRTIO_QUEUE_DESC + 4:
		set_half(&device.queue[device.select].desc, reg, v);
		break;
	case VIRTIO_QUEUE_DRIVER:
	case VIRTIO_QUEUE_DRIVER + 4:
		set_half(&device.queue[device.select].avail, reg, v);
		break;
	case VIRTIO_QUEUE_DEVICE:
	case VIRTIO_QUEUE_DEVICE + 4:
		set_half(&device.queue[device.select].used, reg, v);
		break;
	default:
		break;
	}
}

/* The next chain of a queue: its pieces in order; false: none. */
struct chain {
	u16 head;
	u32 n, outs;
	struct {
		u8 *p;
		u32 len;
	} piece[64];
};

static bool device_pop(u32 queue, struct chain *c)
{
	u16 *avail = (u16 *)(uintptr_t)device.queue[queue].avail;
	struct virtq_desc *desc = (struct virtq_desc *)(uintptr_t)device.queue[queue].desc;
	u16 i;

	if (!device.queue[queue].ready || avail[1] == device.queue[queue].next)
		return false;
	i = c->head = avail[2 + device.queue[queue].next++ % device.queue[queue].size];
	for (c->n = c->outs = 0;; i = desc[i].next) {
		assert_true(i < device.queue[queue].size && c->n < 64);
		c->piece[c->n].p = (u8 *)(uintptr_t)desc[i].addr;
		c->piece[c->n++].len = desc[i].len;
		if (!(desc[i].flags & 2)) {
			assert_int_equal(c->outs, c->n - 1);
			c->outs++;
		}
		if (!(desc[i].flags & 1))
			return true;
	}
}

static void device_push(u32 queue, u32 id, u32 len)
{
	u16 *used = (u16 *)(uintptr_t)device.queue[queue].used;
	u32 *e = (u32 *)(void *)(used + 2) + 2 * (used[1] % device.queue[queue].size);
	e[0] = id;
	e[1] = len;
	used[1]++;
}

#endif
