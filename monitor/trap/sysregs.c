/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Trapped system registers. Each group has a reason: identification (TID3), the stage-1
 * controls until a guest's caches are on (TVM), the EL1 timer (CNTHCTL_EL2), SGIs, debug and
 * PMU (MDCR_EL2). What is in no group is undefined, as on a CPU without that feature.
 */
#include "arm64/sysreg.h"
#include "hw/timer.h"
#include "mem/flush.h"
#include "trap/trap.h"
#include "vcpu/timer.h"

#define ICC_SGI1R SYS_ENC(3, 0, 12, 11, 5)
#define ICC_ASGI1R SYS_ENC(3, 0, 12, 11, 6)
#define ICC_SGI0R SYS_ENC(3, 0, 12, 11, 7)
#define ICC_DIR SYS_ENC(3, 0, 12, 11, 1)
#define ICC_SRE SYS_ENC(3, 0, 12, 12, 5)
#define SRE_ALWAYS 7ull /* system registers, no bypass */
#define CNTP_TVAL SYS_ENC(3, 3, 14, 2, 0)
#define CNTP_CTL SYS_ENC(3, 3, 14, 2, 1)
#define CNTP_CVAL SYS_ENC(3, 3, 14, 2, 2)
#define ACTLR SYS_ENC(3, 0, 1, 0, 1)
#define MDSCR SYS_ENC(2, 0, 0, 2, 2)
#define OSLAR SYS_ENC(2, 0, 1, 0, 4)
#define OSLSR SYS_ENC(2, 0, 1, 1, 4)
#define OSDLR SYS_ENC(2, 0, 1, 3, 4)
#define MDCCINT SYS_ENC(2, 0, 0, 2, 0)
#define OSLSR_IMPLEMENTED 0x8ull

static u64 read_reg(const struct vcpu *v, u32 rt)
{
	return rt < 31 ? v->regs.x[rt] : 0;
}

static void write_reg(struct vcpu *v, u32 rt, u64 value)
{
	if (rt < 31)
		v->regs.x[rt] = value;
}

/* A write to a stage-1 control register; only writes trap. */
static bool write_control(struct vcpu *v, u32 enc, u64 value)
{
	switch (enc) {
	case SYS_ENC(3, 0, 1, 0, 0):
		sysreg_write(EL1(SCTLR), value);
		if ((value & (SCTLR_M | SCTLR_C)) == (SCTLR_M | SCTLR_C)) {
			vcpu_set_caches_off(v, false);
			sysreg_write(HCR_EL2, v->hcr);
		}
		return true;
	case SYS_ENC(3, 0, 2, 0, 0):
		sysreg_write(EL1(TTBR0), value);
		return true;
	case SYS_ENC(3, 0, 2, 0, 1):
		sysreg_write(EL1(TTBR1), value);
		return true;
	case SYS_ENC(3, 0, 2, 0, 2):
		sysreg_write(EL1(TCR), value);
		return true;
	case SYS_ENC(3, 0, 5, 1, 0):
		sysreg_write(EL1(AFSR0), value);
		return true;
	case SYS_ENC(3, 0, 5, 1, 1):
		sysreg_write(EL1(AFSR1), value);
		return true;
	case SYS_ENC(3, 0, 5, 2, 0):
		sysreg_write(EL1(ESR), value);
		return true;
	case SYS_ENC(3, 0, 6, 0, 0):
		sysreg_write(EL1(FAR), value);
		return true;
	case SYS_ENC(3, 0, 10, 2, 0):
		sysreg_write(EL1(MAIR), value);
		return true;
	case SYS_ENC(3, 0, 10, 3, 0):
		sysreg_write(EL1(AMAIR), value);
		return true;
	case SYS_ENC(3, 0, 13, 0, 1):
		sysreg_write(EL1(CONTEXTIDR), value);
		return true;
	default:
		return false;
	}
}

