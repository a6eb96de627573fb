/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System registers by name, and the fields that the monitor uses (Arm ARM DDI 0487,
 * chapter D19; GICv3: IHI 0069, chapter 12). EL1 registers of the guest are always named
 * through EL1(), so that a build with HCR_EL2.E2H = 1 has one place to change.
 */
#ifndef ARM64_SYSREG_H
#define ARM64_SYSREG_H

#include "lib/types.h"

#define STRING_(x) #x
#define STRING(x) STRING_(x)

#define sysreg_read(name)                                                 \
	({                                                                \
		u64 v_;                                                   \
		__asm__ volatile("mrs %0, " STRING(name) : "=r"(v_));     \
		v_;                                                       \
	})
#define sysreg_write(name, value)                                              \
	do {                                                                   \
		u64 v_ = (value);                                              \
		__asm__ volatile("msr " STRING(name) ", %x0" ::"rZ"(v_) : "memory"); \
	} while (0)

/* A guest's EL1 register, as accessed from EL2 with E2H = 0. */
#define EL1(name) name##_EL1

/* GICv3 CPU interface: the assembler of Debian 12 knows them by encoding only. */
#define ICC_PMR_EL1 S3_0_C4_C6_0
#define ICC_IAR1_EL1 S3_0_C12_C12_0
#define ICC_EOIR1_EL1 S3_0_C12_C12_1
#define ICC_BPR1_EL1 S3_0_C12_C12_3
#define ICC_DIR_EL1 S3_0_C12_C11_1
#define ICC_CTLR_EL1 S3_0_C12_C12_4
#define ICC_SRE_EL1 S3_0_C12_C12_5
#define ICC_IGRPEN1_EL1 S3_0_C12_C12_7
#define ICC_SGI1R_EL1 S3_0_C12_C11_5
#define ICC_SRE_EL2 S3_4_C12_C9_5
#define ICH_AP0R0_EL2 S3_4_C12_C8_0
#define ICH_AP1R0_EL2 S3_4_C12_C9_0
#define ICH_HCR_EL2 S3_4_C12_C11_0
#define ICH_VTR_EL2 S3_4_C12_C11_1
#define ICH_MISR_EL2 S3_4_C12_C11_2
#define ICH_EISR_EL2 S3_4_C12_C11_3
#define ICH_ELRSR_EL2 S3_4_C12_C11_5
#define ICH_VMCR_EL2 S3_4_C12_C11_7
#define ICH_LR0_EL2 S3_4_C12_C12_0
#define ICH_LR1_EL2 S3_4_C12_C12_1
#define ICH_LR2_EL2 S3_4_C12_C12_2
#define ICH_LR3_EL2 S3_4_C12_C12_3
#define ICH_LR4_EL2 S3_4_C12_C12_4
#define ICH_LR5_EL2 S3_4_C12_C12_5
#define ICH_LR6_EL2 S3_4_C12_C12_6
#define ICH_LR7_EL2 S3_4_C12_C12_7

/* HCR_EL2 */
#define HCR_VM (1ull << 0)    /* stage 2 on */
#define HCR_SWIO (1ull << 1)  /* set/way invalidate becomes clean + invalidate */
#define HCR_PTW (1ull << 2)   /* stage-1 walks in device memory fault */
#define HCR_FMO (1ull << 3)
#define HCR_IMO (1ull << 4)   /* interrupts to EL2, virtual interrupts on */
#define HCR_AMO (1ull << 5)
#define HCR_VSE (1ull << 8)   /* virtual SError pending */
#define HCR_FB (1ull << 9)    /* broadcast TLB and I-cache upkeep within the shareability domain */
#define HCR_BSU_INNER (1ull << 10)
#define HCR_DC (1ull << 12)
#define HCR_TWI (1ull << 13)
#define HCR_TWE (1ull << 14)
#define HCR_TID0 (1ull << 15)
#define HCR_TID1 (1ull << 16)
#define HCR_TID2 (1ull << 17)
#define HCR_TID3 (1ull << 18) /* ID registers trap */
#define HCR_TSC (1ull << 19)
#define HCR_TIDCP (1ull << 20) /* implementation defined registers trap */
#define HCR_TACR (1ull << 21)
#define HCR_TSW (1ull << 22)
#define HCR_TVM (1ull << 26) /* writes to stage-1 control registers trap */
#define HCR_RW (1ull << 31)  /* EL1 is AArch64 */
#define HCR_TLOR (1ull << 35)
#define HCR_TERR (1ull << 36) /* error records trap */
#define HCR_TEA (1ull << 37)  /* external aborts come to EL2 */
#define HCR_APK (1ull << 40) /* pointer authentication keys do not trap */
#define HCR_API (1ull << 41) /* pointer authentication instructions do not trap */
#define HCR_FWB (1ull << 46)

