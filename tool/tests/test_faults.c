/* SPDX-License-Identifier: BSD-2-Clause */
/* Bad configuration files: the exact lines that are printed. */
#include "helper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MACHINE "machine: {cpus: 1, memory: 256M}\n"
#define VMS "vms: {a: {vcpus: 1, memory: 64M, kernel: k}}\n"
#define VM "vcpus: 1, memory: 64M, kernel: k"

/* A file, and all that is said of it; %s stands for the test folder. */
struct bad {
	const char *text;
	const char *said;
};

static const struct bad bad_files[] = {
	{"", "t.yaml:1:1: the file is empty: it needs 'machine' and 'vms'\n"},
	{"hello", "t.yaml:1:1: 'hello' is not a map of fields\n"},
	{"a: [1,\n b", "t.yaml:3:1: YAML syntax: did not find expected ',' or ']' while parsing a "
		       "flow sequence\n"},
	{MACHINE VMS "---\nx: 1\n",
	 "t.yaml:3:1: a second YAML document: a file describes one machine\n"},
	{VMS, "t.yaml:1:1: the field 'machine' is missing\n"},
	{MACHINE, "t.yaml:1:1: the field 'vms' is missing\n"},
	{MACHINE "vms: {}\n", "t.yaml:2:6: vms: is empty: a machine needs a VM\n"},
	{"name: -x\n" MACHINE VMS,
	 "t.yaml:1:7: name: '-x' is not a name: letters, digits, '-' and '_', first a letter or "
	 "digit, at most 31\n"},
	{MACHINE VMS "volume: {}\n",
	 "t.yaml:3:1: volume: there is no such field; did you mean 'volumes'?\n"},
	{MACHINE VMS MACHINE, "t.yaml:3:1: machine: is given twice (first on line 1)\n"},
	/* machine */
	{"machine: {cpus: 0, memory: 1}\n" VMS,
	 "t.yaml:1:17: machine.cpus: '0' is not a whole number from 1 to 64\n"
	 "t.yaml:1:28: machine.memory: '1' is not a size from 128M to 255G\n"},
	{"machine: {}\n" VMS, "t.yaml:1:10: machine: the field 'cpus' is missing\n"
			      "t.yaml:1:10: machine: the field 'memory' is missing\n"},
	{"machine: {nodes: 17, cpus: 1, memory: 1G}\n" VMS,
	 "t.yaml:1:18: machine.nodes: '17' is not a whole number from 1 to 16\n"},
	{"machine: {nodes: [{cpus: 1}], cpus: 3}\n" VMS,
	 "t.yaml:1:19: machine.nodes[0]: the field 'memory' is missing\n"
	 "t.yaml:1:37: machine.cpus: is given by each node of the list 'nodes'\n"},
	{"machine: {nodes: [{cpus: 1, memory: 0}, {cpus: 64, memory: 64M}]}\n" VMS,
	 "t.yaml:1:10: machine: the nodes have 65 CPUs together, not 1 to 64\n"
	 "t.yaml:1:10: machine: the nodes have 64M of memory together, not 128M to 255G\n"
	 "t.yaml:1:10: machine: the first node has no memory: the monitor is loaded there\n"},
	{"machine: {cpus: 1, memory: 129M, cpu: cortex}\n" VMS,
	 "t.yaml:1:28: machine.memory: '129M' is not a multiple of 2M\n"
	 "t.yaml:1:39: machine.cpu: 'cortex' is not neoverse-n1 or max\n"},
	{"machine: {nodes: 2, cpus: 2, memory: 256M, distances: [[10, 10], [20, 11], [1]]}\n" VMS,
	 "t.yaml:1:55: machine.distances: is not a list of 2 rows, one of each node\n"},
	{"machine: {nodes: 2, cpus: 2, memory: 256M, distances: [[10, 10], [20, 11]]}\n" VMS,
	 "t.yaml:1:61: machine.distances[0][1]: only a node's distance to itself is 10\n"
	 "t.yaml:1:71: machine.distances[1][1]: a node's distance to itself is 10\n"},
	/* vms */
	{MACHINE "vms: {a: {vcpus: many, memory: 63M, kernel: k}}\n",
	 "t.yaml:2:18: vms.a.vcpus: 'many' is not a whole number from 1 to 64\n"
	 "t.yaml:2:32: vms.a.memory: '63M' is not a multiple of 2M\n"},
	{MACHINE "vms:\n  a:\n    memroy: 64M\n    vcpus: [1]\n    kernel:\n",
	 "t.yaml:4:5: vms.a.memroy: there is no such field; did you mean 'memory'?\n"
	 "t.yaml:4:5: vms.a: the field 'memory' is missing\n"
	 "t.yaml:5:12: vms.a.vcpus: is a list, not a whole number\n"
	 "t.yaml:6:12: vms.a.kernel: '' does not exist, neither in the current folder nor in %s\n"},
	{MACHINE "vms: {a: {" VM "}, a: {" VM "}}\n",
	 "t.yaml:2:46: vms.a: is given twice (first on line 2)\n"},
	{MACHINE "vms: {a: {" VM ", weight: 0, autostart: maybe, on_reboot: halt, node: 1}}\n",
	 "t.yaml:2:53: vms.a.weight: '0' is not a whole number from 1 to 10000\n"
	 "t.yaml:2:67: vms.a.autostart: 'maybe' is not true or false\n"
	 "t.yaml:2:85: vms.a.on_reboot: 'halt' is not restart or stop\n"
	 "t.yaml:2:97: vms.a.node: there is no node 1: the machine has nodes 0 to 0\n"},
	{MACHINE "vms: {a: {vcpus: 1, memory: 512M, kernel: k}}\n",
	 "t.yaml:2:29: vms.a.memory: 512M is more than the whole machine has (256M)\n"},
	/* files */
	{MACHINE "vms: {a: {vcpus: 1, memory: 64M, kernel: nope, initrd: empty}}\n",
	 "t.yaml:2:42: vms.a.kernel: 'nope' does not exist, neither in the current folder nor in "
	 "%s\n"
	 "t.yaml:2:56: vms.a.initrd: '%s/empty' is empty\n"},
	{MACHINE "vms: {a: {vcpus: 1, memory: 64M, kernel: elf}, b: {vcpus: 1, memory: 64M, "
		 "kernel: gz}}\n",
	 "t.yaml:2:42: vms.a.kernel: '%s/elf' is an ELF file, not a flat kernel image (make one: "
	 "objcopy -O binary)\n"
	 "t.yaml:2:83: vms.b.kernel: '%s/gz' is compressed by gzip (unpack it: zcat %s/gz > "
	 "Image)\n"},
	{MACHINE VMS "volumes: {r: {file: /}, s: {file: odd.img}}\n",
	 "t.yaml:3:21: volumes.r.file: '/' is a folder, not a file\n"
	 "t.yaml:3:35: volumes.s.file: '%s/odd.img' is not a whole number of sectors of 512 "
	 "bytes\n"},
	/* sharing */
	{MACHINE "volumes: {r: {file: d.img}}\n"
		 "vms: {a: {" VM ", disks: [{volume: q, mode: rw}, {volume: r}]}}\n",
	 "t.yaml:3:62: vms.a.disks[0].volume: there is no volume 'q' below 'volumes'\n"
	 "t.yaml:3:71: vms.a.disks[0].mode: 'rw' is not exclusive or readonly\n"
	 "t.yaml:3:76: vms.a.disks[1]: the field 'mode' is missing\n"},
	{MACHINE "volumes: {r: {file: d.img}, s: {file: ./d.img}}\n"
		 "vms: {a: {" VM ", disks: [{volume: r, mode: exclusive}]}, "
		 "b: {" VM ", disks: [{volume: r, mode: readonly}, {volume: s, mode: "
		 "readonly}]}}\n",
	 "t.yaml:2:29: volumes.s.file: is the file of volume 'r' already (only two different "
	 "partitions of a file can be two volumes)\n"
	 "t.yaml:3:131: vms.b.disks[0]: the volume 'r' is readonly here and exclusive in VM 'a': a "
	 "volume that is written belongs to one VM (make all of them readonly, or copy the "
	 "file)\n"},
	{MACHINE "volumes: {r: {file: d.img}}\n"
		 "vms: {a: {" VM ", disks: [{volume: r, mode: readonly}, {volume: r, mode: "
		 "readonly}]}}\n",
	 "t.yaml:3:82: vms.a.disks[1]: the volume 'r' is disk 0 of this VM already\n"},
	/* the terminal is safe from what the file says */
	{"\"na\\e[31mme\": 1\n" MACHINE VMS,
	 "t.yaml:1:1: na?[31mme: there is no such field; there are: name, machine, volumes, vms\n"},
	{"name: \"a\\0b\"\n" MACHINE VMS,
	 "t.yaml:1:7: name: is text with a zero byte, not a name\n"},
};

