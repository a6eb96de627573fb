/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A disk with any partition table. The checksums are made right when the first byte says so:
 * else nothing behind them would ever be reached. Whatever is accepted lies on the disk.
 */
#include <stdlib.h>
#include <string.h>

#include "disk/volume.h"
#include "lib/string.h"

#define SECTORS 100000u

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	u8 header[512], *entries;
	u64 lba, first, sectors;
	u32 number, bytes, crc;
	size_t rest;

	if (size < 8 + sizeof(header))
		return 0;
	memcpy(header, data + 8, sizeof(header));
	rest = size - 8 - sizeof(header);
	entries = malloc(rest ? rest : 1); /* exactly: the sanitizer sees one byte more */
	memcpy(entries, data + 8 + sizeof(header), rest);
	memcpy(&number, data + 4, sizeof(number));
	if (data[0] & 1) {
		u32 length, count, each;
		memcpy(&length, header + 12, 4);
		memcpy(&count, header + 80, 4);
		memcpy(&each, header + 84, 4);
		crc = crc32(0, entries, MIN(rest, (size_t)count * each));
		memcpy(header + 88, &crc, 4);
		memset(header + 16, 0, 4);
		crc = crc32(0, header, MIN(length, 512u));
		memcpy(header + 16, &crc, 4);
	}
	if (gpt_entries(header, &lba, &bytes) == OK && bytes > GPT_ENTRIES_BYTES)
		abort();
	if (gpt_partition(header, entries, rest, number, SECTORS, &first, &sectors) == OK)
		if (sectors == 0 || first < 34 || first >= SECTORS || sectors > SECTORS - first)
			abort();
	free(entries);
	return 0;
}
