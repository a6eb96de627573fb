/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block device of a VM (virtio 1.2, 5.2) over a volume of the machine.
 *
 * A device of the machine never touches a frame that a guest can write: it would have to be
 * pinned, and its content could change while it is shared or moved. So data goes through
 * bounce frames, state FILLING, which are the request's own: a read fills them, then they
 * are copied to the guest; a write copies the guest's data into them, then the disk reads
 * them. A frame may hold leftovers of another VM; the guest gets only what the disk has
 * answered with success and full length.
 *
 * A request is worked off in windows of at most VBLK_WINDOW bytes, one after the other, so
 * that a request of any size needs few frames and each step is short:
 *
 *   NEW ---> MOVE ---> FLYING ---> LANDED ---> DONE ---> (unused)
 *             ^                       |
 *             +---- next window ------+
 *
 *   NEW     just popped: header is read and checked
 *   MOVE    frames are allocated; a write's data is copied in; then it is submitted
 *   FLYING  the machine's disk has it (it is on no list of ours)
 *   LANDED  the disk has answered; a read's data is copied out
 *   DONE    the status byte is written, the chain goes to the used ring
 *
 * All but FLYING may meet memory that is not there, and are then repeated at a later pass.
 * Each state is left only when all its accesses have succeeded. Requests in all states but
 * FLYING are on `todo`, oldest first; when the pool is empty nothing more is popped until
 * something is done.
 *
 * When the driver resets the device, all of that is dropped, and `generation` moves on, so
 * that flying requests end in nothing when they land. Requests of a broken device too.
 */
#include "disk/volume.h"
#include "lib/string.h"
#include "mem/node.h"
#include "vdev/blk.h"

#define F_SEG_MAX BIT(2)
#define F_RO BIT(5)
#define F_BLK_SIZE BIT(6)
#define F_FLUSH BIT(9)
#define F_DISCARD BIT(13)
#define F_WRITE_ZEROES BIT(14)

struct blk_range { /* 5.2.6: of discard and write zeroes */
	u64 sector;
	u32 sectors;
	u32 flags;
};
#define RANGE_UNMAP 1u

struct blk_config { /* 5.2.4 */
	u64 capacity;
	u32 size_max, seg_max;
	u32 geometry;
	u32 blk_size;
	u32 topology[2];
	u8 writeback, unused;
	u16 num_queues;
	u32 max_discard_sectors, max_discard_seg, discard_alignment;
	u32 max_zeroes_sectors, max_zeroes_seg;
	u8 zeroes_may_unmap, zero[3];
	u32 secure_erase; /* not offered; makes it a multiple of 8 bytes */
};
_Static_assert(offsetof(struct blk_config, max_zeroes_sectors) == 48, "5.2.4");
_Static_assert(sizeof(struct blk_config) <= VIRTIO_CONFIG, "fits");

/* What the driver reads about the disk. */
static void fill_config(struct virtio *d, const struct volume *vol)
{
	const struct disk_info *info = disk_info(vol->disk);
	struct blk_config c = {
		.capacity = vol->sectors,
		.seg_max = VCHAIN_SEGS - 2, /* header and status */
		.blk_size = DISK_SECTOR,
	};
	if (d->offered & F_DISCARD) {
		c.max_discard_sectors = info->max_discard;
		c.max_discard_seg = 1;
		c.discard_alignment = 1;
	}
	if (d->offered & F_WRITE_ZEROES) {
		c.max_zeroes_sectors = info->max_zeroes;
		c.max_zeroes_seg = 1;
	}
	memcpy(d->config, &c, sizeof(c));
	d->config_size = sizeof(c);
}

static u64 features_of(const struct volume *vol, bool readonly)
{
	const struct disk_info *info = disk_info(vol->disk);
	u64 f = F_SEG_MAX | F_BLK_SIZE | F_FLUSH;
	if (readonly)
		return f | F_RO;
	if (info->discard)
		f |= F_DISCARD;
	if (info->zeroes)
		f |= F_WRITE_ZEROES;
	return f;
}

enum err vblk_create(struct vm *vm, u32 slot, u32 volume, bool readonly, const char *serial)
{
	const struct volume *vol = &volumes[volume];
	struct virtio *d;
	struct vblk *b;
	enum err e;

