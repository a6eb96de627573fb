/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes the seed corpora of fuzz_cpio, fuzz_config and fuzz_control into the folder that
 * it is told (tests/fuzz/corpus), whose three folders are there.
 */
#include <stdlib.h>

#include "abi/control.h"
#include "unit/test_config_blob.h"

static const char *folder;

static void save(const char *name, const void *data, size_t n)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "wb");
	if (!f || fwrite(data, 1, n, f) != n || fclose(f) != 0) {
		perror(path);
		exit(1);
	}
}

static void cpio_seeds(void)
{
	struct archive a = {calloc(1, 4096), 0};

	archive_end(&a);
	save("fuzz_cpio/empty", a.bytes, a.size);
	a.size = 0;
	archive_add(&a, "disco.dtb", "tree", 4);
	archive_add(&a, "files", NULL, 0);
	archive_add(&a, "files/0", "kernel", 6);
	archive_end(&a);
	save("fuzz_cpio/three", a.bytes, a.size);
	free(a.bytes);
}

static void config_seeds(void)
{
	const struct tweak tweaks[] = {
		{"vms/b", "kernel", "files/flat", 11, NULL},
		{"vms/a", "vcpus", "\0\0\0\x41", 4, NULL},
		{"vms", NULL, NULL, 0, "c"},
		{"vms/a/disks", NULL, NULL, 0, "disk@2"},
	};
	u8 *blob = aligned_alloc(8, BLOB_MAX_BYTES);
	char name[64];

	save("fuzz_config/right", blob, blob_write(blob, NULL, 0));
	for (u32 i = 0; i < ARRAY_SIZE(tweaks); i++) {
		snprintf(name, sizeof(name), "fuzz_config/tweak-%u", i);
		save(name, blob, blob_write(blob, &tweaks[i], 1));
	}
	free(blob);
}

/* Operations of fuzz_control.c: kind, two numbers, length, data. */
static size_t op(u8 *to, u8 kind, u8 a, u8 b, const void *data, u8 n)
{
	const u8 head[] = {kind, a, b, n};

	memcpy(to, head, 4);
	memcpy(to + 4, data, n);
	return 4u + n;
}

static void control_seeds(void)
{
	const struct ctl_log input = {0, 2, 0}, log = {0, 100, 0};
	const struct ctl_watch watch = {1, 1};
	static const char keys[] = "help\rvms\rstats\rcheck\rstart 0\r\x1d"
				   "0text\x1dm\r";
	u8 out[1024], typed[18];
	size_t n = 0;

	memcpy(typed, &input, 16);
	memcpy(typed + 16, "hi", 2);
	n += op(out + n, 0, CTL_HELLO, 255, "", 0);
	n += op(out + n, 0, CTL_WATCH, 255, &watch, sizeof(watch));
	n += op(out + n, 0, CTL_START, 0, "", 0);
	n += op(out + n, 3, 200, 0, "", 0);
	n += op(out + n, 5, 0, 0, "words", 5);
	n += op(out + n, 0, CTL_INPUT, 0, typed, sizeof(typed));
	n += op(out + n, 0, CTL_LOG, 0, &log, sizeof(log));
	save("fuzz_control/session", out, n);
	n = 0;
	for (u8 type = CTL_HELLO; type <= CTL_VCPUS; type++)
		n += op(out + n, 0, type, 0, "\0\0\0\0\0\0\0\0", type == CTL_VMS ? 8 : 0);
	save("fuzz_control/each", out, n);
	n = op(out, 0, CTL_START, 0, "", 0);
	n += op(out + n, 3, 200, 0, "", 0);
	n += op(out + n, 0, CTL_PAUSE, 0, "", 0);
	n += op(out + n, 4, 0, 0, "", 0);
	n += op(out + n, 0, CTL_RESUME, 0, "", 0);
	n += op(out + n, 0, CTL_RESTART, 0, "", 0);
	n += op(out + n, 4, 0, 0, "", 0);
	n += op(out + n, 3, 3, 0, "", 0);
	n += op(out + n, 0, CTL_KILL, 0, "", 0);
	n += op(out + n, 6, 1, CTL_END_RESET, "", 0);
	save("fuzz_control/life", out, n);
	n = op(out, 1, 0, 0, "DSCO garbage DSCO", 17);
	n += op(out + n, 7, 20, 0, "", 0);
	n += op(out + n, 0, CTL_NODES, 255, "", 0);
	save("fuzz_control/garbage", out, n);
	n = op(out, 2, 0, 0, keys, sizeof(keys) - 1);
	n += op(out + n, 3, 255, 0, "", 0);
	save("fuzz_control/serial", out, n);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	folder = argv[1];
	cpio_seeds();
	config_seeds();
	control_seeds();
	return 0;
}
