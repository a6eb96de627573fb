/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Members of a newc cpio archive (the format of `cpio -H newc` and of Linux's initramfs).
 * A member is a header of 110 characters (a magic and 13 numbers of 8 hexadecimal digits),
 * the name with its zero, and the data; name and data end on a multiple of 4. A member
 * named TRAILER!!! ends the archive.
 */
#include "lib/cpio.h"

#include "lib/string.h"

#define CPIO_HEADER 110u
#define CPIO_FILESIZE 54u /* offsets of the two numbers that we need */
#define CPIO_NAMESIZE 94u
#define CPIO_TRAILER "TRAILER!!!"

struct member {
	const char *name; /* ends with a zero */
	const u8 *data;
	size_t length;
	size_t next; /* offset of the next header */
};

/* Eight hexadecimal digits; false when there is another character. */
static bool read_hex(const u8 *p, u32 *to)
{
	u32 value = 0;

	for (u32 i = 0; i < 8; i++) {
		u8 c = p[i], lower = c | 0x20;
		u32 digit;

		if (c >= '0' && c <= '9')
			digit = (u32)c - '0';
		else if (lower >= 'a' && lower <= 'f')
			digit = (u32)lower - 'a' + 10;
		else
			return false;
		value = value << 4 | digit;
	}
	*to = value;
	return true;
}

/* Reads the member whose header is at `at`; false when it is not one, or not all there. */
static bool read_member(const u8 *archive, size_t size, size_t at, struct member *m)
{
	u32 name_size, data_size;
	size_t data_at;

	if (at > size || size - at < CPIO_HEADER)
		return false;
	if (memcmp(archive + at, "070701", 6) != 0 && memcmp(archive + at, "070702", 6) != 0)
		return false;
	if (!read_hex(archive + at + CPIO_FILESIZE, &data_size) ||
	    !read_hex(archive + at + CPIO_NAMESIZE, &name_size))
		return false;
	if (name_size == 0 || name_size > size - at - CPIO_HEADER)
		return false;
	m->name = (const char *)archive + at + CPIO_HEADER;
	if (strnlen(m->name, name_size) != name_size - 1)
		return false;
	data_at = ALIGN_UP(at + CPIO_HEADER + name_size, (size_t)4);
	if (data_at > size || data_size > size - data_at)
		return false;
	m->data = archive + data_at;
	m->length = data_size;
	m->next = ALIGN_UP(data_at + data_size, (size_t)4);
	return true;
}

enum err cpio_find(const void *archive, size_t size, const char *name, const void **data,
		   size_t *length)
{
	struct member m;

	for (size_t at = 0; read_member(archive, size, at, &m); at = m.next) {
		if (strcmp(m.name, CPIO_TRAILER) == 0)
			return ERR_ABSENT;
		if (strcmp(m.name, name) == 0) {
			*data = m.data;
			*length = m.length;
			return OK;
		}
	}
	return ERR_INPUT;
}
