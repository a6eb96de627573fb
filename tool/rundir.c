/* SPDX-License-Identifier: BSD-2-Clause */
#include "rundir.h"

#include "local.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

const char *run_base(void)
{
	static char base[PATH_MAX];
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	struct stat about;

	if (base[0])
		return base;
	if (runtime && runtime[0] == '/' && !access(runtime, W_OK))
		snprintf(base, sizeof(base), "%s/disco", runtime);
	else
		snprintf(base, sizeof(base), "/tmp/disco-%u", (unsigned int)geteuid());
	if (mkdir(base, 0700) && errno != EEXIST)
		die(CODE_FAIL, "%s: %s", base, strerror(errno));
	/* /tmp belongs to all: somebody else may have made a folder or a link there */
	if (lstat(base, &about) || !S_ISDIR(about.st_mode) || about.st_uid != geteuid() ||
	    (about.st_mode & 022))
		die(CODE_FAIL, "%s: is not a folder that only you can write (set XDG_RUNTIME_DIR)",
		    base);
	return base;
}

char *run_folder(const char *name)
{
	return need_format("%s/%s", run_base(), name);
}

/* Held while a folder is made or cleared, so that nobody clears a folder half made. */
static int lock_base(void)
{
	char *path = need_format("%s/.lock", run_base());
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || flock(fd, LOCK_EX))
		die(CODE_FAIL, "%s: %s", path, strerror(errno));
	free(path);
	return fd;
}

int run_open(const char *folder, const char *file, int flags)
{
	char *path = need_format("%s/%s", folder, file);
	int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);

	free(path);
	return fd;
}

void run_remove(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	if (rmdir(folder) && errno != ENOENT)
		say("%s: %s", folder, strerror(errno));
}

/* Say why a machine ended that nobody watched. */
static void report_dead(const char *name, const char *folder)
{
	char text[400] = "";
	int fd = run_open(folder, "died", O_RDONLY);
	ssize_t got = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	while (got > 0 && text[got - 1] == '\n')
		text[--got] = 0;
	say("the machine '%s' died%s%s; its folder is cleared (start it anew: disco up)", name,
	    text[0] ? ": " : ", and its supervisor with it", text);
}

static bool alive_locked(const char *name, const char *folder)
{
	int fd = run_open(folder, "lock", O_RDWR);
	bool alive = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK;

	if (fd >= 0)
		close(fd);
	if (!alive && !access(folder, F_OK)) {
		report_dead(name, folder);
		run_remove(folder);
	}
	return alive;
}

bool run_alive(const char *name)
{
	char *folder = run_folder(name);
	bool alive = false;

	if (!access(folder, F_OK)) {
		int base = lock_base();

		alive = alive_locked(name, folder);
		close(base);
	}
	free(folder);
	return alive;
}

int run_create(const char *name, char **folder)
{
	int base = lock_base();
	int fd;

	*folder = run_folder(name);
	if (alive_locked(name, *folder))
		die(CODE_FAIL, "the machine '%s' runs already (look: disco ps; end it: disco down "
		    "-m %s)", name, name);
	if (mkdir(*folder, 0700))
		die(CODE_FAIL, "%s: %s", *folder, strerror(errno));
	fd = run_open(*folder, "lock", O_RDWR | O_CREAT);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB))
		die(CODE_FAIL, "%s/lock: %s", *folder, strerror(errno));
	close(base);
	return fd;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char **run_list(void)
{
	DIR *dir = opendir(run_base());
	char **names = need_alloc(sizeof(char *));
	size_t count = 0;
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || !run_alive(entry->d_name))
			continue;
		names = need_realloc(names, (count + 2) * sizeof(char *));
		names[count++] = need_copy(entry->d_name);
	}
	if (dir)
		closedir(dir);
	if (count)
		qsort(names, count, sizeof(char *), by_name);
	names[count] = NULL;
	return names;
}

void run_list_free(char **names)
{
	for (size_t i = 0; names[i]; i++)
		free(names[i]);
	free(names);
}

/* Socket addresses are short and folders may not be: go through the folder's descriptor. */
static int with_address(const char *folder, int fd,
			int (*use)(int fd, const struct sockaddr *to, socklen_t size))
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int result = -1;

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/sock", dir);
	if (dir >= 0 && fd >= 0)
		result = use(fd, (const struct sockaddr *)&address, sizeof(address));
	if (dir >= 0)
		close(dir);
	return result;
}

int run_listen(const char *folder)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (!with_address(folder, fd, bind) && !listen(fd, 16))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

int run_connect(const char *folder)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (!with_address(folder, fd, connect))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

const char *run_log_name(uint32_t vm, char out[32])
{
	if (vm == SUP_VM_SERIAL)
		snprintf(out, 32, "serial.log");
	else if (vm == CTL_VM_NONE)
		snprintf(out, 32, "monitor.log");
	else
		snprintf(out, 32, "vm-%u.log", vm);
	return out;
}
