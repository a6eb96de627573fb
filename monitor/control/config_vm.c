/* SPDX-License-Identifier: BSD-2-Clause */
/* The schema of one VM: node vms/NAME of abi/config.h. */
#include "control/config_vm.h"

#include <libfdt_quiet.h>

#include "control/layout.h"
#include "lib/cpio.h"
#include "lib/percpu.h"
#include "lib/print.h"
#include "lib/string.h"
#include "mem/node.h"

/* --- the disks of a VM --- */

enum { DISK_VOLUME, DISK_MODE };
static const struct property disk_properties[] = {
	[DISK_VOLUME] = {"volume", true},
	[DISK_MODE] = {"mode", true},
};

static void read_disk(struct config_input *in, int node, struct vdev_config *d, u32 i)
{
	const struct config *c = in->to;
	struct walk w;
	const char *text;
	int volume;

	walk_begin(&w, node, disk_properties, ARRAY_SIZE(disk_properties));
	while (walk_next(&in->r, &w)) {
		switch (w.index) {
		case DISK_VOLUME:
			if (!walk_text(&in->r, &w, 1, CFG_NAME_MAX, &text))
				break;
			volume = config_find_volume(c, text);
			if (volume < 0) {
				reader_fault(&in->r, "volume", "there is no volume '%s'", text);
				break;
			}
			d->disks[i].volume = (u32)volume;
			string_copy(d->disks[i].serial, text, sizeof(d->disks[i].serial));
			break;
		case DISK_MODE:
			if (!walk_choice(&in->r, &w, "readonly", "exclusive",
					 &d->disks[i].readonly))
				d->disks[i].readonly = true;
			break;
		}
	}
	config_refuse_children(&in->r, node);
}

static void read_disks(struct config_input *in, int parent, struct vdev_config *d)
{
	struct reader *r = &in->r;
	int node;

	config_refuse_properties(r, parent);
	fdt_for_each_subnode(node, r->fdt, parent)
	{
		const char *name = fdt_get_name(r->fdt, node, NULL);
		char wanted[16];
		size_t mark;

		if (d->disk_count == CFG_DISKS_MAX) {
			reader_fault(r, NULL, "more than %u disks", CFG_DISKS_MAX);
			return;
		}
		format_text(wanted, sizeof(wanted), "disk@%u", d->disk_count);
		mark = reader_down(r, name);
		if (!name || strcmp(name, wanted) != 0)
			reader_fault(r, NULL, "wanted here: %s", wanted);
		else
			read_disk(in, node, d, d->disk_count);
		d->disk_count++;
		reader_up(r, mark);
	}
}

/* --- the VM --- */

enum {
	VM_VCPUS,
	VM_MEMORY,
	VM_WEIGHT,
	VM_KERNEL,
	VM_INITRD,
	VM_CMDLINE,
	VM_MANUAL,
	VM_REBOOT,
	VM_HOME
};
static const struct property vm_properties[] = {
	[VM_VCPUS] = {"vcpus", true},     [VM_MEMORY] = {"memory", true},
	[VM_WEIGHT] = {"weight", false},  [VM_KERNEL] = {"kernel", true},
	[VM_INITRD] = {"initrd", false},  [VM_CMDLINE] = {"cmdline", false},
	[VM_MANUAL] = {"manual", false},  [VM_REBOOT] = {"on-reboot", false},
	[VM_HOME] = {"home-node", false},
};

static void read_memory(struct reader *r, const struct walk *w, struct vm_config *vm)
{
	u64 bytes;

	if (!walk_u64(r, w, &bytes))
		return;
	if (bytes < CFG_MEMORY_MIN || bytes > CFG_MEMORY_MAX)
		reader_fault(r, "memory", "%lu bytes is outside %lu..%lu", (unsigned long)bytes,
			     (unsigned long)CFG_MEMORY_MIN, (unsigned long)CFG_MEMORY_MAX);
	else if (!IS_ALIGNED(bytes, CFG_MEMORY_ALIGN))
		reader_fault(r, "memory", "%lu bytes is not a multiple of 2 MiB",
			     (unsigned long)bytes);
	else
		vm->memory = bytes;
}

