/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypervisor's side of the CPU interface: list registers and ICH_* (IHI 0069, 12.4).
 * On the host they are a struct that stands for the CPU that runs the test at the moment.
 */
#ifndef VCPU_VGIC_HW_H
#define VCPU_VGIC_HW_H

#include "lib/types.h"
#include "vcpu/vgic.h"

#define LR_INTID(lr) ((u32)(lr))
#define LR_PINTID(n) ((u64)(n) << 32)
#define LR_EOI (1ull << 41) /* maintenance interrupt at deactivation, when LR_HW is clear */
#define LR_PRIORITY(p) ((u64)(p) << 48)
#define LR_GROUP1 (1ull << 60)
#define LR_HW (1ull << 61) /* deactivates the machine's interrupt, too */
#define LR_PENDING (1ull << 62)
#define LR_ACTIVE (1ull << 63)
#define LR_STATE (LR_PENDING | LR_ACTIVE)

#define ICH_EN (1ull << 0)
#define ICH_LRENPIE (1ull << 2) /* the guest deactivated what no list register held */
#define ICH_NPIE (1ull << 3)    /* no list register is pending */
#define ICH_GRP0E (1ull << 4)   /* the guest enabled group 0 in its CPU interface */
#define ICH_GRP1E (1ull << 6)
#define ICH_TDIR (1ull << 14) /* trap ICC_DIR_EL1 */
#define ICH_EOICOUNT(hcr) ((u32)((hcr) >> 27) & 31)

#define VMCR_ENG0 (1ull << 0)
#define VMCR_ENG1 (1ull << 1)
#define VMCR_EOIM (1ull << 9)
#define VMCR_PMR(vmcr) ((u32)((vmcr) >> 24) & 0xff)

#define VTR_LRS(vtr) (((u32)(vtr) & 31) + 1)
#define VTR_TDS (1ull << 19) /* ICH_TDIR exists */

#ifdef DISCO_HOST
struct fake_ich {
	u64 lr[VGIC_LRS_MAX];
	u64 hcr, vmcr, ap0r, ap1r, vtr;
};
extern _Thread_local struct fake_ich *fake_ich;
#define ICH_ACCESS(name, reg)                        \
	static inline u64 ich_##name##_read(void)    \
	{                                            \
		return fake_ich->name;               \
	}                                            \
	static inline void ich_##name##_write(u64 v) \
	{                                            \
		fake_ich->name = v;                  \
	}
static inline u64 ich_lr_read(u32 i)
{
	return fake_ich->lr[i];
}
static inline void ich_lr_write(u32 i, u64 v)
{
	fake_ich->lr[i] = v;
}
static inline void ich_sync(void)
{
}
#else
#include "arm64/sysreg.h"
#include "arm64/tlb.h"
#define ICH_ACCESS(name, reg)                        \
	static inline u64 ich_##name##_read(void)    \
	{                                            \
		return sysreg_read(reg);             \
	}                                            \
	static inline void ich_##name##_write(u64 v) \
	{                                            \
		sysreg_write(reg, v);                \
	}

/* List registers have names, not numbers. */
#define ICH_EACH_LR(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
static inline u64 ich_lr_read(u32 i)
{
	switch (i % VGIC_LRS_MAX) {
#define X(n)    \
	case n: \
		return sysreg_read(ICH_LR##n##_EL2);
		ICH_EACH_LR(X)
#undef X
	default:
		return 0;
	}
}
static inline void ich_lr_write(u32 i, u64 v)
{
	switch (i % VGIC_LRS_MAX) {
#define X(n)                                      \
	case n:                                   \
		sysreg_write(ICH_LR##n##_EL2, v); \
		break;
		ICH_EACH_LR(X)
#undef X
	default:
		break;
	}
}
/* What was written has its effect now: the level of the maintenance interrupt. */
static inline void ich_sync(void)
{
	isb();
}
#endif

ICH_ACCESS(hcr, ICH_HCR_EL2)
ICH_ACCESS(vmcr, ICH_VMCR_EL2)
ICH_ACCESS(ap0r, ICH_AP0R0_EL2)
ICH_ACCESS(ap1r, ICH_AP1R0_EL2)
ICH_ACCESS(vtr, ICH_VTR_EL2)

#endif
