/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of a verb, and the help that goes with it. */
#ifndef TOOL_OPTS_H
#define TOOL_OPTS_H

#include "say.h"

/* A command of the tool. */
struct verb {
	const char *name;
	const char *alias;     /* or NULL */
	const char *arguments; /* "[-d] [-f FILE]" */
	const char *summary;   /* one line */
	const char *help;      /* options and an example */
	int (*run)(const struct verb *verb, int argc, char **argv);
};

enum opt_kind { OPT_FLAG, OPT_TEXT, OPT_SECONDS };

/* An option: `to` is a bool, a const char * or an int64_t in milliseconds. */
struct opt {
	char letter; /* 0: only a long name */
	const char *name;
	enum opt_kind kind;
	void *to;
};

/* `-m NAME` or `--machine NAME`, known by all verbs; NULL: not given. */
extern const char *opt_machine;

/**
 * Read options wherever they stand; `argv` is left with the other words in front. Returns
 * how many words there are. Prints help and leaves for --help; leaves with CODE_USAGE unless
 * there are `min` to `max` words.
 */
int opts_parse(const struct verb *verb, int argc, char **argv, const struct opt *opts, int min,
	       int max);

/** Print how to use a verb. */
void verb_help(const struct verb *verb);

#endif
