/* SPDX-License-Identifier: BSD-2-Clause */
#include "units.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Read leading digits; false when there are none or they do not fit. */
static bool take_digits(const char **text, uint64_t *out)
{
	const char *at = *text;
	uint64_t value = 0;

	if (!isdigit((unsigned char)*at))
		return false;
	for (; isdigit((unsigned char)*at); at++) {
		unsigned int digit = (unsigned int)(*at - '0');

		if (value > (UINT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*text = at;
	*out = value;
	return true;
}

bool parse_number(const char *text, uint64_t *out)
{
	uint64_t value;

	if (!take_digits(&text, &value) || *text)
		return false;
	*out = value;
	return true;
}

bool parse_size(const char *text, uint64_t *out)
{
	static const char letters[] = "KMGT";
	const char *found;
	unsigned int shift = 0;
	uint64_t value;

	if (!take_digits(&text, &value))
		return false;
	found = *text ? strchr(letters, toupper((unsigned char)*text)) : NULL;
	if (found) {
		shift = 10 * (unsigned int)(found - letters + 1);
		text++;
		if (!strcmp(text, "B") || !strcmp(text, "iB"))
			text = "";
	}
	if (*text || value > UINT64_MAX >> shift)
		return false;
	*out = value << shift;
	return true;
}

bool parse_seconds(const char *text, int64_t *out_ms)
{
	char *end;
	double value;

	if (!isdigit((unsigned char)text[0]))
		return false;
	value = strtod(text, &end);
	if (*end || !(value >= 0 && value <= 7 * 86400))
		return false;
	*out_ms = (int64_t)(value * 1000);
	return true;
}

const char *exact_size(char out[UNITS_ROOM], uint64_t bytes)
{
	static const char letters[] = "\0KMGT";
	unsigned int step = 0;

	while (step < 4 && bytes && bytes % 1024 == 0) {
		bytes /= 1024;
		step++;
	}
	snprintf(out, UNITS_ROOM, "%llu%.1s", (unsigned long long)bytes, letters + step);
	return out;
}

const char *short_size(char out[UNITS_ROOM], uint64_t bytes)
{
	static const char letters[] = "BKMGTPE";
	double value = (double)bytes;
	unsigned int step = 0;

	while (value >= 1000 && step < 6) {
		value /= 1024;
		step++;
	}
	snprintf(out, UNITS_ROOM, "%.*f%c", step && value < 99.95 ? 1 : 0, value, letters[step]);
	return out;
}

const char *short_time(char out[UNITS_ROOM], uint64_t ns)
{
	uint64_t seconds = ns / 1000000000u;

	if (seconds >= 3600)
		snprintf(out, UNITS_ROOM, "%llu h %02llu min", (unsigned long long)(seconds / 3600),
			 (unsigned long long)(seconds / 60 % 60));
	else if (seconds >= 100)
		snprintf(out, UNITS_ROOM, "%llu min %02llu s", (unsigned long long)(seconds / 60),
			 (unsigned long long)(seconds % 60));
	else
		snprintf(out, UNITS_ROOM, "%.*f s", seconds < 10 ? 2 : 1, (double)ns / 1e9);
	return out;
}

const char *short_count(char out[UNITS_ROOM], uint64_t count)
{
	if (count < 100000)
		snprintf(out, UNITS_ROOM, "%llu", (unsigned long long)count);
	else if (count < 1000000)
		snprintf(out, UNITS_ROOM, "%.0f k", (double)count / 1e3);
	else if (count < 1000000000)
		snprintf(out, UNITS_ROOM, "%.2f M", (double)count / 1e6);
	else
		snprintf(out, UNITS_ROOM, "%.2f G", (double)count / 1e9);
	return out;
}

const char *percent(char out[UNITS_ROOM], uint64_t part, uint64_t whole)
{
	if (whole)
		snprintf(out, UNITS_ROOM, "%.1f%%", 100.0 * (double)part / (double)whole);
	else
		snprintf(out, UNITS_ROOM, "-");
	return out;
}