/* ESR_ELx */
#define ESR_EC_SHIFT 26
#define ESR_EC(esr) ((u32)((esr) >> ESR_EC_SHIFT) & 0x3f)
#define ESR_IL (1ull << 25)
#define ESR_ISS_MASK 0x1ffffffull
#define EC_UNKNOWN 0x00
#define EC_WFX 0x01
#define EC_FP 0x07
#define EC_PAUTH 0x09
#define EC_BTI 0x0d
#define EC_ILLEGAL 0x0e
#define EC_SVC64 0x15
#define EC_HVC64 0x16
#define EC_SMC64 0x17
#define EC_SYS64 0x18
#define EC_SVE 0x19
#define EC_PAC_FAIL 0x1c
#define EC_IABT_LOWER 0x20
#define EC_IABT_SAME 0x21
#define EC_PC_ALIGN 0x22
#define EC_DABT_LOWER 0x24
#define EC_DABT_SAME 0x25
#define EC_SP_ALIGN 0x26
#define EC_SERROR 0x2f
#define EC_BRK64 0x3c

/* ISS of data aborts */
#define ISS_ISV (1ull << 24)
#define ISS_SAS(iss) ((u32)((iss) >> 22) & 3) /* log2 of bytes */
#define ISS_SSE (1ull << 21)
#define ISS_SRT(iss) ((u32)((iss) >> 16) & 31)
#define ISS_SF (1ull << 15)
#define ISS_FNV (1ull << 10)
#define ISS_CM (1ull << 8)
#define ISS_S1PTW (1ull << 7)
#define ISS_WNR (1ull << 6)
#define ISS_FSC(iss) ((u32)(iss) & 0x3f)
#define FSC_TYPE(fsc) ((fsc) & 0x3c)
#define FSC_ADDRESS 0x00
#define FSC_TRANSLATION 0x04
#define FSC_ACCESS 0x08
#define FSC_PERMISSION 0x0c
#define FSC_EXTERNAL 0x10

/* Trapped system registers: the register part of the ISS, and its parts. */
#define SYS_ISS_MASK 0x3ffc1eull
#define SYS_ENC(op0, op1, crn, crm, op2)                                                     \
	(((u32)(op0) << 20) | ((u32)(op2) << 17) | ((u32)(op1) << 14) | ((u32)(crn) << 10) | \
	 ((u32)(crm) << 1))
#define SYS_ISS_RT(iss) ((u32)((iss) >> 5) & 31)
#define SYS_ISS_READ (1ull << 0)

/* SPSR / PSTATE */
#define PSR_EL1H 0x5ull
#define PSR_EL1T 0x4ull
#define PSR_EL0T 0x0ull
#define PSR_EL2H 0x9ull
#define PSR_MODE_MASK 0x1full
#define PSR_F (1ull << 6)
#define PSR_I (1ull << 7)
#define PSR_A (1ull << 8)
#define PSR_D (1ull << 9)
#define PSR_BTYPE (3ull << 10)
#define PSR_SSBS (1ull << 12)
#define PSR_IL (1ull << 20)
#define PSR_SS (1ull << 21)
#define PSR_PAN (1ull << 22)

/* SCTLR_EL2 / SCTLR_EL1 */
#define SCTLR_M (1ull << 0)
#define SCTLR_A (1ull << 1)
#define SCTLR_C (1ull << 2)
#define SCTLR_SA (1ull << 3)
#define SCTLR_I (1ull << 12)
#define SCTLR_WXN (1ull << 19)
#define SCTLR_ENIA (1ull << 31)
#define SCTLR_BT (1ull << 36)
#define SCTLR_EL2_RES1 0x30c50830ull
#define SCTLR_EL1_RESET 0x30d00800ull /* MMU and caches off, little-endian */

/* CPTR_EL2 with E2H = 0 */
#define CPTR_RES1 0x33ffull
#define CPTR_TZ (1ull << 8) /* among the RES1 bits without SVE */
#define CPTR_TFP (1ull << 10)
#define CPTR_TTA (1ull << 20)

#define CPTR_TAM (1ull << 30)

/* MDSCR_EL1: what a guest's value may do: SS, TDCC, KDE */
#define MDSCR_APPLIED ((1ull << 0) | (1ull << 12) | (1ull << 13))

/* CNT*_CTL */
#define CNT_ENABLE (1ull << 0)
#define CNT_IMASK (1ull << 1)
#define CNT_ISTATUS (1ull << 2)
/* CNTHCTL_EL2 with E2H = 0 */
#define CNTHCTL_EL1PCTEN (1ull << 0)
#define CNTHCTL_EL1PCEN (1ull << 1)

/* MPIDR affinity */
#define MPIDR_AFF_MASK 0xff00ffffffull

#endif