	readonly |= vol->readonly;
	e = virtio_create(vm, slot, VIRTIO_BLOCK, features_of(vol, readonly), 1);
	if (e)
		return e;
	d = vm->devs->virtio[slot];
	b = &d->blk;
	b->volume = volume;
	b->readonly = readonly;
	memcpy(b->serial, serial, strnlen(serial, sizeof(b->serial)));
	list_init(&b->unused);
	list_init(&b->todo);
	fill_config(d, vol);
	b->pool = monitor_alloc(vdev_node(vm), VBLK_REQUESTS * sizeof(*b->pool));
	if (!b->pool)
		return ERR_MEMORY;
	for (u32 i = 0; i < VBLK_REQUESTS; i++) {
		b->pool[i].dev = d;
		list_push_back(&b->unused, &b->pool[i].entry);
	}
	return OK;
}

void vblk_free(struct virtio *d)
{
	if (d->blk.pool)
		monitor_free(d->blk.pool, VBLK_REQUESTS * sizeof(*d->blk.pool));
}

/* Back into the pool; its bounce frames to their allocators. On no list. */
static void release(struct vblk_request *r)
{
	for (u32 i = 0; i < r->frame_count; i++)
		node_free(r->frame[i], 0);
	r->frame_count = 0;
	list_push_back(&r->dev->blk.unused, &r->entry);
}

void vblk_forget(struct virtio *d)
{
	struct vblk *b = &d->blk;
	struct list *n;
	b->generation++;
	while ((n = list_pop(&b->todo)))
		release(list_entry(n, struct vblk_request, entry));
}

/* Data of a read or write: whole sectors within the volume. */
static bool range_ok(const struct virtio *d, u64 sector, u64 sectors)
{
	u64 capacity = volumes[d->blk.volume].sectors;
	return sector <= capacity && sectors <= capacity - sector;
}

static void start_data(struct vblk_request *r, const struct blk_header *h)
{
	struct virtio *d = r->dev;
	bool write = h->type == T_OUT;

	vdev_count_add(d->vm, write ? COUNTER_blk_writes : COUNTER_blk_reads, 1);
	r->sector = h->sector;
	r->bytes = write ? r->chain.out_bytes - sizeof(*h) : r->chain.in_bytes - 1;
	if (r->bytes % DISK_SECTOR || !range_ok(d, h->sector, r->bytes / DISK_SECTOR) ||
	    (write && d->blk.readonly))
		vblk_finish(r, S_IOERR);
	else if (r->bytes == 0)
		vblk_finish(r, S_OK);
	else
		r->phase = MOVE;
}

/* 5.2.6.1: the serial, padded with zeroes, as far as the buffer goes. */
static enum err start_id(struct vblk_request *r, struct wait *w)
{
	struct virtio *d = r->dev;
	u64 n = MIN(r->chain.in_bytes - 1, (u64)sizeof(d->blk.serial));
	enum err e = chain_write(&r->chain, &d->vm->p2m, 0, d->blk.serial, n, w);
	if (e)
		return e;
	r->written = n;
	vblk_finish(r, S_OK);
	return OK;
}

/* Discard and write zeroes: one range, checked as 5.2.6.2 says. */
static enum err start_range(struct vblk_request *r, u32 type, struct wait *w)
{
	struct virtio *d = r->dev;
	bool discard = type == T_DISCARD;
	const struct disk_info *info = disk_info(volumes[d->blk.volume].disk);
	u32 most = discard ? info->max_discard : info->max_zeroes;
	struct blk_range range;
	enum err e;

	if (r->chain.out_bytes != sizeof(struct blk_header) + sizeof(range)) {
		vblk_finish(r, S_IOERR);
		return OK;
	}
	e = chain_read(&r->chain, &d->vm->p2m, sizeof(struct blk_header), &range, sizeof(range), w);
	if (e)
		return e;
	vdev_count_add(d->vm, COUNTER_blk_discards, 1);
	if (!(d->offered & (discard ? F_DISCARD : F_WRITE_ZEROES)) ||
	    (range.flags & ~(discard ? 0 : RANGE_UNMAP))) {
		vblk_finish(r, d->blk.readonly ? S_IOERR : S_UNSUPP);
	} else if (range.sectors > most || !range_ok(d, range.sector, range.sectors)) {
		vblk_finish(r, S_IOERR);
	} else {
		r->disk.op = discard ? DISK_DISCARD : DISK_ZERO;
		r->disk.sector = range.sector;
		r->disk.sectors = range.sectors;
		r->disk.segment_count = 0;
		vblk_submit(r);
	}
	return OK;
}

