/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's disks (virtio 1.2, 5.2), one queue each. A request is in one of three
 * places: in the queue (the device has it), on `waiting` (no room in the queue yet), or on
 * `done`. Interrupts only set WORK_DISK; disk_done() collects.
 */
#include "hw/disk.h"

#include "hw/timer.h"
#include "hw/virtio_queue.h"
#include "lib/lock.h"
#include "lib/percpu.h"
#include "lib/print.h"
#include "lib/string.h"

#define F_SEG_MAX BIT(2)
#define F_RO BIT(5)
#define F_FLUSH BIT(9)
#define F_DISCARD BIT(13)
#define F_WRITE_ZEROES BIT(14)

#define CONFIG_CAPACITY 0u
#define CONFIG_SEG_MAX 12u
#define CONFIG_MAX_DISCARD 36u
#define CONFIG_MAX_ZEROES 48u

enum blk_type { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_GET_ID = 8, T_DISCARD = 11, T_ZEROES = 13 };
#define S_OK 0u
#define S_NONE 0xffu /* not yet written */
#define HEADER_BYTES 16u
#define RANGE_BYTES 16u
#define BOOT_SECONDS 10u /* for one synchronous request */

struct disk {
	struct lock lock;      /* rank DISK: all but info */
	struct disk_info info; /* fixed after start */
	struct virtq queue;
	struct list waiting;     /* requests in order, no room in the queue yet */
	struct list done;        /* finished, for disk_done() */
	struct disk_request now; /* boot: the synchronous request */
	bool silent;		 /* boot: it never answered `now`, which it still has */
	char id[20];             /* boot: T_GET_ID */
};

static struct disk *disks[VIRTIO_MMIO_SLOTS];
static u32 count_of_disks;

u32 disk_count(void)
{
	return count_of_disks;
}

const struct disk_info *disk_info(u32 disk)
{
	return &disks[disk]->info;
}

static struct virtq_piece piece(const void *va, u32 bytes)
{
	return (struct virtq_piece){.pa = va_pa(va), .bytes = bytes};
}

static u32 wire_type(enum disk_op op)
{
	switch (op) {
	case DISK_READ:
		return T_IN;
	case DISK_WRITE:
		return T_OUT;
	case DISK_FLUSH:
		return T_FLUSH;
	case DISK_DISCARD:
		return T_DISCARD;
	default:
		return T_ZEROES;
	}
}

/* 5.2.6: header, [data or range], status. */
static bool enqueue(struct disk *d, struct disk_request *r, u32 type)
{
	struct virtq_piece p[DISK_SEGMENTS + 3];
	u32 outs = 1, n;

	r->wire.type = type;
	r->wire.zero = 0;
	r->wire.sector = type == T_IN || type == T_OUT ? r->sector : 0;
	r->wire.status = S_NONE;
	p[0] = piece(&r->wire, HEADER_BYTES);
	if (type == T_DISCARD || type == T_ZEROES) {
		r->wire.range_sector = r->sector;
		r->wire.range_count = (u32)r->sectors;
		r->wire.range_flags = 0;
		p[outs++] = piece(&r->wire.range_sector, RANGE_BYTES);
	}
	n = outs;
	for (u32 i = 0; i < r->segment_count; i++)
		p[n++] = (struct virtq_piece){r->segments[i].pa, r->segments[i].bytes};
	if (type == T_OUT)
		outs = n;
	p[n++] = piece(&r->wire.status, 1);
	return virtq_add(&d->queue, p, outs, n - outs, r);
}

/* Can the disk do it at all? OK: yes; else *result is the answer without asking it. */
static bool possible(const struct disk *d, const struct disk_request *r, enum err *result)
{
	const struct disk_info *info = &d->info;
	*result = ERR_IO;
	if (r->segment_count > DISK_SEGMENTS)
		return false;
	switch (r->op) {
	case DISK_READ:
		return r->segment_count != 0;
	case DISK_WRITE:
		return r->segment_count != 0 && !info->readonly;
	case DISK_FLUSH:
		*result = OK; /* a disk without a cache has nothing to flush */
		return info->flush;
	case DISK_DISCARD:
		return info->discard && r->sectors <= info->max_discard;
	case DISK_ZERO:
		return info->zeroes && r->sectors <= info->max_zeroes;
	default:
		return false;
	}
}

/* Moves waiting requests into the queue as long as there is room. */
static void fill_queue_locked(struct disk *d)
{
	bool added = false;
	lock_assert(&d->lock);
	while (!list_empty(&d->waiting)) {
		struct disk_request *r = list_entry(d->waiting.next, struct disk_request, entry);
		if (!enqueue(d, r, wire_type(r->op)))
			break;
		list_remove(&r->entry);
		added = true;
	}
	if (added)
		virtq_kick(&d->queue);
}

void disk_submit(u32 disk, struct disk_request *r)
{
	struct disk *d = disks[disk];
	enum err result;

	list_init(&r->entry);
	lock(&d->lock);
	if (possible(d, r, &result)) {
		list_push_back(&d->waiting, &r->entry);
		fill_queue_locked(d);
	} else {
		r->result = result;
		list_push_back(&d->done, &r->entry);
		atomic_or(&this_cpu()->work, WORK_DISK);
	}
	unlock(&d->lock);
}

