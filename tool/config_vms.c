/* SPDX-License-Identifier: BSD-2-Clause */
/* `volumes:` and `vms:`. */
#include "config_parts.h"

#include <stdlib.h>
#include <string.h>

/* A reader's way from one VM or volume back to the whole. */
struct part {
	struct config *config;
	struct cfg_volume *volume;
	struct cfg_vm *vm;
	struct cfg_disk *disk;
};

static void read_volume_file(const struct field *field, void *out)
{
	struct part *part = out;

	if (read_file_field(field, part->config, &part->volume->file))
		check_disk_file(field, &part->volume->file);
}

static void read_partition(const struct field *field, void *out)
{
	uint64_t value;

	if (field_number(field, 1, 128, &value))
		((struct part *)out)->volume->partition = (unsigned int)value;
}

static const struct field_spec volume_fields[] = {
	{"file", read_volume_file, true},
	{"partition", read_partition, false},
	{NULL, NULL, false},
};

static void read_volume(const struct field *key, const struct field *value, void *out)
{
	struct config *config = out;
	struct part part = {.config = config};
	const char *name;

	if (!field_name(key, &name))
		return;
	if (config->volume_count == CFG_VOLUMES_MAX) {
		field_fault(key, "is one volume too many: a machine has at most %d",
			    CFG_VOLUMES_MAX);
		return;
	}
	part.volume = &config->volumes[config->volume_count++];
	part.volume->mark = key->mark;
	copy_name(part.volume->name, sizeof(part.volume->name), name);
	map_read(value, volume_fields, &part);
}

void read_volumes(const struct field *field, void *out)
{
	map_each(field, "volumes", read_volume, out);
}

static void read_disk_volume(const struct field *field, void *out)
{
	struct part *part = out;
	const char *names[CFG_VOLUMES_MAX + 1];
	const char *text = field_text(field, "the name of a volume");
	const char *near;
	unsigned int count = part->config->volume_count;

	if (!text)
		return;
	for (unsigned int i = 0; i < count; i++) {
		names[i] = part->config->volumes[i].name;
		if (!strcmp(names[i], text)) {
			part->disk->volume = i;
			copy_name(part->disk->volume_name, sizeof(part->disk->volume_name), text);
			return;
		}
	}
	names[count] = NULL;
	near = suggest(text, names);
	field_fault(field, "there is no volume '%.40s'%s%s%s", text,
		    near ? "; did you mean '" : " below 'volumes'", near ? near : "",
		    near ? "'?" : "");
}

static void read_disk_mode(const struct field *field, void *out)
{
	static const char *const modes[] = {"exclusive", "readonly", NULL};
	unsigned int choice;

	if (field_choice(field, modes, &choice))
		((struct part *)out)->disk->exclusive = choice == 0;
}

static const struct field_spec disk_fields[] = {
	{"volume", read_disk_volume, true},
	{"mode", read_disk_mode, true},
	{NULL, NULL, false},
};

static void read_vcpus(const struct field *field, void *out)
{
	uint64_t value;

	if (field_number(field, 1, CFG_VCPUS_MAX, &value))
		((struct part *)out)->vm->vcpus = (unsigned int)value;
}

static void read_vm_memory(const struct field *field, void *out)
{
	struct cfg_vm *vm = ((struct part *)out)->vm;

	vm->memory_mark = field->mark;
	field_size(field, CFG_MEMORY_MIN, CFG_MEMORY_MAX, CFG_MEMORY_ALIGN, &vm->memory);
}

static void read_kernel(const struct field *field, void *out)
{
	struct part *part = out;

	if (read_file_field(field, part->config, &part->vm->kernel))
		check_kernel(field, &part->vm->kernel);
}

static void read_initrd(const struct field *field, void *out)
{
	struct part *part = out;

	read_file_field(field, part->config, &part->vm->initrd);
}

static void read_cmdline(const struct field *field, void *out)
{
	const char *text = field_text(field, "a kernel command line");

	if (!text)
		return;
	if (strlen(text) > CFG_CMDLINE_MAX) {
		field_fault(field, "is %zu bytes long, at most %d are possible", strlen(text),
			    CFG_CMDLINE_MAX);
		return;
	}
	((struct part *)out)->vm->cmdline = need_copy(text);
}

static void read_disks(const struct field *field, void *out)
{
	struct part *part = out;
	struct cfg_vm *vm = part->vm;
	int count = list_count(field);

	if (count < 0 || count > CFG_DISKS_MAX) {
		field_fault(field, "is not a list of at most %d disks", CFG_DISKS_MAX);
		return;
	}
	for (int i = 0; i < count; i++) {
		struct field item = list_item(field, i);

		part->disk = &vm->disks[vm->disk_count++];
		part->disk->mark = item.mark;
		map_read(&item, disk_fields, part);
	}
}

static void read_weight(const struct field *field, void *out)
{
	uint64_t value;

	if (field_number(field, 1, CFG_WEIGHT_MAX, &value))
		((struct part *)out)->vm->weight = (unsigned int)value;
}

static void read_autostart(const struct field *field, void *out)
{
	bool value;

	if (field_bool(field, &value))
		((struct part *)out)->vm->manual = !value;
}

static void read_on_reboot(const struct field *field, void *out)
{
	static const char *const names[] = {"restart", "stop", NULL};
	unsigned int choice;

	if (field_choice(field, names, &choice))
		((struct part *)out)->vm->stop_on_reboot = choice == 1;
}

static void read_vm_node(const struct field *field, void *out)
{
	struct part *part = out;
	uint64_t value;

	/* Which nodes there are is known later: check_config(). */
	part->vm->node_mark = field->mark;
	if (field_number(field, 0, CFG_NODES_MAX - 1, &value))
		part->vm->node = (int)value;
}

static const struct field_spec vm_fields[] = {
	{"vcpus", read_vcpus, true},
	{"memory", read_vm_memory, true},
	{"kernel", read_kernel, true},
	{"initrd", read_initrd, false},
	{"cmdline", read_cmdline, false},
	{"disks", read_disks, false},
	{"weight", read_weight, false},
	{"autostart", read_autostart, false},
	{"on_reboot", read_on_reboot, false},
	{"node", read_vm_node, false},
	{NULL, NULL, false},
};

static void read_vm(const struct field *key, const struct field *value, void *out)
{
	struct config *config = out;
	struct part part = {.config = config};
	const char *name;

	if (!field_name(key, &name))
		return;
	if (config->vm_count == CFG_VMS_MAX) {
		field_fault(key, "is one VM too many: a machine has at most %d", CFG_VMS_MAX);
		return;
	}
	part.vm = &config->vms[config->vm_count++];
	part.vm->mark = key->mark;
	part.vm->node = -1;
	copy_name(part.vm->name, sizeof(part.vm->name), name);
	map_read(value, vm_fields, &part);
}

void read_vms(const struct field *field, void *out)
{
	struct config *config = out;
	size_t before = config->faults->errors;

	map_each(field, "VMs", read_vm, out);
	if (!config->vm_count && config->faults->errors == before)
		field_fault(field, "is empty: a machine needs a VM");
}