static void start_flush(struct vblk_request *r)
{
	vdev_count_add(r->dev->vm, COUNTER_blk_flushes, 1);
	r->disk.op = DISK_FLUSH;
	r->disk.sector = 0;
	r->disk.sectors = 0;
	r->disk.segment_count = 0;
	vblk_submit(r);
}

/* NEW: what does the driver want? Without header or status byte it is not a request. */
static enum err begin(struct vblk_request *r, struct wait *w)
{
	struct blk_header h;
	enum err e;

	if (r->chain.out_bytes < sizeof(h) || r->chain.in_bytes < 1)
		return ERR_INPUT;
	e = chain_read(&r->chain, &r->dev->vm->p2m, 0, &h, sizeof(h), w);
	if (e)
		return e;
	r->type = h.type;
	switch (h.type) {
	case T_IN:
	case T_OUT:
		start_data(r, &h);
		return OK;
	case T_FLUSH:
		start_flush(r);
		return OK;
	case T_GET_ID:
		return start_id(r, w);
	case T_DISCARD:
	case T_ZEROES:
		return start_range(r, h.type, w);
	default:
		vblk_finish(r, S_UNSUPP);
		return OK;
	}
}

/* DONE: the status is the last byte of the chain's writable part. */
static enum err give_back(struct vblk_request *r, struct wait *w)
{
	struct virtio *d = r->dev;
	u64 last = r->chain.in_bytes - 1;
	u32 written = (u32)MIN(r->written + 1, (u64)~0u);
	enum err e = chain_write(&r->chain, &d->vm->p2m, last, &r->status, 1, w);
	if (e == OK)
		e = ring_push(&d->queue[0], &d->vm->p2m, r->chain.head, written, w);
	if (e)
		return e;
	list_remove(&r->entry);
	release(r);
	return OK;
}

/* Leaves the present state of a request on the todo list. */
static enum err advance(struct vblk_request *r, struct wait *w)
{
	switch (r->phase) {
	case NEW:
		return begin(r, w);
	case MOVE:
		return vblk_move(r, w);
	case LANDED:
		return vblk_land(r, w);
	case DONE:
		return give_back(r, w);
	default:
		return ERR_STATE; /* FLYING is not on the list */
	}
}

/* The next chain of the ring becomes a request at the end of the todo list. */
static enum err pop(struct virtio *d, struct wait *w)
{
	struct vblk *b = &d->blk;
	struct vblk_request *r;
	enum err e;

	if (list_empty(&b->unused))
		return ERR_ABSENT; /* goes on when something is done */
	r = list_entry(b->unused.next, struct vblk_request, entry);
	e = ring_pop(&d->queue[0], &d->vm->p2m, &r->chain, w);
	if (e)
		return e;
	r->phase = NEW;
	r->generation = b->generation;
	r->window = r->copied = 0;
	r->bytes = r->moved = r->written = 0;
	list_remove(&r->entry);
	list_push_back(&b->todo, &r->entry);
	return OK;
}

enum err vblk_pass(struct virtio *d, struct wait *w)
{
	struct vblk *b = &d->blk;

	b->budget = VBLK_COPY;
	for (u32 i = 0; i < VBLK_STEPS; i++) {
		enum err e;
		if (list_empty(&b->todo)) {
			e = pop(d, w);
			if (e)
				return e == ERR_ABSENT ? OK : e;
		}
		e = advance(list_entry(b->todo.next, struct vblk_request, entry), w);
		if (e)
			return e;
	}
	return ERR_BUSY;
}

void vblk_complete(struct disk_request *done)
{
	struct vblk_request *r = container_of(done, struct vblk_request, disk);
	struct virtio *d = r->dev;

	lock(&d->lock);
	d->blk.flying--;
	if (r->generation != d->blk.generation) {
		release(r);
	} else {
		r->phase = LANDED;
		list_push_back(&d->blk.todo, &r->entry);
	}
	virtio_run(d);
	unlock(&d->lock); /* the last touch: see vdev_quiet() */
}
