/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The schema of abi/config.h: what each node may hold, in which range, and how the parts
 * refer to each other. A fault never stops the reading, so that one start shows them all;
 * any fault refuses the whole configuration.
 */
#include "control/config.h"

#include <libfdt_quiet.h>

#include "control/config_vm.h"
#include "lib/cpio.h"
#include "lib/percpu.h"
#include "lib/print.h"
#include "lib/string.h"
#include "mem/node.h"

#define BLOB_MAX (4u << 20) /* the longest piece of monitor_alloc() */
#define PARTITION_MAX 128u

/* Reads the node's own name into `to`; an unfit one is a fault. */
static bool read_name(struct reader *r, int node, char to[CFG_NAME_MAX + 1])
{
	const char *name = fdt_get_name(r->fdt, node, NULL);

	if (!name || !name_is_good(name)) {
		reader_fault(r, NULL, "bad name; wanted: at most %u letters, digits, '-', '_'",
			     CFG_NAME_MAX);
		return false;
	}
	string_copy(to, name, CFG_NAME_MAX + 1);
	return true;
}

void config_refuse_children(struct reader *r, int node)
{
	int child;

	fdt_for_each_subnode(child, r->fdt, node)
		reader_fault(r, fdt_get_name(r->fdt, child, NULL), "unknown node");
}

void config_refuse_properties(struct reader *r, int node)
{
	struct walk w;

	walk_begin(&w, node, NULL, 0);
	while (walk_next(r, &w))
		;
}

/* --- volumes --- */

enum { VOLUME_SERIAL, VOLUME_PARTITION };
static const struct property volume_properties[] = {
	[VOLUME_SERIAL] = {"serial", true},
	[VOLUME_PARTITION] = {"partition", false},
};

static void read_volume(struct reader *r, int node, struct volume_config *v)
{
	struct walk w;
	const char *text;

	walk_begin(&w, node, volume_properties, ARRAY_SIZE(volume_properties));
	while (walk_next(r, &w)) {
		switch (w.index) {
		case VOLUME_SERIAL:
			if (walk_text(r, &w, 1, CFG_SERIAL_MAX, &text))
				string_copy(v->serial, text, sizeof(v->serial));
			break;
		case VOLUME_PARTITION:
			if (!walk_u32(r, &w, 1, PARTITION_MAX, &v->partition))
				v->partition = 0;
			break;
		}
	}
	config_refuse_children(r, node);
}

int config_find_volume(const struct config *c, const char *name)
{
	for (u32 i = 0; i < c->volume_count; i++)
		if (strcmp(c->volumes[i].name, name) == 0)
			return (int)i;
	return -1;
}

static void read_volumes(struct config_input *in, int parent)
{
	struct reader *r = &in->r;
	struct config *c = in->to;
	int node;

	config_refuse_properties(r, parent);
	fdt_for_each_subnode(node, r->fdt, parent)
	{
		struct volume_config *v = &c->volumes[c->volume_count];
		size_t mark;

		if (c->volume_count == CFG_VOLUMES_MAX) {
			reader_fault(r, NULL, "more than %u volumes", CFG_VOLUMES_MAX);
			return;
		}
		mark = reader_down(r, fdt_get_name(r->fdt, node, NULL));
		if (read_name(r, node, v->name)) {
			if (config_find_volume(c, v->name) >= 0)
				reader_fault(r, NULL, "a second volume of this name");
			read_volume(r, node, v);
			c->volume_count++;
		}
		reader_up(r, mark);
	}
}

/* --- VMs --- */

static bool vm_name_taken(const struct config *c, const char *name)
{
	for (u32 i = 0; i < c->vm_count; i++)
		if (strcmp(c->vms[i].name, name) == 0)
			return true;
	return false;
}

static void read_vms(struct config_input *in, int parent)
{
	struct reader *r = &in->r;
	struct config *c = in->to;
	int node;

	config_refuse_properties(r, parent);
	fdt_for_each_subnode(node, r->fdt, parent)
	{
		struct vm_config *vm = &c->vms[c->vm_count];
		size_t mark;

		if (c->vm_count == CFG_VMS_MAX) {
			reader_fault(r, NULL, "more than %u VMs", CFG_VMS_MAX);
			return;
		}
		*vm = (struct vm_config){.weight = CFG_WEIGHT_DEFAULT,
					 .home = NODE_ANY,
					 .restart_on_reset = true,
					 .cmdline = ""};
		mark = reader_down(r, fdt_get_name(r->fdt, node, NULL));
		if (read_name(r, node, vm->name)) {
			if (vm_name_taken(c, vm->name))
				reader_fault(r, NULL, "a second VM of this name");
			config_read_vm(in, node, vm);
			c->vm_count++;
		}
		reader_up(r, mark);
	}
}

/* --- the whole --- */

