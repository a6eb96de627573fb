/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzzes the way from YAML text to a configuration and its blob. */
#include "archive.h"
#include "blob.h"

#include <libfdt.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct faults faults = {0};
	struct config *config = config_parse("fuzz.yaml", (const char *)data, size, &faults);

	if (!config == !faults.errors)
		abort();
	faults_free(&faults);
	if (config) {
		struct archive_plan plan;
		size_t blob_size;
		void *blob;

		archive_plan(config, &plan);
		blob = blob_make(config, &plan, &blob_size);
		if (fdt_check_full(blob, blob_size))
			abort();
		free(blob);
		config_free(config);
	}
	return 0;
}
