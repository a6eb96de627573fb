/* SPDX-License-Identifier: BSD-2-Clause */
/* The files that a configuration names: where they are, and whether they can serve. */
#include "config_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR 512
#define ARCHIVE_FILE_MAX 0xffffffffull /* a newc header has eight hexadecimal digits */

/* The current folder first, then the folder of the YAML file. */
static char *find_path(const char *text, const struct config *config)
{
	char *beside, *real = realpath(text, NULL);

	if (real || text[0] == '/')
		return real;
	beside = need_format("%s/%s", config->folder, text);
	real = realpath(beside, NULL);
	free(beside);
	return real;
}

static bool file_measure(const struct field *field, int fd, struct cfg_file *out)
{
	struct stat about;
	off_t size;

	if (fstat(fd, &about)) {
		field_fault(field, "'%s': %s", out->path, strerror(errno));
		return false;
	}
	if (!S_ISREG(about.st_mode) && !S_ISBLK(about.st_mode)) {
		field_fault(field, "'%s' is %s, not a file", out->path,
			    S_ISDIR(about.st_mode) ? "a folder" : "something else");
		return false;
	}
	size = lseek(fd, 0, SEEK_END);
	if (size <= 0) {
		field_fault(field, "'%s' is empty", out->path);
		return false;
	}
	out->size = (uint64_t)size;
	out->device = S_ISBLK(about.st_mode) ? about.st_rdev : about.st_dev;
	out->inode = S_ISBLK(about.st_mode) ? 0 : about.st_ino;
	return true;
}

bool read_file_field(const struct field *field, const struct config *config, struct cfg_file *out)
{
	const char *text = field_text(field, "the name of a file");
	bool good;
	int fd;

	if (!text)
		return false;
	free(out->path);
	out->path = text[0] ? find_path(text, config) : NULL;
	if (!out->path) {
		field_fault(field, "'%s' does not exist, neither in the current folder nor in %s",
			    text, config->folder);
		return false;
	}
	fd = open(out->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		field_fault(field, "'%s': %s", text, strerror(errno));
		return false;
	}
	good = file_measure(field, fd, out);
	close(fd);
	return good;
}

/* The first bytes of a file, zeros behind its end. */
static void read_start(const struct cfg_file *file, unsigned char *start, size_t size)
{
	int fd = open(file->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ssize_t got = 0;

	memset(start, 0, size);
	if (fd >= 0) {
		got = read(fd, start, size);
		close(fd);
	}
	if (got < 0)
		memset(start, 0, size);
}

void check_kernel(const struct field *field, const struct cfg_file *file)
{
	unsigned char start[64];

	read_start(file, start, sizeof(start));
	if (file->size > ARCHIVE_FILE_MAX)
		field_fault(field, "'%s' is larger than 4G", file->path);
	else if (!memcmp(start, "\177ELF", 4))
		field_fault(field, "'%s' is an ELF file, not a flat kernel image "
			    "(make one: objcopy -O binary)", file->path);
	else if (start[0] == 0x1f && start[1] == 0x8b)
		field_fault(field, "'%s' is compressed by gzip (unpack it: zcat %s > Image)",
			    file->path, file->path);
	else if (!memcmp(start, "MZ", 2) && !memcmp(start + 4, "zimg", 4))
		field_fault(field, "'%s' is a self-unpacking EFI image (unpack it first)",
			    file->path);
}

void check_disk_file(const struct field *field, const struct cfg_file *file)
{
	unsigned char start[4];

	read_start(file, start, sizeof(start));
	if (!memcmp(start, "QFI\xfb", 4))
		field_fault(field, "'%s' is a qcow2 image, not a raw one "
			    "(make one: qemu-img convert -O raw)", file->path);
	else if (file->size % SECTOR)
		field_fault(field, "'%s' is not a whole number of sectors of %d bytes",
			    file->path, SECTOR);
}