/* The EL1 timer counts the machine's counter, without the VM's offset. */
static bool el1_timer(struct vcpu *v, u32 enc, bool read, u64 *value)
{
	if (enc != CNTP_CTL && enc != CNTP_CVAL && enc != CNTP_TVAL)
		return false;
	u64 now = timer_now();
	if (read) {
		if (enc == CNTP_CVAL)
			*value = v->cntp_cval;
		else if (enc == CNTP_TVAL)
			*value = (u32)(v->cntp_cval - now);
		else
			*value = v->cntp_ctl | (v->cntp_ctl & CNT_ENABLE && now >= v->cntp_cval ?
							CNT_ISTATUS :
							0);
		return true;
	}
	if (enc == CNTP_CVAL)
		v->cntp_cval = *value;
	else if (enc == CNTP_TVAL)
		v->cntp_cval = now + (u64)(s64)(s32)*value;
	else
		v->cntp_ctl = *value & (CNT_ENABLE | CNT_IMASK);
	ptimer_update(v);
	return true;
}

/*
 * Debug registers (op0 = 2, op1 not 1, which is trace): present, unlocked, without effect,
 * but for MDSCR: a guest's software single-step works. Break- and watchpoints don't.
 */
static bool debug_register(struct vcpu *v, u32 enc, bool read, u64 *value)
{
	if (enc >> 20 != 2 || ((enc >> 14) & 7) == 1)
		return false;
	vcount(v, COUNTER_exit_debug);
	u64 *kept = enc == MDSCR ? &v->debug_mdscr : NULL;
	if (read) {
		if (enc == OSLSR)
			*value = OSLSR_IMPLEMENTED;
		else
			*value = kept ? *kept : 0;
	} else if (kept) {
		*kept = (u32)*value;
		sysreg_write(MDSCR_EL1, *kept & MDSCR_APPLIED);
	}
	return true;
}

/* Trapped identification: op0 3, op1 0, CRn 0, CRm 1 to 7. Writes are undefined. */
static bool identification(u32 enc, bool read, u64 *value)
{
	u32 crm = (enc >> 1) & 15;
	if (!read || (enc & SYS_ENC(3, 7, 15, 0, 0)) != SYS_ENC(3, 0, 0, 0, 0) || crm < 1 || crm > 7)
		return false;
	*value = idreg_value(crm, (enc >> 17) & 7);
	return true;
}

/* Error records (CRn 5, CRm 3 to 5): there are none. */
static bool error_record(u32 enc, u64 *value)
{
	u32 crm = (enc >> 1) & 15;
	if ((enc & SYS_ENC(3, 7, 15, 0, 0)) != SYS_ENC(3, 0, 5, 0, 0) || crm < 3 || crm > 5)
		return false;
	*value = 0;
	return true;
}

/* Accesses to the GIC's CPU interface that trap. */
static bool interrupt_control(struct vcpu *v, u32 enc, bool read, u64 *reg)
{
	u64 value = *reg;
	if (enc == ICC_SRE) {
		*reg = SRE_ALWAYS;
		return true;
	}
	if (!read && enc == ICC_DIR) {
		vgic_deactivate(v, value);
		return true;
	}
	if (read || (enc != ICC_SGI1R && enc != ICC_ASGI1R && enc != ICC_SGI0R))
		return false;
	v->counts[COUNTER_exit_sysreg]--;
	vcount(v, COUNTER_exit_sgi);
	if (enc == ICC_SGI1R) /* the other two are group 0's and the other world's: none here */
		vgic_sgi(v, value);
	return true;
}

enum verdict sysreg_trap(struct vcpu *v, u32 iss)
{
	u32 enc = iss & SYS_ISS_MASK;
	u32 rt = SYS_ISS_RT(iss);
	bool read = iss & SYS_ISS_READ;
	u64 value = read ? 0 : read_reg(v, rt);
	vcount(v, COUNTER_exit_sysreg);
	if (!(interrupt_control(v, enc, read, &value) || el1_timer(v, enc, read, &value) ||
	      identification(enc, read, &value) || enc == ACTLR ||
	      error_record(enc, &value) || debug_register(v, enc, read, &value) || (!read && write_control(v, enc, value))))
		return inject_undefined(v);
	if (read)
		write_reg(v, rt, value);
	return VERDICT_SKIP;
}