/* `pattern` with the test folder for each %s. */
static char *expand(const char *pattern)
{
	char *out = need_copy("");

	for (;;) {
		const char *mark = strstr(pattern, "%s");
		char *longer = need_format("%s%.*s%s", out,
					   mark ? (int)(mark - pattern) : (int)strlen(pattern),
					   pattern, mark ? test_folder : "");

		free(out);
		out = longer;
		if (!mark)
			return out;
		pattern = mark + 2;
	}
}

static void faults_have_exact_lines(void **state)
{
	int wrong = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad_files); i++) {
		char *said, *wanted = expand(bad_files[i].said);

		assert_null(test_parse(bad_files[i].text, &said));
		if (strcmp(said, wanted)) {
			print_error("file:\n%s\nsaid:\n%s\nwanted:\n%s\n", bad_files[i].text, said,
				    wanted);
			wrong++;
		}
		free(said);
		free(wanted);
	}
	assert_int_equal(wrong, 0);
}

static void warnings_are_no_faults(void **state)
{
	char *said;
	struct config *config = test_parse(MACHINE "volumes: {r: {file: d.img}}\n"
					   "vms: {a: {vcpus: 1, memory: 256M, kernel: k}, "
					   "b: {vcpus: 1, memory: 64M, kernel: k}}\n", &said);

	(void)state;
	assert_non_null(config);
	assert_string_equal(said,
		"t.yaml:2:11: warning: volumes.r: no VM uses this volume\n"
		"t.yaml:3:7: warning: vms: the VMs see 320M together, the machine has 256M (memory "
		"is given on demand: this works as long as they do not use all of it)\n");
	config_free(config);
	free(said);
}

static void too_many_of_everything(void **state)
{
	char *text = NULL, *said;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	fprintf(out, MACHINE "vms:\n");
	for (int i = 0; i <= CFG_VMS_MAX; i++)
		fprintf(out, "  v%d: {vcpus: 1, memory: 16M, kernel: k}\n", i);
	fprintf(out, "volumes:\n");
	for (int i = 0; i <= CFG_VOLUMES_MAX; i++)
		fprintf(out, "  v%d: {file: d.img, partition: %d}\n", i, i + 1);
	fclose(out);
	assert_null(test_parse(text, &said));
	assert_string_equal(said,
		"t.yaml:253:3: vms.v250: is one VM too many: a machine has at most 250\n"
		"t.yaml:279:3: volumes.v24: is one volume too many: a machine has at most 24\n");
	free(said);
	free(text);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(faults_have_exact_lines),
	cmocka_unit_test(warnings_are_no_faults),
	cmocka_unit_test(too_many_of_everything),
};

const struct test_list fault_tests = {tests, ARRAY_SIZE(tests)};
