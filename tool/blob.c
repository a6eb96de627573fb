/* SPDX-License-Identifier: BSD-2-Clause */
#include "blob.h"

#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

/* A tree being written; the first error stays and makes all later steps do nothing. */
struct writer {
	void *fdt;
	int error;
};

static void begin(struct writer *to, const char *name)
{
	if (!to->error)
		to->error = fdt_begin_node(to->fdt, name);
}

static void end(struct writer *to)
{
	if (!to->error)
		to->error = fdt_end_node(to->fdt);
}

static void put(struct writer *to, const char *name, const void *value, size_t size)
{
	if (!to->error)
		to->error = fdt_property(to->fdt, name, value, (int)size);
}

static void put_text(struct writer *to, const char *name, const char *text)
{
	put(to, name, text, strlen(text) + 1);
}

static void put_u32(struct writer *to, const char *name, uint32_t value)
{
	fdt32_t cell = cpu_to_fdt32(value);

	put(to, name, &cell, sizeof(cell));
}

static void put_u64(struct writer *to, const char *name, uint64_t value)
{
	fdt64_t cells = cpu_to_fdt64(value);

	put(to, name, &cells, sizeof(cells));
}

const char *volume_serial(const struct config *config, unsigned int volume,
			  char out[CFG_SERIAL_MAX + 1])
{
	unsigned int drive = config->volumes[volume].drive;
	const char *name = config->volumes[drive].name;

	if (strlen(name) <= CFG_SERIAL_MAX)
		snprintf(out, CFG_SERIAL_MAX + 1, "%s", name);
	else
		snprintf(out, CFG_SERIAL_MAX + 1, "disco.%u", drive);
	return out;
}

static void put_volumes(struct writer *to, const struct config *config)
{
	char serial[CFG_SERIAL_MAX + 1];

	begin(to, "volumes");
	for (unsigned int i = 0; i < config->volume_count; i++) {
		begin(to, config->volumes[i].name);
		put_text(to, "serial", volume_serial(config, i, serial));
		if (config->volumes[i].partition)
			put_u32(to, "partition", config->volumes[i].partition);
		end(to);
	}
	end(to);
}

static void put_disks(struct writer *to, const struct cfg_vm *vm)
{
	if (!vm->disk_count)
		return;
	begin(to, "disks");
	for (unsigned int i = 0; i < vm->disk_count; i++) {
		char name[16];

		snprintf(name, sizeof(name), "disk@%u", i);
		begin(to, name);
		put_text(to, "volume", vm->disks[i].volume_name);
		put_text(to, "mode", vm->disks[i].exclusive ? "exclusive" : "readonly");
		end(to);
	}
	end(to);
}

static void put_file(struct writer *to, const char *property, const struct archive_plan *files,
		     const struct cfg_file *file)
{
	char member[ARCHIVE_NAME_MAX];

	put_text(to, property, archive_member(files, file, member));
}

static void put_vm(struct writer *to, const struct cfg_vm *vm, const struct archive_plan *files)
{
	begin(to, vm->name);
	put_u32(to, "vcpus", vm->vcpus);
	put_u64(to, "memory", vm->memory);
	if (vm->weight)
		put_u32(to, "weight", vm->weight);
	put_file(to, "kernel", files, &vm->kernel);
	if (vm->initrd.path)
		put_file(to, "initrd", files, &vm->initrd);
	if (vm->cmdline)
		put_text(to, "cmdline", vm->cmdline);
	if (vm->manual)
		put(to, "manual", "", 0);
	if (vm->stop_on_reboot)
		put_text(to, "on-reboot", "stop");
	if (vm->node >= 0)
		put_u32(to, "home-node", (uint32_t)vm->node);
	put_disks(to, vm);
	end(to);
}

static int write_blob(const struct config *config, const struct archive_plan *files, void *fdt,
		      size_t room)
{
	struct writer to = {.fdt = fdt, .error = fdt_create(fdt, (int)room)};

	if (!to.error)
		to.error = fdt_finish_reservemap(fdt);
	begin(&to, "");
	put_text(&to, "compatible", CFG_COMPATIBLE);
	put_text(&to, "name", config->name);
	put_volumes(&to, config);
	begin(&to, "vms");
	for (unsigned int i = 0; i < config->vm_count; i++)
		put_vm(&to, &config->vms[i], files);
	end(&to);
	end(&to);
	if (!to.error)
		to.error = fdt_finish(fdt);
	return to.error;
}

void *blob_make(const struct config *config, const struct archive_plan *files, size_t *size)
{
	size_t room = 16384;
	void *fdt = NULL;
	int error;

	do {
		room *= 2;
		fdt = need_realloc(fdt, room);
		error = write_blob(config, files, fdt, room);
	} while (error == -FDT_ERR_NOSPACE && room < (64u << 20));
	if (error)
		die(CODE_FAIL, "the configuration blob cannot be made: %s", fdt_strerror(error));
	*size = fdt_totalsize(fdt);
	return fdt;
}

static void print_cell(const char *value, const char *before, FILE *out)
{
	fdt32_t cell;

	memcpy(&cell, value, sizeof(cell));
	fprintf(out, "%s0x%x", before, fdt32_to_cpu(cell));
}

/* Text if it looks like text, else cells, else bytes. */
static void print_value(const char *value, int length, FILE *out)
{
	bool text = length > 1 && !value[length - 1];

	for (int i = 0; text && i < length - 1; i++)
		text = value[i] >= ' ' && value[i] < 0x7f;
	if (text) {
		fputs(" = \"", out);
		for (int i = 0; i < length - 1; i++)
			fprintf(out, "%s%c", strchr("\"\\", value[i]) ? "\\" : "", value[i]);
		fputs("\"", out);
	} else if (length && length % 4 == 0) {
		for (int i = 0; i < length; i += 4)
			print_cell(value + i, i ? " " : " = <", out);
		fputs(">", out);
	} else if (length) {
		for (int i = 0; i < length; i++)
			fprintf(out, "%s%02x", i ? " " : " = [", (unsigned char)value[i]);
		fputs("]", out);
	}
}

static void indent(int depth, FILE *out)
{
	for (int i = 0; i < depth; i++)
		fputc('\t', out);
}

static void print_properties(const void *blob, int node, int depth, FILE *out)
{
	int offset;

	fdt_for_each_property_offset(offset, blob, node) {
		const char *name, *value;
		int length;

		value = fdt_getprop_by_offset(blob, offset, &name, &length);
		if (!value)
			continue;
		indent(depth, out);
		fputs(name, out);
		print_value(value, length, out);
		fputs(";\n", out);
	}
}

void blob_print(const void *blob, FILE *out)
{
	int depth = 0, open = 0;

	fputs("/dts-v1/;\n", out);
	for (int node = 0; node >= 0 && depth >= 0; node = fdt_next_node(blob, node, &depth)) {
		const char *name = fdt_get_name(blob, node, NULL);

		for (; open > depth; open--) {
			indent(open - 1, out);
			fputs("};\n", out);
		}
		indent(depth, out);
		fprintf(out, "%s {\n", name && name[0] ? name : "/");
		open = depth + 1;
		print_properties(blob, node, open, out);
	}
	for (; open > 0; open--) {
		indent(open - 1, out);
		fputs("};\n", out);
	}
}
