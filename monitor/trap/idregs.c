/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a guest sees in the ID registers (Arm ARM D19.2): the machine's own value with the
 * fields of what the monitor does not virtualize taken out. One table; a register that
 * is not in it reads as zero, which the architecture gives to all not yet allocated ones.
 */
#include "arm64/sysreg.h"
#include "trap/trap.h"

#define F(shift) (0xfull << (shift)) /* an ID field */

/* X(crm, op2, fields hidden, value of hidden fields) */
#define IDREGS(X)                                                                            \
	X(1, 0, 0, 0)                /* ID_PFR0 */                                           \
	X(1, 1, 0, 0)                /* ID_PFR1 */                                           \
	X(1, 2, F(24) | F(12) | F(8) | F(20), 0) /* ID_DFR0: no PMU, no trace */             \
	X(1, 4, 0, 0)                /* ID_MMFR0 */                                          \
	X(1, 5, 0, 0)                                                                        \
	X(1, 6, 0, 0)                                                                        \
	X(1, 7, 0, 0)                                                                        \
	X(2, 0, 0, 0)                /* ID_ISAR0 to 5 */                                     \
	X(2, 1, 0, 0)                                                                        \
	X(2, 2, 0, 0)                                                                        \
	X(2, 3, 0, 0)                                                                        \
	X(2, 4, 0, 0)                                                                        \
	X(2, 5, 0, 0)                                                                        \
	X(2, 6, 0, 0)                /* ID_MMFR4 */                                          \
	X(2, 7, 0, 0)                /* ID_ISAR6 */                                          \
	X(3, 0, 0, 0)                /* MVFR0 to 2 */                                        \
	X(3, 1, 0, 0)                                                                        \
	X(3, 2, 0, 0)                                                                        \
	X(3, 4, 0, 0)                /* ID_PFR2 */                                           \
	/* PFR0: EL1 in AArch64 only; no EL2 and EL3; no SVE, MPAM, AMU, RME */              \
	X(4, 0, F(4) | F(8) | F(12) | F(32) | F(40) | F(44) | F(52), 1ull << 4)              \
	/* PFR1: no MTE, MPAM, SME, RNDR trap, NMI, MTE's and GCS */                         \
	X(4, 1, F(8) | F(16) | F(24) | F(28) | F(36) | F(40) | F(44) | F(48) | F(52), 0)     \
	/* DFR0: debug of v8.0 with two break- and watchpoints; no trace, PMU, SPE, BRBE */  \
	X(5, 0, ~0ull, 0x10001006ull | (1ull << 20) | (1ull << 12))                          \
	X(6, 0, F(24), 0)            /* ISAR0: no TME */                                     \
	X(6, 1, F(60), 0)            /* ISAR1: no LS64 */                                    \
	X(6, 2, F(0) | F(16) | F(20), 0) /* ISAR2: no WFxT, MOPS, hinted BC */               \
	X(7, 0, F(56) | F(60), 0)    /* MMFR0: no FGT, ECV */                                \
	/* MMFR1: no VHE, LORegions, TWED, HCX, CMOW, TIDCP1 (all EL2's) */                  \
	X(7, 1, F(8) | F(16) | F(32) | F(40) | F(52) | F(56), 0)                             \
	/* MMFR2: no NV, EVT, TTL is harmless */                                             \
	X(7, 2, F(24) | F(56), 0)

u64 idreg_value(u32 crm, u32 op2)
{
#define X(m, o, hidden, value)                                                  \
	case m * 8 + o:                                                         \
		return (sysreg_read(S3_0_C0_C##m##_##o) & ~(u64)(hidden)) | (value);
	switch (crm * 8 + op2) {
		IDREGS(X)
	default:
		return 0;
	}
#undef X
}
