/* SPDX-License-Identifier: BSD-2-Clause */
/* Bringing CPUs up: the registers of EL2 on each, and starting the others. */
#include "boot/machine.h"

#include "arm64/cpu.h"
#include "hw/gic.h"
#include "hw/psci.h"
#include "hw/timer.h"
#include "lib/percpu.h"
#include "lib/print.h"
#include "mem/hypmap.h"
#include "mem/stage2.h"
#include "trap/trap.h"
#include "vcpu/features.h"
#include "vcpu/sched.h"

/* What entry.S reads before this CPU has anything; offsets are known there. */
struct smp_args {
	u64 root;
	struct cpu *cpu;
	u64 stack_top;
};
static struct smp_args args[MAX_CPUS];
static u32 go; /* the others enter guests only once all is built */

extern char secondary_entry[];
void smp_secondary_main(void);

#define MDCR_TDRA (1ull << 11)
#define MDCR_TDOSA (1ull << 10)
#define MDCR_TDA (1ull << 9)
#define MDCR_TPM (1ull << 6)
#define MDCR_TPMCR (1ull << 5)
#define MDCR_TTRF (1ull << 19)
#define MDCR_TPMS (1ull << 14)
#define MDCR_HPMN(pmcr) ((pmcr) >> 11 & 31)

/* The monitor's own key IA: a fresh one for each CPU. */
static void setup_keys(struct cpu *c)
{
	random_bytes(&c->random, c->pac_key, sizeof(c->pac_key));
	sysreg_write(S3_0_C2_C1_0, c->pac_key[0]);
	sysreg_write(S3_0_C2_C1_1, c->pac_key[1]);
	isb();
}

/*
 * Inlined into callers that never return: what was signed with no key must not be
 * authenticated with one.
 */
static inline __attribute__((always_inline)) void setup_control(void)
{
	u64 control = SCTLR_EL2_RES1 | SCTLR_M | SCTLR_C | SCTLR_I | SCTLR_SA | SCTLR_WXN;
	if (features.pauth) {
		setup_keys(this_cpu());
		control |= SCTLR_ENIA;
	}
	if (features.bti)
		control |= SCTLR_BT;
	sysreg_write(SCTLR_EL2, control);
	isb();
}

/* Trap registers of extensions that guests are not shown: unknown after reset. */
static void setup_fine_traps(void)
{
	u64 mmfr0 = sysreg_read(ID_AA64MMFR0_EL1);
	u64 mmfr1 = sysreg_read(ID_AA64MMFR1_EL1);
	u64 pfr0 = sysreg_read(ID_AA64PFR0_EL1);
	if (mmfr1 >> 40 & 15)
		sysreg_write(S3_4_C1_C2_2, 0); /* HCRX_EL2 */
	if (mmfr0 >> 56 & 15) {
		sysreg_write(S3_4_C1_C1_4, 0); /* HFGRTR_EL2, HFGWTR, HFGITR */
		sysreg_write(S3_4_C1_C1_5, 0);
		sysreg_write(S3_4_C1_C1_6, 0);
		sysreg_write(S3_4_C3_C1_4, 0); /* HDFGRTR_EL2, HDFGWTR */
		sysreg_write(S3_4_C3_C1_5, 0);
	}
	if (pfr0 >> 40 & 15)
		sysreg_write(S3_4_C10_C5_0, 3ull << 48); /* MPAM2_EL2: EL1's and EL0's trap */
}

void smp_cpu_setup(void)
{
	u64 dfr0 = sysreg_read(ID_AA64DFR0_EL1);
	u64 hpmn = (dfr0 >> 8 & 15) ? MDCR_HPMN(sysreg_read(PMCR_EL0)) : 0;
	sysreg_write(VBAR_EL2, (u64)(features.pauth ? vectors_pac : vectors));
	sysreg_write(HCR_EL2, HCR_RW | HCR_IMO | HCR_FMO | HCR_AMO | features.hcr);
	sysreg_write(CPTR_EL2, features.cptr | CPTR_TFP);
	sysreg_write(HSTR_EL2, 0);
	sysreg_write(MDCR_EL2, MDCR_TDRA | MDCR_TDOSA | MDCR_TDA | MDCR_TPM | MDCR_TPMCR |
				       MDCR_TTRF | MDCR_TPMS | hpmn);
	sysreg_write(MDSCR_EL1, 0);
	sysreg_write(S2_0_C1_C0_4, 0); /* OSLAR_EL1: or guests' single-step never fires */
	setup_fine_traps();
	u64 midr = sysreg_read(MIDR_EL1);
	sysreg_write(VPIDR_EL2, midr);
	sysreg_write(VTCR_EL2, stage2_vtcr());
	sysreg_write(VTTBR_EL2, 0);
	isb();
	timer_cpu_init();
	if (gic_cpu_init() != OK)
		panic("CPU %u: no redistributor for MPIDR %llx", this_cpu()->id,
		      (unsigned long long)this_cpu()->mpidr);
	vgic_cpu_init();
	if (sched_cpu_init() != OK)
		panic("CPU %u: no memory for a run queue", this_cpu()->id);
	store_release(&this_cpu()->online, true); /* others may use its run queue from now on */
}

void smp_secondary_main(void)
{
	setup_control();
	smp_cpu_setup();
	while (!load_acquire(&go))
		cpu_relax();
	leave_first();
}

/* The boot CPU's own control register; then it starts to run guests. */
void smp_boot_cpu(void)
{
	setup_control();
	sysreg_write(VBAR_EL2, (u64)(features.pauth ? vectors_pac : vectors));
	store_release(&go, 1u);
	leave_first();
}

static bool wait_online(const struct cpu *c)
{
	u64 limit = timer_now() + 5 * timer_hz;
	while (!__atomic_load_n(&c->online, __ATOMIC_ACQUIRE))
		if (timer_now() > limit)
			return false;
	return true;
}

void smp_start_all(void)
{
	u64 offset = (u64)image_start - image_pa;
	u32 running = 1;
	for (u32 i = 1; i < cpu_count; i++) {
		struct cpu *c = cpus[i];
		args[i] = (struct smp_args){c->hyp_root, c, c->stack_top};
		dc_clean_inval_poc(&args[i]); /* it reads them with caches off or on */
		dsb_sy();
		if (psci_cpu_on(c->mpidr, (u64)secondary_entry - offset,
				(u64)&args[i] - offset) != OK ||
		    !wait_online(c))
			print("boot: CPU %u (MPIDR %llx) does not start; going on without it\n", i,
			      (unsigned long long)c->mpidr);
		else
			running++;
	}
	print("boot: %u of %u CPUs run\n", running, cpu_count);
}
