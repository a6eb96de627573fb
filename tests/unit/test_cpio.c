/* SPDX-License-Identifier: BSD-2-Clause */
/* The reader of the boot archive: finds what is there, believes no length. */
#include "fake/fake.h"

#include <stdlib.h>

#include "lib/cpio.h"
#include "test_config_blob.h"

static struct archive archive;

static int make_archive(void **state)
{
	(void)state;
	archive.bytes = malloc(ARCHIVE_MAX);
	archive.size = 0;
	archive_add(&archive, "a", "first", 5);
	archive_add(&archive, "files", NULL, 0);
	archive_add(&archive, "files/0", "second!", 7);
	archive_end(&archive);
	return archive.bytes ? 0 : -1;
}

static int free_archive(void **state)
{
	(void)state;
	free(archive.bytes);
	return 0;
}

static void finds_members(void **state)
{
	const void *data;
	size_t n;

	(void)state;
	assert_int_equal(cpio_find(archive.bytes, archive.size, "a", &data, &n), OK);
	assert_int_equal(n, 5);
	assert_memory_equal(data, "first", 5);
	assert_int_equal(cpio_find(archive.bytes, archive.size, "files/0", &data, &n), OK);
	assert_int_equal(n, 7);
	assert_memory_equal(data, "second!", 7);
	assert_int_equal(cpio_find(archive.bytes, archive.size, "files", &data, &n), OK);
	assert_int_equal(n, 0);
}

static void absent_is_told(void **state)
{
	const void *data;
	size_t n;

	(void)state;
	assert_int_equal(cpio_find(archive.bytes, archive.size, "b", &data, &n), ERR_ABSENT);
	assert_int_equal(cpio_find(archive.bytes, archive.size, "", &data, &n), ERR_ABSENT);
}

/* Cut at every length: in a buffer of just that size, so that ASan sees a read behind. */
static void truncated_is_malformed(void **state)
{
	(void)state;
	for (size_t size = 0; size < archive.size; size++) {
		u8 *cut = malloc(size ? size : 1);
		const void *data;
		size_t n;
		enum err e;

		memcpy(cut, archive.bytes, size);
		e = cpio_find(cut, size, "nowhere", &data, &n);
		assert_true(e == ERR_INPUT || (e == ERR_ABSENT && size + 4 > archive.size));
		free(cut);
	}
}

static void broken_headers(void **state)
{
	static const struct {
		size_t at;
		const char *bytes;
	} breaks[] = {
		{0, "070707"},                      /* the old format */
		{54, "ffffffff"},                   /* file size */
		{54, "0000000x"}, {94, "ffffffff"}, /* name size */
		{94, "00000000"},                   /* no name, not even its end */
		{94, "00000001"},                   /* the name has no end */
		{94, "zzzzzzzz"},
	};
	const void *data;
	size_t n;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(breaks); i++) {
		u8 *copy = malloc(archive.size);

		memcpy(copy, archive.bytes, archive.size);
		memcpy(copy + breaks[i].at, breaks[i].bytes, strlen(breaks[i].bytes));
		assert_int_equal(cpio_find(copy, archive.size, "files/0", &data, &n), ERR_INPUT);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_members),
		cmocka_unit_test(absent_is_told),
		cmocka_unit_test(truncated_is_malformed),
		cmocka_unit_test(broken_headers),
	};

	return cmocka_run_group_tests(tests, make_archive, free_archive);
}
