/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages in a byte stream. A message is believed when its magic, header checksum, length
 * and payload checksum are right. Anything else is dropped up to the next byte that may
 * begin a message: after a bad header that byte is looked for behind its first byte, after
 * a bad payload behind its header, because bytes that were lost inside a payload make the
 * next message look like its end. So a fault costs the messages that it hit, no others.
 */
#include "control/parser.h"

#include "lib/string.h"

#define STALE_NS 1000000000ull
#define TRIES 64u
#define MAGIC_FIRST ((u8)(CTL_MAGIC & 0xff))

void parser_reset(struct parser *p)
{
	p->length = 0;
	p->last = 0;
}

u8 *parser_space(struct parser *p, size_t *room)
{
	*room = PARSER_ROOM - p->length;
	return p->bytes + p->length;
}

/* Drops the first n bytes. */
static void drop(struct parser *p, size_t n)
{
	p->length -= (u32)n;
	memmove(p->bytes, p->bytes + n, p->length);
}

void parser_added(struct parser *p, size_t n, u64 now)
{
	if (p->length && n && now - p->last > STALE_NS)
		p->bytes[0] = (u8)~MAGIC_FIRST; /* no message any more */
	p->length += (u32)n;
	if (n)
		p->last = now;
}

/* True when the bytes from `at` on can be the beginning of a message. */
static bool may_begin(struct parser *p, u32 at)
{
	static const u32 magic = CTL_MAGIC; /* both sides are little-endian */
	const u8 *from = p->bytes + at;
	u32 left = p->length - at;

	if (memcmp(from, &magic, MIN(left, sizeof(magic))) != 0)
		return false;
	if (left < sizeof(p->head))
		return true;
	memcpy(&p->head, from, sizeof(p->head));
	return p->head.length <= CTL_PAYLOAD_MAX &&
	       crc32(0, from, offsetof(struct ctl_header, header_crc)) == p->head.header_crc;
}

/*
 * Drops bytes from `at` on up to the next that may begin a message. Looks at a bounded
 * number of candidates: the caller comes again.
 */
static void resync(struct parser *p, u32 at)
{
	for (u32 tries = 0; tries < TRIES && at < p->length && !may_begin(p, at); tries++) {
		const u8 *from = p->bytes + at + 1;
		const u8 *found = memchr(from, MAGIC_FIRST, p->length - at - 1);

		at = found ? (u32)(found - p->bytes) : p->length;
	}
	drop(p, at);
}

enum parsed parser_next(struct parser *p)
{
	if (p->length && !may_begin(p, 0)) {
		resync(p, 0);
		return PARSED_GARBAGE;
	}
	if (p->length < sizeof(p->head) || p->length - sizeof(p->head) < p->head.length)
		return PARSED_NOTHING;
	p->payload = p->bytes + sizeof(p->head);
	if (crc32(0, p->payload, p->head.length) != p->head.payload_crc) {
		resync(p, sizeof(p->head));
		return PARSED_GARBAGE;
	}
	return PARSED_MESSAGE;
}

void parser_take(struct parser *p)
{
	drop(p, sizeof(p->head) + p->head.length);
}
