/* SPDX-License-Identifier: BSD-2-Clause */
/* One console's log file, copied to standard output as it is. */
#ifndef TOOL_FOLLOW_H
#define TOOL_FOLLOW_H

#include "link.h"

struct follow {
	int file;
	uint64_t at; /* next byte to show */
};

/** Open a console's log; begins `back` bytes before its end, at a line's beginning. */
struct follow follow_open(struct link *link, uint32_t vm, uint64_t back);

/** Write what is new to standard output; returns how many bytes that was. */
uint64_t follow_pump(struct follow *follow);

#endif
