/* SPDX-License-Identifier: BSD-2-Clause */
#include "config_parts.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* A configuration is written by people. */
#define CONFIG_FILE_MAX (4u << 20)

static void read_name(const struct field *field, void *out)
{
	struct config *config = out;
	const char *name;

	if (field_name(field, &name))
		copy_name(config->name, sizeof(config->name), name);
}

static const struct field_spec top_fields[] = {
	{"name", read_name, false},
	{"machine", read_machine, true},
	{"volumes", read_volumes, false},
	{"vms", read_vms, true},
	{NULL, NULL, false},
};

/* The folder that a file is in, without links; "." for text that is no file. */
static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? need_format("%.*s", (int)(slash - path + 1), path) : need_copy(".");
	char *real = realpath(folder, NULL);

	if (!real)
		return folder;
	free(folder);
	return real;
}

/* Without `name:`, the machine is called as its folder. */
static void default_name(struct config *config, struct ydoc *doc)
{
	const char *slash = strrchr(config->folder, '/');
	const char *base = slash ? slash + 1 : config->folder;
	struct field root = ydoc_root(doc);

	if (name_valid(base))
		copy_name(config->name, sizeof(config->name), base);
	else
		field_fault(&root, "the field 'name' is missing, and the folder's name '%.40s' "
			    "cannot be used instead", base);
}

static bool has_name(struct ydoc *doc)
{
	struct field root = ydoc_root(doc);
	const yaml_node_pair_t *pair;

	if (root.node->type != YAML_MAPPING_NODE)
		return true;
	for (pair = root.node->data.mapping.pairs.start;
	     pair < root.node->data.mapping.pairs.top; pair++) {
		const yaml_node_t *key = yaml_document_get_node(&doc->doc, pair->key);

		if (key->type == YAML_SCALAR_NODE &&
		    !strcmp((const char *)key->data.scalar.value, "name"))
			return true;
	}
	return false;
}

struct config *config_parse(const char *path, const char *text, size_t size,
			    struct faults *faults)
{
	struct config *config = need_alloc(sizeof(*config));
	struct ydoc doc;

	memset(config, 0, sizeof(*config));
	config->faults = faults;
	config->folder = folder_of(path);
	if (ydoc_load(&doc, text, size, faults)) {
		struct field root = ydoc_root(&doc);

		map_read(&root, top_fields, config);
		if (!has_name(&doc))
			default_name(config, &doc);
		check_config(config);
	}
	ydoc_free(&doc);
	config->faults = NULL;
	if (!faults->errors)
		return config;
	config_free(config);
	return NULL;
}

static char *read_whole(const char *path, size_t *size)
{
	FILE *file = fopen(path, "re");
	char *text = need_alloc(CONFIG_FILE_MAX);

	if (!file) {
		die(CODE_USAGE, "%s: %s%s", path, strerror(errno),
		    errno == ENOENT ? " (name the file: disco VERB -f FILE; see examples/)" : "");
	}
	*size = fread(text, 1, CONFIG_FILE_MAX, file);
	if (ferror(file))
		die(CODE_USAGE, "%s: %s", path, strerror(errno));
	if (*size == CONFIG_FILE_MAX)
		die(CODE_USAGE, "%s: is larger than %u MiB", path, CONFIG_FILE_MAX >> 20);
	fclose(file);
	return text;
}

struct config *config_load(const char *path)
{
	struct faults faults = {0};
	struct config *config;
	size_t size;
	char *text = read_whole(path, &size);

	config = config_parse(path, text, size, &faults);
	free(text);
	faults_print(&faults, path, stderr);
	faults_free(&faults);
	if (!config)
		exit(CODE_USAGE);
	return config;
}

void config_free(struct config *config)
{
	for (unsigned int i = 0; i < config->volume_count; i++)
		free(config->volumes[i].file.path);
	for (unsigned int i = 0; i < config->vm_count; i++) {
		free(config->vms[i].kernel.path);
		free(config->vms[i].initrd.path);
		free(config->vms[i].cmdline);
	}
	free(config->folder);
	free(config);
}

int config_find_vm(const struct config *config, const char *name)
{
	for (unsigned int i = 0; i < config->vm_count; i++)
		if (!strcmp(config->vms[i].name, name))
			return (int)i;
	return -1;
}

const char *config_cpu_name(enum cfg_cpu cpu)
{
	return cpu == CFG_CPU_MAX ? "max" : "neoverse-n1";
}
