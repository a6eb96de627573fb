/* SPDX-License-Identifier: BSD-2-Clause */
/* The emulator's process: how it is started, and what is said when it has ended. */
#include "sup.h"

#include "qemu.h"
#include "rundir.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child: only the two channels stay open; it must not outlive the supervisor. */
static _Noreturn void become_emulator(const struct arguments *arguments, pid_t parent)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGHUP, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	execv(arguments->items[0], arguments->items);
	say("%s: %s", arguments->items[0], strerror(errno));
	_exit(127);
}

static void make_channel(int *ours, int *theirs)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		die(CODE_FAIL, "no channel to the emulator: %s", strerror(errno));
	fcntl(pair[0], F_SETFD, FD_CLOEXEC);
	*ours = pair[0];
	*theirs = pair[1];
}

void emulator_start(struct sup *sup)
{
	struct qemu_setup setup = {0};
	struct arguments arguments;
	pid_t parent = getpid();

	setup.emulator = qemu_find_emulator();
	setup.image = qemu_find_image();
	setup.archive = need_format("%s/boot.cpio", sup->folder);
	make_channel(&sup->control, &setup.control_fd);
	make_channel(&sup->serial, &setup.serial_fd);
	arguments = qemu_arguments(sup->config, &setup);
	sup->emulator = fork();
	if (sup->emulator < 0)
		die(CODE_FAIL, "the emulator cannot be started: %s", strerror(errno));
	if (!sup->emulator)
		become_emulator(&arguments, parent);
	close(setup.control_fd);
	close(setup.serial_fd);
	arguments_free(&arguments);
	free(setup.emulator);
	free(setup.image);
	free(setup.archive);
}

void emulator_reap(struct sup *sup)
{
	int status;

	if (waitpid(sup->emulator, &status, WNOHANG) != sup->emulator)
		return;
	sup->phase = SUP_GONE;
	sup->emulator_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The last lines of a file, without the newline at its end. */
static char *tail_of(const char *folder, const char *file, unsigned int lines)
{
	char *text = need_alloc(2001);
	int fd = run_open(folder, file, O_RDONLY);
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	ssize_t got = fd < 0 ? 0 : pread(fd, text, 2000, size > 2000 ? size - 2000 : 0);
	char *at;

	if (fd >= 0)
		close(fd);
	if (got < 0)
		got = 0;
	while (got && (text[got - 1] == '\n' || text[got - 1] == '\r'))
		got--;
	text[got] = 0;
	at = text + got;
	while (at > text && (at[-1] != '\n' || --lines))
		at--;
	memmove(text, at, strlen(at) + 1);
	return text;
}

static void write_died(struct sup *sup, const char *text)
{
	int fd = run_open(sup->folder, "died", O_WRONLY | O_CREAT | O_TRUNC);

	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		say("%s", text);
	if (fd >= 0)
		close(fd);
}

static bool has_client(const struct sup *sup)
{
	for (int i = 0; i < SUP_CLIENTS; i++)
		if (sup->clients[i].fd >= 0)
			return true;
	return false;
}

void emulator_last_words(struct sup *sup, const char *why)
{
	char *line = tail_of(sup->folder, "serial.log", 12);

	clients_say(sup, "%s; the serial line %s%s", why,
		    line[0] ? "said last:\n" : "has said nothing", line);
	free(line);
}

/* Why an emulator ended that was not asked to. */
static void explain(struct sup *sup)
{
	char *said = tail_of(sup->folder, "qemu.log", 4);
	char *text = need_format("the emulator ended with status %d%s%s", sup->emulator_status,
				 said[0] ? ": " : "", said);

	emulator_last_words(sup, text);
	if (!has_client(sup))
		write_died(sup, text);
	free(said);
	free(text);
}

void emulator_obituary(struct sup *sup)
{
	struct sup_end end = {.expected = sup->expected, .code = (uint32_t)sup->emulator_status};
	bool keep;

	if (!sup->expected)
		explain(sup);
	keep = !sup->expected && !has_client(sup);
	clients_logs(sup);
	clients_tell(sup, SUP_EVENT_END, &end, sizeof(end));
	if (!keep)
		run_remove(sup->folder);
}
