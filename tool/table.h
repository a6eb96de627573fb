/* SPDX-License-Identifier: BSD-2-Clause */
/* Text tables with columns as wide as needed. */
#ifndef TOOL_TABLE_H
#define TOOL_TABLE_H

#include "say.h"

#include <stdio.h>

#define TABLE_COLUMNS 16

struct table {
	unsigned int columns;
	unsigned int cells;
	char **text;
	bool right[TABLE_COLUMNS];
};

/** Begin a table; `head` ends with NULL, a name that begins with '>' is aligned right. */
void table_begin(struct table *table, const char *const *head);

/** The next cell, left to right, row by row. */
void table_cell(struct table *table, const char *format, ...) PRINTF(2, 3);

/** Print the table and release it. */
void table_print(struct table *table, FILE *out);

#endif
