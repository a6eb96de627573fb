/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Makes boot archives for tests: a cpio, and in it a configuration that is right but for
 * what a test changes (struct tweak).
 */
#ifndef TEST_CONFIG_BLOB_H
#define TEST_CONFIG_BLOB_H

#include <stdio.h>
#include <string.h>

#include <libfdt.h>

#include "abi/config.h"
#include "lib/types.h"

/* One change of the configuration. */
struct tweak {
	const char *node;     /* "" is the root, "vms/a" */
	const char *property; /* to replace or add; NULL: a child is added */
	const void *data;     /* NULL: the property is left out */
	u32 length;
	const char *child; /* an empty node added behind the others */
};

struct archive {
	u8 *bytes; /* aligned as boot loaders do: to a page */
	size_t size;
};

#define BLOB_MAX_BYTES (1u << 20)
#define ARCHIVE_MAX (4u << 20)
#define KERNEL_BYTES 10004u /* the initrd is then aligned to 4 if the kernel is to 8 */
#define INITRD_BYTES 5001u

static inline void archive_add(struct archive *a, const char *name, const void *data, size_t n)
{
	char header[128];

	snprintf(header, sizeof(header),
		 "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", 1, 0100644, 0, 0,
		 1, 0, n, 0, 0, 0, 0, strlen(name) + 1, 0);
	memcpy(a->bytes + a->size, header, 110);
	memcpy(a->bytes + a->size + 110, name, strlen(name) + 1);
	a->size = (a->size + 110 + strlen(name) + 1 + 3) & ~3ul;
	if (n)
		memcpy(a->bytes + a->size, data, n);
	a->size = (a->size + n + 3) & ~3ul;
}

static inline void archive_end(struct archive *a)
{
	archive_add(a, "TRAILER!!!", NULL, 0);
}

/* --- the configuration --- */

struct blob_writer {
	void *fdt;
	const struct tweak *tweaks;
	u32 count;
};

static inline const struct tweak *blob_tweak(const struct blob_writer *b, const char *node,
					     const char *property)
{
	for (u32 i = 0; i < b->count; i++)
		if (b->tweaks[i].property && strcmp(b->tweaks[i].node, node) == 0 &&
		    strcmp(b->tweaks[i].property, property) == 0)
			return &b->tweaks[i];
	return NULL;
}

static inline void blob_bytes(struct blob_writer *b, const char *node, const char *property,
			      const void *data, u32 length)
{
	const struct tweak *t = blob_tweak(b, node, property);

	if (t && !t->data)
		return;
	fdt_property(b->fdt, property, t ? t->data : data, (int)(t ? t->length : length));
}

static inline void blob_text(struct blob_writer *b, const char *node, const char *property,
			     const char *text)
{
	blob_bytes(b, node, property, text, (u32)strlen(text) + 1);
}

static inline void blob_cell(struct blob_writer *b, const char *node, const char *property,
			     u32 value)
{
	fdt32_t cell = cpu_to_fdt32(value);

	blob_bytes(b, node, property, &cell, 4);
}

/* Properties that a tweak adds and the right tree lacks; `known` ends with NULL. */
static inline void blob_added(struct blob_writer *b, const char *node, const char *const *known)
{
	for (u32 i = 0; i < b->count; i++) {
		const struct tweak *t = &b->tweaks[i];
		bool is_known = false;

		if (!t->property || strcmp(t->node, node) != 0)
			continue;
		for (u32 k = 0; known[k]; k++)
			is_known |= strcmp(known[k], t->property) == 0;
		if (!is_known)
			fdt_property(b->fdt, t->property, t->data, (int)t->length);
	}
}

static inline void blob_end(struct blob_writer *b, const char *node)
{
	for (u32 i = 0; i < b->count; i++)
		if (!b->tweaks[i].property && strcmp(b->tweaks[i].node, node) == 0) {
			fdt_begin_node(b->fdt, b->tweaks[i].child);
			fdt_end_node(b->fdt);
		}
	fdt_end_node(b->fdt);
}

static inline void blob_disk(struct blob_writer *b, const char *path, const char *name,
			     const char *volume, const char *mode)
{
	fdt_begin_node(b->fdt, name);
	blob_text(b, path, "volume", volume);
	blob_text(b, path, "mode", mode);
	blob_added(b, path, (const char *const[]){"volume", "mode", NULL});
	blob_end(b, path);
}

