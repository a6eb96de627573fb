/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtio-mmio transport, device side (virtio 1.2, 4.2.2, register layout version 2), and
 * what all kinds of devices have in common: features, status, interrupts, the pass.
 *
 * A pass looks at the device's queues and does what there is to do. It is run when the
 * driver kicks, when the machine's disk has answered, when somebody typed, and again when it
 * had to stop half way (retry.c). A kick that must wait parks the vCPU: the write to
 * QueueNotify is then done again, which is the same pass again.
 *
 * A driver that breaks the protocol gets DEVICE_NEEDS_RESET and a configuration interrupt
 * (2.1.1); its device does nothing more until it is reset. The VM goes on.
 */
#include "vdev/virtio.h"

#include "lib/print.h"
#include "lib/string.h"
#include "mem/node.h"

enum mmio_register { /* table 4.1 */
		     MMIO_MAGIC = 0x000,
		     MMIO_VERSION = 0x004,
		     MMIO_DEVICE_ID = 0x008,
		     MMIO_VENDOR_ID = 0x00c,
		     MMIO_DEVICE_FEATURES = 0x010,
		     MMIO_DEVICE_FEATURES_SEL = 0x014,
		     MMIO_DRIVER_FEATURES = 0x020,
		     MMIO_DRIVER_FEATURES_SEL = 0x024,
		     MMIO_QUEUE_SEL = 0x030,
		     MMIO_QUEUE_NUM_MAX = 0x034,
		     MMIO_QUEUE_NUM = 0x038,
		     MMIO_QUEUE_READY = 0x044,
		     MMIO_QUEUE_NOTIFY = 0x050,
		     MMIO_INTERRUPT_STATUS = 0x060,
		     MMIO_INTERRUPT_ACK = 0x064,
		     MMIO_STATUS = 0x070,
		     MMIO_QUEUE_DESC_LOW = 0x080,
		     MMIO_QUEUE_DESC_HIGH = 0x084,
		     MMIO_QUEUE_DRIVER_LOW = 0x090,
		     MMIO_QUEUE_DRIVER_HIGH = 0x094,
		     MMIO_QUEUE_DEVICE_LOW = 0x0a0,
		     MMIO_QUEUE_DEVICE_HIGH = 0x0a4,
		     MMIO_SHM_LEN_LOW = 0x0b0,
		     MMIO_SHM_LEN_HIGH = 0x0b4,
		     MMIO_SHM_BASE_LOW = 0x0b8,
		     MMIO_SHM_BASE_HIGH = 0x0bc,
		     MMIO_CONFIG_GENERATION = 0x0fc,
		     MMIO_CONFIG = 0x100,
};

#define MAGIC 0x74726976u  /* "virt" */
#define VENDOR 0x4f435344u /* "DSCO" */

enum err virtio_create(struct vm *vm, u32 slot, u32 kind, u64 features, u32 queues)
{
	struct virtio *d = monitor_alloc(vdev_node(vm), sizeof(*d));
	if (!d)
		return ERR_MEMORY;
	lock_init(&d->lock, LOCK_DEVICE);
	d->vm = vm;
	d->slot = slot;
	d->kind = kind;
	d->queue_count = queues;
	d->offered = features | VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX;
	retry_init(d);
	vm->devs->virtio[slot] = d;
	vm->devs->slots = slot + 1;
	return OK;
}

void virtio_free(struct virtio *d)
{
	if (d->kind == VIRTIO_BLOCK)
		vblk_free(d);
	monitor_free(d, sizeof(*d));
}

/* The SPI, level-triggered, follows InterruptStatus (2.3, 4.2.2). */
static void set_isr(struct virtio *d, u32 isr)
{
	bool level = isr != 0;
	lock_assert(&d->lock);
	if (isr & ~d->isr)
		vdev_count_add(d->vm, COUNTER_virtio_irqs, 1);
	d->isr = isr;
	if (level == d->line)
		return;
	d->line = level;
	vgic_spi(d->vm, VDEV_VIRTIO_INTID + d->slot, level);
}

/* The requests of the driver are gone, and what the device keeps of them. */
static void forget(struct virtio *d)
{
	if (d->kind == VIRTIO_BLOCK)
		vblk_forget(d);
	else if (d->kind == VIRTIO_CONSOLE)
		vcons_forget(d);
}

void virtio_reset(struct virtio *d)
{
	lock_assert(&d->lock);
	for (u32 i = 0; i < d->queue_count; i++)
		ring_reset(&d->queue[i]);
	d->accepted = 0;
	d->device_sel = d->driver_sel = d->queue_sel = d->status = 0;
	forget(d);
	set_isr(d, 0);
}

void virtio_config_changed(struct virtio *d)
{
	d->generation++;
	if (virtio_live(d))
		set_isr(d, d->isr | ISR_CONFIG);
}

