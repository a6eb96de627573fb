/* SPDX-License-Identifier: BSD-2-Clause */
/* `machine:` its nodes, CPUs, memory and distances. */
#include "config_parts.h"

#include "units.h"

#include <string.h>

#define MACHINE_MEMORY_MIN (128ull << 20)
#define MACHINE_MEMORY_MAX (255ull << 30)
#define DISTANCE_LOCAL 10
#define DISTANCE_MAX 254

/* What the fields said, before nodes are made of it. */
struct machine_text {
	struct cfg_machine *machine;
	uint64_t nodes;   /* 0: the list of nodes was given */
	uint64_t cpus;    /* 0: not given */
	uint64_t memory;  /* 0: not given */
	bool bad;
	struct field distances; /* node NULL: not given */
};

static void read_node_cpus(const struct field *field, void *out)
{
	struct cfg_node *node = out;
	uint64_t value;

	if (field_number(field, 0, CFG_CPUS_MAX, &value))
		node->cpus = (unsigned int)value;
}

static void read_node_memory(const struct field *field, void *out)
{
	struct cfg_node *node = out;

	field_size(field, 0, MACHINE_MEMORY_MAX, CFG_MEMORY_ALIGN, &node->memory);
}

static const struct field_spec node_fields[] = {
	{"cpus", read_node_cpus, true},
	{"memory", read_node_memory, true},
	{NULL, NULL, false},
};

static void read_node_list(const struct field *field, struct machine_text *text)
{
	int count = list_count(field);

	if (count < 1 || count > CFG_NODES_MAX) {
		field_fault(field, "has %d nodes, not 1 to %d", count, CFG_NODES_MAX);
		text->bad = true;
		return;
	}
	text->machine->node_count = (unsigned int)count;
	for (int i = 0; i < count; i++) {
		struct field item = list_item(field, i);

		map_read(&item, node_fields, &text->machine->nodes[i]);
	}
}

static void read_nodes(const struct field *field, void *out)
{
	struct machine_text *text = out;

	if (list_count(field) >= 0) {
		text->nodes = 0;
		read_node_list(field, text);
	} else if (!field_number(field, 1, CFG_NODES_MAX, &text->nodes)) {
		text->bad = true;
	}
}

static void read_cpus(const struct field *field, void *out)
{
	struct machine_text *text = out;

	if (!text->nodes)
		field_fault(field, "is given by each node of the list 'nodes'");
	text->bad |= !field_number(field, 1, CFG_CPUS_MAX, &text->cpus);
}

static void read_memory(const struct field *field, void *out)
{
	struct machine_text *text = out;

	if (!text->nodes)
		field_fault(field, "is given by each node of the list 'nodes'");
	text->bad |= !field_size(field, MACHINE_MEMORY_MIN, MACHINE_MEMORY_MAX, CFG_MEMORY_ALIGN,
				 &text->memory);
}

static void read_cpu_model(const struct field *field, void *out)
{
	static const char *const models[] = {"neoverse-n1", "max", NULL};
	struct machine_text *text = out;
	unsigned int choice;

	if (field_choice(field, models, &choice))
		text->machine->cpu = choice ? CFG_CPU_MAX : CFG_CPU_NEOVERSE_N1;
}

static void read_distances(const struct field *field, void *out)
{
	((struct machine_text *)out)->distances = *field;
}

static const struct field_spec machine_fields[] = {
	{"nodes", read_nodes, false},
	{"cpus", read_cpus, false},
	{"memory", read_memory, false},
	{"cpu", read_cpu_model, false},
	{"distances", read_distances, false},
	{NULL, NULL, false},
};

/* Deal CPUs and memory out evenly; what is left over goes to the first nodes. */
static void deal_out(struct cfg_machine *machine, uint64_t nodes, uint64_t cpus, uint64_t memory)
{
	uint64_t blocks = memory / CFG_MEMORY_ALIGN;

	machine->node_count = (unsigned int)nodes;
	for (uint64_t i = 0; i < nodes; i++) {
		machine->nodes[i].cpus = (unsigned int)(cpus / nodes + (i < cpus % nodes));
		machine->nodes[i].memory =
			(blocks / nodes + (i < blocks % nodes)) * CFG_MEMORY_ALIGN;
	}
}

static void read_distance_row(const struct field *row, struct cfg_machine *machine, unsigned int i)
{
	if (list_count(row) != (int)machine->node_count) {
		field_fault(row, "is not a list of %u distances, one to each node",
			    machine->node_count);
		return;
	}
	for (unsigned int j = 0; j < machine->node_count; j++) {
		struct field item = list_item(row, (int)j);
		uint64_t value;

		if (!field_number(&item, DISTANCE_LOCAL, DISTANCE_MAX, &value))
			continue;
		if ((value == DISTANCE_LOCAL) != (i == j))
			field_fault(&item, i == j ? "a node's distance to itself is %d"
						  : "only a node's distance to itself is %d",
				    DISTANCE_LOCAL);
		machine->distance[i][j] = (unsigned int)value;
	}
}

static void read_distance_rows(const struct field *field, struct cfg_machine *machine)
{
	if (list_count(field) != (int)machine->node_count) {
		field_fault(field, "is not a list of %u rows, one of each node",
			    machine->node_count);
		return;
	}
	for (unsigned int i = 0; i < machine->node_count; i++) {
		struct field row = list_item(field, (int)i);

		read_distance_row(&row, machine, i);
	}
	machine->has_distances = true;
}

static void check_totals(const struct field *field, struct cfg_machine *machine)
{
	char have[UNITS_ROOM], low[UNITS_ROOM], high[UNITS_ROOM];

	for (unsigned int i = 0; i < machine->node_count; i++) {
		machine->cpu_count += machine->nodes[i].cpus;
		machine->memory += machine->nodes[i].memory;
	}
	if (machine->cpu_count < 1 || machine->cpu_count > CFG_CPUS_MAX)
		field_fault(field, "the nodes have %u CPUs together, not 1 to %d",
			    machine->cpu_count, CFG_CPUS_MAX);
	if (machine->memory < MACHINE_MEMORY_MIN || machine->memory > MACHINE_MEMORY_MAX)
		field_fault(field, "the nodes have %s of memory together, not %s to %s",
			    exact_size(have, machine->memory),
			    exact_size(low, MACHINE_MEMORY_MIN),
			    exact_size(high, MACHINE_MEMORY_MAX));
	if (!machine->nodes[0].memory)
		field_fault(field, "the first node has no memory: the monitor is loaded there");
}

void read_machine(const struct field *field, void *out)
{
	struct config *config = out;
	struct machine_text text = {.machine = &config->machine, .nodes = 1};
	size_t before = config->faults->errors;

	map_read(field, machine_fields, &text);
	if (field->node->type != YAML_MAPPING_NODE || text.bad)
		return;
	if (text.nodes) {
		if (!text.cpus)
			field_fault(field, "the field 'cpus' is missing");
		if (!text.memory)
			field_fault(field, "the field 'memory' is missing");
		deal_out(&config->machine, text.nodes, text.cpus, text.memory);
	}
	if (config->faults->errors == before)
		check_totals(field, &config->machine);
	if (text.distances.node && config->machine.node_count)
		read_distance_rows(&text.distances, &config->machine);
}
