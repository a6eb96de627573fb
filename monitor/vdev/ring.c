/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Split virtqueues, device side (virtio 1.2, 2.7).
 *
 * A queue is three arrays in guest memory. The driver writes descriptors (buffers, linked
 * into chains) and puts the head of each chain into the available ring; the device takes
 * heads in order and puts each, when done, into the used ring. Both rings have an index that
 * only grows (modulo 2^16) and is written last.
 *
 * Nothing of it can be trusted. The guest may change all of it at any time on another CPU,
 * point it outside its memory, link it into a loop. Hence:
 *
 *   - A value is read once, into a variable of ours, then checked, then used.
 *   - A chain is copied into a struct vchain in one go; from then on the descriptors are not
 *     looked at again. The number of hops is bounded by the table's size and by VCHAIN_SEGS;
 *     one indirect table ends a chain, and holds no further one (2.7.5.3).
 *   - Addresses of buffers are checked when they are used: guest_read() and guest_write()
 *     answer ERR_RANGE for what is not this guest's memory.
 *   - An index that runs ahead by more than the queue's size is malformed.
 *
 * Any access may answer ERR_WAIT (mem/guest.h). Then the function has changed neither the
 * struct vqueue nor anything that the driver may look at, and is called again later. Two
 * places need care. ring_push() writes the used element before the index: an element behind
 * the index is not there yet for the driver, so writing it twice does no harm. The question
 * whether the driver wants an interrupt can only be asked after the index was written, so
 * "news" remembers that it is open; ring_notify() answers it, perhaps at a later pass.
 *
 * The indices and event words are accessed as single 16-bit words through a held page, since
 * a copy routine may go byte by byte, and half an index is a wrong one. What orders them:
 *
 *   driver: chain, then avail->idx	device: avail->idx (acquire), then chain
 *   device: used element, then used->idx (release)
 *   device: used->idx, fence, used_event	driver: used_event, fence, used->idx
 *   device: avail_event, fence, avail->idx	driver: avail->idx, fence, avail_event
 *
 * In the last two each side writes its own word and then reads the other's, so at least one
 * of them sees the other's news: no interrupt and no kick is lost.
 *
 * Example: a queue of 4, next_avail = 7, avail->idx = 8: ring[7 % 4] = ring[3] names head 2;
 * descriptors 2 -> 0 -> 3 become outs = 1, ins = 2; next_avail = 8. When the request is done,
 * used ring[next_used % 4] = {2, bytes}, used->idx = next_used + 1.
 */
#include "vdev/ring.h"

#include "arm64/atomic.h"
#include "lib/string.h"

#define DESC_NEXT 1u
#define DESC_WRITE 2u
#define DESC_INDIRECT 4u
#define AVAIL_NO_INTERRUPT 1u

/* Offsets in the available ring: flags, idx, ring[size], used_event (2.7.6). */
#define AVAIL_FLAGS 0u
#define AVAIL_IDX 2u
#define AVAIL_RING 4u
/* In the used ring: flags, idx, ring[size] of 8 bytes, avail_event (2.7.8). */
#define USED_IDX 2u
#define USED_RING 4u

#define ADDR_LIMIT (1ull << 52) /* beyond any guest memory: sums do not overflow */

struct descriptor {
	u64 addr;
	u32 len;
	u16 flags;
	u16 next;
};
_Static_assert(sizeof(struct descriptor) == 16, "2.7.5");

struct used_element {
	u32 id;
	u32 len;
};

void ring_reset(struct vqueue *q)
{
	memset(q, 0, offsetof(struct vqueue, chain));
}

/* Sizes and alignments of 2.7 and 4.2.2.2; they also keep each index within a page. */
bool ring_enable(struct vqueue *q)
{
	if (q->size == 0 || q->size > VRING_MAX || (q->size & (q->size - 1)))
		return false;
	if (!IS_ALIGNED(q->desc, 16u) || !IS_ALIGNED(q->avail, 2u) || !IS_ALIGNED(q->used, 4u))
		return false;
	if (q->desc >= ADDR_LIMIT || q->avail >= ADDR_LIMIT || q->used >= ADDR_LIMIT)
		return false;
	q->next_avail = q->next_used = q->told_used = 0;
	q->armed = q->news = q->active = false;
	q->ready = true;
	return true;
}

