/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers, sizes and times as people write and read them. */
#ifndef TOOL_UNITS_H
#define TOOL_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for any text made here. */
#define UNITS_ROOM 32

/** Parse a whole decimal number without sign; false if `text` is anything else. */
bool parse_number(const char *text, uint64_t *out);

/** Parse "4096", "512K", "512M", "4G", "1T" (powers of 1024; a B or iB may follow). */
bool parse_size(const char *text, uint64_t *out);

/** Parse seconds, "10" or "2.5", into milliseconds; at most a week. */
bool parse_seconds(const char *text, int64_t *out_ms);

/** Write a size so that parse_size() gives it back: "512M", "4G", "1000". */
const char *exact_size(char out[UNITS_ROOM], uint64_t bytes);

/** Write a size shortly, three digits: "96.4M". */
const char *short_size(char out[UNITS_ROOM], uint64_t bytes);

/** Write nanoseconds shortly: "12.3 s", "4 min 05 s". */
const char *short_time(char out[UNITS_ROOM], uint64_t ns);

/** Write a count shortly: "12345", "1.23 M". */
const char *short_count(char out[UNITS_ROOM], uint64_t count);

/** Write part/whole in percent, "-" when there is no whole. */
const char *percent(char out[UNITS_ROOM], uint64_t part, uint64_t whole);

#endif
