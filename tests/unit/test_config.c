/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration: what is right is read as it stands; each fault is told in a line of
 * its own with the path, and refuses the whole.
 */
#include "fake/fake.h"

#include <stdlib.h>

#include "control/config.h"
#include "control/layout.h"
#include "lib/print.h"
#include "lib/string.h"
#include "mem/node.h"
#include "test_config_blob.h"

static struct archive archive;
static u8 *blob;
static struct config *config;
static u64 log_position;
static char log_text[LOG_SIZE];

/* --- the disks below --- */

struct volume volumes[CFG_VOLUMES_MAX];
u32 volume_count;
static enum err volume_answer;
static struct volume volume_template;

enum err volume_add(const char *name, const char *serial, u32 partition)
{
	struct volume *v = &volumes[volume_count];

	(void)serial;
	if (volume_answer != OK)
		return volume_answer;
	*v = volume_template;
	v->disk = partition ? 1 : 0;
	string_copy(v->name, name, sizeof(v->name));
	volume_count++;
	return OK;
}

/* --- helpers --- */

static const char *new_log(void)
{
	size_t n = log_read(&log_position, log_text, sizeof(log_text) - 1);

	log_text[n] = 0;
	return log_text;
}

static enum err read_blob(size_t size)
{
	archive_write(&archive, blob, size);
	memset(config, 0, sizeof(*config));
	log_position = log_end();
	return config_read(archive.bytes, archive.size, config);
}

static void free_blob(void)
{
	if (config->blob)
		monitor_free(config->blob, config->blob_size);
}

static enum err read_tweaked(const struct tweak *tweaks, u32 count)
{
	return read_blob(blob_write(blob, tweaks, count));
}

/* The tweaked tree is refused with this line. */
static void refused(const struct tweak *tweaks, u32 count, const char *line)
{
	const char *text;

	assert_int_equal(read_tweaked(tweaks, count), ERR_INPUT);
	text = new_log();
	if (!strstr(text, line))
		fail_msg("wanted: %s\nfound: %s", line, text);
	assert_non_null(strstr(text, "config: refused"));
	free_blob();
}

static int make_machine(void **state)
{
	(void)state;
	fake_cpus(2, 1);
	fake_memory(2, 0x4000);
	archive.bytes = aligned_alloc(4096, ARCHIVE_MAX);
	blob = aligned_alloc(4096, BLOB_MAX_BYTES);
	config = calloc(1, sizeof(*config));
	return 0;
}

static int free_machine(void **state)
{
	(void)state;
	free(archive.bytes);
	free(blob);
	free(config);
	return 0;
}

/* --- what is right --- */

static void right_one(void **state)
{
	const struct vm_config *a = &config->vms[0], *b = &config->vms[1];

	(void)state;
	assert_int_equal(read_tweaked(NULL, 0), OK);
	assert_string_equal(new_log(), "");
	assert_string_equal(config->name, "demo");
	assert_int_equal(config->volume_count, 2);
	assert_string_equal(config->volumes[1].name, "data");
	assert_string_equal(config->volumes[1].serial, "data-serial");
	assert_int_equal(config->volumes[1].partition, 2);
	assert_int_equal(config->vm_count, 2);
	assert_string_equal(a->name, "a");
	assert_int_equal(a->vcpus, 2);
	assert_int_equal(a->memory, 64 << 20);
	assert_int_equal(a->weight, 200);
	assert_int_equal(a->home, 1);
	assert_false(a->manual);
	assert_false(a->restart_on_reset);
	assert_string_equal(a->cmdline, "root=/dev/vda ro");
	assert_int_equal(a->kernel.size, KERNEL_BYTES);
	assert_int_equal(a->initrd.size, INITRD_BYTES);
	assert_int_equal(a->image_size, 1 << 20);
	assert_int_equal(a->devices.disk_count, 2);
	assert_int_equal(a->devices.disks[1].volume, 1);
	assert_false(a->devices.disks[1].readonly);
	assert_string_equal(a->devices.disks[1].serial, "data");
	assert_true(b->manual);
	assert_true(b->restart_on_reset);
	assert_int_equal(b->weight, CFG_WEIGHT_DEFAULT);
	assert_int_equal(b->home, NODE_ANY);
	assert_string_equal(b->cmdline, "");
	assert_int_equal(b->initrd.size, 0);
	free_blob();
}

static void flat_kernel(void **state)
{
	const struct tweak t = {"vms/b", "kernel", "files/flat", 11, NULL};

	(void)state;
	assert_int_equal(read_tweaked(&t, 1), OK);
	assert_int_equal(config->vms[1].text_offset, 0x80000);
	assert_int_equal(config->vms[1].image_size, 8);
	free_blob();
}

