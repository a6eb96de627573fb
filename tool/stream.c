/* SPDX-License-Identifier: BSD-2-Clause */
#include "stream.h"

#include "local.h"
#include "rundir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A prompt without a newline is shown after that time. */
#define PATIENCE_MS 500

static int open_copy(const char *copies, const char *name)
{
	char *path = need_format("%s/%s.log", copies, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0)
		die(CODE_FAIL, "%s: %s", path, strerror(errno));
	free(path);
	return fd;
}

static void open_source(struct stream *stream, uint32_t vm, const char *name, bool shown,
			const char *folder, const char *copies)
{
	struct source *source = &stream->sources[stream->count++];
	char log[32];

	memset(source, 0, sizeof(*source));
	source->vm = vm;
	source->shown = shown;
	copy_name(source->name, sizeof(source->name), name);
	source->file = run_open(folder, run_log_name(vm, log), O_RDONLY);
	source->copy = copies ? open_copy(copies, name) : -1;
	if (shown && strlen(name) > stream->width)
		stream->width = (unsigned int)strlen(name);
}

void stream_open(struct stream *stream, const struct config *config, const char *folder,
		 const char *copies, bool quiet)
{
	*stream = (struct stream){.colours = say_colours(STDOUT_FILENO), .quiet = quiet};
	stream->sources = need_alloc((config->vm_count + 2) * sizeof(struct source));
	if (copies && mkdir(copies, 0777) && errno != EEXIST)
		die(CODE_FAIL, "%s: %s", copies, strerror(errno));
	open_source(stream, CTL_VM_NONE, "monitor", true, folder, copies);
	open_source(stream, SUP_VM_SERIAL, "serial", false, folder, copies);
	for (unsigned int i = 0; i < config->vm_count; i++)
		open_source(stream, i, config->vms[i].name, true, folder, copies);
}

static void show_line(struct stream *stream, struct source *source)
{
	static const char *const colours[] = {"36", "33", "32", "35", "34", "31"};
	const char *colour = colours[source->vm % ARRAY_SIZE(colours)];
	int width = (int)stream->width;

	if (source->vm == CTL_VM_NONE)
		colour = "2";
	if (stream->colours)
		printf("\033[%sm%-*s |\033[0m %.*s\n", colour, width, source->name,
		       (int)source->length, source->line);
	else
		printf("%-*s | %.*s\n", width, source->name, (int)source->length, source->line);
	source->length = 0;
}

enum escape { ESCAPE_NONE, ESCAPE_BEGUN, ESCAPE_CSI, ESCAPE_TEXT };

/* Several consoles share the screen: leave out what moves its cursor. True to keep `c`. */
static bool keep(struct source *source, unsigned char c)
{
	switch (source->escape) {
	case ESCAPE_BEGUN:
		source->escape = c == '[' ? ESCAPE_CSI : c == ']' ? ESCAPE_TEXT : ESCAPE_NONE;
		return false;
	case ESCAPE_CSI:
		if (c >= '@' && c <= '~')
			source->escape = ESCAPE_NONE;
		return false;
	case ESCAPE_TEXT:
		if (c == '\a' || c == '\\' || c == '\n')
			source->escape = ESCAPE_NONE;
		return false;
	default:
		if (c == 033)
			source->escape = ESCAPE_BEGUN;
		return c >= ' ' ? c != 0x7f : c == '\t' || c == '\n';
	}
}

static void take_byte(struct stream *stream, struct source *source, unsigned char c)
{
	if (!keep(source, c))
		return;
	if (c != '\n')
		source->line[source->length++] = (char)c;
	if (c == '\n' || source->length == sizeof(source->line))
		show_line(stream, source);
}

static void pump_source(struct stream *stream, struct source *source, bool all)
{
	unsigned char bytes[4096];
	bool show = source->shown && !stream->quiet;
	ssize_t got;

	while ((got = pread(source->file, bytes, sizeof(bytes), (off_t)source->at)) > 0) {
		source->at += (uint64_t)got;
		source->since = now_ms();
		if (source->copy >= 0 && write(source->copy, bytes, (size_t)got) < 0)
			die(CODE_FAIL, "the copy of %s's log: %s", source->name, strerror(errno));
		for (ssize_t i = 0; show && i < got; i++)
			take_byte(stream, source, bytes[i]);
	}
	if (source->length && (all || now_ms() - source->since > PATIENCE_MS))
		show_line(stream, source);
}

void stream_pump(struct stream *stream, bool all)
{
	for (unsigned int i = 0; i < stream->count; i++)
		if (stream->sources[i].file >= 0)
			pump_source(stream, &stream->sources[i], all);
	fflush(stdout);
}

void stream_close(struct stream *stream)
{
	for (unsigned int i = 0; i < stream->count; i++) {
		if (stream->sources[i].file >= 0)
			close(stream->sources[i].file);
		if (stream->sources[i].copy >= 0)
			close(stream->sources[i].copy);
	}
	free(stream->sources);
	*stream = (struct stream){0};
}
