/* SPDX-License-Identifier: BSD-2-Clause */
/* <string.h> for libfdt at EL2: the monitor's own. Host builds do not search this folder. */
#ifndef LIBFDT_ENV_STRING_H
#define LIBFDT_ENV_STRING_H

#include "lib/string.h"

#endif
