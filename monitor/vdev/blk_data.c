/* SPDX-License-Identifier: BSD-2-Clause */
/* The data of block requests: bounce frames, windows, the machine's disk (see blk.c). */
#include "mem/node.h"
#include "vdev/blk.h"

void vblk_finish(struct vblk_request *r, enum blk_status status)
{
	if (status != S_OK)
		vdev_count_add(r->dev->vm, COUNTER_blk_errors, 1);
	r->status = (u8)status;
	r->phase = DONE;
}

void vblk_submit(struct vblk_request *r)
{
	struct vblk *b = &r->dev->blk;
	list_remove(&r->entry);
	r->phase = FLYING;
	b->flying++;
	if (volume_submit(&volumes[b->volume], &r->disk) == OK)
		return;
	b->flying--;
	vblk_finish(r, S_IOERR);
	list_push_front(&b->todo, &r->entry);
}

/*
 * Bounce frames for the rest of the request, as many as a window may have; fewer when the
 * machine is short of them, and a wait when there is none at all.
 */
static enum err get_frames(struct vblk_request *r, struct wait *w)
{
	u64 want = MIN(ALIGN_UP(r->bytes, PAGE_SIZE) >> PAGE_SHIFT, (u64)VBLK_FRAMES);
	u32 node = vdev_node(r->dev->vm);
	while (r->frame_count < want) {
		struct pfn p = node_alloc(node, 0, FRAME_FILLING, 0);
		if (pfn_is_none(p))
			break;
		r->frame[r->frame_count++] = p;
	}
	if (r->frame_count)
		return OK;
	*w = (struct wait){.cause = WAIT_FRAME, .frame = PFN_NONE};
	return ERR_WAIT;
}

/*
 * Copies the window between its frames and the guest's buffers, `at` bytes into them, in
 * pieces of at most a page; goes on where the last pass had to stop.
 */
static enum err copy_window(struct vblk_request *r, bool to_guest, u64 at, struct wait *w)
{
	struct p2m *m = &r->dev->vm->p2m;
	u32 *budget = &r->dev->blk.budget;

	while (r->copied < r->window) {
		u32 n = MIN(r->window - r->copied, (u32)PAGE_SIZE);
		void *va = pfn_va(r->frame[r->copied >> PAGE_SHIFT]);
		enum err e;
		if (*budget < n)
			return ERR_BUSY;
		e = to_guest ? chain_write(&r->chain, m, at + r->copied, va, n, w)
			     : chain_read(&r->chain, m, at + r->copied, va, n, w);
		if (e)
			return e;
		r->copied += n;
		*budget -= n;
	}
	return OK;
}

/* The window's frames as segments; neighbours become one. */
static void fill_segments(struct vblk_request *r)
{
	struct disk_request *q = &r->disk;
	struct disk_segment *s = NULL;

	q->segment_count = 0;
	for (u32 i = 0; i * PAGE_SIZE < r->window; i++) {
		struct pa pa = pfn_pa(r->frame[i]);
		u32 n = (u32)MIN(r->window - i * PAGE_SIZE, PAGE_SIZE);
		if (s && s->pa.v + s->bytes == pa.v) {
			s->bytes += n;
			continue;
		}
		s = &q->segments[q->segment_count++];
		*s = (struct disk_segment){.pa = pa, .bytes = n};
	}
}

enum err vblk_move(struct vblk_request *r, struct wait *w)
{
	bool write = r->type == T_OUT;
	enum err e;

	if (r->window == 0) {
		e = get_frames(r, w);
		if (e)
			return e;
		r->window = (u32)MIN(r->bytes - r->moved, r->frame_count * PAGE_SIZE);
	}
	if (write) {
		e = copy_window(r, false, sizeof(struct blk_header) + r->moved, w);
		if (e)
			return e;
	}
	r->disk.op = write ? DISK_WRITE : DISK_READ;
	r->disk.sector = r->sector + r->moved / DISK_SECTOR;
	r->disk.sectors = r->window / DISK_SECTOR;
	fill_segments(r);
	r->copied = 0;
	vblk_submit(r);
	return OK;
}

enum err vblk_land(struct vblk_request *r, struct wait *w)
{
	struct vm *vm = r->dev->vm;

	if (r->disk.result != OK) {
		vblk_finish(r, S_IOERR);
		return OK;
	}
	if (r->type == T_IN) {
		enum err e = copy_window(r, true, r->moved, w);
		if (e)
			return e;
		r->written += r->window;
		vdev_count_add(vm, COUNTER_blk_read_bytes, r->window);
	} else if (r->type == T_OUT) {
		vdev_count_add(vm, COUNTER_blk_written_bytes, r->window);
	}
	r->moved += r->window;
	r->window = r->copied = 0;
	if (r->moved < r->bytes)
		r->phase = MOVE;
	else
		vblk_finish(r, S_OK);
	return OK;
}
