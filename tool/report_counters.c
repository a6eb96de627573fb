/* SPDX-License-Identifier: BSD-2-Clause */
/* The counters of monitor/abi/counters.h in words. */
#include "report.h"

#include "table.h"
#include "units.h"

#include <errno.h>
#include <string.h>

struct counter_text {
	const char *name;
	const char *unit;
	const char *help;
};

static const struct counter_text texts[] = {
#define X(name, unit, help) {#name, unit, help},
	COUNTERS(X)
#undef X
};

static bool begins(const char *name, const char *const *prefixes)
{
	for (; *prefixes; prefixes++)
		if (!strncmp(name, *prefixes, strlen(*prefixes)))
			return true;
	return false;
}

void report_group(const struct report *report, const char *title, const char *const *prefixes,
		  FILE *out)
{
	const char *const head[] = {title, ">COUNT", "", "MEANING", NULL};
	struct table table;
	unsigned int rows = 0;

	table_begin(&table, head);
	for (unsigned int i = 0; i < report->counter_count; i++) {
		const char *unit = texts[i].unit;
		char text[UNITS_ROOM];

		if (!report->counters[i] || !begins(texts[i].name, prefixes))
			continue;
		if (!strcmp(unit, "bytes"))
			short_size(text, report->counters[i]);
		else
			short_count(text, report->counters[i]);
		table_cell(&table, "%s", texts[i].name);
		table_cell(&table, "%s", text);
		table_cell(&table, "%s", unit);
		table_cell(&table, "%s", texts[i].help);
		rows++;
	}
	if (!rows) {
		table_cell(&table, "(none)");
		for (int i = 0; i < 3; i++)
			table_cell(&table, "%s", "");
	}
	table_print(&table, out);
	fputc('\n', out);
}

void report_exits(const struct report *report, FILE *out)
{
	static const char *const exits[] = {"exit_", NULL};
	static const char *const head[] = {"EXITS", ">COUNT", ">SHARE", "REASON", NULL};
	uint64_t sum = 0;
	struct table table;
	char text[UNITS_ROOM];

	for (unsigned int i = 0; i < report->counter_count; i++)
		sum += begins(texts[i].name, exits) ? report->counters[i] : 0;
	table_begin(&table, head);
	for (unsigned int i = 0; i < report->counter_count; i++) {
		if (!report->counters[i] || !begins(texts[i].name, exits))
			continue;
		table_cell(&table, "%s", texts[i].name + strlen("exit_"));
		table_cell(&table, "%s", short_count(text, report->counters[i]));
		table_cell(&table, "%s", percent(text, report->counters[i], sum));
		table_cell(&table, "%s", texts[i].help);
	}
	table_cell(&table, "all");
	table_cell(&table, "%s", short_count(text, sum));
	table_cell(&table, "%s", "");
	table_cell(&table, "%s", "");
	table_print(&table, out);
	fputc('\n', out);
}

void report_write_counters(const struct report *report, const char *file)
{
	FILE *out = fopen(file, "w");

	if (!out)
		die(CODE_FAIL, "%s: %s", file, strerror(errno));
	fprintf(out, "now_ns %llu\n", (unsigned long long)report->now_ns);
	for (unsigned int i = 0; i < report->counter_count; i++)
		fprintf(out, "%s %llu\n", texts[i].name, (unsigned long long)report->counters[i]);
	if (fclose(out))
		die(CODE_FAIL, "%s: %s", file, strerror(errno));
}
