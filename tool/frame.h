/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages of monitor/abi/control.h on a byte stream: taking them out of bytes that may be
 * garbage, and putting them in. The same framing is used between the supervisor and the
 * monitor and between the supervisor and its clients (local.h).
 */
#ifndef TOOL_FRAME_H
#define TOOL_FRAME_H

#include "say.h"

#include "abi/control.h"

#define FRAME_MAX (sizeof(struct ctl_header) + CTL_PAYLOAD_MAX)

/* One message; the payload is in the reader's buffer until the next call. */
struct frame {
	struct ctl_header head;
	const uint8_t *payload;
};

/* Bytes that came in and are not yet messages. */
struct frame_reader {
	uint8_t bytes[2 * FRAME_MAX];
	size_t start;     /* first byte not looked at */
	size_t end;       /* behind the last one */
	uint64_t skipped; /* bytes dropped while looking for a header */
	uint64_t garbled; /* messages dropped for a wrong payload checksum */
};

/** CRC-32 of IEEE 802.3, as zlib's crc32(0, bytes, size). */
uint32_t crc32_of(const void *bytes, size_t size);

/** Take bytes in; returns how many there was room for. */
size_t frame_feed(struct frame_reader *reader, const void *bytes, size_t size);

/** The next good message, dropping what is none; false when more bytes are needed. */
bool frame_next(struct frame_reader *reader, struct frame *out);

/** Number that changes whenever something was dropped. */
uint64_t frame_losses(const struct frame_reader *reader);

/* Bytes that wait to be written to a file that does not block. */
struct outbox {
	uint8_t *bytes;
	size_t start;
	size_t end;
	size_t room;
};

/** Bytes waiting. */
size_t outbox_size(const struct outbox *box);

/** Append raw bytes. */
void outbox_put(struct outbox *box, const void *bytes, size_t size);

/** Append a message; magic, version, length and checksums are filled in here. */
void outbox_message(struct outbox *box, struct ctl_header head, const void *payload,
		    size_t length);

/** Write what the file takes; false when it is broken. */
bool outbox_flush(struct outbox *box, int fd);

/** Release the memory. */
void outbox_free(struct outbox *box);

#endif
