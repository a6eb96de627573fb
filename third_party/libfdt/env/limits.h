/* SPDX-License-Identifier: BSD-2-Clause */
/* <limits.h> for libfdt at EL2: the two limits it uses. */
#ifndef LIBFDT_ENV_LIMITS_H
#define LIBFDT_ENV_LIMITS_H

#define INT_MAX __INT_MAX__
#define UINT_MAX (__INT_MAX__ * 2u + 1u)

#endif
