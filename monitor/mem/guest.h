/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The only way to guest memory. Any of these may answer ERR_WAIT: then nothing has changed
 * and the whole handler must be repeated later from its start; so a handler holds all it
 * needs before its first side effect. ERR_RANGE: not (all) guest memory, or ROM written:
 * the guest's mistake. ERR_MEMORY: the machine has no frame for it.
 */
#ifndef MEM_GUEST_H
#define MEM_GUEST_H

#include "mem/p2m.h"

/* Copies n bytes from or to guest memory; a range may cross pages. */
must_check
enum err guest_read(struct p2m *m, struct ipa from, void *to, size_t n, struct wait *w);
must_check
enum err guest_write(struct p2m *m, struct ipa to, const void *from, size_t n, struct wait *w);

/* One guest page, present and referenced until it is released. */
struct hold {
	void *va; /* of the page */
	struct pfn frame;
	bool write;
	bool caches_off; /* the VM's caches_off_seen: publish in full */
};
/*
 * Holds the page of `g`; with `write` it is private (unshared first) and may be written
 * through `va` until the release. Content written so is published on release.
 */
must_check
enum err guest_hold(struct p2m *m, struct gfn g, bool write, struct hold *h, struct wait *w);
void guest_release(struct hold *h);

/* Test mode: accesses wait before they succeed, again and again, but never for ever. */
extern bool guest_wait_test;

#endif
