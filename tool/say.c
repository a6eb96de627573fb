/* SPDX-License-Identifier: BSD-2-Clause */
#include "say.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void vsay(const char *format, va_list args)
{
	char *text = need_vformat(format, args);

	fflush(stdout);
	fprintf(stderr, "disco: %s\n", text);
	free(text);
}

void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsay(format, args);
	va_end(args);
}

void die(enum exit_code code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsay(format, args);
	va_end(args);
	exit((int)code);
}

bool say_colours(int fd)
{
	const char *no = getenv("NO_COLOR");

	return isatty(fd) && (!no || !no[0]);
}

int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void *need_alloc(size_t size)
{
	return need_realloc(NULL, size);
}

void *need_realloc(void *old, size_t size)
{
	void *got = realloc(old, size ? size : 1);

	if (!got) {
		fputs("disco: this program ran out of memory\n", stderr);
		exit(CODE_FAIL);
	}
	return got;
}

char *need_copy(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(need_alloc(size), text, size);
}

char *need_vformat(const char *format, va_list args)
{
	va_list again;
	int length;
	char *text;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length < 0)
		length = 0;
	text = need_alloc((size_t)length + 1);
	text[0] = 0;
	vsnprintf(text, (size_t)length + 1, format, args);
	return text;
}

char *need_format(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = need_vformat(format, args);
	va_end(args);
	return text;
}

void copy_name(char *to, size_t room, const char *from)
{
	size_t length = strlen(from);

	if (length >= room)
		length = room - 1;
	memcpy(to, from, length);
	to[length] = 0;
}
