/* SPDX-License-Identifier: BSD-2-Clause */
/* Host twin of monitor/arm64/sysreg.h: the same names, registers kept in a table. */
#ifndef FAKE_ARM64_SYSREG_H
#define FAKE_ARM64_SYSREG_H

#include "../../../../monitor/arm64/sysreg.h"

#undef sysreg_read
#undef sysreg_write

/* The register of that name of this thread (a CPU), 0 at first. */
u64 *fake_sysreg(const char *name);
#define sysreg_read(name) (*fake_sysreg(STRING(name)))
#define sysreg_write(name, value) ((void)(*fake_sysreg(STRING(name)) = (value)))

#endif
