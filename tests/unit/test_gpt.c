/* SPDX-License-Identifier: BSD-2-Clause */
/* Partition tables: a good one, then each field wrong; volumes on top. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fake_guest.h"
#include "lib/string.h"

#define SECTORS DISK_SECTORS
#define ENTRIES 128u

static u8 header[512], entries[ENTRIES * 128];

static void put32(u8 *at, u32 v)
{
	memcpy(at, &v, 4);
}

static void put64(u8 *at, u64 v)
{
	memcpy(at, &v, 8);
}

static void seal(void)
{
	u32 size;
	memcpy(&size, header + 12, 4);
	put32(header + 88, crc32(0, entries, sizeof(entries)));
	put32(header + 16, 0);
	put32(header + 16, crc32(0, header, size <= 512 ? size : 92));
}

static void put_entry(u32 number, u64 first, u64 last)
{
	u8 *e = entries + (number - 1) * 128;
	memset(e, 0x42, 32);
	put64(e + 32, first);
	put64(e + 40, last);
}

static int make(void **state)
{
	(void)state;
	memset(header, 0, sizeof(header));
	memset(entries, 0, sizeof(entries));
	memcpy(header, "EFI PART", 8);
	put32(header + 8, 0x10000);
	put32(header + 12, 92);
	put64(header + 24, 1);
	put64(header + 32, SECTORS - 1);
	put64(header + 40, 34);
	put64(header + 48, SECTORS - 34);
	put64(header + 72, 2);
	put32(header + 80, ENTRIES);
	put32(header + 84, 128);
	put_entry(1, 34, 99);
	put_entry(3, 2048, SECTORS - 34);
	put_entry(128, 100, 100);
	seal();
	return 0;
}

static enum err find(u32 number, u64 *first, u64 *sectors)
{
	return gpt_partition(header, entries, sizeof(entries), number, SECTORS, first, sectors);
}

static enum err refuse(u32 number)
{
	u64 first = 77, sectors = 78;
	enum err e = find(number, &first, &sectors);
	assert_int_equal(first, 77); /* not touched */
	assert_int_equal(sectors, 78);
	return e;
}

static void test_good(void **state)
{
	(void)state;
	u64 first, sectors;
	u32 bytes;
	assert_int_equal(find(1, &first, &sectors), OK);
	assert_int_equal(first, 34);
	assert_int_equal(sectors, 66);
	assert_int_equal(find(3, &first, &sectors), OK);
	assert_int_equal(sectors, SECTORS - 34 - 2047);
	assert_int_equal(find(128, &first, &sectors), OK);
	assert_int_equal(sectors, 1);
	assert_int_equal(refuse(0), ERR_ABSENT);
	assert_int_equal(refuse(2), ERR_ABSENT);
	assert_int_equal(refuse(129), ERR_ABSENT);
	assert_int_equal(refuse(~0u), ERR_ABSENT);
	assert_int_equal(gpt_entries(header, &first, &bytes), OK);
	assert_int_equal(first, 2);
	assert_int_equal(bytes, ENTRIES * 128);
}

/* Each bit of the header and of the entries is covered by a checksum or a check. */
static void test_bit_flips(void **state)
{
	(void)state;
	for (u32 bit = 0; bit < 92 * 8; bit++) {
		header[bit / 8] ^= (u8)(1u << bit % 8);
		assert_int_equal(refuse(1), ERR_INPUT);
		header[bit / 8] ^= (u8)(1u << bit % 8);
	}
	for (u32 bit = 0; bit < sizeof(entries) * 8; bit += 37) {
		entries[bit / 8] ^= (u8)(1u << bit % 8);
		assert_int_equal(refuse(1), ERR_INPUT);
		entries[bit / 8] ^= (u8)(1u << bit % 8);
	}
}

