/* SPDX-License-Identifier: BSD-2-Clause */
#include "sup.h"

#include "rundir.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define TICK_MS 250
#define FAREWELL_MS 1000

enum slot { SLOT_SIGNALS, SLOT_LISTENER, SLOT_CONTROL, SLOT_SERIAL, SLOT_CLIENTS };

#define SLOTS (SLOT_CLIENTS + SUP_CLIENTS)

static int open_signals(void)
{
	sigset_t set;

	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void take_signal(struct sup *sup)
{
	struct signalfd_siginfo info;

	while (read(sup->signals, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo == SIGTERM)
			down_begin(sup, 0);
	emulator_reap(sup);
}

static short wanted(const struct outbox *box)
{
	return outbox_size(box) ? POLLIN | POLLOUT : POLLIN;
}

static void fill_slots(const struct sup *sup, struct pollfd *slots)
{
	slots[SLOT_SIGNALS] = (struct pollfd){.fd = sup->signals, .events = POLLIN};
	slots[SLOT_LISTENER] = (struct pollfd){.fd = sup->listener, .events = POLLIN};
	slots[SLOT_CONTROL] = (struct pollfd){.fd = sup->control, .events = wanted(&sup->out)};
	slots[SLOT_SERIAL] = (struct pollfd){.fd = sup->serial, .events = POLLIN};
	for (int i = 0; i < SUP_CLIENTS; i++)
		slots[SLOT_CLIENTS + i] = (struct pollfd){.fd = sup->clients[i].fd,
							  .events = wanted(&sup->clients[i].out)};
}

static void take_slots(struct sup *sup, const struct pollfd *slots)
{
	if (slots[SLOT_SERIAL].revents)
		serial_input(sup);
	if (slots[SLOT_CONTROL].revents & (POLLIN | POLLHUP | POLLERR))
		monitor_input(sup);
	if (slots[SLOT_SIGNALS].revents)
		take_signal(sup);
	for (int i = 0; i < SUP_CLIENTS; i++)
		if (slots[SLOT_CLIENTS + i].revents & (POLLIN | POLLHUP | POLLERR) &&
		    sup->clients[i].fd == slots[SLOT_CLIENTS + i].fd)
			client_input(sup, i);
	if (slots[SLOT_LISTENER].revents)
		clients_accept(sup);
}

/* Write what waits; a client that is gone or does not read is dropped. */
static void flush_all(struct sup *sup)
{
	if (sup->control >= 0 && !outbox_flush(&sup->out, sup->control))
		sup->control = -1;
	for (int i = 0; i < SUP_CLIENTS; i++)
		if (sup->clients[i].fd >= 0 &&
		    !outbox_flush(&sup->clients[i].out, sup->clients[i].fd))
			client_drop(sup, i);
}

static int wait_ms(const struct sup *sup, int64_t now)
{
	int64_t due = monitor_due(sup);

	if (due > now + TICK_MS)
		due = now + TICK_MS;
	for (unsigned int i = 0; i < sup->config->vm_count; i++)
		if (outbox_size(&sup->consoles[i].in) && !sup->consoles[i].in_asking)
			due = now + 20;
	return due > now ? (int)(due - now) : 1;
}

static void loop_once(struct sup *sup)
{
	struct pollfd slots[SLOTS];
	int64_t now = now_ms();

	consoles_pump(sup, now);
	monitor_pump(sup, now);
	monitor_watch(sup, now);
	flush_all(sup);
	fill_slots(sup, slots);
	if (poll(slots, SLOTS, wait_ms(sup, now)) > 0)
		take_slots(sup, slots);
	clients_logs(sup);
	down_pump(sup, now_ms());
}

/* What the emulator wrote last is still in the sockets. */
static void drain(struct sup *sup)
{
	struct pollfd slots[2];

	do {
		slots[0] = (struct pollfd){.fd = sup->serial, .events = POLLIN};
		slots[1] = (struct pollfd){.fd = sup->control, .events = POLLIN};
		if (poll(slots, 2, 0) <= 0)
			break;
		if (slots[0].revents)
			serial_input(sup);
		if (slots[1].revents)
			monitor_input(sup);
	} while (sup->serial >= 0 || sup->control >= 0);
}

/* Give clients a moment to read the last messages. */
static void farewell(struct sup *sup)
{
	int64_t end = now_ms() + FAREWELL_MS;
	bool left = true;

	while (left && now_ms() < end) {
		left = false;
		flush_all(sup);
		for (int i = 0; i < SUP_CLIENTS; i++)
			left |= sup->clients[i].fd >= 0 && outbox_size(&sup->clients[i].out);
		if (left)
			poll(NULL, 0, 10);
	}
}

/* A process of its own: no terminal, no input, messages into the emulator's log. */
static void detach(const char *folder)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int log = run_open(folder, "qemu.log", O_WRONLY | O_CREAT | O_APPEND);

	setsid();
	dup2(null, STDIN_FILENO);
	dup2(log >= 0 ? log : null, STDOUT_FILENO);
	dup2(log >= 0 ? log : null, STDERR_FILENO);
	close(null);
	if (log >= 0)
		close(log);
}

/* For people who look for the process. */
static void write_pid(const char *folder)
{
	int fd = run_open(folder, "lock", O_WRONLY);

	if (fd >= 0 && dprintf(fd, "%d\n", (int)getpid()) > 0)
		close(fd);
}

static void remove_archive(const struct sup *sup)
{
	char *path = need_format("%s/boot.cpio", sup->folder);

	unlink(path);
	free(path);
}

static struct sup *make_sup(const struct config *config, char *folder)
{
	struct sup *sup = need_alloc(sizeof(*sup));

	memset(sup, 0, sizeof(*sup));
	sup->config = config;
	sup->folder = folder;
	sup->started = now_ms();
	for (int i = 0; i < SUP_CLIENTS; i++)
		sup->clients[i].fd = -1;
	sup->vms = need_alloc(config->vm_count * sizeof(struct ctl_vm));
	memset(sup->vms, 0, config->vm_count * sizeof(struct ctl_vm));
	return sup;
}

void supervise(const struct config *config, char *folder, int owner)
{
	struct sup *sup = make_sup(config, folder);
	bool archive = true;

	detach(folder);
	write_pid(folder);
	sup->signals = open_signals();
	sup->listener = run_listen(folder);
	if (sup->listener < 0)
		die(CODE_FAIL, "%s/sock: %s", folder, strerror(errno));
	consoles_open(sup);
	client_add(sup, owner, true);
	emulator_start(sup);
	monitor_request(sup, SUP_NOBODY, (struct ctl_header){.type = CTL_HELLO, .vm = CTL_VM_NONE},
			NULL, 0);
	while (sup->phase != SUP_GONE) {
		loop_once(sup);
		if (archive && sup->hello.version) {
			remove_archive(sup);
			archive = false;
		}
	}
	drain(sup);
	emulator_obituary(sup);
	farewell(sup);
	exit(CODE_OK);
}
