/* SPDX-License-Identifier: BSD-2-Clause */
#include "frame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "messages are used as they are");

uint32_t crc32_of(const void *bytes, size_t size)
{
	static uint32_t table[256];
	const uint8_t *at = bytes;
	uint32_t crc = 0xffffffffu;

	if (!table[1]) {
		for (uint32_t i = 0; i < 256; i++) {
			uint32_t value = i;

			for (int bit = 0; bit < 8; bit++)
				value = value >> 1 ^ (value & 1 ? 0xedb88320u : 0);
			table[i] = value;
		}
	}
	while (size--)
		crc = crc >> 8 ^ table[(crc ^ *at++) & 0xff];
	return ~crc;
}

size_t frame_feed(struct frame_reader *reader, const void *bytes, size_t size)
{
	size_t have = reader->end - reader->start;

	if (reader->start) {
		memmove(reader->bytes, reader->bytes + reader->start, have);
		reader->start = 0;
		reader->end = have;
	}
	if (size > sizeof(reader->bytes) - have)
		size = sizeof(reader->bytes) - have;
	memcpy(reader->bytes + have, bytes, size);
	reader->end += size;
	return size;
}

static bool header_good(const struct ctl_header *head)
{
	return head->magic == CTL_MAGIC && head->length <= CTL_PAYLOAD_MAX &&
	       head->header_crc == crc32_of(head, offsetof(struct ctl_header, header_crc));
}

bool frame_next(struct frame_reader *reader, struct frame *out)
{
	while (reader->end - reader->start >= sizeof(out->head)) {
		size_t have = reader->end - reader->start;

		memcpy(&out->head, reader->bytes + reader->start, sizeof(out->head));
		if (!header_good(&out->head)) {
			reader->start++;
			reader->skipped++;
			continue;
		}
		if (have < sizeof(out->head) + out->head.length)
			return false;
		out->payload = reader->bytes + reader->start + sizeof(out->head);
		reader->start += sizeof(out->head) + out->head.length;
		if (crc32_of(out->payload, out->head.length) == out->head.payload_crc)
			return true;
		reader->garbled++;
	}
	return false;
}

uint64_t frame_losses(const struct frame_reader *reader)
{
	return reader->skipped + reader->garbled;
}

size_t outbox_size(const struct outbox *box)
{
	return box->end - box->start;
}

void outbox_put(struct outbox *box, const void *bytes, size_t size)
{
	if (!size)
		return;
	if (box->start && box->room - box->end < size) {
		memmove(box->bytes, box->bytes + box->start, box->end - box->start);
		box->end -= box->start;
		box->start = 0;
	}
	if (box->room - box->end < size) {
		box->room = 2 * (box->end + size);
		box->bytes = need_realloc(box->bytes, box->room);
	}
	memcpy(box->bytes + box->end, bytes, size);
	box->end += size;
}

void outbox_message(struct outbox *box, struct ctl_header head, const void *payload,
		    size_t length)
{
	head.magic = CTL_MAGIC;
	head.version = CTL_VERSION;
	head.length = (uint32_t)length;
	head.payload_crc = crc32_of(payload, length);
	head.header_crc = crc32_of(&head, offsetof(struct ctl_header, header_crc));
	outbox_put(box, &head, sizeof(head));
	outbox_put(box, payload, length);
}

bool outbox_flush(struct outbox *box, int fd)
{
	while (box->start < box->end) {
		ssize_t done = send(fd, box->bytes + box->start, box->end - box->start,
				    MSG_NOSIGNAL | MSG_DONTWAIT);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK;
		box->start += (size_t)done;
	}
	box->start = 0;
	box->end = 0;
	return true;
}

void outbox_free(struct outbox *box)
{
	free(box->bytes);
	*box = (struct outbox){0};
}
