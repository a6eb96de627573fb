/* SPDX-License-Identifier: BSD-2-Clause */
/* The blob and the boot archive. */
#include "helper.h"

#include "archive.h"
#include "blob.h"

#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char sample[] =
	"name: demo\n"
	"machine: {nodes: 2, cpus: 2, memory: 1G}\n"
	"volumes:\n"
	"  root: {file: d.img, partition: 2}\n"
	"  a-volume-with-a-long-name: {file: e.img}\n"
	"vms:\n"
	"  a: {vcpus: 2, memory: 512M, kernel: k, initrd: i, cmdline: \"x y\",\n"
	"      disks: [{volume: root, mode: readonly},\n"
	"              {volume: a-volume-with-a-long-name, mode: exclusive}]}\n"
	"  b: {vcpus: 1, memory: 64M, kernel: k, weight: 7, autostart: false, on_reboot: stop,\n"
	"      node: 1}\n";

static void *make(struct config **config, struct archive_plan *plan, size_t *size)
{
	*config = test_good(sample);
	archive_plan(*config, plan);
	return blob_make(*config, plan, size);
}

static const char *text_at(const void *blob, const char *path, const char *name)
{
	const char *text = fdt_getprop(blob, fdt_path_offset(blob, path), name, NULL);

	assert_non_null(text);
	return text;
}

static uint32_t cell_at(const void *blob, const char *path, const char *name)
{
	int length;
	const fdt32_t *cell = fdt_getprop(blob, fdt_path_offset(blob, path), name, &length);

	assert_non_null(cell);
	assert_int_equal(length, 4);
	return fdt32_ld(cell);
}

static bool has(const void *blob, const char *path, const char *name)
{
	return fdt_getprop(blob, fdt_path_offset(blob, path), name, NULL) != NULL;
}

static void blob_says_what_the_file_says(void **state)
{
	struct archive_plan plan;
	struct config *config;
	size_t size;
	void *blob = make(&config, &plan, &size);
	const fdt64_t *memory = fdt_getprop(blob, fdt_path_offset(blob, "/vms/a"), "memory", NULL);

	(void)state;
	assert_int_equal(fdt_check_full(blob, size), 0);
	assert_string_equal(text_at(blob, "/", "compatible"), CFG_COMPATIBLE);
	assert_string_equal(text_at(blob, "/", "name"), "demo");
	assert_string_equal(text_at(blob, "/volumes/root", "serial"), "root");
	assert_int_equal(cell_at(blob, "/volumes/root", "partition"), 2);
	assert_string_equal(text_at(blob, "/volumes/a-volume-with-a-long-name", "serial"),
			    "disco.1");
	assert_int_equal(cell_at(blob, "/vms/a", "vcpus"), 2);
	assert_true(fdt64_ld(memory) == 512ull << 20);
	assert_string_equal(text_at(blob, "/vms/a", "kernel"), "files/0");
	assert_string_equal(text_at(blob, "/vms/a", "initrd"), "files/1");
	assert_string_equal(text_at(blob, "/vms/a", "cmdline"), "x y");
	assert_string_equal(text_at(blob, "/vms/a/disks/disk@0", "volume"), "root");
	assert_string_equal(text_at(blob, "/vms/a/disks/disk@0", "mode"), "readonly");
	assert_string_equal(text_at(blob, "/vms/a/disks/disk@1", "mode"), "exclusive");
	assert_false(has(blob, "/vms/a", "manual"));
	assert_false(has(blob, "/vms/a", "weight"));
	assert_false(has(blob, "/vms/a", "home-node"));
	assert_string_equal(text_at(blob, "/vms/b", "kernel"), "files/0");
	assert_false(has(blob, "/vms/b", "initrd"));
	assert_true(has(blob, "/vms/b", "manual"));
	assert_string_equal(text_at(blob, "/vms/b", "on-reboot"), "stop");
	assert_int_equal(cell_at(blob, "/vms/b", "home-node"), 1);
	assert_int_equal(cell_at(blob, "/vms/b", "weight"), 7);
	assert_int_equal(fdt_path_offset(blob, "/vms/b/disks"), -FDT_ERR_NOTFOUND);
	free(blob);
	config_free(config);
}

