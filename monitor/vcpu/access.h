/* SPDX-License-Identifier: BSD-2-Clause */
/* One access of a guest to a device register, decoded from a data abort's syndrome. */
#ifndef VCPU_ACCESS_H
#define VCPU_ACCESS_H

#include "lib/addr.h"
#include "lib/types.h"

struct access {
	struct ipa ipa;
	u64 value;  /* write: what is written, zero-extended; read: the handler sets it */
	u32 offset; /* from the start of the device's region */
	u8 size;    /* 1, 2, 4 or 8 bytes */
	bool write;
};

#endif
