/* SPDX-License-Identifier: BSD-2-Clause */
/* What the machine's CPUs have, read once at boot, as far as it changes what the monitor does. */
#ifndef VCPU_FEATURES_H
#define VCPU_FEATURES_H

#include "lib/types.h"

struct features {
	bool pauth; /* pointer authentication */
	bool bti;
	bool rndr;
	bool fwb;
	u64 hcr;  /* further bits of HCR_EL2 */
	u64 cptr; /* CPTR_EL2 with FP allowed */
};
extern struct features features;

/* Reads the ID registers of this CPU; all CPUs of a machine must be alike. */
void features_read(void);

#endif
