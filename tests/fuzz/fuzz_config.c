/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any device tree as the configuration, in an archive with good and bad kernels. What is
 * accepted keeps what struct config promises: ranges, names, files inside the archive.
 */
#include <stdlib.h>
#include <string.h>

#include "control/config.h"
#include "control/layout.h"
#include "lib/err.h"
#include "lib/percpu.h"
#include "mem/node.h"
#include "unit/test_config_blob.h"

int LLVMFuzzerTestOneInput(const u8 *input, size_t size);

/* --- below --- */

_Thread_local struct cpu *fake_cpu;
u64 fake_counter, direct_base;

u64 *fake_sysreg(const char *name)
{
	static u64 value;

	(void)name;
	return &value;
}
void panic(const char *format, ...)
{
	(void)format;
	abort();
}
void *monitor_alloc(u32 node, size_t bytes)
{
	(void)node;
	return calloc(1, bytes ? bytes : 1); /* exactly: the sanitizer sees one byte more */
}
void monitor_free(void *p, size_t bytes)
{
	(void)bytes;
	free(p);
}
bool node_has_memory(u32 node)
{
	return node == 1;
}

/* --- what was promised --- */

static void must(bool true_statement)
{
	if (!true_statement)
		abort();
}

static void check_file(const struct archive *a, const struct file *f)
{
	must(f->data >= a->bytes && f->size <= a->size && f->data + f->size <= a->bytes + a->size);
}

static void check_vm(const struct archive *a, const struct config *c, const struct vm_config *vm)
{
	struct layout l;

	must(vm->name[0] && strnlen(vm->name, sizeof(vm->name)) <= CFG_NAME_MAX);
	must(vm->vcpus >= 1 && vm->vcpus <= CFG_VCPUS_MAX);
	must(vm->weight >= 1 && vm->weight <= CFG_WEIGHT_MAX);
	must(vm->memory >= CFG_MEMORY_MIN && vm->memory <= CFG_MEMORY_MAX);
	must(vm->home == NODE_ANY || vm->home == 1);
	must(strlen(vm->cmdline) <= CFG_CMDLINE_MAX);
	must(vm->kernel.size != 0 && vm->devices.disk_count <= CFG_DISKS_MAX);
	check_file(a, &vm->kernel);
	if (vm->initrd.size)
		check_file(a, &vm->initrd);
	must(layout_place(vm, &l) && l.dtb.v + DTB_MAX <= VDEV_RAM_BASE + vm->memory);
	must(l.kernel.v + vm->image_size <= l.initrd.v && l.initrd.v + vm->initrd.size <= l.dtb.v);
	for (u32 i = 0; i < vm->devices.disk_count; i++)
		must(vm->devices.disks[i].volume < c->volume_count);
}

int LLVMFuzzerTestOneInput(const u8 *input, size_t size)
{
	static struct cpu cpu;
	static struct archive archive;
	struct config *c = calloc(1, sizeof(*c));

	fake_cpu = &cpu;
	node_count = 2;
	if (!archive.bytes)
		archive.bytes = aligned_alloc(4096, ARCHIVE_MAX);
	if (size > ARCHIVE_MAX / 2)
		size = ARCHIVE_MAX / 2;
	archive_write(&archive, input, size);
	if (config_read(archive.bytes, archive.size, c) == OK) {
		must(c->vm_count <= CFG_VMS_MAX && c->volume_count <= CFG_VOLUMES_MAX);
		for (u32 i = 0; i < c->vm_count; i++)
			check_vm(&archive, c, &c->vms[i]);
	}
	free(c->blob);
	free(c);
	return 0;
}