/* The driver broke the protocol: 2.1.1, DEVICE_NEEDS_RESET. */
static void break_device(struct virtio *d, enum err why)
{
	vdev_count_add(d->vm, COUNTER_virtio_broken, 1);
	if (!d->told)
		print("vm %s: virtio slot %u: the driver's queue is wrong (%s): needs reset\n",
		      d->vm->name, d->slot, err_name(why));
	d->told = true;
	d->status |= STATUS_NEEDS_RESET;
	forget(d);
	if (d->status & STATUS_DRIVER_OK)
		set_isr(d, d->isr | ISR_CONFIG);
}

/* Interrupts for what the pass put into used rings. */
static enum err notify(struct virtio *d, struct wait *w)
{
	bool any = false;
	enum err e = OK;
	for (u32 i = 0; e == OK && i < d->queue_count; i++) {
		bool interrupt;
		e = ring_notify(&d->queue[i], &d->vm->p2m, &interrupt, w);
		any |= interrupt;
	}
	if (any)
		set_isr(d, d->isr | ISR_QUEUE);
	return e;
}

static enum err pass_of_kind(struct virtio *d, struct wait *w)
{
	switch (d->kind) {
	case VIRTIO_BLOCK:
		return vblk_pass(d, w);
	case VIRTIO_CONSOLE:
		return vcons_pass(d, w);
	case VIRTIO_ENTROPY:
		return vrng_pass(d, w);
	case VIRTIO_BALLOON:
		return vballoon_pass(d, w);
	default:
		return OK;
	}
}

/* True for answers that say "not now"; a shortage of frames is one of them. */
static bool later(enum err *e, struct wait *w)
{
	if (*e == ERR_MEMORY) {
		*w = (struct wait){.cause = WAIT_FRAME, .frame = PFN_NONE};
		*e = ERR_WAIT;
	}
	return *e == ERR_WAIT || *e == ERR_BUSY;
}

enum err virtio_pass(struct virtio *d, struct wait *w)
{
	enum err e, told;

	lock_assert(&d->lock);
	if (!virtio_live(d))
		return OK;
	e = pass_of_kind(d, w);
	if (e && !later(&e, w)) {
		break_device(d, e);
		return OK;
	}
	told = notify(d, w); /* also for what was done before it had to wait */
	if (told && !later(&told, w)) {
		break_device(d, told);
		return OK;
	}
	return told ? told : e;
}

void virtio_run(struct virtio *d)
{
	struct wait w = {.cause = WAIT_NONE};
	if (virtio_pass(d, &w))
		retry_add(d);
}

static struct vqueue *selected(struct virtio *d)
{
	return d->queue_sel < d->queue_count ? &d->queue[d->queue_sel] : NULL;
}

static u32 read_register(struct virtio *d, u32 offset)
{
	struct vqueue *q = selected(d);
	switch (offset) {
	case MMIO_MAGIC:
		return MAGIC;
	case MMIO_VERSION:
		return 2;
	case MMIO_DEVICE_ID:
		return d->kind;
	case MMIO_VENDOR_ID:
		return VENDOR;
	case MMIO_DEVICE_FEATURES:
		return d->device_sel < 2 ? (u32)(d->offered >> (32 * d->device_sel)) : 0;
	case MMIO_QUEUE_NUM_MAX:
		return q ? VRING_MAX : 0;
	case MMIO_QUEUE_READY:
		return q ? q->ready : 0;
	case MMIO_INTERRUPT_STATUS:
		return d->isr;
	case MMIO_STATUS:
		return d->status;
	case MMIO_SHM_LEN_LOW: /* no shared memory: 4.2.2.1 */
	case MMIO_SHM_LEN_HIGH:
	case MMIO_SHM_BASE_LOW:
	case MMIO_SHM_BASE_HIGH:
		return ~0u;
	case MMIO_CONFIG_GENERATION:
		return d->generation;
	default:
		return 0;
	}
}

/* Half of an address of the selected queue; not while the device uses it (4.2.2.2). */
static void write_queue(struct virtio *d, u32 offset, u32 value)
{
	struct vqueue *q = selected(d);
	u64 *address;
	if (!q || q->ready)
		return;
	if (offset == MMIO_QUEUE_NUM) {
		q->size = value;
		return;
	}
	if (offset >= MMIO_QUEUE_DEVICE_LOW)
		address = &q->used;
	else if (offset >= MMIO_QUEUE_DRIVER_LOW)
		address = &q->avail;
	else
		address = &q->desc;
	if (offset & 4)
		*address = (*address & 0xffffffffull) | ((u64)value << 32);
	else
		*address = (*address & ~0xffffffffull) | value;
}

