/* SPDX-License-Identifier: BSD-2-Clause */
/* Good configuration files: what is read from them. */
#include "helper.h"

#include <stdlib.h>
#include <string.h>

#define VM "kernel: k, vcpus: 1, memory: 64M"

static void smallest_file(void **state)
{
	struct config *config = test_good("machine: {cpus: 1, memory: 128M}\n"
					  "vms: {a: {" VM "}}\n");

	(void)state;
	/* the folder is called disco-test-..., which is a good name */
	assert_string_equal(config->name, strrchr(test_folder, '/') + 1);
	assert_int_equal(config->machine.node_count, 1);
	assert_int_equal(config->machine.cpu, CFG_CPU_NEOVERSE_N1);
	assert_int_equal(config->vm_count, 1);
	assert_int_equal(config->vms[0].node, -1);
	assert_false(config->vms[0].manual);
	assert_false(config->vms[0].stop_on_reboot);
	assert_null(config->vms[0].initrd.path);
	assert_int_equal(config_find_vm(config, "a"), 0);
	assert_int_equal(config_find_vm(config, "b"), -1);
	config_free(config);
}

static void cpus_and_memory_are_dealt_out(void **state)
{
	struct config *config = test_good("machine: {nodes: 4, cpus: 6, memory: 1026M}\n"
					  "vms: {a: {" VM "}}\n");
	const struct cfg_node *nodes = config->machine.nodes;

	(void)state;
	assert_int_equal(config->machine.node_count, 4);
	assert_int_equal(nodes[0].cpus, 2);
	assert_int_equal(nodes[1].cpus, 2);
	assert_int_equal(nodes[2].cpus, 1);
	assert_true(nodes[0].memory == 258ull << 20);
	assert_true(nodes[1].memory == 256ull << 20);
	assert_true(config->machine.memory == 1026ull << 20);
	config_free(config);
}

static void nodes_of_their_own(void **state)
{
	struct config *config = test_good("machine:\n"
					  "  cpu: max\n"
					  "  nodes:\n"
					  "    - {cpus: 3, memory: 1G}\n"
					  "    - {cpus: 0, memory: 512M}\n"
					  "    - {cpus: 1, memory: 0}\n"
					  "  distances: [[10, 20, 30], [20, 10, 40], "
					  "[30, 40, 10]]\n"
					  "vms: {a: {" VM "}}\n");

	(void)state;
	assert_int_equal(config->machine.cpu, CFG_CPU_MAX);
	assert_int_equal(config->machine.cpu_count, 4);
	assert_true(config->machine.memory == 1536ull << 20);
	assert_true(config->machine.has_distances);
	assert_int_equal(config->machine.distance[1][2], 40);
	config_free(config);
}

static void all_fields_of_a_vm(void **state)
{
	struct config *config = test_good(
		"name: x-1\n"
		"machine: {nodes: 2, cpus: 2, memory: 1G}\n"
		"volumes: {r: {file: d.img, partition: 2}, s: {file: e.img}}\n"
		"vms:\n"
		"  a:\n"
		"    vcpus: 64\n"
		"    memory: 1G\n"
		"    kernel: k\n"
		"    initrd: i\n"
		"    cmdline: \"root=/dev/vda1 'ro'\"\n"
		"    weight: 10000\n"
		"    autostart: no\n"
		"    on_reboot: stop\n"
		"    node: 1\n"
		"    disks: [{volume: s, mode: exclusive}, {volume: r, mode: readonly}]\n");
	const struct cfg_vm *vm = &config->vms[0];

	(void)state;
	assert_string_equal(config->name, "x-1");
	assert_int_equal(vm->vcpus, 64);
	assert_string_equal(vm->cmdline, "root=/dev/vda1 'ro'");
	assert_int_equal(vm->weight, 10000);
	assert_true(vm->manual);
	assert_true(vm->stop_on_reboot);
	assert_int_equal(vm->node, 1);
	assert_int_equal(vm->disk_count, 2);
	assert_int_equal(vm->disks[0].volume, 1);
	assert_true(vm->disks[0].exclusive);
	assert_int_equal(config->volumes[0].partition, 2);
	assert_true(config->volumes[1].written);
	assert_false(config->volumes[0].written);
	assert_true(config->volumes[0].file.path[0] == '/');
	config_free(config);
}

static void order_of_the_file_does_not_matter(void **state)
{
	struct config *config = test_good("vms: {a: {disks: [{mode: readonly, "
					  "volume: r}], " VM "}}\n"
					  "volumes: {r: {file: d.img}}\n"
					  "machine: {memory: 128M, nodes: 1, cpus: 1}\n");

	(void)state;
	assert_int_equal(config->vms[0].disk_count, 1);
	config_free(config);
}

static void anchors_make_equal_vms(void **state)
{
	struct config *config = test_good("machine: {cpus: 1, memory: 256M}\n"
					  "vms: {a: &x {" VM "}, b: *x, c: *x}\n");

	(void)state;
	assert_int_equal(config->vm_count, 3);
	assert_string_equal(config->vms[2].name, "c");
	assert_true(config->vms[2].memory == 64ull << 20);
	config_free(config);
}

static void readonly_is_shared_and_partitions_too(void **state)
{
	struct config *config = test_good("machine: {cpus: 1, memory: 256M}\n"
					  "volumes: {p: {file: d.img, partition: 1}, "
					  "q: {file: d.img, partition: 2}}\n"
					  "vms:\n"
					  "  a: {" VM ", disks: [{volume: p, mode: readonly}]}\n"
					  "  b: {" VM ", disks: [{volume: p, mode: readonly}, "
					  "{volume: q, mode: exclusive}]}\n");

	(void)state;
	assert_int_equal(config->volumes[1].drive, 0);
	assert_int_equal(config->volumes[0].users, 2);
	config_free(config);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(smallest_file),
	cmocka_unit_test(cpus_and_memory_are_dealt_out),
	cmocka_unit_test(nodes_of_their_own),
	cmocka_unit_test(all_fields_of_a_vm),
	cmocka_unit_test(order_of_the_file_does_not_matter),
	cmocka_unit_test(anchors_make_equal_vms),
	cmocka_unit_test(readonly_is_shared_and_partitions_too),
};

const struct test_list config_tests = {tests, ARRAY_SIZE(tests)};
