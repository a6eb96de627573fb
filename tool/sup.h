/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The supervisor: one process per running machine. It starts the emulator, holds the two
 * byte streams to it (control channel and serial line), keeps every console's history in a
 * file, and serves the commands of people, which come and go, over a socket.
 *
 *     disco ps ----.                          .--- control channel --- monitor
 *     disco logs --+-- sock --- supervisor ---+
 *     disco up ----'   (local.h)     |        '--- serial line ------- monitor
 *                                 log files
 *
 * It is one loop around poll(), without threads. Files: sup.c the loop; sup_monitor.c
 * requests to the monitor and their answers; sup_console.c histories and typed input;
 * sup_client.c the clients; sup_down.c ending a machine in order; sup_emulator.c the
 * emulator's process.
 *
 * Nothing is lost without notice: a request is repeated until it is answered; a gap between
 * the positions of console events is fetched by CTL_LOG; when anything damaged came in,
 * states and histories are asked for anew.
 */
#ifndef TOOL_SUP_H
#define TOOL_SUP_H

#include "config.h"
#include "frame.h"
#include "local.h"

#include <sys/types.h>

#define SUP_CLIENTS 32
#define SUP_PENDING 256
#define SUP_NOBODY (-1)

/* A request that the monitor has not answered. */
struct pending {
	bool used;
	bool sent;
	struct ctl_header head; /* `seq` is the supervisor's */
	uint8_t *payload;
	size_t length;
	int client; /* slot, or SUP_NOBODY if the supervisor asks for itself */
	uint32_t client_id;
	uint32_t client_seq;
	int64_t first; /* when it was sent first */
	int64_t due;   /* when to send it (again) */
	int64_t pause; /* then wait that long */
};

/* A VM's console, the monitor's log, or the serial line. */
struct console {
	uint32_t vm;
	int file;
	uint64_t size;     /* bytes in the file */
	bool grown;        /* since clients were told */
	uint64_t next;     /* position in the monitor's history that comes next */
	uint64_t known;    /* end of that history as far as we heard */
	bool asking;       /* a CTL_LOG is on its way */
	struct outbox in;  /* typed, not yet taken by the monitor */
	uint64_t in_taken; /* input bytes that the monitor took, ever */
	bool in_asking;    /* a CTL_INPUT is on its way */
	int64_t in_due;    /* the monitor was full: not before */
};

struct client {
	int fd; /* -1: free slot */
	uint32_t id;
	bool owner; /* the machine ends with it */
	bool watch_states;
	bool watch_logs;
	struct frame_reader in;
	struct outbox out;
};

struct sup {
	const struct config *config;
	char *folder;
	int64_t started;

	/* emulator */
	pid_t emulator;
	int emulator_status;
	int signals;
	int serial;

	/* monitor */
	int control;
	struct frame_reader in;
	struct outbox out;
	uint64_t losses_seen;
	struct ctl_hello hello;
	struct pending pending[SUP_PENDING];
	uint32_t last_seq;
	uint32_t resent;
	struct ctl_vm *vms; /* as last heard; config->vm_count of them */
	bool silent;        /* it was told that the monitor does not answer */
	bool panicked;      /* the serial line said something like it */
	bool vms_known;     /* all were heard of */
	int64_t vms_due;    /* when to ask again */

	/* consoles: one per VM, then the monitor's log, then the serial line */
	struct console *consoles;
	unsigned int console_count;

	/* clients */
	int listener;
	uint32_t last_id;
	struct client clients[SUP_CLIENTS];

	/* ending */
	enum sup_phase phase;
	int64_t deadline; /* when the phase is over; 0: never */
	uint32_t grace_ms;
	bool expected;
};

/** Run a machine until it ends; `owner` is the first client's socket. Does not return. */
_Noreturn void supervise(const struct config *config, char *folder, int owner);

/* sup_emulator.c */

/** Start the emulator; leaves with a message if that is not possible. */
void emulator_start(struct sup *sup);

/** Look whether it has ended, and note it. */
void emulator_reap(struct sup *sup);

/** Tell everybody the last lines of the serial line, after the words `why`. */
void emulator_last_words(struct sup *sup, const char *why);

/** Write down and tell everybody how the machine ended. */
void emulator_obituary(struct sup *sup);

/* sup_monitor.c */

/** Ask the monitor; the answer goes to the client, or to the supervisor for SUP_NOBODY. */
bool monitor_request(struct sup *sup, int client, struct ctl_header head, const void *payload,
		     size_t length);

/** Take what came over the control channel. */
void monitor_input(struct sup *sup);

/** Send what is due, first or again. */
void monitor_pump(struct sup *sup, int64_t now);

/** Forget the requests of a client that has gone. */
void monitor_forget(struct sup *sup, int client);

/** Notice a monitor that does not answer any more. */
void monitor_watch(struct sup *sup, int64_t now);

/** When monitor_pump() has to be called next. */
int64_t monitor_due(const struct sup *sup);

/* sup_console.c */

/** Open the log files. */
void consoles_open(struct sup *sup);

/** The console with that `vm`, or NULL. */
struct console *console_find(struct sup *sup, uint32_t vm);

/** Append to a history. */
void console_write(struct console *console, const void *bytes, size_t size);

/** A piece of history came: an event, or the answer to our request if `answer`. */
void console_piece(struct sup *sup, uint32_t vm, const uint8_t *payload, size_t length,
		   bool answer);

/** Ask for all histories' ends: something may have been lost. */
void consoles_refresh(struct sup *sup);

/** Ask for what is missing, and type what is waiting. */
void consoles_pump(struct sup *sup, int64_t now);

/** Somebody types; returns how many bytes were taken. */
uint32_t console_type(struct sup *sup, uint32_t vm, const uint8_t *bytes, size_t size);

/** The answer to a CTL_INPUT came. */
void console_typed(struct sup *sup, uint32_t vm, const uint8_t *payload, size_t length);

/** Take what came over the serial line. */
void serial_input(struct sup *sup);

/* sup_client.c */

/** Make a client of a connected socket. */
void client_add(struct sup *sup, int fd, bool owner);

/** Take new connections. */
void clients_accept(struct sup *sup);

/** Take what a client says. */
void client_input(struct sup *sup, int slot);

/** Close a client's connection. */
void client_drop(struct sup *sup, int slot);

/** Send a message to one client. */
void client_send(struct sup *sup, int slot, struct ctl_header head, const void *payload,
		 size_t length);

/** Send a message to all of them. */
void clients_tell(struct sup *sup, enum local_type type, const void *payload, size_t length);

/** Send a line of text to all clients. */
void clients_say(struct sup *sup, const char *format, ...) PRINTF(2, 3);

/** Send a VM's new state to those who watch. */
void clients_state(struct sup *sup, const struct ctl_vm *vm);

/** Tell which histories grew. */
void clients_logs(struct sup *sup);

/* sup_down.c */

/** Begin to end the machine, or lose patience if that goes on already. */
void down_begin(struct sup *sup, uint32_t grace_ms);

/** End a machine whose monitor is dead: at once, and not as expected. */
void down_abandon(struct sup *sup);

/** Go on with ending it when a phase is over. */
void down_pump(struct sup *sup, int64_t now);

#endif
