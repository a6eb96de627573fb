/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One partition of a GUID partition table (UEFI 2.10, 5.3.2 and 5.3.3). Pure: the caller has
 * read header and entries, everything in them is checked here. Only 512-byte blocks and the
 * primary table: a disk whose primary table is damaged is the operator's to repair.
 */
#include "disk/volume.h"

#include "lib/string.h"

#define GPT_SIGNATURE "EFI PART"
#define GPT_REVISION 0x00010000u
#define ENTRY_MIN 128u
#define FIRST_USABLE 34u /* protective MBR, header, 32 blocks of entries */

struct gpt_header {
	char signature[8];
	u32 revision;
	u32 header_size;
	u32 header_crc;
	u32 reserved;
	u64 my_lba, alternate_lba;
	u64 first_usable, last_usable;
	u8 guid[16];
	u64 entries_lba;
	u32 entry_count, entry_size;
	u32 entries_crc;
} __attribute__((packed));
_Static_assert(sizeof(struct gpt_header) == 92, "table 5-5");

struct gpt_entry {
	u8 type[16];
	u8 unique[16];
	u64 first, last; /* both included */
};

/* 5.3.2: the checks that make a header valid. */
static bool header_ok(const void *block, struct gpt_header *h)
{
	u8 copy[DISK_SECTOR];

	memcpy(h, block, sizeof(*h));
	if (memcmp(h->signature, GPT_SIGNATURE, sizeof(h->signature)) != 0 ||
	    h->revision != GPT_REVISION || h->my_lba != 1)
		return false;
	if (h->header_size < sizeof(*h) || h->header_size > DISK_SECTOR)
		return false;
	memcpy(copy, block, h->header_size);
	memset(copy + offsetof(struct gpt_header, header_crc), 0, sizeof(h->header_crc));
	return crc32(0, copy, h->header_size) == h->header_crc;
}

/* 5.3.3: entries are 128 times a power of two bytes long. */
static bool entries_ok(const struct gpt_header *h)
{
	u32 size = h->entry_size;
	return size >= ENTRY_MIN && (size & (size - 1)) == 0 && h->entry_count != 0 &&
	       h->entry_count <= GPT_ENTRIES_BYTES / size && h->entries_lba >= 2;
}

enum err gpt_entries(const void *header, u64 *lba, u32 *bytes)
{
	struct gpt_header h;
	if (!header_ok(header, &h) || !entries_ok(&h))
		return ERR_INPUT;
	*lba = h.entries_lba;
	*bytes = h.entry_count * h.entry_size;
	return OK;
}

enum err gpt_partition(const void *header, const void *entries, size_t entries_size, u32 number,
		       u64 disk_sectors, u64 *first, u64 *sectors)
{
	static const u8 unused[16];
	struct gpt_header h;
	struct gpt_entry entry;
	size_t bytes;

	if (!header_ok(header, &h) || !entries_ok(&h))
		return ERR_INPUT;
	bytes = (size_t)h.entry_count * h.entry_size;
	if (bytes > entries_size || crc32(0, entries, bytes) != h.entries_crc)
		return ERR_INPUT;
	if (number == 0 || number > h.entry_count)
		return ERR_ABSENT;
	memcpy(&entry, (const char *)entries + (size_t)(number - 1) * h.entry_size, sizeof(entry));
	if (memcmp(entry.type, unused, sizeof(unused)) == 0)
		return ERR_ABSENT;
	if (entry.first < h.first_usable || entry.last > h.last_usable ||
	    h.first_usable < FIRST_USABLE || entry.first > entry.last || entry.last >= disk_sectors)
		return ERR_INPUT;
	*first = entry.first;
	*sectors = entry.last - entry.first + 1;
	return OK;
}
