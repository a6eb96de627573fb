/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds the messages of abi/control.h in a stream of bytes that may hold garbage. Pure. */
#ifndef CONTROL_PARSER_H
#define CONTROL_PARSER_H

#include "abi/control.h"
#include "lib/types.h"

#define PARSER_ROOM (sizeof(struct ctl_header) + CTL_PAYLOAD_MAX)

struct parser {
	u8 bytes[PARSER_ROOM]; /* what came and was not taken yet */
	u32 length;
	u64 last; /* ns: when bytes came last */
	/* the message that parser_next() found; valid until parser_take() */
	struct ctl_header head;
	const u8 *payload;
};

enum parsed {
	PARSED_NOTHING, /* more bytes are needed */
	PARSED_MESSAGE, /* head and payload are set: parser_take() it */
	PARSED_GARBAGE, /* bytes were dropped: the other side is to be told; look again */
};

void parser_reset(struct parser *p);
/* Where bytes from the stream go, and how many fit. */
u8 *parser_space(struct parser *p, size_t *room);
/*
 * n bytes were put there at time `now` (ns). A message that began long ago and did not end
 * is garbage: its sender is gone, and its length would swallow what others say now.
 */
void parser_added(struct parser *p, size_t n, u64 now);
enum parsed parser_next(struct parser *p);
void parser_take(struct parser *p);

#endif
