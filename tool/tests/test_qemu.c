/* SPDX-License-Identifier: BSD-2-Clause */
/* The emulator's command line. */
#include "helper.h"

#include "qemu.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The whole command line of a configuration as one text. */
static char *line_of(const char *yaml)
{
	struct qemu_setup setup = {.emulator = need_copy("Q"), .image = need_copy("disco.img"),
				   .archive = need_copy("boot.cpio"), .control_fd = 5,
				   .serial_fd = 6};
	struct config *config = test_good(yaml);
	struct arguments arguments = qemu_arguments(config, &setup);
	char *line = need_copy("");

	for (size_t i = 0; i < arguments.count; i++) {
		char *longer = need_format("%s%s ", line, arguments.items[i]);

		free(line);
		line = longer;
	}
	assert_null(arguments.items[arguments.count]);
	arguments_free(&arguments);
	config_free(config);
	free(setup.emulator);
	free(setup.image);
	free(setup.archive);
	return line;
}

static void assert_has(const char *line, const char *part)
{
	if (!strstr(line, part))
		print_error("'%s' is not in '%s'\n", part, line);
	assert_non_null(strstr(line, part));
}

static void nodes_and_distances(void **state)
{
	char *line = line_of("machine:\n"
			     "  nodes: [{cpus: 3, memory: 1G}, {cpus: 1, memory: 0}, "
			     "{cpus: 0, memory: 512M}]\n"
			     "  distances: [[10, 20, 30], [20, 10, 40], [30, 40, 10]]\n"
			     "vms: {a: {vcpus: 1, memory: 64M, kernel: k}}\n");

	(void)state;
	assert_has(line, "Q -M virt,virtualization=on,gic-version=3 -accel tcg,thread=multi "
			 "-cpu neoverse-n1 -smp 4 -m 1536M ");
	assert_has(line, "-object memory-backend-ram,id=m0,size=1024M -numa "
			 "node,nodeid=0,cpus=0-2,memdev=m0 -numa node,nodeid=1,cpus=3-3 -object "
			 "memory-backend-ram,id=m2,size=512M -numa node,nodeid=2,memdev=m2 ");
	assert_has(line, "-numa dist,src=1,dst=2,val=40 ");
	assert_has(line, "-chardev socket,id=line,fd=6 ");
	assert_has(line, "-chardev socket,id=ctl,fd=5 -device "
			 "virtserialport,chardev=ctl,name=disco.control ");
	assert_has(line, "-no-reboot ");
	assert_has(line, "-kernel disco.img -initrd boot.cpio ");
	free(line);
}

static void disks_in_place(void **state)
{
	char *line, *copy = need_format("%s/a,b.img", test_folder);
	char *drive;

	(void)state;
	test_file("a,b.img", "");
	assert_int_equal(truncate(copy, 1 << 20), 0);
	line = line_of("machine: {cpus: 17, memory: 1G, cpu: max}\n"
		       "volumes: {p: {file: d.img, partition: 1}, q: {file: d.img, partition: 2}, "
		       "r: {file: \"a,b.img\"}}\n"
		       "vms:\n"
		       "  a: {vcpus: 1, memory: 64M, kernel: k, disks: [{volume: p, mode: "
		       "readonly}, {volume: q, mode: exclusive}, {volume: r, mode: readonly}]}\n");
	assert_has(line, "-accel tcg,thread=single -cpu max ");
	drive = need_format("-drive if=none,id=vol-p,file=%s/d.img,format=raw,cache=writeback,"
			    "readonly=off,discard=unmap -device "
			    "virtio-blk-device,drive=vol-p,serial=p ", test_folder);
	assert_has(line, drive);
	free(drive);
	drive = need_format("file=%s/a,,b.img,format=raw,cache=writeback,readonly=on,",
			    test_folder);
	assert_has(line, drive);
	assert_null(strstr(line, "vol-q"));
	free(drive);
	free(copy);
	free(line);
}

static void environment_changes_it(void **state)
{
	char *line;

	(void)state;
	setenv("DISCO_QEMU_ACCEL", "tcg,tb-size=64", 1);
	setenv("DISCO_QEMU_EXTRA", " -d  guest_errors", 1);
	line = line_of("machine: {cpus: 1, memory: 128M}\n"
		       "vms: {a: {vcpus: 1, memory: 64M, kernel: k}}\n");
	unsetenv("DISCO_QEMU_ACCEL");
	unsetenv("DISCO_QEMU_EXTRA");
	assert_has(line, "-accel tcg,tb-size=64 ");
	assert_has(line, "-initrd boot.cpio -d guest_errors ");
	free(line);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(nodes_and_distances),
	cmocka_unit_test(disks_in_place),
	cmocka_unit_test(environment_changes_it),
};

const struct test_list qemu_tests = {tests, ARRAY_SIZE(tests)};
