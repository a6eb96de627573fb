/* SPDX-License-Identifier: BSD-2-Clause */
/* Everything that is wrong in a configuration file, each with its place. */
#ifndef TOOL_FAULTS_H
#define TOOL_FAULTS_H

#include "say.h"

#include <stdio.h>

/* A place in a file, counted from 1. */
struct mark {
	unsigned int line;
	unsigned int column;
};

struct fault {
	struct mark mark;
	bool warning; /* worth saying, but the file can be used */
	size_t order; /* faults at the same place keep the order they were found in */
	char *text;   /* "vms.a.vcpus: 'many' is not ..." */
};

struct faults {
	struct fault *items;
	size_t count;
	size_t errors; /* those of the items that are not warnings */
};

/** Note a fault at `mark` in the field `path` ("" for the file as a whole). */
void fault_add(struct faults *faults, struct mark mark, const char *path, const char *format, ...)
	PRINTF(4, 5);

/** Note a warning. */
void fault_warn(struct faults *faults, struct mark mark, const char *path, const char *format, ...)
	PRINTF(4, 5);

/** Print "FILE:LINE:COLUMN: TEXT" lines in the order of the file. */
void faults_print(struct faults *faults, const char *file, FILE *out);

/** Forget all of them. */
void faults_free(struct faults *faults);

/** The best of `names` (ends with NULL) for a mistyped `word`, or NULL. */
const char *suggest(const char *word, const char *const *names);

#endif
