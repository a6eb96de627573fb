/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log: formatted text into one ring, which layers above drain to the UART and the
 * control channel (so that a slow reader never holds the monitor up). Formats: %d %u %x
 * %c %s %p %% with l, ll, z, width and 0; nothing else.
 */
#ifndef LIB_PRINT_H
#define LIB_PRINT_H

#include <stdarg.h>

#include "lib/types.h"

#define LOG_SIZE (64u << 10)

/* One line or a piece of one to the log; a time stamp goes before each line. */
__attribute__((format(printf, 1, 2))) void print(const char *format, ...);
/* Formats into `to` (size bytes, always ended by zero); returns the length it would have. */
__attribute__((format(printf, 3, 4))) size_t format_text(char *to, size_t size,
							  const char *format, ...);
size_t format_args(char *to, size_t size, const char *format, va_list args);

/*
 * Copies log bytes from `*position` on (counted since boot; moved up to the oldest one
 * kept when those are gone), at most `size`; returns how many and moves *position.
 */
size_t log_read(u64 *position, char *to, size_t size);
/* Position behind the newest byte: what a reader compares its own with. */
u64 log_end(void);
/* Time for the stamps, in ns; set by boot once there is a timer. */
extern u64 (*log_clock)(void);
/* While set, each byte also goes here at once: early boot, and panic. */
extern void (*log_early)(char c);

#endif