static void vms_keep_their_order(void **state)
{
	struct config *config = test_good("machine: {cpus: 1, memory: 1G}\n"
					  "vms:\n"
					  "  z: &v {vcpus: 1, memory: 16M, kernel: k}\n"
					  "  m: *v\n"
					  "  a: *v\n");
	static const char *const names[] = {"z", "m", "a"};
	struct archive_plan plan;
	size_t size;
	void *blob;
	int node, i = 0;

	(void)state;
	archive_plan(config, &plan);
	blob = blob_make(config, &plan, &size);
	fdt_for_each_subnode(node, blob, fdt_path_offset(blob, "/vms"))
		assert_string_equal(fdt_get_name(blob, node, NULL), names[i++]);
	assert_int_equal(i, 3);
	free(blob);
	config_free(config);
}

/* A blob of the largest configuration is more than one try of the writer. */
static void large_blobs_fit(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct archive_plan plan;
	struct config *config;
	void *blob;

	(void)state;
	fprintf(out, "machine: {cpus: 1, memory: 8G}\nvms:\n");
	for (int i = 0; i < CFG_VMS_MAX; i++)
		fprintf(out, "  v%d: {vcpus: 1, memory: 16M, kernel: k, cmdline: \"%0*d\"}\n", i,
			CFG_CMDLINE_MAX, i);
	fclose(out);
	config = test_good(text);
	archive_plan(config, &plan);
	assert_int_equal(plan.count, 1);
	blob = blob_make(config, &plan, &size);
	assert_int_equal(fdt_check_full(blob, size), 0);
	assert_true(size > CFG_VMS_MAX * CFG_CMDLINE_MAX);
	free(blob);
	config_free(config);
	free(text);
}

static void printed_as_source(void **state)
{
	struct archive_plan plan;
	struct config *config;
	size_t size;
	void *blob = make(&config, &plan, &size);
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	blob_print(blob, out);
	fclose(out);
	assert_memory_equal(text, "/dts-v1/;\n/ {\n\tcompatible = \"disco,config-1\";\n", 45);
	assert_non_null(strstr(text, "\t\t\tmemory = <0x0 0x20000000>;\n"));
	assert_non_null(strstr(text, "\t\t\tmanual;\n"));
	assert_string_equal(text + strlen(text) - 7, "\t};\n};\n");
	free(text);
	free(blob);
	config_free(config);
}

/* One member of a newc archive; returns where the next one begins. */
static const char *member(const char *at, char *name, const char **data, size_t *size)
{
	char digits[9] = "";
	size_t name_size;

	assert_memory_equal(at, "070701", 6);
	*size = strtoul(memcpy(digits, at + 54, 8), NULL, 16);
	name_size = strtoul(memcpy(digits, at + 94, 8), NULL, 16);
	memcpy(name, at + 110, name_size);
	assert_int_equal(name[name_size - 1], 0);
	*data = at + ((110 + name_size + 3) & ~3ul);
	return *data + ((*size + 3) & ~3ul);
}

static void archive_has_each_file_once(void **state)
{
	struct archive_plan plan;
	struct config *config;
	size_t blob_size, size, length;
	void *blob = make(&config, &plan, &blob_size);
	char *bytes = NULL, name[64];
	FILE *out = open_memstream(&bytes, &size);
	const char *at, *data;

	(void)state;
	assert_int_equal(plan.count, 2);
	assert_true(archive_write(&plan, blob, blob_size, out));
	fclose(out);
	at = member(bytes, name, &data, &length);
	assert_string_equal(name, CFG_ARCHIVE_DTB);
	assert_int_equal(length, blob_size);
	assert_memory_equal(data, blob, blob_size);
	at = member(at, name, &data, &length);
	assert_string_equal(name, "files/0");
	assert_memory_equal(data, "not really a kernel", 19);
	at = member(at, name, &data, &length);
	assert_string_equal(name, "files/1");
	assert_int_equal(length, 9);
	at = member(at, name, &data, &length);
	assert_string_equal(name, "TRAILER!!!");
	assert_ptr_equal(at, bytes + size);
	free(bytes);
	free(blob);
	config_free(config);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(blob_says_what_the_file_says), cmocka_unit_test(vms_keep_their_order),
	cmocka_unit_test(large_blobs_fit),		cmocka_unit_test(printed_as_source),
	cmocka_unit_test(archive_has_each_file_once),
};

const struct test_list blob_tests = {tests, ARRAY_SIZE(tests)};
