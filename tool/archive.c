/* SPDX-License-Identifier: BSD-2-Clause */
#include "archive.h"

#include <errno.h>
#include <string.h>

#define NEWC_HEADER 110
#define NEWC_FILE 0100644u

static bool same_file(const struct cfg_file *a, const struct cfg_file *b)
{
	return a->device == b->device && a->inode == b->inode;
}

static unsigned int find_file(const struct archive_plan *plan, const struct cfg_file *file)
{
	unsigned int i = 0;

	while (i < plan->count && !same_file(plan->files[i], file))
		i++;
	return i;
}

static void plan_file(struct archive_plan *plan, const struct cfg_file *file)
{
	if (!file->path || find_file(plan, file) < plan->count)
		return;
	plan->files[plan->count++] = file;
	plan->bytes += file->size;
}

void archive_plan(const struct config *config, struct archive_plan *plan)
{
	plan->count = 0;
	plan->bytes = 0;
	for (unsigned int i = 0; i < config->vm_count; i++) {
		plan_file(plan, &config->vms[i].kernel);
		plan_file(plan, &config->vms[i].initrd);
	}
}

const char *archive_member(const struct archive_plan *plan, const struct cfg_file *file,
			   char out[ARCHIVE_NAME_MAX])
{
	snprintf(out, ARCHIVE_NAME_MAX, CFG_ARCHIVE_FILES "%u", find_file(plan, file));
	return out;
}

/* Names and data are padded with zeros to a multiple of 4 bytes. */
static void pad(FILE *out, uint64_t written)
{
	static const char zeros[4];

	fwrite(zeros, 1, (size_t)(-written & 3), out);
}

static void put_header(FILE *out, unsigned int number, const char *name, uint64_t size)
{
	size_t name_size = strlen(name) + 1;
	bool last = !number;

	/* magic, inode, mode, uid, gid, links, mtime, size, device x2, rdevice x2, name, check */
	fprintf(out, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", number,
		last ? 0 : NEWC_FILE, 0u, 0u, 1u, 0u, (unsigned int)size, 0u, 0u, 0u, 0u,
		(unsigned int)name_size, 0u);
	fwrite(name, 1, name_size, out);
	pad(out, NEWC_HEADER + name_size);
}

static bool put_file(FILE *out, unsigned int number, const char *name, const struct cfg_file *file)
{
	static char buffer[1 << 16];
	FILE *in = fopen(file->path, "re");
	uint64_t left = file->size;

	if (!in) {
		say("%s: %s", file->path, strerror(errno));
		return false;
	}
	put_header(out, number, name, file->size);
	while (left) {
		size_t want = left < sizeof(buffer) ? (size_t)left : sizeof(buffer);
		size_t got = fread(buffer, 1, want, in);

		if (!got)
			break;
		fwrite(buffer, 1, got, out);
		left -= got;
	}
	fclose(in);
	pad(out, file->size);
	if (left)
		say("%s: became shorter while it was read", file->path);
	return !left;
}

bool archive_write(const struct archive_plan *plan, const void *blob, size_t blob_size, FILE *out)
{
	put_header(out, 1, CFG_ARCHIVE_DTB, blob_size);
	fwrite(blob, 1, blob_size, out);
	pad(out, blob_size);
	for (unsigned int i = 0; i < plan->count; i++) {
		char name[ARCHIVE_NAME_MAX];

		if (!put_file(out, i + 2, archive_member(plan, plan->files[i], name),
			      plan->files[i]))
			return false;
	}
	put_header(out, 0, "TRAILER!!!", 0);
	if (fflush(out) || ferror(out)) {
		say("the boot archive cannot be written: %s", strerror(errno));
		return false;
	}
	return true;
}
