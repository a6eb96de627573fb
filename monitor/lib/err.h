/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The three kinds of trouble. A guest's mistake is a verdict (vcpu/verdict.h). A shortage
 * or bad input is an `enum err` that callers must look at, and nothing is half done. A bug
 * of the monitor is CHECK, which prints and stops the machine; no guest can reach one.
 */
#ifndef LIB_ERR_H
#define LIB_ERR_H

#include "lib/types.h"

enum err {
	OK = 0,
	ERR_MEMORY, /* no free frame, or no free slot in a table */
	ERR_RANGE,  /* address or number outside what is allowed */
	ERR_INPUT,  /* malformed input: blob, archive, ring */
	ERR_STATE,  /* not possible in the present state */
	ERR_BUSY,   /* in use by somebody else: later */
	ERR_IO,     /* a device failed */
	ERR_WAIT,   /* nothing changed: the cause is in a struct wait; repeat later */
	ERR_ABSENT, /* not there */
};

/* A short name for messages: "no memory". */
const char *err_name(enum err e);

/* Prints file, line and condition and stops the machine when `cond` is false. */
#define CHECK(cond)                                              \
	do {                                                     \
		if (unlikely(!(cond)))                           \
			panic("%s:%d: CHECK(%s)", __FILE__, __LINE__, #cond); \
	} while (0)

/* Prints a message with the caller's stack and stops all CPUs. */
__attribute__((noreturn, format(printf, 1, 2))) void panic(const char *format, ...);

/* What panic() does in the end: set by boot (stop the other CPUs, drain the log). */
extern void (*panic_hook)(void);

#endif