/* Finds the archive member that a property names. */
static bool read_file(struct config_input *in, const struct walk *w, struct file *to)
{
	const char *property = w->known[w->index].name, *name;
	const void *data;
	size_t size;

	if (!walk_text(&in->r, w, 1, 255, &name))
		return false;
	if (strncmp(name, CFG_ARCHIVE_FILES, strlen(CFG_ARCHIVE_FILES)) != 0) {
		reader_fault(&in->r, property, "'%s' is not below " CFG_ARCHIVE_FILES, name);
		return false;
	}
	if (cpio_find(in->archive, in->archive_size, name, &data, &size) != OK) {
		reader_fault(&in->r, property, "the boot archive has no '%s'", name);
		return false;
	}
	if (size == 0) {
		reader_fault(&in->r, property, "'%s' is empty", name);
		return false;
	}
	*to = (struct file){data, size};
	return true;
}

static void read_kernel(struct config_input *in, const struct walk *w, struct vm_config *vm)
{
	const char *fault;

	if (!read_file(in, w, &vm->kernel))
		return;
	fault = layout_read_kernel(&vm->kernel, &vm->text_offset, &vm->image_size);
	if (fault) {
		reader_fault(&in->r, "kernel", "%s", fault);
		vm->kernel.size = 0;
	}
}

static void read_home(struct reader *r, const struct walk *w, struct vm_config *vm)
{
	u32 home;

	if (!walk_u32(r, w, 0, MAX_NODES - 1, &home))
		return;
	if (home >= node_count || !node_has_memory(home))
		reader_fault(r, "home-node", "the machine has no node %u with memory", home);
	else
		vm->home = home;
}

static void read_vm_property(struct config_input *in, const struct walk *w, struct vm_config *vm)
{
	struct reader *r = &in->r;

	switch (w->index) {
	case VM_VCPUS:
		if (!walk_u32(r, w, 1, CFG_VCPUS_MAX, &vm->vcpus))
			vm->vcpus = 1;
		break;
	case VM_MEMORY:
		read_memory(r, w, vm);
		break;
	case VM_WEIGHT:
		if (!walk_u32(r, w, 1, CFG_WEIGHT_MAX, &vm->weight))
			vm->weight = CFG_WEIGHT_DEFAULT;
		break;
	case VM_KERNEL:
		read_kernel(in, w, vm);
		break;
	case VM_INITRD:
		if (!read_file(in, w, &vm->initrd))
			vm->initrd.size = 0;
		break;
	case VM_CMDLINE:
		if (!walk_text(r, w, 0, CFG_CMDLINE_MAX, &vm->cmdline))
			vm->cmdline = "";
		break;
	case VM_MANUAL:
		vm->manual = walk_flag(r, w);
		break;
	case VM_REBOOT:
		if (!walk_choice(r, w, "restart", "stop", &vm->restart_on_reset))
			vm->restart_on_reset = false;
		break;
	case VM_HOME:
		read_home(r, w, vm);
		break;
	}
}

void config_read_vm(struct config_input *in, int node, struct vm_config *vm)
{
	struct reader *r = &in->r;
	struct layout layout;
	u32 disks = 0;
	struct walk w;
	int child;

	walk_begin(&w, node, vm_properties, ARRAY_SIZE(vm_properties));
	while (walk_next(r, &w))
		read_vm_property(in, &w, vm);
	fdt_for_each_subnode(child, r->fdt, node)
	{
		const char *name = fdt_get_name(r->fdt, child, NULL);
		size_t mark = reader_down(r, name);

		if (!name || strcmp(name, "disks") != 0)
			reader_fault(r, NULL, "unknown node");
		else if (disks++)
			reader_fault(r, NULL, "is given twice");
		else
			read_disks(in, child, &vm->devices);
		reader_up(r, mark);
	}
	if (vm->memory && vm->kernel.size && !layout_place(vm, &layout))
		reader_fault(r, "memory", "too small for kernel, initrd and device tree");
}
