/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages on a byte stream, good and damaged. */
#include "helper.h"

#include "frame.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct frame_reader reader;

static int reset(void **state)
{
	(void)state;
	memset(&reader, 0, sizeof(reader));
	srand(1);
	return 0;
}

static void crc_is_the_usual_one(void **state)
{
	(void)state;
	assert_int_equal(crc32_of("123456789", 9), 0xcbf43926u);
	assert_int_equal(crc32_of("", 0), 0);
}

static void put(struct outbox *box, uint32_t seq, size_t length)
{
	static uint8_t payload[CTL_PAYLOAD_MAX];

	memset(payload, (int)seq, length);
	outbox_message(box, (struct ctl_header){.type = CTL_LOG, .seq = seq, .vm = 3}, payload,
		       length);
}

static void messages_come_back(void **state)
{
	struct outbox box = {0};
	struct frame frame;

	(void)state;
	put(&box, 1, 0);
	put(&box, 2, CTL_PAYLOAD_MAX);
	assert_int_equal(frame_feed(&reader, box.bytes, outbox_size(&box)), outbox_size(&box));
	assert_true(frame_next(&reader, &frame));
	assert_int_equal(frame.head.seq, 1);
	assert_int_equal(frame.head.length, 0);
	assert_int_equal(frame.head.version, CTL_VERSION);
	assert_true(frame_next(&reader, &frame));
	assert_int_equal(frame.head.seq, 2);
	assert_int_equal(frame.payload[CTL_PAYLOAD_MAX - 1], 2);
	assert_false(frame_next(&reader, &frame));
	assert_int_equal(frame_losses(&reader), 0);
	outbox_free(&box);
}

static void single_bytes_are_enough(void **state)
{
	struct outbox box = {0};
	struct frame frame;
	size_t i;

	(void)state;
	put(&box, 7, 100);
	for (i = 0; i < outbox_size(&box) - 1; i++) {
		assert_int_equal(frame_feed(&reader, box.bytes + i, 1), 1);
		assert_false(frame_next(&reader, &frame));
	}
	frame_feed(&reader, box.bytes + i, 1);
	assert_true(frame_next(&reader, &frame));
	assert_int_equal(frame.head.seq, 7);
	outbox_free(&box);
}

static void damaged_payload_costs_one_message(void **state)
{
	struct outbox box = {0};
	struct frame frame;

	(void)state;
	put(&box, 1, 50);
	put(&box, 2, 50);
	box.bytes[sizeof(struct ctl_header) + 10] ^= 1;
	frame_feed(&reader, box.bytes, outbox_size(&box));
	assert_true(frame_next(&reader, &frame));
	assert_int_equal(frame.head.seq, 2);
	assert_int_equal(reader.garbled, 1);
	assert_int_equal(reader.skipped, 0);
	outbox_free(&box);
}

static void damaged_header_costs_one_message(void **state)
{
	struct outbox box = {0};
	struct frame frame;

	(void)state;
	put(&box, 1, 50);
	put(&box, 2, 50);
	box.bytes[8] ^= 0x80; /* the length */
	frame_feed(&reader, box.bytes, outbox_size(&box));
	assert_true(frame_next(&reader, &frame));
	assert_int_equal(frame.head.seq, 2);
	assert_true(reader.skipped >= sizeof(struct ctl_header));
	outbox_free(&box);
}

/* Feed everything in pieces of random size; returns how many messages of `seq` came out. */
static unsigned int feed_random(const uint8_t *bytes, size_t size, uint32_t seq)
{
	unsigned int found = 0;
	struct frame frame;

	while (size) {
		size_t piece = 1 + (size_t)rand() % 3000;
		size_t took = frame_feed(&reader, bytes, piece < size ? piece : size);

		bytes += took;
		size -= took;
		while (frame_next(&reader, &frame))
			found += frame.head.seq == seq && frame.head.length == 200;
	}
	return found;
}

static void garbage_between_messages_is_skipped(void **state)
{
	struct outbox box = {0};
	unsigned int sent = 0, found;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		uint8_t noise[64];
		size_t size = (size_t)rand() % sizeof(noise);

		for (size_t j = 0; j < size; j++)
			noise[j] = rand() % 4 ? (uint8_t)rand() : (uint8_t)"DSCO"[rand() % 4];
		outbox_put(&box, noise, size);
		put(&box, 5, 200);
		sent++;
	}
	put(&box, 6, 0);
	found = feed_random(box.bytes, outbox_size(&box), 5);
	assert_int_equal(found, sent);
	outbox_free(&box);
}

static void cut_messages_do_not_stop_the_stream(void **state)
{
	struct outbox box = {0};
	unsigned int whole = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		put(&box, 5, 200);
		if (rand() % 3 == 0)
			box.end -= 1 + (size_t)rand() % 231;
		else
			whole++;
	}
	/* one that was cut takes a part of the next with it: at most that is lost */
	for (int i = 0; i < 50; i++)
		put(&box, 9, CTL_PAYLOAD_MAX);
	assert_true(feed_random(box.bytes, outbox_size(&box), 5) >= whole / 3);
	assert_true(reader.start <= reader.end);
	outbox_free(&box);
}

static void pure_garbage_makes_no_message(void **state)
{
	static uint8_t noise[1 << 20];

	(void)state;
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (uint8_t)rand();
	assert_int_equal(feed_random(noise, sizeof(noise), 0), 0);
	assert_true(reader.end - reader.start < sizeof(struct ctl_header));
}

static void outbox_keeps_order(void **state)
{
	static uint8_t bytes[300000], back[300000];
	struct outbox box = {0};
	size_t have = 0;
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)rand();
	for (size_t at = 0; at < sizeof(bytes); at += 1000)
		outbox_put(&box, bytes + at, 1000);
	while (have < sizeof(back)) {
		ssize_t got;

		assert_true(outbox_flush(&box, pair[0]));
		got = read(pair[1], back + have, sizeof(back) - have);
		assert_true(got > 0);
		have += (size_t)got;
	}
	assert_memory_equal(bytes, back, sizeof(back));
	close(pair[1]);
	outbox_put(&box, "x", 1);
	assert_false(outbox_flush(&box, pair[0]));
	close(pair[0]);
	outbox_free(&box);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(crc_is_the_usual_one),
	cmocka_unit_test_setup(messages_come_back, reset),
	cmocka_unit_test_setup(single_bytes_are_enough, reset),
	cmocka_unit_test_setup(damaged_payload_costs_one_message, reset),
	cmocka_unit_test_setup(damaged_header_costs_one_message, reset),
	cmocka_unit_test_setup(garbage_between_messages_is_skipped, reset),
	cmocka_unit_test_setup(cut_messages_do_not_stop_the_stream, reset),
	cmocka_unit_test_setup(pure_garbage_makes_no_message, reset),
	cmocka_unit_test_setup(outbox_keeps_order, reset),
};

const struct test_list frame_tests = {tests, ARRAY_SIZE(tests)};
