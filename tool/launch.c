/* SPDX-License-Identifier: BSD-2-Clause */
#include "launch.h"

#include "archive.h"
#include "blob.h"
#include "qemu.h"
#include "rundir.h"
#include "sup.h"
#include "units.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NOTE_MS 10000

/* Leave with a message, and without the folder that was made. */
static _Noreturn void give_up(const char *folder, const char *what)
{
	int error = errno;

	run_remove(folder);
	die(CODE_FAIL, "%s: %s", what, strerror(error));
}

static void write_archive(const struct config *config, const char *folder)
{
	struct archive_plan plan;
	size_t size;
	void *blob;
	FILE *out;
	int fd = run_open(folder, "boot.cpio", O_WRONLY | O_CREAT | O_EXCL);

	archive_plan(config, &plan);
	out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!out)
		give_up(folder, "the boot archive cannot be made");
	blob = blob_make(config, &plan, &size);
	if (!archive_write(&plan, blob, size, out)) {
		run_remove(folder);
		exit(CODE_FAIL);
	}
	fclose(out);
	free(blob);
}

/* The boot archive is in the machine's memory before anything else. */
static void check_archive_size(const struct config *config)
{
	struct archive_plan plan;
	char need[UNITS_ROOM], have[UNITS_ROOM];

	archive_plan(config, &plan);
	if (plan.bytes > config->machine.memory / 2)
		die(CODE_USAGE, "the kernels and initrds have %s together: more than half of the "
		    "machine's memory (%s)", short_size(need, plan.bytes),
		    exact_size(have, config->machine.memory));
}

struct link *launch(const struct config *config)
{
	char *folder;
	int pair[2], lock;
	struct link *link;
	pid_t child;

	free(qemu_find_emulator()); /* what is missing is said before anything is made */
	free(qemu_find_image());
	check_archive_size(config);
	lock = run_create(config->name, &folder);
	write_archive(config, folder);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		give_up(folder, "no channel to the supervisor");
	fflush(NULL);
	child = fork();
	if (child < 0)
		give_up(folder, "the supervisor cannot be started");
	if (!child) {
		close(pair[0]);
		supervise(config, folder, pair[1]);
	}
	close(pair[1]);
	close(lock);
	link = link_make(config->name, folder, pair[0]);
	free(folder);
	return link;
}

/* It takes too long: end it, and show what the supervisor says about it. */
static _Noreturn void boot_timeout(struct link *link)
{
	struct sup_down down = {0};
	int64_t end = now_ms() + NOTE_MS;

	link_call(link, SUP_DOWN, CTL_VM_NONE, &down, sizeof(down), NOTE_MS);
	while (link->fd >= 0 && !link->ended && now_ms() < end)
		link_wait(link, 100, -1);
	die(CODE_TIMEOUT, "the time limit is over: the monitor of '%s' has not answered",
	    link->name);
}

void launch_wait(struct link *link, int64_t limit)
{
	int64_t start = now_ms(), next = start + NOTE_MS;

	while (!link->ready && link->fd >= 0) {
		link_wait(link, 200, -1);
		if (!link->ready && limit && now_ms() >= limit && link->fd >= 0)
			boot_timeout(link);
		if (!link->ready && now_ms() >= next) {
			say("'%s' still boots (%lld s; see: disco -m %s logs --serial)", link->name,
			    (long long)((now_ms() - start) / 1000), link->name);
			next += NOTE_MS;
		}
	}
	if (!link->ready)
		die(CODE_FAIL, "the machine '%s' ended before its monitor answered", link->name);
}
