/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The only way to guest memory.
 *
 * A page that is there is copied under its leaf's lock, which keeps the slot, the state and
 * so the frame what they are; a hold (guest_hold) takes a reference instead, so that I/O can
 * go on without the lock while the guest gives the page back or unshares it. Reads of empty
 * slots give zeros and no frame. Writes make the page present and private first. A range over
 * several pages is made ready page by page before the first byte is written: a WAIT or a
 * shortage then finds nothing changed.
 *
 * Caches: a device model writes like a coherent DMA master. A driver that lets the CPU execute
 * what a device wrote cleans and invalidates itself, as on any machine; so data that goes into
 * a frame of the guest owes nothing but a clean to the point of coherency where some vCPU
 * runs with its caches off and the CPU has no FWB (publish.c).
 *
 * The test mode (guest_wait_test) makes each access wait once, to find handlers with side
 * effects before their last access. A table remembers hashes of pages that waited, each with
 * a number of accesses that then succeed; that number doubles with every wait in its place
 * up to 4096, so a handler with fewer accesses than that always gets through, and colliding
 * pages use up each other's number instead of waiting.
 */
#include "mem/guest.h"

#include "arm64/atomic.h"
#include "lib/percpu.h"
#include "lib/string.h"
#include "mem/fault.h"

#define WAITED 256u
#define WAITED_FIRST 8u
#define WAITED_MOST 4096u

bool guest_wait_test;

static struct {
	u32 left;  /* accesses that succeed before the next wait */
	u32 allow; /* what `left` started with */
} waited[WAITED];

/* The test mode's answer for an access to `g`: true: wait. */
static bool must_wait(const struct p2m *m, struct gfn g, struct wait *w)
{
	w->cause = WAIT_NONE;
	w->frame = PFN_NONE;
	if (likely(!guest_wait_test))
		return false;
	u64 i = frame_print(pfn_of(g.v ^ (u64)m->vmid << 40)) % WAITED;
	u32 left = load_relaxed(&waited[i].left);
	if (left) {
		store_relaxed(&waited[i].left, left - 1);
		return false;
	}
	waited[i].allow = waited[i].allow ? MIN(waited[i].allow * 2, WAITED_MOST) : WAITED_FIRST;
	store_relaxed(&waited[i].left, waited[i].allow);
	w->cause = WAIT_TEST;
	count(COUNTER_waits);
	return true;
}

/* Makes `g` present (and private) without a wait; OK: its leaf is locked. */
static enum err page_present(struct p2m *m, struct gfn g, bool write, struct frame **leaf)
{
	struct gift gift;
	enum err e;

	do
		e = fault_present(m, this_cpu()->node, g, write, leaf, &gift);
	while (e == ERR_BUSY); /* given back meanwhile: each round, the guest did something */
	return e;
}

/* The same after the checks that every access has. */
static enum err page_ready(struct p2m *m, struct gfn g, bool write, struct frame **leaf,
			   struct wait *w)
{
	const struct p2m_range *r = p2m_range_of(m, g);

	if (!r || (write && r->readonly))
		return ERR_RANGE;
	if (must_wait(m, g, w))
		return ERR_WAIT;
	return page_present(m, g, write, leaf);
}

/* Reads within one page. */
static enum err read_page(struct p2m *m, struct ipa from, void *to, size_t n, struct wait *w)
{
	struct gfn g = ipa_gfn(from);

	if (!p2m_is_memory(m, g))
		return ERR_RANGE;
	if (must_wait(m, g, w))
		return ERR_WAIT;
	struct frame *leaf = p2m_leaf(m, g);
	u64 slot = SLOT_EMPTY;
	if (leaf) {
		lock(&leaf->lock);
		slot = leaf_slots(leaf)[leaf_index(g)];
	}
	if (SLOT_KIND(slot) == SLOT_EMPTY)
		memset(to, 0, n);
	else
		memcpy(to, (const char *)pfn_va(SLOT_PFN(slot)) + from.v % PAGE_SIZE, n);
	if (leaf)
		unlock(&leaf->lock);
	return OK;
}

/* Bytes of [a, a + n) in a's page. */
static size_t in_page(struct ipa a, size_t n)
{
	return MIN(n, PAGE_SIZE - a.v % PAGE_SIZE);
}

/* True when a range ends inside the IPA space. */
static bool fits(struct ipa a, size_t n)
{
	u64 all = P2M_GFNS << PAGE_SHIFT;
	return a.v < all && n <= all - a.v;
}

enum err guest_read(struct p2m *m, struct ipa from, void *to, size_t n, struct wait *w)
{
	if (!fits(from, n))
		return ERR_RANGE;
	while (n) {
		size_t now = in_page(from, n);
		enum err e = read_page(m, from, to, now, w);
		if (e != OK)
			return e;
		from.v += now;
		to = (char *)to + now;
		n -= now;
	}
	return OK;
}

/* Writes within one page, present and private, and unlocks its leaf. */
static void write_page(struct p2m *m, struct frame *leaf, struct ipa to, const void *from, size_t n)
{
	struct pfn p = SLOT_PFN(leaf_slots(leaf)[leaf_index(ipa_gfn(to))]);
	char *va = (char *)pfn_va(p) + to.v % PAGE_SIZE;

	frame_written(p);
	memcpy(va, from, n);
	frame_publish_data(p, va, n, load_relaxed(&m->caches_off_seen));
	unlock(&leaf->lock);
}

enum err guest_write(struct p2m *m, struct ipa to, const void *from, size_t n, struct wait *w)
{
	struct frame *leaf;
	enum err e = OK;

	if (!fits(to, n))
		return ERR_RANGE;
	bool one = in_page(to, n) == n;
	for (size_t at = 0, now; at < n; at += now) {
		struct ipa a = ipa_of(to.v + at);
		now = in_page(a, n - at);
		e = page_ready(m, ipa_gfn(a), true, &leaf, w);
		if (e != OK)
			return e;
		if (one)
			write_page(m, leaf, a, from, n);
		else
			unlock(&leaf->lock);
	}
	for (size_t at = 0, now; !one && at < n; at += now) {
		struct ipa a = ipa_of(to.v + at);
		now = in_page(a, n - at);
		/* Fails only if the guest gave the page back meanwhile, and memory is out. */
		e = page_present(m, ipa_gfn(a), true, &leaf);
		if (e != OK)
			return e;
		write_page(m, leaf, a, (const char *)from + at, now);
	}
	return OK;
}

enum err guest_hold(struct p2m *m, struct gfn g, bool write, struct hold *h, struct wait *w)
{
	struct frame *leaf;
	enum err e = page_ready(m, g, write, &leaf, w);

	if (e != OK)
		return e;
	h->frame = SLOT_PFN(leaf_slots(leaf)[leaf_index(g)]);
	h->va = pfn_va(h->frame);
	h->write = write;
	h->caches_off = load_relaxed(&m->caches_off_seen);
	frame_get(h->frame);
	if (write)
		frame_written(h->frame);
	unlock(&leaf->lock);
	return OK;
}

void guest_release(struct hold *h)
{
	if (h->write && h->caches_off)
		frame_publish(h->frame, 1); /* perhaps a kernel that starts: instructions too */
	else if (h->write)
		frame_publish_data(h->frame, h->va, PAGE_SIZE, false);
	frame_put(h->frame);
	h->va = NULL;
}
