/* SPDX-License-Identifier: BSD-2-Clause */
/* Any archive: what is found lies inside it, and is the same at every look. */
#include <stdlib.h>
#include <string.h>

#include "lib/cpio.h"

int LLVMFuzzerTestOneInput(const u8 *input, size_t size);

int LLVMFuzzerTestOneInput(const u8 *input, size_t size)
{
	static const char *const names[] = {"disco.dtb", "files/0", "a", "", "nowhere"};
	u8 *archive = malloc(size ? size : 1); /* exactly: the sanitizer sees one byte more */

	memcpy(archive, input, size);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const void *data;
		size_t n;

		if (cpio_find(archive, size, names[i], &data, &n) != OK)
			continue;
		if ((const u8 *)data < archive || n > size || (const u8 *)data + n > archive + size)
			abort();
	}
	free(archive);
	return 0;
}
