/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration's volumes against the machine's disks: see config.h. */
#include "control/config.h"
#include "lib/print.h"

/* The same disk, and a sector in common. */
static bool overlap(const struct volume *a, const struct volume *b)
{
	return a->disk == b->disk && a->first < b->first + b->sectors &&
	       b->first < a->first + a->sectors;
}

static bool is_written(const struct config *c, u32 volume)
{
	for (u32 i = 0; i < c->vm_count; i++) {
		const struct vdev_config *d = &c->vms[i].devices;

		for (u32 k = 0; k < d->disk_count; k++)
			if (d->disks[k].volume == volume && !d->disks[k].readonly)
				return true;
	}
	return false;
}

static const char *open_fault(enum err e)
{
	if (e == ERR_ABSENT)
		return "the machine has no such disk or partition";
	if (e == ERR_INPUT)
		return "the disk has no valid partition table (GPT)";
	return err_name(e);
}

/* A volume that is written: on a disk that can be, and nobody else sees its sectors. */
static u32 check_written(const struct config *c, u32 i)
{
	u32 faults = 0;

	if (volumes[i].readonly) {
		print("config: volumes/%s: exclusive, but its disk is read-only\n",
		      c->volumes[i].name);
		faults++;
	}
	for (u32 k = 0; k < c->volume_count; k++) {
		if (k == i || !overlap(&volumes[i], &volumes[k]))
			continue;
		print("config: volumes/%s: exclusive, but '%s' has sectors of it\n",
		      c->volumes[i].name, c->volumes[k].name);
		faults++;
	}
	return faults;
}

enum err config_open_volumes(const struct config *c)
{
	u32 faults = 0;

	for (u32 i = 0; i < c->volume_count; i++) {
		const struct volume_config *v = &c->volumes[i];
		enum err e = volume_add(v->name, v->serial, v->partition);

		if (e == OK)
			continue;
		print("config: volumes/%s: serial '%s': %s\n", v->name, v->serial, open_fault(e));
		faults++;
	}
	/* Indices agree only when all were added. */
	for (u32 i = 0; faults == 0 && i < c->volume_count; i++)
		if (is_written(c, i))
			faults += check_written(c, i);
	return faults ? ERR_INPUT : OK;
}
