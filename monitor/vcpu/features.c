/* SPDX-License-Identifier: BSD-2-Clause */
/* ID registers of the machine (Arm ARM D19.2) that decide what the monitor does. */
#include "vcpu/features.h"

#include "arm64/sysreg.h"

struct features features;

static u32 field(u64 reg, u32 shift)
{
	return (u32)(reg >> shift) & 15;
}

void features_read(void)
{
	u64 isar0 = sysreg_read(ID_AA64ISAR0_EL1);
	u64 isar1 = sysreg_read(ID_AA64ISAR1_EL1);
	u64 pfr1 = sysreg_read(ID_AA64PFR1_EL1);
	u64 mmfr2 = sysreg_read(ID_AA64MMFR2_EL1);
	u64 isar2 = sysreg_read(S3_0_C0_C6_2);
	/* APA, API, APA3: one of three ciphers */
	features.pauth = field(isar1, 4) || field(isar1, 8) || field(isar2, 12);
	features.bti = field(pfr1, 0) != 0;
	features.rndr = field(isar0, 60) != 0;
	features.fwb = field(mmfr2, 40) != 0;
	features.hcr = features.pauth ? HCR_API | HCR_APK : 0;
	if (features.fwb)
		features.hcr |= HCR_FWB;
	/* SVE and SME stay trapped (the RES1 bits cover TZ and TSM), trace and AMU too. */
	features.cptr = CPTR_RES1 | CPTR_TTA | CPTR_TAM;
}