/* Wrong values with right checksums. */
static void test_bad_fields(void **state)
{
	(void)state;
	static const struct {
		u32 at, size;
		u64 value;
	} bad[] = {
		{8, 4, 0x20000}, {12, 4, 91},         {12, 4, 513},        {24, 8, 2},
		{40, 8, 33},     {40, 8, 50},         {48, 8, 98},         {72, 8, 1},
		{80, 4, 0},      {80, 4, 257},        {80, 4, 0xffffffff}, {84, 4, 64},
		{84, 4, 192},    {84, 4, 0x80000000}, {84, 4, 0},          {84, 4, 65536},
	};
	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		make(NULL);
		memcpy(header + bad[i].at, &bad[i].value, bad[i].size);
		seal();
		if (refuse(1) != ERR_INPUT)
			fail_msg("field %u = %llx", bad[i].at, (unsigned long long)bad[i].value);
	}
	make(NULL);
	put_entry(1, 200, 199);
	seal();
	assert_int_equal(refuse(1), ERR_INPUT);
	make(NULL);
	put64(header + 48, ~0ull); /* usable area beyond the disk */
	put_entry(1, 34, SECTORS);
	seal();
	assert_int_equal(refuse(1), ERR_INPUT);
	put_entry(1, 34, ~0ull);
	seal();
	assert_int_equal(refuse(1), ERR_INPUT);
	/* entries that were not read */
	make(NULL);
	u64 a = 77, b = 78;
	assert_int_equal(gpt_partition(header, entries, 512, 1, SECTORS, &a, &b), ERR_INPUT);
}

static void write_table(void)
{
	memcpy(fake_disk + 512, header, 512);
	memcpy(fake_disk + 1024, entries, sizeof(entries));
}

static void test_volumes(void **state)
{
	(void)state;
	struct disk_request r = {.op = DISK_READ, .segment_count = 1};
	struct vm *vm = fake_vm_make(0, false); /* volume 0: the whole disk, "root" */
	write_table();
	assert_int_equal(volume_add("p1", "fake", 1), OK);
	assert_int_equal(volume_add("p2", "fake", 2), ERR_ABSENT);
	assert_int_equal(volume_add("other", "nobody", 0), ERR_ABSENT);
	fake_disk_errors = 1;
	assert_int_equal(volume_add("p3", "fake", 3), ERR_IO);
	fake_disk_errors = 0;
	assert_int_equal(volume_add("p3", "fake", 3), OK);
	fake_disk[512] ^= 1;
	assert_int_equal(volume_add("bad", "fake", 1), ERR_INPUT);
	make(NULL);
	put64(header + 72, SECTORS - 1); /* entries beyond the end */
	seal();
	write_table();
	assert_int_equal(volume_add("bad", "fake", 1), ERR_INPUT);
	assert_int_equal(volume_count, 3);
	assert_int_equal(volume_find("root"), 0);
	assert_int_equal(volume_find("p3"), 2);
	assert_int_equal(volume_find("p2"), -1);
	assert_int_equal(volumes[1].first, 34);

	r.segments[0].bytes = 512;
	r.sector = 66;
	assert_int_equal(volume_submit(&volumes[1], &r), ERR_RANGE);
	r.sector = 65;
	r.segments[0].bytes = 1024;
	assert_int_equal(volume_submit(&volumes[1], &r), ERR_RANGE);
	r.sector = ~0ull;
	assert_int_equal(volume_submit(&volumes[1], &r), ERR_RANGE);
	r.op = DISK_DISCARD;
	r.sector = 1;
	r.sectors = ~0ull;
	assert_int_equal(volume_submit(&volumes[1], &r), ERR_RANGE);
	assert_int_equal(fake_disk_pending(), 0);
	fake_vm_end(vm);
}

static void test_volume_limit(void **state)
{
	(void)state;
	struct vm *vm = fake_vm_make(0, false);
	for (u32 i = 1; i < CFG_VOLUMES_MAX; i++)
		assert_int_equal(volume_add("a-name-that-is-longer-than-is-kept", "fake", 0), OK);
	assert_int_equal(volume_add("one", "fake", 0), ERR_MEMORY);
	assert_int_equal(strlen(volumes[1].name), CFG_NAME_MAX);
	fake_vm_end(vm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_good, make),
		cmocka_unit_test_setup(test_bit_flips, make),
		cmocka_unit_test_setup(test_bad_fields, make),
		cmocka_unit_test_setup(test_volumes, make),
		cmocka_unit_test_setup(test_volume_limit, make),
	};
	return cmocka_run_group_tests_name("gpt", tests, NULL, NULL);
}
