/* SPDX-License-Identifier: BSD-2-Clause */
/* libfdt.h for files that are compiled with -Wconversion (ours, not of libfdt). */
#ifndef LIBFDT_QUIET_H
#define LIBFDT_QUIET_H

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include <libfdt.h>
#pragma GCC diagnostic pop

#endif
