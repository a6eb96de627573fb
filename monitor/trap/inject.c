/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exceptions for a guest: what the CPU would have done had the fault been the guest's own
 * (Arm ARM D1.3.6, AArch64.TakeException to EL1).
 */
#include "arm64/sysreg.h"
#include "trap/trap.h"

#define VECTOR_SAME_SPX 0x200u
#define VECTOR_SAME_SP0 0x000u
#define VECTOR_LOWER_64 0x400u
#define VECTOR_LOWER_32 0x600u
#define SCTLR_EL1_SPAN (1ull << 23)

static enum verdict prepare(struct vcpu *v, u64 esr, u64 far)
{
	v->inject = (struct inject){.esr = esr, .far = far, .pending = true};
	vcount(v, COUNTER_guest_aborts);
	return VERDICT_INJECT;
}

enum verdict inject_undefined(struct vcpu *v)
{
	return prepare(v, ((u64)EC_UNKNOWN << ESR_EC_SHIFT) | ESR_IL, sysreg_read(EL1(FAR)));
}

/* An external abort, with the class and access bits of the stage-2 fault that it stands for. */
enum verdict inject_abort(struct vcpu *v, u64 esr, u64 far)
{
	bool fetch = ESR_EC(esr) == EC_IABT_LOWER;
	bool from_el0 = (v->regs.pstate & PSR_MODE_MASK) == PSR_EL0T || v->regs.pstate & BIT(4);
	u32 class = fetch ? EC_IABT_LOWER : EC_DABT_LOWER;
	u64 keep = fetch ? 0 : esr & (ISS_WNR | ISS_CM); /* S1PTW tells of stage 2: not for EL1 */
	if (!from_el0)
		class += EC_IABT_SAME - EC_IABT_LOWER;
	return prepare(v, ((u64)class << ESR_EC_SHIFT) | ESR_IL | keep | FSC_EXTERNAL, far);
}

static u64 vector_offset(u64 pstate)
{
	switch (pstate & 0x1f) {
	case PSR_EL1H:
		return VECTOR_SAME_SPX;
	case PSR_EL1T:
		return VECTOR_SAME_SP0;
	case PSR_EL0T:
		return VECTOR_LOWER_64;
	default:
		return VECTOR_LOWER_32;
	}
}

void inject_deliver(struct vcpu *v)
{
	u64 old = v->regs.pstate;
	/* NZCV, DIT (24) are kept; PAN is set unless SPAN; all masks on, EL1h. */
	u64 new = (old & (0xf1000000ull | PSR_PAN)) | PSR_D | PSR_A | PSR_I | PSR_F | PSR_EL1H;
	u64 sctlr = sysreg_read(EL1(SCTLR));
	if (!(sctlr & SCTLR_EL1_SPAN))
		new |= PSR_PAN;
	if (sctlr & BIT(44)) /* DSSBS */
		new |= PSR_SSBS;
	sysreg_write(EL1(ESR), v->inject.esr);
	sysreg_write(EL1(FAR), v->inject.far);
	sysreg_write(EL1(ELR), v->regs.pc);
	sysreg_write(EL1(SPSR), old);
	v->regs.pc = sysreg_read(EL1(VBAR)) + vector_offset(old);
	v->regs.pstate = new;
	v->inject.pending = false;
}