/* A volume that somebody writes is used once: nobody else may see it change. */
static void check_exclusive(struct config_input *in)
{
	const struct config *c = in->to;
	u32 users[CFG_VOLUMES_MAX] = {0}, writers[CFG_VOLUMES_MAX] = {0};

	for (u32 i = 0; i < c->vm_count; i++) {
		const struct vdev_config *d = &c->vms[i].devices;

		for (u32 k = 0; k < d->disk_count; k++) {
			users[d->disks[k].volume]++;
			writers[d->disks[k].volume] += !d->disks[k].readonly;
		}
	}
	for (u32 i = 0; i < c->volume_count; i++)
		if (writers[i] && users[i] > 1)
			reader_fault(&in->r, "volumes",
				     "'%s' is exclusive to one disk, but %u disks use it",
				     c->volumes[i].name, users[i]);
}

enum { ROOT_COMPATIBLE, ROOT_NAME };
static const struct property root_properties[] = {
	[ROOT_COMPATIBLE] = {"compatible", true},
	[ROOT_NAME] = {"name", true},
};

static void read_root_properties(struct config_input *in)
{
	struct reader *r = &in->r;
	const char *text;
	struct walk w;

	walk_begin(&w, 0, root_properties, ARRAY_SIZE(root_properties));
	while (walk_next(r, &w)) {
		if (!walk_text(r, &w, 1, w.index == ROOT_NAME ? CFG_NAME_MAX : 64, &text))
			continue;
		if (w.index == ROOT_COMPATIBLE && strcmp(text, CFG_COMPATIBLE) != 0)
			reader_fault(r, "compatible", "'%s' is not " CFG_COMPATIBLE, text);
		if (w.index == ROOT_NAME && !name_is_good(text))
			reader_fault(r, "name", "'%s' is not a name", text);
		if (w.index == ROOT_NAME)
			string_copy(in->to->name, text, sizeof(in->to->name));
	}
}

/* The two nodes of the root: volumes first, whatever the order, since disks name them. */
static void read_root(struct config_input *in)
{
	struct reader *r = &in->r;
	int node, volumes_node = -1, vms_node = -1;
	size_t mark;

	read_root_properties(in);
	fdt_for_each_subnode(node, r->fdt, 0)
	{
		const char *name = fdt_get_name(r->fdt, node, NULL);
		bool is_vms = name && strcmp(name, "vms") == 0;
		int *seen = is_vms ? &vms_node : &volumes_node;

		if (!is_vms && (!name || strcmp(name, "volumes") != 0))
			reader_fault(r, name, "unknown node");
		else if (*seen >= 0)
			reader_fault(r, name, "is given twice");
		else
			*seen = node;
	}
	if (volumes_node >= 0) {
		mark = reader_down(r, "volumes");
		read_volumes(in, volumes_node);
		reader_up(r, mark);
	}
	if (vms_node < 0) {
		reader_fault(r, "vms", "is missing");
		return;
	}
	mark = reader_down(r, "vms");
	read_vms(in, vms_node);
	reader_up(r, mark);
	check_exclusive(in);
}

/*
 * libfdt checks a tree but for the alignment of its parts, which it relies on (Devicetree
 * Specification 0.4, 5.6).
 */
static bool is_tree(const void *blob, size_t size)
{
	return size >= sizeof(struct fdt_header) && IS_ALIGNED(fdt_off_mem_rsvmap(blob), 8u) &&
	       IS_ALIGNED(fdt_off_dt_struct(blob), 4u) && fdt_check_full(blob, size) == 0;
}

/* Copies the blob to an aligned place, where it stays, and checks that it is a tree. */
static enum err copy_blob(struct config *to, const void *data, size_t size)
{
	if (size > BLOB_MAX) {
		print("config: " CFG_ARCHIVE_DTB ": larger than 4 MiB\n");
		return ERR_INPUT;
	}
	to->blob = monitor_alloc(this_cpu()->node, size);
	if (!to->blob)
		return ERR_MEMORY;
	to->blob_size = size;
	memcpy(to->blob, data, size);
	if (!is_tree(to->blob, size)) {
		print("config: " CFG_ARCHIVE_DTB ": not a device tree\n");
		monitor_free(to->blob, size);
		to->blob = NULL;
		return ERR_INPUT;
	}
	return OK;
}

enum err config_read(const void *archive, size_t size, struct config *to)
{
	struct config_input in = {.archive = archive, .archive_size = size, .to = to};
	const void *data;
	size_t length;
	enum err e = cpio_find(archive, size, CFG_ARCHIVE_DTB, &data, &length);

	if (e != OK) {
		print("config: the boot archive %s\n",
		      e == ERR_ABSENT ? "has no " CFG_ARCHIVE_DTB : "is not a newc cpio archive");
		return e;
	}
	e = copy_blob(to, data, length);
	if (e != OK)
		return e;
	in.r.fdt = to->blob;
	read_root(&in);
	if (in.r.faults == 0)
		return OK;
	print("config: refused, %u fault%s\n", in.r.faults, in.r.faults == 1 ? "" : "s");
	return ERR_INPUT;
}
