/* SPDX-License-Identifier: BSD-2-Clause */
/* What the unit tests of the tool share. */
#ifndef TOOL_TESTS_HELPER_H
#define TOOL_TESTS_HELPER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config.h"

/* The tests of one file. */
struct test_list {
	const struct CMUnitTest *tests;
	size_t count;
};

extern const struct test_list units_tests, config_tests, fault_tests, blob_tests, frame_tests,
	qemu_tests, verb_tests;

/** The folder of this run, with files k (kernel), i (initrd), d.img and e.img (disks). */
extern const char *test_folder;

/** Write a file in the test folder; returns its path, valid until the next call. */
const char *test_file(const char *name, const char *text);

/** Parse YAML text as if it were in the test folder; `said` gets what would be printed. */
struct config *test_parse(const char *text, char **said);

/** Parse text that must be good. */
struct config *test_good(const char *text);

/**
 * Run a shell command in the test folder with $D = disco and the fake monitor; returns what it
 * printed, both streams. The function `till COMMAND` waits until that succeeds: this machine
 * may be busy, so nothing is left to sleep.
 */
char *test_run(int *code, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
