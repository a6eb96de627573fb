/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs all unit tests of the tool as one group. Run it from the repository's root. */
#include "helper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TESTS_MAX 200

const char *test_folder;

static void make_files(void)
{
	char path[300];

	test_file("k", "not really a kernel, but good enough to be one here");
	test_file("i", "an initrd");
	test_file("elf", "\177ELF and more");
	test_file("gz", "\x1f\x8b and more");
	test_file("odd.img", "not 512 bytes");
	test_file("empty", "");
	snprintf(path, sizeof(path), "%s/d.img", test_folder);
	test_file("d.img", "");
	if (truncate(path, 1 << 20))
		abort();
	test_file("e.img", "");
	snprintf(path, sizeof(path), "%s/e.img", test_folder);
	if (truncate(path, 1 << 20))
		abort();
}

static void remove_folder(void)
{
	char command[400];

	snprintf(command, sizeof(command), "rm -rf '%s'", test_folder);
	if (system(command))
		fprintf(stderr, "%s is left\n", test_folder);
}

int main(int argc, char **argv)
{
	const struct test_list *const lists[] = {&units_tests, &config_tests, &fault_tests,
						 &blob_tests,  &frame_tests,  &qemu_tests,
						 &verb_tests};
	static struct CMUnitTest tool[TESTS_MAX];
	char folder[] = "/tmp/disco-test-XXXXXX";
	size_t count = 0;
	int failed;

	test_folder = mkdtemp(folder);
	if (!test_folder)
		return 1;
	make_files();
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		memcpy(tool + count, lists[i]->tests, lists[i]->count * sizeof(tool[0]));
		count += lists[i]->count;
	}
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	failed = _cmocka_run_group_tests("tool", tool, count, NULL, NULL);
	remove_folder();
	return failed ? 1 : 0;
}
