/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Volumes: a named range of sectors of a machine's disk, the whole or a GPT partition
 * (UEFI 2.10, chapter 5).
 */
#ifndef DISK_VOLUME_H
#define DISK_VOLUME_H

#include "abi/config.h"
#include "hw/disk.h"

struct volume {
	char name[CFG_NAME_MAX + 1];
	u32 disk;
	u64 first, sectors;
	bool readonly; /* the machine's disk is */
	u32 readers;   /* VMs that use it; control lock */
	bool writer;
};

extern struct volume volumes[CFG_VOLUMES_MAX];
extern u32 volume_count;

/*
 * Adds a volume: the disk with that serial, partition 0 = whole. ERR_ABSENT: no such disk
 * or partition; ERR_INPUT: no valid GPT; ERR_IO.
 */
must_check enum err volume_add(const char *name, const char *serial, u32 partition);
/* Index by name, or -1. */
int volume_find(const char *name);
/* Submits with the volume's offset added. ERR_RANGE: outside; nothing is queued. */
must_check enum err volume_submit(const struct volume *vol, struct disk_request *r);

/* Bytes of partition entries that are read at most: twice what tools make. */
#define GPT_ENTRIES_BYTES (32u << 10)
/* Pure: where the entries are, from the block that holds the header. */
must_check enum err gpt_entries(const void *header, u64 *lba, u32 *bytes);
/* Pure: the range of partition `number` (1 ..) from the block with the header, and entries. */
must_check enum err gpt_partition(const void *header, const void *entries, size_t entries_size,
				  u32 number, u64 disk_sectors, u64 *first, u64 *sectors);
#endif
