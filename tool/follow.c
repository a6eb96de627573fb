/* SPDX-License-Identifier: BSD-2-Clause */
#include "follow.h"

#include "rundir.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Old bytes of a long log are a hole in the file: go to where data begins. */
static uint64_t skip_hole(int file, uint64_t at)
{
	off_t data = lseek(file, (off_t)at, SEEK_DATA);

	return data > (off_t)at ? (uint64_t)data : at;
}

static uint64_t line_begin(int file, uint64_t at)
{
	char bytes[1024];
	ssize_t got = pread(file, bytes, sizeof(bytes), (off_t)at);
	char *end = got > 0 ? memchr(bytes, '\n', (size_t)got) : NULL;

	return end ? at + (uint64_t)(end - bytes) + 1 : at;
}

struct follow follow_open(struct link *link, uint32_t vm, uint64_t back)
{
	char name[32];
	struct follow follow;
	off_t size;

	follow.file = run_open(link->folder, run_log_name(vm, name), O_RDONLY);
	follow.at = 0;
	if (follow.file < 0)
		die(CODE_FAIL, "%s/%s: %s", link->folder, name, strerror(errno));
	size = lseek(follow.file, 0, SEEK_END);
	follow.at = skip_hole(follow.file, 0);
	if (size > 0 && (uint64_t)size > follow.at + back)
		follow.at = line_begin(follow.file, (uint64_t)size - back);
	return follow;
}

static bool write_all(const char *bytes, size_t size)
{
	while (size) {
		ssize_t done = write(STDOUT_FILENO, bytes, size);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return false;
		bytes += done;
		size -= (size_t)done;
	}
	return true;
}

uint64_t follow_pump(struct follow *follow)
{
	char bytes[16384];
	uint64_t shown = 0;
	ssize_t got;

	while ((got = pread(follow->file, bytes, sizeof(bytes), (off_t)follow->at)) > 0) {
		if (!write_all(bytes, (size_t)got))
			die(CODE_FAIL, "standard output: %s", strerror(errno));
		follow->at += (uint64_t)got;
		shown += (uint64_t)got;
	}
	return shown;
}
