/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading a YAML file by a table of its fields. A `struct field` is one value and its path
 * ("vms.a.vcpus"); a map is read by a list of `struct field_spec`; each reader notes what is
 * wrong with its own value and the rest goes on, so that one pass finds all faults.
 */
#ifndef TOOL_YAMLDOC_H
#define TOOL_YAMLDOC_H

#include "faults.h"

#include <yaml.h>

#define FIELD_PATH_MAX 200

struct ydoc {
	yaml_document_t doc;
	bool loaded;
	struct faults *faults;
};

/* One value of the file. */
struct field {
	struct ydoc *doc;
	const yaml_node_t *node;
	struct mark mark;
	char path[FIELD_PATH_MAX];
};

/* One name that a map may have, and who reads its value into `out` of map_read(). */
struct field_spec {
	const char *name;
	void (*read)(const struct field *field, void *out);
	bool required;
};

/** Parse `size` bytes of text; faults go to `faults`. False when there is no document. */
bool ydoc_load(struct ydoc *doc, const char *text, size_t size, struct faults *faults);

/** Release the document. */
void ydoc_free(struct ydoc *doc);

/** The document's top value. */
struct field ydoc_root(struct ydoc *doc);

/**
 * Read a map whose names are all in `specs` (ends with a NULL name), in the order of `specs`.
 * Unknown, repeated and missing names are faults.
 */
void map_read(const struct field *map, const struct field_spec *specs, void *out);

/** Call `read` for each entry of a map with names of the user's choice, in file order. */
void map_each(const struct field *map, const char *what,
	      void (*read)(const struct field *key, const struct field *value, void *out),
	      void *out);

/** Number of items if the field is a list, else -1. */
int list_count(const struct field *field);

/** Item `index` of a list. */
struct field list_item(const struct field *list, int index);

/** The text of a plain value, or NULL for lists, maps and text with zero bytes. */
const char *field_peek(const struct field *field);

/** Like field_peek(); if there is none, notes the fault "... is not WHAT" and returns NULL. */
const char *field_text(const struct field *field, const char *what);

/** Read a whole number from `min` to `max`. */
bool field_number(const struct field *field, uint64_t min, uint64_t max, uint64_t *out);

/** Read a size like 512M from `min` to `max`, a multiple of `align`. */
bool field_size(const struct field *field, uint64_t min, uint64_t max, uint64_t align,
		uint64_t *out);

/** Read true or false. */
bool field_bool(const struct field *field, bool *out);

/** Read one of `names` (ends with NULL); `out` gets its index. */
bool field_choice(const struct field *field, const char *const *names, unsigned int *out);

/** Check a name of ours: letters, digits, '-', '_', first a letter or digit, CFG_NAME_MAX. */
bool field_name(const struct field *field, const char **out);

/** True if `name` obeys the rule of field_name(). */
bool name_valid(const char *name);

/** Note a fault at the field's place. */
#define field_fault(field, ...) \
	fault_add((field)->doc->faults, (field)->mark, (field)->path, __VA_ARGS__)

/** Note a warning at the field's place. */
#define field_warn(field, ...) \
	fault_warn((field)->doc->faults, (field)->mark, (field)->path, __VA_ARGS__)

#endif