/* What a finished request comes to: success only with all data (`written` by the device). */
static enum err judge(const struct disk_request *r, u32 written)
{
	u64 want = 1;
	if (load_relaxed(&r->wire.status) != S_OK)
		return ERR_IO;
	if (r->op == DISK_READ)
		for (u32 i = 0; i < r->segment_count; i++)
			want += r->segments[i].bytes;
	return written < want ? ERR_IO : OK;
}

/* Moves what the device has finished to the done list. */
static void collect_locked(struct disk *d)
{
	struct disk_request *r;
	u32 written;
	lock_assert(&d->lock);
	while ((r = virtq_take(&d->queue, &written))) {
		if (r == &d->now) /* at last */
			continue;
		r->result = judge(r, written);
		list_push_back(&d->done, &r->entry);
	}
	fill_queue_locked(d);
}

struct disk_request *disk_done(void)
{
	for (u32 i = 0; i < count_of_disks; i++) {
		struct disk *d = disks[i];
		struct list *n;
		lock(&d->lock);
		if (list_empty(&d->done))
			collect_locked(d);
		n = list_pop(&d->done);
		unlock(&d->lock);
		if (n)
			return list_entry(n, struct disk_request, entry);
	}
	return NULL;
}

/* Boot: d->now to the device, and its answer. A disk that does not answer is not asked again. */
static enum err wait_now(struct disk *d, u32 type)
{
	struct disk_request *r = &d->now;
	u64 since = timer_now(), limit = BOOT_SECONDS * (timer_hz ? timer_hz : 1000000000u);
	enum err e = ERR_IO;
	u32 written = 0;
	bool answered = false;

	lock(&d->lock);
	if (!d->silent && enqueue(d, r, type)) {
		virtq_kick(&d->queue);
		do {
			answered = virtq_take(&d->queue, &written) == r;
		} while (!answered && timer_now() - since < limit);
		d->silent = !answered;
		e = answered ? judge(r, written) : ERR_IO;
	}
	unlock(&d->lock);
	return e;
}

enum err disk_read_now(u32 disk, u64 sector, void *page, u32 bytes)
{
	struct disk *d = disks[disk];
	if (bytes == 0 || bytes > PAGE_SIZE || bytes % DISK_SECTOR || sector >= d->info.sectors ||
	    bytes / DISK_SECTOR > d->info.sectors - sector)
		return ERR_RANGE;
	d->now.op = DISK_READ;
	d->now.sector = sector;
	d->now.segment_count = 1;
	d->now.segments[0] = (struct disk_segment){.pa = va_pa(page), .bytes = bytes};
	return wait_now(d, T_IN);
}

/* 5.2.6.1: 20 bytes, ended by a zero when shorter. */
static void read_serial(struct disk *d)
{
	d->now.op = DISK_READ;
	d->now.segment_count = 1;
	d->now.segments[0] = (struct disk_segment){.pa = va_pa(d->id), .bytes = sizeof(d->id)};
	memset(d->id, 0, sizeof(d->id));
	if (wait_now(d, T_GET_ID) != OK)
		return;
	memcpy(d->info.serial, d->id, sizeof(d->id));
	for (u32 i = 0; i < sizeof(d->id); i++)
		if (d->info.serial[i] && (d->info.serial[i] < ' ' || d->info.serial[i] > '~'))
			d->info.serial[i] = '?'; /* it is printed */
}

static void read_info(struct disk *d, u64 base, u64 features)
{
	struct disk_info *info = &d->info;
	info->sectors = virtio_config64(base, CONFIG_CAPACITY);
	info->readonly = (features & F_RO) != 0;
	info->flush = (features & F_FLUSH) != 0;
	info->discard = (features & F_DISCARD) != 0;
	info->zeroes = (features & F_WRITE_ZEROES) != 0;
	if (info->discard)
		info->max_discard = virtio_config32(base, CONFIG_MAX_DISCARD);
	if (info->zeroes)
		info->max_zeroes = virtio_config32(base, CONFIG_MAX_ZEROES);
}

void disk_start(u64 base, virtio_alloc *alloc)
{
	u64 features, want = F_SEG_MAX | F_RO | F_FLUSH | F_DISCARD | F_WRITE_ZEROES;
	struct disk *d = alloc(this_cpu()->node, sizeof(*d));
	void *page = alloc(this_cpu()->node, PAGE_SIZE);

	if (!d || !page || !virtio_begin(base, want, &features))
		goto refused;
	if ((features & F_SEG_MAX) && virtio_config32(base, CONFIG_SEG_MAX) < DISK_SEGMENTS)
		goto refused;
	if (!virtq_setup(&d->queue, base, 0, VIRTQ_MAX, page) || d->queue.size < DISK_SEGMENTS + 3)
		goto refused;
	lock_init(&d->lock, LOCK_DISK);
	list_init(&d->waiting);
	list_init(&d->done);
	read_info(d, base, features);
	virtio_ready(base);
	read_serial(d);
	disks[count_of_disks++] = d;
	print("disk %u: '%s', %llu MiB%s\n", count_of_disks - 1, d->info.serial,
	      (unsigned long long)(d->info.sectors >> 11), d->info.readonly ? ", read-only" : "");
	return;
refused:
	virtio_give_up(base);
	print("virtio at 0x%llx: disk not used: no memory, or it refuses our features\n",
	      (unsigned long long)base);
}
