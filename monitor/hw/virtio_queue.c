/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Split queues and device initialization, driver side. The device reads and writes the page
 * of the queue by itself; what it writes (used ring) is read once and checked.
 */
#include "hw/virtio_queue.h"

#include "arm64/atomic.h"
#include "arm64/tlb.h"
#include "hw/mmio.h"
#include "hw/virtio_regs.h"
#include "lib/print.h"
#include "lib/string.h"

#define DESC_NEXT 1u
#define DESC_WRITE 2u

/* 3.1.1, steps 1 to 6. */
bool virtio_begin(u64 base, u64 want, u64 *got)
{
	u64 offered;

	mmio_write32(base + VIRTIO_STATUS, 0);
	mmio_write32(base + VIRTIO_STATUS, STATUS_ACKNOWLEDGE | STATUS_DRIVER);
	mmio_write32(base + VIRTIO_DEVICE_FEATURES_SEL, 0);
	offered = mmio_read32(base + VIRTIO_DEVICE_FEATURES);
	mmio_write32(base + VIRTIO_DEVICE_FEATURES_SEL, 1);
	offered |= (u64)mmio_read32(base + VIRTIO_DEVICE_FEATURES) << 32;
	*got = offered & (want | VIRTIO_VERSION_1);
	mmio_write32(base + VIRTIO_DRIVER_FEATURES_SEL, 0);
	mmio_write32(base + VIRTIO_DRIVER_FEATURES, (u32)*got);
	mmio_write32(base + VIRTIO_DRIVER_FEATURES_SEL, 1);
	mmio_write32(base + VIRTIO_DRIVER_FEATURES, (u32)(*got >> 32));
	mmio_write32(base + VIRTIO_STATUS, STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK);
	if ((*got & VIRTIO_VERSION_1) && (mmio_read32(base + VIRTIO_STATUS) & STATUS_FEATURES_OK))
		return true;
	virtio_give_up(base);
	return false;
}

void virtio_ready(u64 base)
{
	mmio_write32(base + VIRTIO_STATUS, mmio_read32(base + VIRTIO_STATUS) | STATUS_DRIVER_OK);
}

void virtio_give_up(u64 base)
{
	mmio_write32(base + VIRTIO_STATUS, STATUS_FAILED);
}

u32 virtio_config32(u64 base, u32 offset)
{
	return mmio_read32(base + VIRTIO_CONFIG_SPACE + offset);
}

u64 virtio_config64(u64 base, u32 offset)
{
	u32 before, after;
	u64 v;
	do { /* 4.2.2.2: ends unless the device changes it for ever */
		before = mmio_read32(base + VIRTIO_CONFIG_GENERATION);
		v = virtio_config32(base, offset);
		v |= (u64)virtio_config32(base, offset + 4) << 32;
		after = mmio_read32(base + VIRTIO_CONFIG_GENERATION);
	} while (before != after);
	return v;
}

static void write_address(u64 base, u32 reg, const void *va)
{
	u64 pa = va_pa(va).v;
	mmio_write32(base + reg, (u32)pa);
	mmio_write32(base + reg + 4, (u32)(pa >> 32));
}

/* 4.2.3.2 */
bool virtq_setup(struct virtq *q, u64 base, u32 index, u32 most, void *page)
{
	u32 max;

	mmio_write32(base + VIRTIO_QUEUE_SEL, index);
	max = mmio_read32(base + VIRTIO_QUEUE_NUM_MAX);
	if (max == 0 || mmio_read32(base + VIRTIO_QUEUE_READY))
		return false;
	while (most > max || most > VIRTQ_MAX)
		most /= 2; /* stays a power of two */
	memset(q, 0, sizeof(*q));
	q->base = base;
	q->index = index;
	q->page = page;
	q->size = q->free = (u16)most;
	for (u32 i = 0; i < most; i++)
		q->page->desc[i].next = (u16)(i + 1);
	mmio_write32(base + VIRTIO_QUEUE_NUM, most);
	write_address(base, VIRTIO_QUEUE_DESC, q->page->desc);
	write_address(base, VIRTIO_QUEUE_DRIVER, &q->page->avail);
	write_address(base, VIRTIO_QUEUE_DEVICE, &q->page->used);
	dsb_sy(); /* the page, before the device may look at it */
	mmio_write32(base + VIRTIO_QUEUE_READY, 1);
	return true;
}

bool virtq_add(struct virtq *q, const struct virtq_piece *p, u32 outs, u32 ins, void *token)
{
	u32 n = outs + ins;
	u16 head = q->free_head;

	if (n == 0 || n > q->free)
		return false;
	for (u32 i = 0; i < n; i++) {
		struct virtq_desc *d = &q->page->desc[q->free_head];
		d->addr = p[i].pa.v;
		d->len = p[i].bytes;
		d->flags = (u16)((i + 1 < n ? DESC_NEXT : 0) | (i >= outs ? DESC_WRITE : 0));
		q->free_head = d->next; /* the list's order is the chain's */
	}
	q->free = (u16)(q->free - n);
	q->token[head] = token;
	q->page->avail.ring[q->next_avail & (q->size - 1)] = head;
	q->next_avail++;
	dsb_sy(); /* the chain, before the index that tells of it */
	store_relaxed(&q->page->avail.idx, q->next_avail);
	return true;
}

void virtq_kick(struct virtq *q)
{
	dsb_sy(); /* the index, before the device is told to look */
	mmio_write32(q->base + VIRTIO_QUEUE_NOTIFY, q->index);
}

/* The entries of the chain at `head` back into the free list. */
static void free_chain(struct virtq *q, u16 head)
{
	u16 last = head, n = 1;
	while (q->page->desc[last].flags & DESC_NEXT) {
		last = q->page->desc[last].next;
		n++;
	}
	q->page->desc[last].next = q->free_head;
	q->free_head = head;
	q->free = (u16)(q->free + n);
}

/* The device said something impossible: one line, then it is ignored. */
static void complain(struct virtq *q, const char *what, u32 value)
{
	if (!q->told)
		print("virtio at 0x%llx: queue %u: wrong %s %u from the device, ignored\n",
		      (unsigned long long)q->base, q->index, what, value);
	q->told = true;
}

void *virtq_take(struct virtq *q, u32 *written)
{
	for (;;) { /* each round consumes an element */
		u16 ready = (u16)(load_relaxed(&q->page->used.idx) - q->next_used);
		u32 id, at = q->next_used & (q->size - 1u);
		void *token;

		if (ready == 0)
			return NULL;
		if (ready > q->size) {
			complain(q, "used index", q->next_used + ready);
			return NULL;
		}
		dsb_sy(); /* the index, before the element and the data it tells of */
		id = load_relaxed(&q->page->used.ring[at].id);
		*written = load_relaxed(&q->page->used.ring[at].len);
		q->next_used++;
		if (id >= q->size || !q->token[id]) {
			complain(q, "id", id);
			continue;
		}
		token = q->token[id];
		q->token[id] = NULL;
		free_chain(q, (u16)id);
		return token;
	}
}
