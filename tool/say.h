/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages to people, exit codes, and small helpers that every file of the tool needs. */
#ifndef TOOL_SAY_H
#define TOOL_SAY_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit status of every command; `disco help` and docs/USING.md show the same table. */
enum exit_code {
	CODE_OK = 0,          /* done; `run`: every VM powered itself off */
	CODE_FAIL = 1,        /* it did not work; `run`: some VM was killed or failed */
	CODE_USAGE = 2,       /* wrong arguments, or a fault in the configuration */
	CODE_MISSING = 3,     /* no such machine, no such VM */
	CODE_TIMEOUT = 124,   /* `run --timeout`: the limit was reached */
	CODE_INTERRUPT = 130, /* `run`: Ctrl-C */
};

#define PRINTF(at, first) __attribute__((__format__(__printf__, at, first)))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/** Print "disco: MESSAGE" and a newline on standard error. */
void say(const char *format, ...) PRINTF(1, 2);

/** Like say(), then leave with `code`. */
_Noreturn void die(enum exit_code code, const char *format, ...) PRINTF(2, 3);

/** True when `fd` is a terminal and NO_COLOR is not set. */
bool say_colours(int fd);

/** Milliseconds of a clock that never jumps. */
int64_t now_ms(void);

/** malloc family that ends the program when memory is short. */
void *need_alloc(size_t size);
void *need_realloc(void *old, size_t size);
char *need_copy(const char *text);

/** Formatted string in fresh memory. */
char *need_format(const char *format, ...) PRINTF(1, 2);
char *need_vformat(const char *format, va_list args);

/** Copy a string into a fixed array, cut to fit. */
void copy_name(char *to, size_t room, const char *from);

#endif
