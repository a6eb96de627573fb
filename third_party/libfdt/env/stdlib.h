/* SPDX-License-Identifier: BSD-2-Clause */
/* <stdlib.h> for libfdt at EL2: the files we carry need nothing of it. */
#ifndef LIBFDT_ENV_STDLIB_H
#define LIBFDT_ENV_STDLIB_H
#endif
