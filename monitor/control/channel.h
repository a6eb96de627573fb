/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control channel: messages of abi/control.h to and from the tool. channel.c moves
 * them, requests.c answers them. All but control_poll() is called under control_lock.
 */
#ifndef CONTROL_CHANNEL_H
#define CONTROL_CHANNEL_H

#include "abi/control.h"
#include "lib/types.h"

/* --- for trap/leave.c, on WORK_CONTROL, with no lock held --- */
void control_poll(void);

/* Sends console output of VMs and of the monitor to a tool that watches them. */
void control_send_consoles(void);
/* A tool watches consoles from now on: their next bytes are sent. */
void control_watch_consoles(void);
/* A VM's state changed: a tool that watches is told, now or when there is room. */
void control_state_changed(u32 number);
/* All that was to be sent is on its way, or nobody listens. */
bool control_drained(void);

/* A message of `n` bytes of payload in up to two parts: false when there is no room. */
bool control_send(const struct ctl_header *head, const void *a, size_t a_size, const void *b,
		  size_t b_size);

/* --- requests.c --- */
/* Carries out one request; its reply fits: the caller looked for room. */
void request_handle(const struct ctl_header *head, const u8 *payload);
/* A new session: what the last one asked for is forgotten. */
void request_forget(void);
/* What the tool watches. */
extern struct ctl_watch watch;

#endif
