/* SPDX-License-Identifier: BSD-2-Clause */
/* `disco config`: check a file, and show what becomes of it. */
#include "archive.h"
#include "blob.h"
#include "qemu.h"
#include "units.h"
#include "verbs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void write_blob(const void *blob, size_t size, const char *path)
{
	FILE *out = fopen(path, "we");

	if (!out || fwrite(blob, 1, size, out) != size || fclose(out))
		die(CODE_FAIL, "%s: %s", path, strerror(errno));
}

static void print_emulator(const struct config *config)
{
	struct qemu_setup setup = {.emulator = qemu_find_emulator(), .image = qemu_find_image(),
				   .archive = need_copy("boot.cpio"), .control_fd = 3,
				   .serial_fd = 4};
	struct arguments arguments = qemu_arguments(config, &setup);

	for (size_t i = 0; i < arguments.count; i++)
		printf("%s%s", i ? arguments.items[i][0] == '-' ? " \\\n  " : " " : "",
		       arguments.items[i]);
	printf("\n");
	arguments_free(&arguments);
	free(setup.emulator);
	free(setup.image);
	free(setup.archive);
}

static void print_summary(const struct config *config, const char *file,
			  const struct archive_plan *plan)
{
	char memory[UNITS_ROOM], files[UNITS_ROOM];

	printf("%s: good. Machine '%s': %u nodes, %u CPUs, %s; %u VMs, %u volumes, boot archive "
	       "%s in %u files\n",
	       file, config->name, config->machine.node_count, config->machine.cpu_count,
	       exact_size(memory, config->machine.memory), config->vm_count,
	       config->volume_count, short_size(files, plan->bytes), plan->count);
}

int verb_config(const struct verb *verb, int argc, char **argv)
{
	bool dump = false, emulator = false;
	const char *dtb = NULL;
	const struct opt opts[] = {
		{0, "dump", OPT_FLAG, &dump},
		{0, "dtb", OPT_TEXT, &dtb},
		{0, "qemu", OPT_FLAG, &emulator},
		{0, NULL, OPT_FLAG, NULL},
	};
	struct archive_plan plan;
	struct config *config;
	const char *file;
	size_t size;
	void *blob;

	file = opts_parse(verb, argc, argv, opts, 0, 1) ? argv[0] : "disco.yaml";
	config = config_load(file);
	archive_plan(config, &plan);
	blob = blob_make(config, &plan, &size);
	if (dtb)
		write_blob(blob, size, dtb);
	if (dump)
		blob_print(blob, stdout);
	if (emulator)
		print_emulator(config);
	if (!dump && !emulator)
		print_summary(config, file, &plan);
	free(blob);
	config_free(config);
	return CODE_OK;
}