static u16 *word_in(const struct hold *h, u64 at)
{
	return (void *)((char *)h->va + (at & (PAGE_SIZE - 1)));
}

/* One aligned word that the guest may be writing right now; acquires what came before it. */
static enum err word_load(struct p2m *m, u64 at, u16 *value, struct wait *w)
{
	struct hold h;
	enum err e = guest_hold(m, ipa_gfn(ipa_of(at)), false, &h, w);
	if (e)
		return e;
	*value = load_acquire(word_in(&h, at));
	guest_release(&h);
	return OK;
}

/* One aligned word that the guest may be reading right now; releases what came before. */
static enum err word_store(struct p2m *m, u64 at, u16 value, struct wait *w)
{
	struct hold h;
	enum err e = guest_hold(m, ipa_gfn(ipa_of(at)), true, &h, w);
	if (e)
		return e;
	store_release(word_in(&h, at), value);
	guest_release(&h);
	return OK;
}

/* Adds one descriptor to the chain; buffers to read come first (2.7.4.2). */
static enum err chain_add(struct vchain *c, const struct descriptor *d)
{
	u32 n = (u32)c->outs + c->ins;
	if (n == VCHAIN_SEGS || d->len == 0 || d->addr >= ADDR_LIMIT)
		return ERR_INPUT;
	if (d->flags & DESC_WRITE) {
		c->ins++;
		c->in_bytes += d->len;
	} else if (c->ins == 0) {
		c->outs++;
		c->out_bytes += d->len;
	} else {
		return ERR_INPUT;
	}
	c->seg[n] = (struct vseg){.addr = d->addr, .len = d->len};
	return OK;
}

/* A table of descriptors: the queue's own, or an indirect one. */
struct table {
	u64 addr;
	u32 entries;
	bool indirect;
};

/* The descriptor `d` of the queue's table stands for a table of its own (2.7.5.3). */
static enum err enter_indirect(const struct vqueue *q, struct table *t, const struct descriptor *d)
{
	u32 size = (u32)sizeof(*d);
	if (!q->indirect || t->indirect || (d->flags & DESC_NEXT) || d->addr >= ADDR_LIMIT)
		return ERR_INPUT;
	if (d->len == 0 || d->len % size || d->len / size > q->size)
		return ERR_INPUT;
	*t = (struct table){.addr = d->addr, .entries = d->len / size, .indirect = true};
	return OK;
}

/* Copies the chain that starts at `head` into *c. */
static enum err chain_walk(const struct vqueue *q, struct p2m *m, u16 head, struct vchain *c,
			   struct wait *w)
{
	struct table t = {.addr = q->desc, .entries = q->size};
	u32 index = head, hops = 0;

	c->head = head;
	c->outs = c->ins = 0;
	c->out_bytes = c->in_bytes = 0;
	for (;;) {
		struct descriptor d;
		enum err e;
		if (index >= t.entries || hops++ == t.entries)
			return ERR_INPUT; /* wild, or a loop */
		e = guest_read(m, ipa_of(t.addr + 16ull * index), &d, sizeof(d), w);
		if (e)
			return e;
		if (d.flags & DESC_INDIRECT) {
			e = enter_indirect(q, &t, &d);
			index = hops = 0;
		} else {
			e = chain_add(c, &d);
			if (e == OK && !(d.flags & DESC_NEXT))
				return OK;
			index = d.next;
		}
		if (e)
			return e;
	}
}

/*
 * How many chains the driver has ready, in *count. None: asks it to kick for the next one
 * and looks again, since it may have come between (2.7.7.2, 2.7.10).
 */
static enum err available(struct vqueue *q, struct p2m *m, u16 *count, struct wait *w)
{
	u16 idx;
	enum err e = word_load(m, q->avail + AVAIL_IDX, &idx, w);
	if (e)
		return e;
	if (idx == q->next_avail && q->event_idx && !(q->armed && q->armed_at == idx)) {
		u64 event = q->used + USED_RING + 8ull * q->size;
		e = word_store(m, event, q->next_avail, w);
		if (e)
			return e;
		fence_full(); /* avail_event before avail->idx */
		e = word_load(m, q->avail + AVAIL_IDX, &idx, w);
		if (e)
			return e;
		q->armed = true;
		q->armed_at = q->next_avail;
	}
	*count = (u16)(idx - q->next_avail);
	return *count > q->size ? ERR_INPUT : OK;
}