static inline void blob_vm(struct blob_writer *b, const char *name, bool second)
{
	char path[64], disks[80], disk[96];
	const u32 memory[] = {0, cpu_to_fdt32(second ? 16u << 20 : 64u << 20)};

	snprintf(path, sizeof(path), "vms/%s", name);
	snprintf(disks, sizeof(disks), "%s/disks", path);
	fdt_begin_node(b->fdt, name);
	blob_cell(b, path, "vcpus", second ? 1 : 2);
	blob_bytes(b, path, "memory", memory, sizeof(memory));
	blob_text(b, path, "kernel", "files/0");
	if (!second) {
		blob_cell(b, path, "weight", 200);
		blob_text(b, path, "initrd", "files/1");
		blob_text(b, path, "cmdline", "root=/dev/vda ro");
		blob_text(b, path, "on-reboot", "stop");
		blob_cell(b, path, "home-node", 1);
	} else {
		fdt_property(b->fdt, "manual", "", 0);
	}
	blob_added(b, path,
		   (const char *const[]){"vcpus", "memory", "kernel", "weight", "initrd", "cmdline",
					 "on-reboot", "home-node", NULL});
	fdt_begin_node(b->fdt, "disks");
	snprintf(disk, sizeof(disk), "%s/disk@0", disks);
	blob_disk(b, disk, "disk@0", "root", "readonly");
	snprintf(disk, sizeof(disk), "%s/disk@1", disks);
	if (!second)
		blob_disk(b, disk, "disk@1", "data", "exclusive");
	blob_end(b, disks);
	blob_end(b, path);
}

/* The configuration: VMs `a` (2 vCPUs, 64 MiB) and `b` (manual); volumes root, data. */
static inline size_t blob_write(void *to, const struct tweak *tweaks, u32 count)
{
	struct blob_writer b = {to, tweaks, count};

	fdt_create(to, BLOB_MAX_BYTES);
	fdt_finish_reservemap(to);
	fdt_begin_node(to, "");
	blob_text(&b, "", "compatible", CFG_COMPATIBLE);
	blob_text(&b, "", "name", "demo");
	blob_added(&b, "", (const char *const[]){"compatible", "name", NULL});
	fdt_begin_node(to, "volumes");
	blob_added(&b, "volumes", (const char *const[]){NULL});
	fdt_begin_node(to, "root");
	blob_text(&b, "volumes/root", "serial", "root-serial");
	blob_added(&b, "volumes/root", (const char *const[]){"serial", NULL});
	blob_end(&b, "volumes/root");
	fdt_begin_node(to, "data");
	blob_text(&b, "volumes/data", "serial", "data-serial");
	blob_cell(&b, "volumes/data", "partition", 2);
	blob_end(&b, "volumes/data");
	blob_end(&b, "volumes");
	fdt_begin_node(to, "vms");
	blob_added(&b, "vms", (const char *const[]){NULL});
	blob_vm(&b, "a", false);
	blob_vm(&b, "b", true);
	blob_end(&b, "vms");
	blob_end(&b, "");
	fdt_finish(to);
	return fdt_totalsize(to);
}

/* An arm64 Image: header and a pattern. */
static inline void blob_kernel(u8 *to, u64 text_offset, u64 image_size, u64 flags)
{
	for (u32 i = 0; i < KERNEL_BYTES; i++)
		to[i] = (u8)(i * 7 + i / 256);
	memcpy(to, "\0\0\0\0", 4);
	memcpy(to + 8, &text_offset, 8);
	memcpy(to + 16, &image_size, 8);
	memcpy(to + 24, &flags, 8);
	memcpy(to + 56, "ARM\x64", 4);
}

/* The whole archive; `blob` is the configuration. */
static inline void archive_write(struct archive *a, const void *blob, size_t blob_size)
{
	static u8 kernel[KERNEL_BYTES], initrd[INITRD_BYTES];

	a->size = 0;
	blob_kernel(kernel, 0, 1 << 20, 2);
	for (u32 i = 0; i < INITRD_BYTES; i++)
		initrd[i] = (u8)(i * 3);
	archive_add(a, CFG_ARCHIVE_DTB, blob, blob_size);
	archive_add(a, "files/0", kernel, sizeof(kernel));
	archive_add(a, "files/1", initrd, sizeof(initrd));
	archive_add(a, "files/empty", "", 0);
	archive_add(a, "files/elf", "\177ELF\2\1\1", 8);
	archive_add(a, "files/gzip", "\x1f\x8b\x08\0", 4);
	archive_add(a, "files/efi", "MZ\0\0zimg", 8);
	archive_add(a, "files/short", "ab", 2);
	archive_add(a, "files/flat", "\x1f\x20\x03\xd5\x1f\x20\x03\xd5", 8);
	blob_kernel(kernel, 0, 1 << 20, 1);
	archive_add(a, "files/big-endian", kernel, sizeof(kernel));
	blob_kernel(kernel, 0, 1 << 20, 3 << 1);
	archive_add(a, "files/pages-64k", kernel, sizeof(kernel));
	blob_kernel(kernel, 0x80001, 1 << 20, 2);
	archive_add(a, "files/offset", kernel, sizeof(kernel));
	blob_kernel(kernel, 0, ~0ull, 2);
	archive_add(a, "files/size", kernel, sizeof(kernel));
	blob_kernel(kernel, 0x80000, 60 << 20, 2);
	archive_add(a, "files/large", kernel, sizeof(kernel));
	archive_end(a);
}

#endif
