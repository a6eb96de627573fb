/* SPDX-License-Identifier: BSD-2-Clause */
#include "table.h"

#include <stdlib.h>
#include <string.h>

static void add(struct table *table, char *text)
{
	table->text = need_realloc(table->text, (table->cells + 1) * sizeof(char *));
	table->text[table->cells++] = text;
}

void table_begin(struct table *table, const char *const *head)
{
	*table = (struct table){0};
	for (; head[table->columns] && table->columns < TABLE_COLUMNS; table->columns++) {
		const char *name = head[table->columns];

		table->right[table->columns] = name[0] == '>';
		add(table, need_copy(name + (name[0] == '>')));
	}
}

void table_cell(struct table *table, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(table, need_vformat(format, args));
	va_end(args);
}

static unsigned int width_of(const struct table *table, unsigned int column)
{
	size_t width = 0;

	for (unsigned int i = column; i < table->cells; i += table->columns)
		if (strlen(table->text[i]) > width)
			width = strlen(table->text[i]);
	return (unsigned int)width;
}

void table_print(struct table *table, FILE *out)
{
	unsigned int width[TABLE_COLUMNS];

	for (unsigned int i = 0; i < table->columns; i++)
		width[i] = width_of(table, i);
	for (unsigned int i = 0; i < table->cells; i++) {
		unsigned int column = i % table->columns;
		bool last = column + 1 == table->columns;
		int room = (int)width[column];

		if (table->right[column])
			fprintf(out, "%*s", room, table->text[i]);
		else
			fprintf(out, "%-*s", last ? 0 : room, table->text[i]);
		fputs(last ? "\n" : "  ", out);
		free(table->text[i]);
	}
	free(table->text);
	*table = (struct table){0};
}