enum err ring_pop(struct vqueue *q, struct p2m *m, struct vchain *c, struct wait *w)
{
	u16 count, head;
	u64 at;
	enum err e;

	if (!q->ready)
		return ERR_ABSENT;
	e = available(q, m, &count, w);
	if (e)
		return e;
	if (count == 0)
		return ERR_ABSENT;
	at = q->avail + AVAIL_RING + 2ull * (q->next_avail & (q->size - 1));
	e = guest_read(m, ipa_of(at), &head, sizeof(head), w);
	if (e)
		return e;
	if (head >= q->size)
		return ERR_INPUT;
	e = chain_walk(q, m, head, c, w);
	if (e)
		return e;
	q->next_avail++;
	return OK;
}

enum err ring_next(struct vqueue *q, struct p2m *m, struct wait *w)
{
	enum err e;
	if (q->active)
		return OK;
	e = ring_pop(q, m, &q->chain, w);
	if (e)
		return e;
	q->active = true;
	q->progress = 0;
	return OK;
}

enum err ring_push(struct vqueue *q, struct p2m *m, u16 head, u32 written, struct wait *w)
{
	struct used_element u = {.id = head, .len = written};
	u64 at = q->used + USED_RING + sizeof(u) * (q->next_used & (q->size - 1));
	enum err e = guest_write(m, ipa_of(at), &u, sizeof(u), w);
	if (e)
		return e;
	e = word_store(m, q->used + USED_IDX, (u16)(q->next_used + 1), w);
	if (e)
		return e;
	q->next_used++;
	q->news = true;
	return OK;
}

enum err ring_notify(struct vqueue *q, struct p2m *m, bool *interrupt, struct wait *w)
{
	u64 at = q->avail + (q->event_idx ? AVAIL_RING + 2ull * q->size : AVAIL_FLAGS);
	u16 word;
	enum err e;

	*interrupt = false;
	if (!q->news || !q->ready)
		return OK;
	fence_full(); /* used->idx before used_event or flags */
	e = word_load(m, at, &word, w);
	if (e)
		return e;
	if (q->event_idx) /* did next_used pass word + 1 since the last time? (2.7.7.1) */
		*interrupt = (u16)(q->next_used - word - 1) < (u16)(q->next_used - q->told_used);
	else
		*interrupt = !(word & AVAIL_NO_INTERRUPT);
	q->told_used = q->next_used;
	q->news = false;
	return OK;
}

/* Copies one way between memory of ours and `count` buffers, from byte `offset` of them. */
static enum err seg_copy(const struct vseg *seg, u32 count, struct p2m *m, u64 offset, void *to,
			 const void *from, size_t n, struct wait *w)
{
	for (u32 i = 0; i < count && n; i++) {
		size_t part;
		struct ipa at;
		enum err e;
		if (offset >= seg[i].len) {
			offset -= seg[i].len;
			continue;
		}
		part = MIN(n, (size_t)(seg[i].len - offset));
		at = ipa_of(seg[i].addr + offset);
		e = to ? guest_read(m, at, to, part, w) : guest_write(m, at, from, part, w);
		if (e)
			return e;
		if (to)
			to = (char *)to + part;
		else
			from = (const char *)from + part;
		n -= part;
		offset = 0;
	}
	return n ? ERR_INPUT : OK;
}

enum err chain_read(const struct vchain *c, struct p2m *m, u64 offset, void *to, size_t n,
		    struct wait *w)
{
	return seg_copy(c->seg, c->outs, m, offset, to, NULL, n, w);
}

enum err chain_write(const struct vchain *c, struct p2m *m, u64 offset, const void *from, size_t n,
		     struct wait *w)
{
	return seg_copy(c->seg + c->outs, c->ins, m, offset, NULL, from, n, w);
}
