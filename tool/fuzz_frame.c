/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzzes the message parser: any bytes, in pieces of any size, make no more than good
 * messages; and a good message after them is found, at the latest when a message of full
 * length that a damaged header promised has passed.
 */
#include "frame.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct frame *frame)
{
	if (frame->head.length > CTL_PAYLOAD_MAX || frame->head.magic != CTL_MAGIC ||
	    crc32_of(frame->payload, frame->head.length) != frame->head.payload_crc)
		abort();
}

static unsigned int feed(struct frame_reader *reader, const uint8_t *data, size_t size, size_t step)
{
	unsigned int found = 0;
	struct frame frame;

	while (size) {
		size_t took = frame_feed(reader, data, step < size ? step : size);

		if (!took)
			abort(); /* a full buffer without a message would stand still */
		data += took;
		size -= took;
		while (frame_next(reader, &frame)) {
			check(&frame);
			found++;
		}
	}
	return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct frame_reader reader;
	struct outbox box = {0};
	size_t step = size ? 1 + data[0] * 20u : 1;

	memset(&reader, 0, sizeof(reader));
	feed(&reader, data, size, step);
	for (size_t sent = 0; sent < FRAME_MAX + sizeof(struct ctl_header);
	     sent += sizeof(struct ctl_header))
		outbox_message(&box, (struct ctl_header){.type = CTL_HELLO}, NULL, 0);
	if (!feed(&reader, box.bytes, outbox_size(&box), step))
		abort();
	outbox_free(&box);
	return 0;
}
