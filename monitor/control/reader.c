/* SPDX-License-Identifier: BSD-2-Clause */
/* See reader.h. */
#include "control/reader.h"

#include <libfdt_quiet.h>

#include "abi/config.h"
#include "lib/print.h"
#include "lib/string.h"

void reader_fault(struct reader *r, const char *what, const char *format, ...)
{
	char text[160];
	va_list args;

	va_start(args, format);
	format_args(text, sizeof(text), format, args);
	va_end(args);
	r->faults++;
	print("config: %s%s%s: %s\n", r->path, *r->path && what ? "/" : "",
	      what       ? what
	      : *r->path ? ""
			 : "/",
	      text);
}

size_t reader_down(struct reader *r, const char *child)
{
	size_t mark = strlen(r->path);

	format_text(r->path + mark, sizeof(r->path) - mark, "%s%s", mark ? "/" : "", child);
	return mark;
}

void reader_up(struct reader *r, size_t mark)
{
	r->path[mark] = 0;
}

void walk_begin(struct walk *w, int node, const struct property *known, u32 count)
{
	*w = (struct walk){.known = known, .known_count = count, .node = node, .offset = -1};
}

static void report_missing(struct reader *r, const struct walk *w)
{
	for (u32 i = 0; i < w->known_count; i++)
		if (w->known[i].required && !(w->seen & BIT(i)))
			reader_fault(r, w->known[i].name, "is missing");
}

/* Finds the present property in the table; false: it is a fault. */
static bool match(struct reader *r, struct walk *w, const char *name)
{
	for (u32 i = 0; i < w->known_count; i++) {
		if (strcmp(name, w->known[i].name) != 0)
			continue;
		if (w->seen & BIT(i)) {
			reader_fault(r, name, "is given twice");
			return false;
		}
		w->seen |= BIT(i);
		w->index = i;
		return true;
	}
	reader_fault(r, name, "unknown property");
	return false;
}

bool walk_next(struct reader *r, struct walk *w)
{
	for (;;) {
		const char *name;
		int length;

		w->offset = w->offset < 0 ? fdt_first_property_offset(r->fdt, w->node)
					  : fdt_next_property_offset(r->fdt, w->offset);
		if (w->offset < 0) {
			report_missing(r, w);
			return false;
		}
		w->data = fdt_getprop_by_offset(r->fdt, w->offset, &name, &length);
		if (!w->data) {
			reader_fault(r, NULL, "unreadable property");
			continue;
		}
		w->length = (u32)length;
		if (match(r, w, name))
			return true;
	}
}

static void walk_fault(struct reader *r, const struct walk *w, const char *text)
{
	reader_fault(r, w->known[w->index].name, "%s", text);
}

bool walk_u32(struct reader *r, const struct walk *w, u32 min, u32 max, u32 *to)
{
	u32 value;

	if (w->length != 4) {
		walk_fault(r, w, "is not a number of one cell");
		return false;
	}
	value = fdt32_ld((const fdt32_t *)(const void *)w->data);
	if (value < min || value > max) {
		reader_fault(r, w->known[w->index].name, "%u is outside %u..%u", value, min, max);
		return false;
	}
	*to = value;
	return true;
}

bool walk_u64(struct reader *r, const struct walk *w, u64 *to)
{
	if (w->length != 8) {
		walk_fault(r, w, "is not a number of two cells");
		return false;
	}
	*to = fdt64_ld((const fdt64_t *)(const void *)w->data);
	return true;
}

bool walk_text(struct reader *r, const struct walk *w, u32 min, u32 max, const char **to)
{
	if (w->length == 0 || strnlen(w->data, w->length) != w->length - 1) {
		walk_fault(r, w, "is not one text");
		return false;
	}
	if (w->length - 1 < min || w->length - 1 > max) {
		reader_fault(r, w->known[w->index].name, "has %u characters, allowed: %u..%u",
			     w->length - 1, min, max);
		return false;
	}
	*to = w->data;
	return true;
}

bool walk_flag(struct reader *r, const struct walk *w)
{
	if (w->length == 0)
		return true;
	walk_fault(r, w, "is a flag and has no value");
	return false;
}

bool walk_choice(struct reader *r, const struct walk *w, const char *yes, const char *no, bool *to)
{
	const char *text;

	if (!walk_text(r, w, 1, 64, &text))
		return false;
	if (strcmp(text, yes) != 0 && strcmp(text, no) != 0) {
		reader_fault(r, w->known[w->index].name, "'%s' is neither '%s' nor '%s'", text, yes,
			     no);
		return false;
	}
	*to = strcmp(text, yes) == 0;
	return true;
}

bool name_is_good(const char *name)
{
	size_t n = strnlen(name, CFG_NAME_MAX + 1);

	if (n == 0 || n > CFG_NAME_MAX || *name == '-' || *name == '_')
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = name[i], lower = (char)(c | 0x20);
		bool letter = lower >= 'a' && lower <= 'z';

		if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '_')
			return false;
	}
	return true;
}
