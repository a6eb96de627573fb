/* SPDX-License-Identifier: BSD-2-Clause */
#include "faults.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A file with more faults than this is no configuration at all. */
#define FAULTS_MAX 1000

/* What the user wrote is quoted in the text: keep the terminal safe from it. */
static void make_printable(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

static void vadd(struct faults *faults, bool warning, struct mark mark, const char *path,
		 const char *format, va_list args)
{
	struct fault *fault;
	char *text;

	if (!warning)
		faults->errors++;
	if (faults->count >= FAULTS_MAX)
		return;
	faults->items = need_realloc(faults->items, (faults->count + 1) * sizeof(*fault));
	fault = &faults->items[faults->count];
	text = need_vformat(format, args);
	*fault = (struct fault){.mark = mark, .warning = warning, .order = faults->count};
	fault->text = need_format("%s%s%s%s", warning ? "warning: " : "", path,
				  path[0] ? ": " : "", text);
	make_printable(fault->text);
	free(text);
	faults->count++;
}

void fault_add(struct faults *faults, struct mark mark, const char *path, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vadd(faults, false, mark, path, format, args);
	va_end(args);
}

void fault_warn(struct faults *faults, struct mark mark, const char *path, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vadd(faults, true, mark, path, format, args);
	va_end(args);
}

static int by_place(const void *left, const void *right)
{
	const struct fault *a = left, *b = right;

	if (a->mark.line != b->mark.line)
		return a->mark.line < b->mark.line ? -1 : 1;
	if (a->mark.column != b->mark.column)
		return a->mark.column < b->mark.column ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

void faults_print(struct faults *faults, const char *file, FILE *out)
{
	if (faults->count)
		qsort(faults->items, faults->count, sizeof(faults->items[0]), by_place);
	for (size_t i = 0; i < faults->count; i++) {
		const struct fault *fault = &faults->items[i];

		fprintf(out, "%s:%u:%u: %s\n", file, fault->mark.line, fault->mark.column,
			fault->text);
	}
}

void faults_free(struct faults *faults)
{
	for (size_t i = 0; i < faults->count; i++)
		free(faults->items[i].text);
	free(faults->items);
	*faults = (struct faults){0};
}

#define WORD_MAX 31

/* Edit distance where swapping two neighbours is one step; words are at most WORD_MAX long. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int cost[WORD_MAX + 2][WORD_MAX + 2];
	size_t m = strlen(a), n = strlen(b);

	for (size_t i = 0; i <= m; i++)
		cost[i][0] = (unsigned int)i;
	for (size_t j = 0; j <= n; j++)
		cost[0][j] = (unsigned int)j;
	for (size_t i = 1; i <= m; i++) {
		for (size_t j = 1; j <= n; j++) {
			unsigned int best = cost[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

			if (cost[i - 1][j] + 1 < best)
				best = cost[i - 1][j] + 1;
			if (cost[i][j - 1] + 1 < best)
				best = cost[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    cost[i - 2][j - 2] + 1 < best)
				best = cost[i - 2][j - 2] + 1;
			cost[i][j] = best;
		}
	}
	return cost[m][n];
}

const char *suggest(const char *word, const char *const *names)
{
	unsigned int best = 3;
	const char *found = NULL;

	if (strlen(word) > WORD_MAX)
		return NULL;
	for (; *names; names++) {
		unsigned int far;

		if (strlen(*names) > WORD_MAX)
			continue;
		if (!strcasecmp(word, *names))
			return *names;
		far = distance(word, *names);
		if (far < best && far < strlen(*names)) {
			best = far;
			found = *names;
		}
	}
	return found;
}