static void write_queue_ready(struct virtio *d, u32 value)
{
	struct vqueue *q = selected(d);
	if (!q || q->ready == (value & 1))
		return;
	if (!(value & 1)) {
		ring_reset(q);
		forget(d);
		return;
	}
	q->event_idx = (d->accepted & VIRTIO_F_EVENT_IDX) != 0;
	q->indirect = (d->accepted & VIRTIO_F_INDIRECT_DESC) != 0;
	if (!ring_enable(q))
		break_device(d, ERR_RANGE);
}

/* Feature bits that the device can't do, or a driver of before 1.0: not OK (3.1.1). */
static bool features_ok(const struct virtio *d)
{
	return !(d->accepted & ~d->offered) && (d->accepted & VIRTIO_F_VERSION_1);
}

/* The driver only adds bits, or resets with 0; NEEDS_RESET is ours (2.1.2). */
static void write_status(struct virtio *d, u32 value)
{
	bool was_live = virtio_live(d);
	if ((value & 0xff) == 0) {
		virtio_reset(d);
		return;
	}
	value = (value & 0xff & ~STATUS_NEEDS_RESET) | d->status;
	if (!(d->status & STATUS_FEATURES_OK) && !features_ok(d))
		value &= ~STATUS_FEATURES_OK;
	d->status = value;
	if (!was_live && virtio_live(d))
		virtio_run(d); /* buffers may be there already */
}

static void write_features(struct virtio *d, u32 value)
{
	u32 shift = 32 * d->driver_sel;
	if ((d->status & STATUS_FEATURES_OK) || d->driver_sel > 1)
		return;
	d->accepted = (d->accepted & ~(0xffffffffull << shift)) | ((u64)value << shift);
}

static enum verdict kick(struct virtio *d, struct vcpu *v)
{
	enum err e = virtio_pass(d, &v->wait);
	if (e == ERR_WAIT)
		return VERDICT_WAIT; /* this same write comes again */
	vdev_count_add(d->vm, COUNTER_virtio_kicks, 1);
	if (e)
		retry_add(d);
	return VERDICT_SKIP;
}

static enum verdict write_register(struct virtio *d, struct vcpu *v, u32 offset, u32 value)
{
	switch (offset) {
	case MMIO_DEVICE_FEATURES_SEL:
		d->device_sel = value;
		break;
	case MMIO_DRIVER_FEATURES:
		write_features(d, value);
		break;
	case MMIO_DRIVER_FEATURES_SEL:
		d->driver_sel = value;
		break;
	case MMIO_QUEUE_SEL:
		d->queue_sel = value;
		break;
	case MMIO_QUEUE_NUM:
	case MMIO_QUEUE_DESC_LOW:
	case MMIO_QUEUE_DESC_HIGH:
	case MMIO_QUEUE_DRIVER_LOW:
	case MMIO_QUEUE_DRIVER_HIGH:
	case MMIO_QUEUE_DEVICE_LOW:
	case MMIO_QUEUE_DEVICE_HIGH:
		write_queue(d, offset, value);
		break;
	case MMIO_QUEUE_READY:
		write_queue_ready(d, value);
		break;
	case MMIO_QUEUE_NOTIFY:
		return kick(d, v);
	case MMIO_INTERRUPT_ACK:
		set_isr(d, d->isr & ~value);
		break;
	case MMIO_STATUS:
		write_status(d, value);
		break;
	default:
		break;
	}
	return VERDICT_SKIP;
}

/* The configuration space takes any size at any offset; behind its end it is zero. */
static void access_config(struct virtio *d, struct access *a)
{
	u32 at = a->offset - MMIO_CONFIG;
	u64 value = 0;
	if (a->write && d->kind == VIRTIO_BALLOON) {
		for (u32 i = 0; i < a->size && at + i < d->config_size; i++)
			vballoon_config_write(d, at + i, (u8)(a->value >> (8 * i)));
	}
	if (a->write)
		return;
	for (u32 i = 0; i < a->size && at + i < d->config_size; i++)
		value |= (u64)d->config[at + i] << (8 * i);
	a->value = value;
}

/* A slot without a device: device id 0, all else zero (4.2.2). */
static void access_empty(struct access *a)
{
	static const u32 id[4] = {MAGIC, 2, 0, VENDOR};
	a->value = a->size == 4 && a->offset < 16 && a->offset % 4 == 0 ? id[a->offset / 4] : 0;
}

enum verdict virtio_access(struct virtio *d, struct vcpu *v, struct access *a)
{
	enum verdict verdict = VERDICT_SKIP;

	if (!d) {
		access_empty(a);
		return verdict;
	}
	lock(&d->lock);
	if (a->offset >= MMIO_CONFIG)
		access_config(d, a);
	else if (a->size != 4 || a->offset % 4) /* 4.2.2.2: not a driver's right: as zero */
		a->value = 0;
	else if (a->write)
		verdict = write_register(d, v, a->offset, (u32)a->value);
	else
		a->value = read_register(d, a->offset);
	unlock(&d->lock);
	return verdict;
}
