/* SPDX-License-Identifier: BSD-2-Clause */
#include "helper.h"

#include "units.h"

static void sizes_are_read(void **state)
{
	uint64_t value;

	(void)state;
	assert_true(parse_size("0", &value) && value == 0);
	assert_true(parse_size("4096", &value) && value == 4096);
	assert_true(parse_size("512K", &value) && value == 512 << 10);
	assert_true(parse_size("512M", &value) && value == 512ull << 20);
	assert_true(parse_size("4g", &value) && value == 4ull << 30);
	assert_true(parse_size("4GiB", &value) && value == 4ull << 30);
	assert_true(parse_size("1TB", &value) && value == 1ull << 40);
	assert_true(parse_size("18446744073709551615", &value) && value == UINT64_MAX);
}

static void other_text_is_no_size(void **state)
{
	static const char *const texts[] = {"",   "M",   "-1",   " 1",	 "1 ",	 "1.5G",
					    "1Q", "1MM", "0x10", "1 M",	 "1Mi",
					    "18446744073709551616", "18014398509481985K",
					    "99999999999999999999T"};
	uint64_t value = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_false(parse_size(texts[i], &value));
	assert_int_equal(value, 7);
}

static void exact_sizes_come_back(void **state)
{
	static const uint64_t sizes[] = {0, 1, 1000, 1024, 1536, 512ull << 20, 5ull << 40,
					 UINT64_MAX};
	char text[UNITS_ROOM];
	uint64_t value;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		assert_true(parse_size(exact_size(text, sizes[i]), &value));
		assert_true(value == sizes[i]);
	}
	assert_string_equal(exact_size(text, 512ull << 20), "512M");
}

static void short_forms(void **state)
{
	char text[UNITS_ROOM];

	(void)state;
	assert_string_equal(short_size(text, 0), "0B");
	assert_string_equal(short_size(text, 999), "999B");
	assert_string_equal(short_size(text, 101187584), "96.5M");
	assert_string_equal(short_size(text, UINT64_MAX), "16.0E");
	assert_string_equal(short_time(text, 1234000000), "1.23 s");
	assert_string_equal(short_time(text, 245000000000), "4 min 05 s");
	assert_string_equal(short_time(text, 7260000000000), "2 h 01 min");
	assert_string_equal(short_count(text, 99999), "99999");
	assert_string_equal(short_count(text, 1234567), "1.23 M");
	assert_string_equal(percent(text, 1, 8), "12.5%");
	assert_string_equal(percent(text, 1, 0), "-");
}

static void seconds_are_read(void **state)
{
	int64_t ms = 7;

	(void)state;
	assert_true(parse_seconds("10", &ms) && ms == 10000);
	assert_true(parse_seconds("0.5", &ms) && ms == 500);
	assert_false(parse_seconds("-1", &ms));
	assert_false(parse_seconds("nan", &ms));
	assert_false(parse_seconds("1e99", &ms));
	assert_false(parse_seconds("1s", &ms));
}

static void near_words_are_suggested(void **state)
{
	static const char *const names[] = {"memory", "kernel", "cpus", NULL};

	(void)state;
	assert_string_equal(suggest("memroy", names), "memory");
	assert_string_equal(suggest("CPUS", names), "cpus");
	assert_string_equal(suggest("kernal", names), "kernel");
	assert_null(suggest("xyzzy", names));
	assert_null(suggest("a word that is much longer than any of the names", names));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(sizes_are_read),	   cmocka_unit_test(other_text_is_no_size),
	cmocka_unit_test(exact_sizes_come_back),   cmocka_unit_test(short_forms),
	cmocka_unit_test(seconds_are_read),	   cmocka_unit_test(near_words_are_suggested),
};

const struct test_list units_tests = {tests, ARRAY_SIZE(tests)};
