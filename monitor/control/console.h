/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine's serial line: the monitor's log and prompt, or one VM's console. */
#ifndef CONTROL_CONSOLE_H
#define CONTROL_CONSOLE_H

#include "lib/types.h"

/* Boot wrote the log so far to the serial line itself: what comes from now on is drained. */
void console_begin(void);
/*
 * For trap/leave.c, on WORK_CONSOLE, with no lock held: takes what was typed, sends what
 * there is to the serial line and, through channel.c, to the tool. Never waits.
 */
void console_poll(void);

#endif