/* --- one fault at a time --- */

#define TEXT(s) s, sizeof(s)
#define CELL(v) &(const fdt32_t){__builtin_bswap32(v)}, 4
#define LONG(v) &(const fdt64_t){__builtin_bswap64(v)}, 8

static const char long_cmdline[CFG_CMDLINE_MAX + 2] = {[0 ... CFG_CMDLINE_MAX] = 'x'};

static const struct {
	struct tweak tweak;
	const char *line;
} faults[] = {
	{{"", "compatible", TEXT("disco,config-2"), NULL},
	 "config: compatible: 'disco,config-2' is not disco,config-1"},
	{{"", "compatible", NULL, 0, NULL}, "config: compatible: is missing"},
	{{"", "name", NULL, 0, NULL}, "config: name: is missing"},
	{{"", "name", TEXT("-x"), NULL}, "config: name: '-x' is not a name"},
	{{"", "model", TEXT("x"), NULL}, "config: model: unknown property"},
	{{"", NULL, NULL, 0, "networks"}, "config: networks: unknown node"},
	{{"", NULL, NULL, 0, "vms"}, "config: vms: is given twice"},
	{{"volumes", "x", CELL(1), NULL}, "config: volumes/x: unknown property"},
	{{"volumes/root", "serial", TEXT(""), NULL},
	 "config: volumes/root/serial: has 0 characters, allowed: 1..20"},
	{{"volumes/root", "serial", TEXT("123456789012345678901"), NULL},
	 "config: volumes/root/serial: has 21 characters, allowed: 1..20"},
	{{"volumes/root", "serial", NULL, 0, NULL}, "config: volumes/root/serial: is missing"},
	{{"volumes/data", "partition", CELL(0), NULL},
	 "config: volumes/data/partition: 0 is outside 1..128"},
	{{"volumes/root", NULL, NULL, 0, "x"}, "config: volumes/root/x: unknown node"},
	{{"volumes", NULL, NULL, 0, "a b"}, "config: volumes/a b: bad name"},
	{{"volumes", NULL, NULL, 0, "root"}, "config: volumes/root: a second volume"},
	{{"vms", "x", CELL(1), NULL}, "config: vms/x: unknown property"},
	{{"vms", NULL, NULL, 0, "a"}, "config: vms/a: a second VM of this name"},
	{{"vms", NULL, NULL, 0, "_a"}, "config: vms/_a: bad name"},
	{{"vms/a", "vcpus", CELL(65), NULL}, "config: vms/a/vcpus: 65 is outside 1..64"},
	{{"vms/a", "vcpus", CELL(0), NULL}, "config: vms/a/vcpus: 0 is outside 1..64"},
	{{"vms/a", "vcpus", TEXT("12"), NULL}, "config: vms/a/vcpus: is not a number of one cell"},
	{{"vms/a", "vcpus", NULL, 0, NULL}, "config: vms/a/vcpus: is missing"},
	{{"vms/a", "memory", CELL(1), NULL}, "config: vms/a/memory: is not a number of two cells"},
	{{"vms/a", "memory", LONG(8ull << 20), NULL},
	 "config: vms/a/memory: 8388608 bytes is outside"},
	{{"vms/a", "memory", LONG(256ull << 30), NULL},
	 "config: vms/a/memory: 274877906944 bytes is outside"},
	{{"vms/a", "memory", LONG((32ull << 20) + 4096), NULL},
	 "config: vms/a/memory: 33558528 bytes is not a multiple of 2 MiB"},
	{{"vms/a", "weight", CELL(10001), NULL}, "config: vms/a/weight: 10001 is outside 1..10000"},
	{{"vms/a", "kernel", NULL, 0, NULL}, "config: vms/a/kernel: is missing"},
	{{"vms/a", "kernel", TEXT("files/9"), NULL},
	 "config: vms/a/kernel: the boot archive has no 'files/9'"},
	{{"vms/a", "kernel", TEXT("disco.dtb"), NULL},
	 "config: vms/a/kernel: 'disco.dtb' is not below files/"},
	{{"vms/a", "kernel", TEXT("files/empty"), NULL},
	 "config: vms/a/kernel: 'files/empty' is empty"},
	{{"vms/a", "kernel", TEXT("files/elf"), NULL}, "config: vms/a/kernel: an ELF file"},
	{{"vms/a", "kernel", TEXT("files/gzip"), NULL}, "config: vms/a/kernel: compressed by gzip"},
	{{"vms/a", "kernel", TEXT("files/efi"), NULL}, "config: vms/a/kernel: an EFI program"},
	{{"vms/a", "kernel", TEXT("files/short"), NULL}, "config: vms/a/kernel: too short"},
	{{"vms/a", "kernel", TEXT("files/big-endian"), NULL},
	 "config: vms/a/kernel: a big-endian kernel"},
	{{"vms/a", "kernel", TEXT("files/pages-64k"), NULL},
	 "config: vms/a/kernel: a kernel for pages larger than 4 KiB"},
	{{"vms/a", "kernel", TEXT("files/offset"), NULL},
	 "config: vms/a/kernel: the kernel's header has a bad text_offset"},
	{{"vms/a", "kernel", TEXT("files/size"), NULL},
	 "config: vms/a/kernel: the kernel's header has a bad image_size"},
	{{"vms/b", "kernel", TEXT("files/large"), NULL},
	 "config: vms/b/memory: too small for kernel, initrd and device tree"},
	{{"vms/a", "initrd", TEXT("files/9"), NULL},
	 "config: vms/a/initrd: the boot archive has no 'files/9'"},
	{{"vms/a", "cmdline", long_cmdline, sizeof(long_cmdline), NULL},
	 "config: vms/a/cmdline: has 2048 characters, allowed: 0..2047"},
	{{"vms/a", "cmdline", "two\0words", 10, NULL}, "config: vms/a/cmdline: is not one text"},
	{{"vms/a", "cmdline", "no end", 6, NULL}, "config: vms/a/cmdline: is not one text"},
	{{"vms/a", "manual", TEXT("yes"), NULL},
	 "config: vms/a/manual: is a flag and has no value"},
	{{"vms/a", "on-reboot", TEXT("ask"), NULL},
	 "config: vms/a/on-reboot: 'ask' is neither 'restart' nor 'stop'"},
	{{"vms/a", "home-node", CELL(2), NULL},
	 "config: vms/a/home-node: the machine has no node 2 with memory"},
	{{"vms/a", "home-node", CELL(16), NULL}, "config: vms/a/home-node: 16 is outside 0..15"},
	{{"vms/a", "vcpu", CELL(1), NULL}, "config: vms/a/vcpu: unknown property"},
	{{"vms/a", NULL, NULL, 0, "net"}, "config: vms/a/net: unknown node"},
	{{"vms/a", NULL, NULL, 0, "disks"}, "config: vms/a/disks: is given twice"},
	{{"vms/a/disks", NULL, NULL, 0, "disk@3"},
	 "config: vms/a/disks/disk@3: wanted here: disk@2"},
	{{"vms/a/disks/disk@0", "volume", TEXT("none"), NULL},
	 "config: vms/a/disks/disk@0/volume: there is no volume 'none'"},
	{{"vms/a/disks/disk@0", "mode", TEXT("volatile"), NULL},
	 "config: vms/a/disks/disk@0/mode: 'volatile' is neither 'readonly' nor 'exclusive'"},
	{{"vms/a/disks/disk@0", "mode", NULL, 0, NULL},
	 "config: vms/a/disks/disk@0/mode: is missing"},
	{{"vms/a/disks/disk@0", "x", CELL(1), NULL},
	 "config: vms/a/disks/disk@0/x: unknown property"},
	{{"vms/b/disks/disk@0", "mode", TEXT("exclusive"), NULL},
	 "config: volumes: 'root' is exclusive to one disk, but 2 disks use it"},
	{{"vms/b/disks/disk@0", "volume", TEXT("data"), NULL},
	 "config: volumes: 'data' is exclusive to one disk, but 2 disks use it"},
};

