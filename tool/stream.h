/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Several growing log files shown as one stream of lines, each with the name of its console
 * in front, in a colour of its own. Copies of the raw logs are kept where that is wanted.
 */
#ifndef TOOL_STREAM_H
#define TOOL_STREAM_H

#include "config.h"

#define STREAM_LINE 512

/* One console. */
struct source {
	uint32_t vm;
	char name[CFG_NAME_MAX + 1];
	int file;     /* the supervisor's log */
	int copy;     /* ours, or -1 */
	uint64_t at;  /* next byte to read */
	bool shown;
	char line[STREAM_LINE]; /* what is there of the next line */
	size_t length;
	int escape;   /* where we are in a terminal's escape sequence */
	int64_t since; /* when its last byte came */
};

struct stream {
	struct source *sources;
	unsigned int count;
	unsigned int width; /* of the longest name */
	bool colours;
	bool quiet;
};

/** Follow all consoles of a machine from their beginning; `copies` is a folder or NULL. */
void stream_open(struct stream *stream, const struct config *config, const char *folder,
		 const char *copies, bool quiet);

/** Show what is new; with `all`, also lines that are not complete. */
void stream_pump(struct stream *stream, bool all);

/** Close the files. */
void stream_close(struct stream *stream);

#endif
