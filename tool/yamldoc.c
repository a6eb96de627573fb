/* SPDX-License-Identifier: BSD-2-Clause */
#include "yamldoc.h"

#include <string.h>

static struct mark mark_of(yaml_mark_t at)
{
	return (struct mark){.line = (unsigned int)at.line + 1,
			     .column = (unsigned int)at.column + 1};
}

static struct field make_field(struct ydoc *doc, const yaml_node_t *node, const char *path,
			       const char *name)
{
	struct field field = {.doc = doc, .node = node, .mark = mark_of(node->start_mark)};

	snprintf(field.path, sizeof(field.path), "%s%s%.60s", path,
		 path[0] && name[0] && name[0] != '[' ? "." : "", name);
	return field;
}

static yaml_node_t *node_at(struct ydoc *doc, int index)
{
	return yaml_document_get_node(&doc->doc, index);
}

static void syntax_fault(struct faults *faults, const yaml_parser_t *parser)
{
	const char *problem = parser->problem ? parser->problem : "cannot be read";

	if (parser->context)
		fault_add(faults, mark_of(parser->problem_mark), "", "YAML syntax: %s %s", problem,
			  parser->context);
	else
		fault_add(faults, mark_of(parser->problem_mark), "", "YAML syntax: %s", problem);
}

/* A file holds one document: what follows it is a fault. */
static void check_last(yaml_parser_t *parser, struct faults *faults)
{
	yaml_document_t more;

	if (!yaml_parser_load(parser, &more)) {
		syntax_fault(faults, parser);
		return;
	}
	if (yaml_document_get_root_node(&more))
		fault_add(faults, mark_of(more.start_mark), "",
			  "a second YAML document: a file describes one machine");
	yaml_document_delete(&more);
}

bool ydoc_load(struct ydoc *doc, const char *text, size_t size, struct faults *faults)
{
	yaml_parser_t parser;

	*doc = (struct ydoc){.faults = faults};
	if (!yaml_parser_initialize(&parser))
		die(CODE_FAIL, "the YAML library does not start");
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
	if (!yaml_parser_load(&parser, &doc->doc)) {
		syntax_fault(faults, &parser);
	} else if (!yaml_document_get_root_node(&doc->doc)) {
		yaml_document_delete(&doc->doc);
		fault_add(faults, (struct mark){1, 1}, "",
			  "the file is empty: it needs 'machine' and 'vms'");
	} else {
		doc->loaded = true;
		check_last(&parser, faults);
	}
	yaml_parser_delete(&parser);
	return doc->loaded;
}

void ydoc_free(struct ydoc *doc)
{
	if (doc->loaded)
		yaml_document_delete(&doc->doc);
	doc->loaded = false;
}

struct field ydoc_root(struct ydoc *doc)
{
	return make_field(doc, yaml_document_get_root_node(&doc->doc), "", "");
}

const char *field_peek(const struct field *field)
{
	const yaml_node_t *node = field->node;
	const char *text;

	if (node->type != YAML_SCALAR_NODE)
		return NULL;
	text = (const char *)node->data.scalar.value;
	return strlen(text) == node->data.scalar.length ? text : NULL;
}

/* What the value is, for "is a list, not ...". */
static const char *kind_of(const struct field *field)
{
	switch (field->node->type) {
	case YAML_SEQUENCE_NODE:
		return "a list";
	case YAML_MAPPING_NODE:
		return "a map";
	default:
		return "text with a zero byte";
	}
}

const char *field_text(const struct field *field, const char *what)
{
	const char *text = field_peek(field);

	if (!text)
		field_fault(field, "is %s, not %s", kind_of(field), what);
	return text;
}

/* The map's pairs, or false with a fault when it is none. */
static bool need_map(const struct field *map, const char *what)
{
	const char *text = field_peek(map);

	if (map->node->type == YAML_MAPPING_NODE)
		return true;
	if (text)
		field_fault(map, "'%.40s' is not a map of %s", text, what);
	else
		field_fault(map, "is %s, not a map of %s", kind_of(map), what);
	return false;
}

static const yaml_node_pair_t *find_pair(const struct field *map, const char *name)
{
	const yaml_node_pair_t *pair = map->node->data.mapping.pairs.start;

	for (; pair < map->node->data.mapping.pairs.top; pair++) {
		struct field key = make_field(map->doc, node_at(map->doc, pair->key), "", "");
		const char *text = field_peek(&key);

		if (text && !strcmp(text, name))
			return pair;
	}
	return NULL;
}

/* Look at a name only: a fault if it is no text or was there before. */
static const char *check_key(const struct field *map, const yaml_node_pair_t *pair,
			     struct field *key)
{
	const yaml_node_pair_t *first;
	const char *text;

	*key = make_field(map->doc, node_at(map->doc, pair->key), map->path, "");
	text = field_text(key, "a name");
	if (!text)
		return NULL;
	*key = make_field(map->doc, key->node, map->path, text);
	first = find_pair(map, text);
	if (first == pair)
		return text;
	field_fault(key, "is given twice (first on line %u)",
		    mark_of(node_at(map->doc, first->key)->start_mark).line);
	return NULL;
}

static void check_known(const struct field *key, const char *text, const struct field_spec *specs)
{
	const char *names[32];
	const char *near;
	size_t count = 0;

	for (; specs[count].name && count < ARRAY_SIZE(names) - 1; count++) {
		names[count] = specs[count].name;
		if (!strcmp(text, names[count]))
			return;
	}
	names[count] = NULL;
	near = suggest(text, names);
	if (near) {
		field_fault(key, "there is no such field; did you mean '%s'?", near);
	} else {
		char list[300] = "";

		for (size_t i = 0; i < count; i++)
			snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s",
				 i ? ", " : "", names[i]);
		field_fault(key, "there is no such field; there are: %s", list);
	}
}

void map_read(const struct field *map, const struct field_spec *specs, void *out)
{
	const yaml_node_pair_t *pair;

	if (!need_map(map, "fields"))
		return;
	for (pair = map->node->data.mapping.pairs.start;
	     pair < map->node->data.mapping.pairs.top; pair++) {
		struct field key;
		const char *text = check_key(map, pair, &key);

		if (text)
			check_known(&key, text, specs);
	}
	for (; specs->name; specs++) {
		pair = find_pair(map, specs->name);
		if (pair) {
			struct field value = make_field(map->doc, node_at(map->doc, pair->value),
							map->path, specs->name);
			specs->read(&value, out);
		} else if (specs->required) {
			field_fault(map, "the field '%s' is missing", specs->name);
		}
	}
}

void map_each(const struct field *map, const char *what,
	      void (*read)(const struct field *key, const struct field *value, void *out),
	      void *out)
{
	const yaml_node_pair_t *pair;

	if (!need_map(map, what))
		return;
	for (pair = map->node->data.mapping.pairs.start;
	     pair < map->node->data.mapping.pairs.top; pair++) {
		struct field key, value;
		const char *text = check_key(map, pair, &key);

		if (!text)
			continue;
		value = make_field(map->doc, node_at(map->doc, pair->value), map->path, text);
		read(&key, &value, out);
	}
}

int list_count(const struct field *field)
{
	if (field->node->type != YAML_SEQUENCE_NODE)
		return -1;
	return (int)(field->node->data.sequence.items.top -
		     field->node->data.sequence.items.start);
}

struct field list_item(const struct field *list, int index)
{
	yaml_node_item_t item = list->node->data.sequence.items.start[index];
	char name[16];

	snprintf(name, sizeof(name), "[%d]", index);
	return make_field(list->doc, node_at(list->doc, item), list->path, name);
}
