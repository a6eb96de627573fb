/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A vCPU's registers into the CPU and out of it. General registers are vectors.S's; all
 * that changes hands only when another vCPU gets the CPU is here. FP/SIMD registers follow
 * at first use and leave with the vCPU: they are never left in another CPU.
 */
#include "arm64/cpu.h"
#include "lib/string.h"
#include "mem/flush.h"
#include "vcpu/features.h"
#include "vcpu/timer.h"
#include "vcpu/vcpu.h"

#define HCR_ALWAYS                                                                         \
	(HCR_VM | HCR_SWIO | HCR_FMO | HCR_IMO | HCR_AMO | HCR_FB | HCR_BSU_INNER |        \
	 HCR_TWI | HCR_TERR | HCR_TEA | HCR_TID3 | HCR_TSC | HCR_TIDCP | HCR_TACR | HCR_TLOR | HCR_RW)

/* vcpu/fp.S */
void fp_save(struct fpregs *to);
void fp_restore(const struct fpregs *from);

void vcpu_reset(struct vcpu *v, struct ipa entry, u64 context)
{
	bool was_off = v->caches_off;
	memset(&v->regs, 0, sizeof(v->regs));
	memset(&v->sys, 0, sizeof(v->sys));
	memset(&v->fp, 0, sizeof(v->fp));
	v->regs.pc = entry.v;
	v->regs.x[0] = context;
	v->regs.pstate = PSR_EL1H | PSR_D | PSR_A | PSR_I | PSR_F;
	v->sys.sctlr = SCTLR_EL1_RESET;
	v->hcr = HCR_ALWAYS | features.hcr | (was_off ? HCR_TVM : 0);
	v->inject.pending = false;
	v->debug_mdscr = 0;
	v->cntp_ctl = 0;
	v->cntp_cval = 0;
	v->work = 0;
	vcpu_set_caches_off(v, true);
}

#define SAVE(field, reg) s->field = sysreg_read(EL1(reg))
#define LOAD(field, reg) sysreg_write(EL1(reg), s->field)

static void save_el1(struct sysregs *s)
{
	SAVE(sctlr, SCTLR);
	SAVE(cpacr, CPACR);
	SAVE(ttbr0, TTBR0);
	SAVE(ttbr1, TTBR1);
	SAVE(tcr, TCR);
	SAVE(mair, MAIR);
	SAVE(amair, AMAIR);
	SAVE(vbar, VBAR);
	SAVE(contextidr, CONTEXTIDR);
	SAVE(esr, ESR);
	SAVE(far, FAR);
	SAVE(afsr0, AFSR0);
	SAVE(afsr1, AFSR1);
	SAVE(par, PAR);
	SAVE(elr, ELR);
	SAVE(spsr, SPSR);
	SAVE(tpidr_el1, TPIDR);
	s->sp_el0 = sysreg_read(SP_EL0);
	s->sp_el1 = sysreg_read(SP_EL1);
	s->tpidr_el0 = sysreg_read(TPIDR_EL0);
	s->tpidrro_el0 = sysreg_read(TPIDRRO_EL0);
	s->csselr = sysreg_read(CSSELR_EL1);
}

static void load_el1(const struct sysregs *s)
{
	LOAD(sctlr, SCTLR);
	LOAD(cpacr, CPACR);
	LOAD(ttbr0, TTBR0);
	LOAD(ttbr1, TTBR1);
	LOAD(tcr, TCR);
	LOAD(mair, MAIR);
	LOAD(amair, AMAIR);
	LOAD(vbar, VBAR);
	LOAD(contextidr, CONTEXTIDR);
	LOAD(esr, ESR);
	LOAD(far, FAR);
	LOAD(afsr0, AFSR0);
	LOAD(afsr1, AFSR1);
	LOAD(par, PAR);
	LOAD(elr, ELR);
	LOAD(spsr, SPSR);
	LOAD(tpidr_el1, TPIDR);
	sysreg_write(SP_EL0, s->sp_el0);
	sysreg_write(SP_EL1, s->sp_el1);
	sysreg_write(TPIDR_EL0, s->tpidr_el0);
	sysreg_write(TPIDRRO_EL0, s->tpidrro_el0);
	sysreg_write(CSSELR_EL1, s->csselr);
}

/* Pointer authentication keys, by encoding: Debian 12's assembler wants an extension flag. */
#define KEY(crm, op2) S3_0_C2_C##crm##_##op2
#define KEYS(X)                                                                      \
	X(apib[0], KEY(1, 2)) X(apib[1], KEY(1, 3)) X(apda[0], KEY(2, 0)) X(apda[1], KEY(2, 1)) \
	X(apdb[0], KEY(2, 2)) X(apdb[1], KEY(2, 3)) X(apga[0], KEY(3, 0)) X(apga[1], KEY(3, 1))

static void save_keys(struct sysregs *s)
{
	/* Key IA changes on each exit, in vectors.S: the monitor uses it. */
#define X(field, reg) s->field = sysreg_read(reg);
	KEYS(X)
#undef X
}

static void load_keys(const struct sysregs *s)
{
#define X(field, reg) sysreg_write(reg, s->field);
	KEYS(X)
#undef X
}

/* The VM's tree of this node, and no stale entries of another of its vCPUs. */
static void load_stage2(struct vcpu *v)
{
	struct cpu *c = this_cpu();
	u64 vttbr = v->vm->p2m.trees[c->node].vttbr;
	if (c->loaded_vttbr != vttbr) {
		sysreg_write(VTTBR_EL2, vttbr);
		c->loaded_vttbr = vttbr;
		isb();
	}
	u8 *last = &v->vm->last_on[c->id];
	if (*last && *last != v->id + 1)
		flush_local();
	*last = (u8)(v->id + 1);
}

void vcpu_load(struct vcpu *v)
{
	sysreg_write(VMPIDR_EL2, v->vmpidr);
	sysreg_write(HCR_EL2, v->hcr);
	sysreg_write(MDSCR_EL1, v->debug_mdscr & MDSCR_APPLIED);
	load_stage2(v);
	load_el1(&v->sys);
	if (features.pauth)
		load_keys(&v->sys);
	sysreg_write(CPTR_EL2, features.cptr | CPTR_TFP);
	v->loaded = true;
	v->fp_loaded = false;
	vtimer_load(v);
	vgic_load(v);
	count(COUNTER_switches);
}

void vcpu_unload(struct vcpu *v)
{
	vgic_unload(v);
	vtimer_unload(v);
	if (v->fp_loaded) {
		sysreg_write(CPTR_EL2, features.cptr);
		isb();
		fp_save(&v->fp);
		v->fp_loaded = false;
	}
	save_el1(&v->sys);
	if (features.pauth)
		save_keys(&v->sys);
	v->loaded = false;
}

void vcpu_fp_load(struct vcpu *v)
{
	sysreg_write(CPTR_EL2, features.cptr);
	isb();
	fp_restore(&v->fp);
	v->fp_loaded = true;
}