static void each_fault(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
		refused(&faults[i].tweak, 1, faults[i].line);
}

static void all_faults_are_told(void **state)
{
	const struct tweak tweaks[] = {
		{"vms/a", "vcpus", CELL(65), NULL},
		{"vms/b", "memory", LONG(1), NULL},
	};

	(void)state;
	refused(tweaks, 2, "config: vms/a/vcpus: 65 is outside 1..64");
	refused(tweaks, 2, "config: vms/b/memory: 1 bytes is outside");
	refused(tweaks, 2, "config: refused, 2 faults");
}

/* The same property twice: libfdt writes it, a reader would see the first only. */
static void repeated_property(void **state)
{
	const struct tweak tweaks[] = {
		{"vms/b", "manual", TEXT(""), NULL},
	};

	(void)state;
	refused(tweaks, 1, "config: vms/b/manual: is given twice");
}

static void too_many(void **state)
{
	static char names[CFG_VMS_MAX + 1][8];
	static struct tweak tweaks[CFG_VMS_MAX + 1];

	(void)state;
	for (u32 i = 0; i <= CFG_VMS_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "n%u", i);
		tweaks[i] = (struct tweak){"vms", NULL, NULL, 0, names[i]};
	}
	refused(tweaks, CFG_VMS_MAX - 1, "config: vms: more than 250 VMs");
	for (u32 i = 0; i <= CFG_VMS_MAX; i++)
		tweaks[i].node = "volumes";
	refused(tweaks, CFG_VOLUMES_MAX, "config: volumes: more than 24 volumes");
	for (u32 i = 0; i <= CFG_VMS_MAX; i++)
		tweaks[i].node = "vms/a/disks";
	refused(tweaks, CFG_DISKS_MAX, "config: vms/a/disks: more than 8 disks");
}

