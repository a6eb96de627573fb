/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading a device tree node by node against tables of what is allowed, with one line to
 * the log for each fault. Used by config.c, which holds the schema.
 */
#ifndef CONTROL_READER_H
#define CONTROL_READER_H

#include "lib/types.h"

struct reader {
	const void *fdt;
	u32 faults;
	char path[96]; /* of the node being read: "vms/a/disks/disk@0"; "" for the root */
};

/* A property that a node may have. */
struct property {
	const char *name;
	bool required;
};

/* A walk over the properties of one node. */
struct walk {
	const struct property *known;
	u32 known_count;
	u64 seen; /* bits by index in known[] */
	int node;
	int offset; /* of the present property; negative: before the first */
	/* the present property */
	u32 index; /* in known[] */
	const char *data;
	u32 length;
};

/* Counts a fault and prints it; `what` (may be NULL) is a property or child of the node. */
__attribute__((format(printf, 3, 4))) void reader_fault(struct reader *r, const char *what,
							const char *format, ...);
/* Goes down to a child node, and back up: returns what reader_up() wants. */
size_t reader_down(struct reader *r, const char *child);
void reader_up(struct reader *r, size_t mark);

void walk_begin(struct walk *w, int node, const struct property *known, u32 count);
/*
 * The next known property; false behind the last. Unknown and repeated ones are faults and
 * passed over; at the end, so are required ones that did not come.
 */
must_check
bool walk_next(struct reader *r, struct walk *w);

/* The value of the present property; a fault and false when it has another form. */
must_check
bool walk_u32(struct reader *r, const struct walk *w, u32 min, u32 max, u32 *to);
must_check
bool walk_u64(struct reader *r, const struct walk *w, u64 *to);
/* A text of min to max bytes, its zero not counted. */
must_check
bool walk_text(struct reader *r, const struct walk *w, u32 min, u32 max, const char **to);
must_check
bool walk_flag(struct reader *r, const struct walk *w);
/* One of two words: true for the first. */
must_check
bool walk_choice(struct reader *r, const struct walk *w, const char *yes, const char *no, bool *to);

/* A name as abi/config.h wants them (CFG_NAME_MAX). */
bool name_is_good(const char *name);

#endif
