/* SPDX-License-Identifier: BSD-2-Clause */
/* Members of a newc cpio archive in memory (the boot archive). */
#ifndef LIB_CPIO_H
#define LIB_CPIO_H

#include "lib/err.h"
#include "lib/types.h"

/*
 * Finds the member `name` of the archive at `archive` (size bytes): OK and its data in
 * *data, *length; ERR_ABSENT when there is none; ERR_INPUT when the archive is malformed
 * before that member. Every length is checked against `size`.
 */
must_check enum err cpio_find(const void *archive, size_t size, const char *name,
			      const void **data, size_t *length);

#endif