static void no_configuration(void **state)
{
	(void)state;
	memset(config, 0, sizeof(*config));
	archive.size = 0;
	archive_end(&archive);
	assert_int_equal(config_read(archive.bytes, archive.size, config), ERR_ABSENT);
	assert_int_equal(config_read("nothing", 7, config), ERR_INPUT);
	memcpy(blob, "no tree", 8);
	assert_int_equal(read_blob(8), ERR_INPUT);
	assert_non_null(strstr(new_log(), "config: disco.dtb: not a device tree"));
}

/* Found by the fuzzer: libfdt reads both as if they were aligned. */
static void unaligned_parts(void **state)
{
	size_t size;

	(void)state;
	size = blob_write(blob, NULL, 0);
	fdt_set_off_mem_rsvmap(blob, fdt_off_mem_rsvmap(blob) + 2);
	assert_int_equal(read_blob(size), ERR_INPUT);
	size = blob_write(blob, NULL, 0);
	fdt_set_off_dt_struct(blob, fdt_off_dt_struct(blob) + 2);
	assert_int_equal(read_blob(size), ERR_INPUT);
}

/* --- volumes --- */

static enum err open_volumes(enum err answer, u64 sectors, bool readonly)
{
	volume_count = 0;
	volume_answer = answer;
	volume_template = (struct volume){.sectors = sectors, .readonly = readonly};
	log_position = log_end();
	return config_open_volumes(config);
}

static void volumes_are_opened(void **state)
{
	(void)state;
	assert_int_equal(read_tweaked(NULL, 0), OK);
	assert_int_equal(open_volumes(OK, 100, false), OK);
	assert_int_equal(open_volumes(ERR_ABSENT, 100, false), ERR_INPUT);
	assert_non_null(strstr(new_log(), "config: volumes/root: serial 'root-serial': the machine "
					  "has no such disk"));
	assert_int_equal(open_volumes(ERR_INPUT, 100, false), ERR_INPUT);
	assert_int_equal(open_volumes(OK, 100, true), ERR_INPUT);
	assert_non_null(strstr(new_log(), "config: volumes/data: exclusive, but its disk is "
					  "read-only"));
	free_blob();
}

/* A whole disk and a partition of it. */
static void overlapping_volumes(void **state)
{
	const struct tweak t = {"volumes/data", "partition", NULL, 0, NULL};

	(void)state;
	assert_int_equal(read_tweaked(&t, 1), OK);
	assert_int_equal(open_volumes(OK, 100, false), ERR_INPUT);
	assert_non_null(
		strstr(new_log(), "config: volumes/data: exclusive, but 'root' has sectors"));
	free_blob();
}

/* --- placement --- */

static void placement(void **state)
{
	struct vm_config vm = {.memory = 512ull << 20, .image_size = 30ull << 20};
	struct layout l;

	(void)state;
	vm.initrd.size = 10 << 20;
	assert_true(layout_place(&vm, &l));
	assert_int_equal(l.kernel.v, 0x40200000);
	assert_int_equal(l.initrd.v, 0x48000000);
	assert_int_equal(l.dtb.v, 0x48a00000);
	vm.text_offset = 0x80000;
	assert_true(layout_place(&vm, &l));
	assert_int_equal(l.kernel.v, 0x40080000);

	vm.memory = 44ull << 20; /* no room apart: behind the kernel */
	assert_true(layout_place(&vm, &l));
	assert_int_equal(l.initrd.v, 0x42000000);
	assert_true(l.dtb.v + DTB_MAX <= 0x40000000 + vm.memory);
	vm.memory = 42ull << 20;
	assert_false(layout_place(&vm, &l));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(right_one),           cmocka_unit_test(flat_kernel),
		cmocka_unit_test(each_fault),          cmocka_unit_test(all_faults_are_told),
		cmocka_unit_test(repeated_property),   cmocka_unit_test(too_many),
		cmocka_unit_test(no_configuration),    cmocka_unit_test(volumes_are_opened),
		cmocka_unit_test(overlapping_volumes), cmocka_unit_test(placement),
		cmocka_unit_test(unaligned_parts),
	};

	return cmocka_run_group_tests(tests, make_machine, free_machine);
}
