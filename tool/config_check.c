/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules that span several fields. Fields that are missing or wrong have been reported when
 * this runs, and are left out: an empty name, a path NULL, a size of 0.
 */
#include "config_parts.h"

#include "units.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool same_file(const struct cfg_file *a, const struct cfg_file *b)
{
	return a->device == b->device && a->inode == b->inode;
}

/* Several partitions of one file are one disk; any other use of it twice is a fault. */
static void check_drives(struct config *config)
{
	for (unsigned int i = 0; i < config->volume_count; i++) {
		struct cfg_volume *volume = &config->volumes[i];

		volume->drive = i;
		for (unsigned int j = 0; j < i; j++) {
			const struct cfg_volume *other = &config->volumes[j];
			char *path;

			if (!volume->file.path || !other->file.path ||
			    !same_file(&volume->file, &other->file))
				continue;
			if (volume->drive == i)
				volume->drive = other->drive;
			if (volume->partition && other->partition &&
			    volume->partition != other->partition)
				continue;
			path = need_format("volumes.%s.file", volume->name);
			fault_add(config->faults, volume->mark, path,
				  "is the file of volume '%s' already (only two different "
				  "partitions of a file can be two volumes)", other->name);
			free(path);
		}
	}
}

/* The disk of another VM, or an earlier one of this VM, that has the same volume. */
static void check_disk_pair(struct config *config, unsigned int vm, unsigned int disk,
			    unsigned int other_vm, unsigned int other_disk)
{
	const struct cfg_disk *a = &config->vms[vm].disks[disk];
	const struct cfg_disk *b = &config->vms[other_vm].disks[other_disk];
	char *path;

	if (!a->volume_name[0] || !b->volume_name[0]) /* faults of their own */
		return;
	if (a->volume != b->volume || (vm != other_vm && !a->exclusive && !b->exclusive))
		return;
	path = need_format("vms.%s.disks[%u]", config->vms[vm].name, disk);
	if (vm == other_vm)
		fault_add(config->faults, a->mark, path,
			  "the volume '%s' is disk %u of this VM already", a->volume_name,
			  other_disk);
	else
		fault_add(config->faults, a->mark, path,
			  "the volume '%s' is %s here and %s in VM '%s': a volume that is "
			  "written belongs to one VM (make all of them readonly, or copy the file)",
			  a->volume_name, a->exclusive ? "exclusive" : "readonly",
			  b->exclusive ? "exclusive" : "readonly", config->vms[other_vm].name);
	free(path);
}

/* Pairs of disks, each once; one fault per disk is enough, so stop at the first. */
static void check_sharing(struct config *config, unsigned int vm, unsigned int disk)
{
	size_t before = config->faults->errors;

	for (unsigned int i = 0; i <= vm; i++) {
		unsigned int end = i == vm ? disk : config->vms[i].disk_count;

		for (unsigned int j = 0; j < end; j++) {
			check_disk_pair(config, vm, disk, i, j);
			if (config->faults->errors != before)
				return;
		}
	}
}

static void check_disks(struct config *config)
{
	for (unsigned int i = 0; i < config->vm_count; i++) {
		struct cfg_vm *vm = &config->vms[i];

		for (unsigned int j = 0; j < vm->disk_count; j++) {
			struct cfg_volume *volume = &config->volumes[vm->disks[j].volume];

			if (!vm->disks[j].volume_name[0])
				continue;
			check_sharing(config, i, j);
			volume->users++;
			volume->written |= vm->disks[j].exclusive;
		}
	}
}

static void check_volumes(struct config *config)
{
	for (unsigned int i = 0; i < config->volume_count; i++) {
		const struct cfg_volume *volume = &config->volumes[i];
		char *path = need_format("volumes.%s", volume->name);

		if (!volume->users && !config->faults->errors)
			fault_warn(config->faults, volume->mark, path, "no VM uses this volume");
		if (volume->written && volume->file.path && access(volume->file.path, W_OK))
			fault_add(config->faults, volume->mark, path,
				  "a VM writes to it, but '%s' cannot be written",
				  volume->file.path);
		free(path);
	}
}

static void check_vm(struct config *config, const struct cfg_vm *vm)
{
	const struct cfg_machine *machine = &config->machine;
	uint64_t files = vm->kernel.size + (vm->initrd.path ? vm->initrd.size : 0);
	char seen[UNITS_ROOM], have[UNITS_ROOM], need[UNITS_ROOM];
	char *path = need_format("vms.%s.memory", vm->name);

	if (machine->memory && vm->memory > machine->memory)
		fault_add(config->faults, vm->memory_mark, path,
			  "%s is more than the whole machine has (%s)",
			  exact_size(seen, vm->memory), exact_size(have, machine->memory));
	if (vm->memory && files >= vm->memory)
		fault_add(config->faults, vm->memory_mark, path,
			  "%s has no room for the kernel and initrd (%s)",
			  exact_size(seen, vm->memory), short_size(need, files));
	free(path);
	path = need_format("vms.%s.node", vm->name);
	if (machine->node_count && vm->node >= (int)machine->node_count)
		fault_add(config->faults, vm->node_mark, path,
			  "there is no node %d: the machine has nodes 0 to %u", vm->node,
			  machine->node_count - 1);
	free(path);
}

/* Memory is given on demand, so a sum above the machine's is allowed. */
static void check_sum(struct config *config)
{
	char sum_text[UNITS_ROOM], have[UNITS_ROOM];
	uint64_t sum = 0;

	for (unsigned int i = 0; i < config->vm_count; i++)
		sum += config->vms[i].manual ? 0 : config->vms[i].memory;
	if (sum > config->machine.memory && !config->faults->errors)
		fault_warn(config->faults, config->vms[0].mark, "vms",
			   "the VMs see %s together, the machine has %s (memory is given on "
			   "demand: this works as long as they do not use all of it)",
			   exact_size(sum_text, sum), exact_size(have, config->machine.memory));
}

void check_config(struct config *config)
{
	check_drives(config);
	check_disks(config);
	check_volumes(config);
	for (unsigned int i = 0; i < config->vm_count; i++)
		check_vm(config, &config->vms[i]);
	check_sum(config);
}
