/* SPDX-License-Identifier: BSD-2-Clause */
#include "helper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

const char *test_file(const char *name, const char *text)
{
	static char path[300];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", test_folder, name);
	file = fopen(path, "we");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	return path;
}

struct config *test_parse(const char *text, char **said)
{
	char *path = need_format("%s/t.yaml", test_folder);
	struct faults faults = {0};
	struct config *config;
	size_t size;
	FILE *out = open_memstream(said, &size);

	config = config_parse(path, text, strlen(text), &faults);
	faults_print(&faults, "t.yaml", out);
	fclose(out);
	assert_int_equal(!config, faults.errors != 0);
	faults_free(&faults);
	free(path);
	return config;
}

struct config *test_good(const char *text)
{
	char *said;
	struct config *config = test_parse(text, &said);

	assert_string_equal(said, "");
	assert_non_null(config);
	free(said);
	return config;
}

static char *read_all(FILE *from)
{
	char *text = need_alloc(1 << 20);
	size_t size = fread(text, 1, (1 << 20) - 1, from);

	text[size] = 0;
	return text;
}

char *test_run(int *code, const char *format, ...)
{
	va_list args;
	char *command, *whole, *text;
	FILE *from;

	va_start(args, format);
	command = need_vformat(format, args);
	va_end(args);
	whole = need_format("T=$PWD/build/tool; cd %s && mkdir -p run && export "
			    "XDG_RUNTIME_DIR=$PWD/run DISCO_QEMU=$T/fake-monitor "
			    "DISCO_IMAGE=$PWD/k D=$T/disco-san ASAN_OPTIONS=detect_leaks=0; "
			    "till() { for i in $(seq 300); do eval \"$1\" >/dev/null 2>&1 && "
			    "return; sleep 0.1; done; }; ( %s ) 2>&1", test_folder, command);
	from = popen(whole, "re");
	assert_non_null(from);
	text = read_all(from);
	*code = pclose(from);
	*code = WIFEXITED(*code) ? WEXITSTATUS(*code) : 255;
	free(command);
	free(whole);
	return text;
}
