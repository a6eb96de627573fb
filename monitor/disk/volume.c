/* SPDX-License-Identifier: BSD-2-Clause */
/* Volumes: found at boot by the serials of the machine's disks, never changed afterwards. */
#include "disk/volume.h"

#include "lib/percpu.h"
#include "lib/string.h"
#include "mem/node.h"

struct volume volumes[CFG_VOLUMES_MAX];
u32 volume_count;

/* The disk with that serial, or -1. */
static int disk_find(const char *serial)
{
	for (u32 i = 0; i < disk_count(); i++)
		if (strcmp(disk_info(i)->serial, serial) == 0)
			return (int)i;
	return -1;
}

/* Reads `bytes` from a sector on; the length is rounded up to whole sectors. */
static enum err read_bytes(u32 disk, u64 sector, void *to, u32 bytes)
{
	enum err e = OK;
	for (u32 done = 0; e == OK && done < bytes; done += (u32)PAGE_SIZE) {
		u32 n = MIN(bytes - done, (u32)PAGE_SIZE);
		e = disk_read_now(disk, sector + done / DISK_SECTOR, (char *)to + done,
				  ALIGN_UP(n, DISK_SECTOR));
	}
	return e;
}

/* The range of a partition; `buffer` has room for a page and for all entries. */
static enum err find_partition(struct volume *v, u32 partition, char *buffer)
{
	char *header = buffer, *entries = buffer + PAGE_SIZE;
	u64 lba, size = disk_info(v->disk)->sectors;
	u32 bytes;
	enum err e = read_bytes(v->disk, 1, header, DISK_SECTOR);

	if (e == OK)
		e = gpt_entries(header, &lba, &bytes);
	if (e == OK)
		e = read_bytes(v->disk, lba, entries, bytes);
	if (e)
		return e == ERR_RANGE ? ERR_INPUT : e; /* the disk is too small for a table */
	return gpt_partition(header, entries, bytes, partition, size, &v->first, &v->sectors);
}

enum err volume_add(const char *name, const char *serial, u32 partition)
{
	struct volume *v = &volumes[volume_count];
	int disk = disk_find(serial);
	size_t room = PAGE_SIZE + GPT_ENTRIES_BYTES;
	enum err e = OK;

	if (disk < 0)
		return ERR_ABSENT;
	if (volume_count == CFG_VOLUMES_MAX)
		return ERR_MEMORY;
	memset(v, 0, sizeof(*v));
	v->disk = (u32)disk;
	v->sectors = disk_info(v->disk)->sectors;
	v->readonly = disk_info(v->disk)->readonly;
	string_copy(v->name, name, sizeof(v->name));
	if (partition) {
		char *buffer = monitor_alloc(this_cpu()->node, room);
		if (!buffer)
			return ERR_MEMORY;
		e = find_partition(v, partition, buffer);
		monitor_free(buffer, room);
	}
	if (e == OK)
		volume_count++;
	return e;
}

int volume_find(const char *name)
{
	for (u32 i = 0; i < volume_count; i++)
		if (strcmp(volumes[i].name, name) == 0)
			return (int)i;
	return -1;
}

enum err volume_submit(const struct volume *vol, struct disk_request *r)
{
	if (r->op != DISK_FLUSH) {
		u64 sectors = r->sectors;
		if (r->op == DISK_READ || r->op == DISK_WRITE) {
			sectors = 0;
			for (u32 i = 0; i < r->segment_count && i < DISK_SEGMENTS; i++)
				sectors += r->segments[i].bytes / DISK_SECTOR;
		}
		if (r->sector > vol->sectors || sectors > vol->sectors - r->sector)
			return ERR_RANGE;
		r->sector += vol->first;
	}
	disk_submit(vol->disk, r);
	return OK;
}
