/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a guest should not do, and the architecture's answer: aborts for addresses where
 * nothing is, undefined instructions for what the ID registers don't show, error codes for
 * wrong calls. Also that FP registers stay the guest's own. `bare`: on plain QEMU, where the
 * CPU has more and devices take any access.
 */
#include "lib/guest.h"

#define NOWHERE 0x3000000000ull    /* neither RAM nor device, of a normal mapping */
#define NOTHING_HERE 0x0c000000ull /* the same among the devices */
#define FSC_EXTERNAL 0x10u
#define WNR (1u << 6)
#define S1PTW (1u << 7)

static void expect(const char *name, bool trapped, const struct trap *t, u32 class, u32 mask,
		   u32 iss)
{
	u32 got = (u32)t->esr & 0x1ffffff;

	check(trapped && t->count == 1 && ESR_EC(t->esr) == class && (got & mask) == iss, name,
	      "%u traps, ESR %lx FAR %lx, wanted class %x ISS %x/%x", t->count, t->esr, t->far,
	      class, iss, mask);
}

static void wild_accesses(void)
{
	struct trap t;

	static const u32 sizes[] = {1, 2, 4, 8};
	for (u32 i = 0; i < COUNT(sizes); i++) {
		u64 at = (i & 1 ? NOWHERE : NOTHING_HERE) + i * 64;
		expect("wild-read", trap_read(at, sizes[i], NULL, &t), &t, EC_DABT, 0x3f | WNR,
		       FSC_EXTERNAL);
		check(t.far == at, "wild-read-far", "%lx, not %lx", t.far, at);
		expect("wild-write", trap_write(at, sizes[i], 1, &t), &t, EC_DABT, 0x3f | WNR,
		       FSC_EXTERNAL | WNR);
		check(t.far == at, "wild-write-far", "%lx, not %lx", t.far, at);
	}
	expect("wild-call", trap_call(NOWHERE, &t), &t, EC_IABT, 0x3f, FSC_EXTERNAL);
	check(t.far == NOWHERE && t.pc == NOWHERE, "wild-call-far", "%lx %lx", t.far, t.pc);
	u64 last = board.ram + board.ram_size;
	check(!trap_read(last - 8, 8, NULL, &t), "last-word", "ESR %lx", t.esr);
	expect("behind-ram", trap_read(last, 8, NULL, &t), &t, EC_DABT, 0x3f, FSC_EXTERNAL);
	expect("before-ram", trap_read(0x3ffffff8, 8, NULL, &t), &t, EC_DABT, 0x3f, FSC_EXTERNAL);
	expect("top-of-ipa", trap_write(0x6ffffffff8ull, 8, 1, &t), &t, EC_DABT, 0x3f,
	       FSC_EXTERNAL);

	trap_begin(&t);
	__asm__ volatile("dc zva, %0" ::"r"(NOWHERE) : "memory");
	trap_end();
	expect("wild-zva", t.count, &t, EC_DABT, 0x3f | WNR, FSC_EXTERNAL | WNR);
	trap_begin(&t);
	__asm__ volatile("ldadd %0, %0, [%1]" ::"r"(1ull), "r"(NOWHERE) : "memory");
	trap_end();
	expect("wild-atomic", t.count, &t, EC_DABT, 0x3f, FSC_EXTERNAL);
	trap_begin(&t);
	__asm__ volatile("ldr q0, [%0]" ::"r"(NOWHERE) : "memory");
	trap_end();
	expect("wild-vector", t.count, &t, EC_DABT, 0x3f, FSC_EXTERNAL);
}

/*
 * A page table where nothing is: an external abort, either plain or one of the walk (0x14 to
 * 0x17), as a CPU without a hypervisor reports it: S1PTW is for stage 2 only.
 */
static void expect_walk(const char *name, const struct trap *t, u32 class)
{
	u32 fsc = (u32)t->esr & 0x3f;

	check(t->count == 1 && ESR_EC(t->esr) == class && (fsc == 0x10 || (fsc & ~3u) == 0x14) &&
		      !(t->esr & S1PTW) && t->far == TABLES_VA,
	      name, "%u traps, ESR %lx FAR %lx", t->count, t->esr, t->far);
}

static void wild_tables(void)
{
	struct trap t;

	tables_l1[TABLES_VA >> 30] = NOWHERE | PTE_TABLE;
	ASM("dsb ishst; isb");
	trap_read(TABLES_VA, 8, NULL, &t);
	expect_walk("wild-table", &t, EC_DABT);
	trap_write(TABLES_VA, 8, 0, &t);
	expect_walk("wild-table-write", &t, EC_DABT);
	trap_call(TABLES_VA, &t);
	expect_walk("wild-table-call", &t, EC_IABT);
	tables_l1[TABLES_VA >> 30] = 0x09000000ull | PTE_TABLE; /* in a device */
	ASM("dsb ishst; tlbi vmalle1; dsb ish; isb");
	u64 before = now();
	trap_read(TABLES_VA, 8, NULL, &t); /* what it reads there is its own affair */
	check(now() - before < ticks(NSEC), "device-table", "took long");
	tables_l1[TABLES_VA >> 30] = 0;
	ASM("dsb ishst; tlbi vmalle1; dsb ish; isb");
}

/* Accesses to devices that have no syndrome: an abort, and the base register unchanged. */
static void odd_device_accesses(void)
{
	struct trap t;
	u64 base = GICD, a = 0, b = 0;

	if (!on_disco())
		return;
	trap_begin(&t);
	__asm__ volatile("ldp %0, %1, [%2]" : "+r"(a), "+r"(b) : "r"(base) : "memory");
	trap_end();
	expect("device-ldp", t.count, &t, EC_DABT, 0x3f | WNR, FSC_EXTERNAL);
	trap_begin(&t);
	__asm__ volatile("stp %0, %1, [%2]" ::"r"(a), "r"(b), "r"(base) : "memory");
	trap_end();
	expect("device-stp", t.count, &t, EC_DABT, 0x3f | WNR, FSC_EXTERNAL | WNR);
	trap_begin(&t);
	__asm__ volatile("ldr %w0, [%1], #4" : "+r"(a), "+r"(base)::"memory");
	trap_end();
	expect("device-postindex", t.count, &t, EC_DABT, 0x3f | WNR, FSC_EXTERNAL);
	check(base == GICD, "device-base", "%lx", base);
	trap_begin(&t);
	__asm__ volatile("ldr q1, [%0]" ::"r"(GICD) : "memory");
	trap_end();
	expect("device-vector", t.count, &t, EC_DABT, 0x3f, FSC_EXTERNAL);
	trap_begin(&t);
	__asm__ volatile("ldadd %w0, %w0, [%1]" ::"r"(0), "r"(GICD) : "memory");
	trap_end();
	expect("device-atomic", t.count, &t, EC_DABT, 0x3f, FSC_EXTERNAL);
	expect("device-call", trap_call(GICD, &t), &t, EC_IABT, 0x3f, FSC_EXTERNAL);
	/* Sizes that a register doesn't have: an abort or zero, never trouble. */
	trap_read(0x09000000, 8, NULL, &t);
	trap_read(0x09010000, 1, NULL, &t);
	trap_write(GICD, 2, 0xffff, &t);
	trap_write(GICD + GIC_ISENABLER + 1, 1, 0xff, &t);
	trap_write(0x0a000000 + 0x70, 1, 0xff, &t);
	trap_write(0x0a000000 + 0x50, 8, ~0ull, &t);
	for (u64 at = 0; at < 0x1000; at += 4)
		trap_read(0x0a000000 + at, 4, NULL, &t);
	for (u64 at = 0; at < 0x10000; at += 0x44)
		trap_read(GICD + at, 4, NULL, &t);
	ok("device-sizes");
}

/* Stores of the zero register, loads to it, sign extension: all part of the syndrome. */
static void syndromes(void)
{
	u64 reg = self()->gicr + 0x10000 + GIC_IPRIORITYR;
	u64 v = 0;

	mmio_write(reg, 0xf8a8b880);
	__asm__ volatile("ldrsb %0, [%1]" : "=r"(v) : "r"(reg) : "memory");
	check(v == 0xffffffffffffff80ull, "sign-64", "%lx", v);
	__asm__ volatile("ldrsb %w0, [%1]" : "=r"(v) : "r"(reg + 1) : "memory");
	check(v == 0xffffffb8ull, "sign-32", "%lx", v);
	__asm__ volatile("ldrb %w0, [%1]" : "=r"(v) : "r"(reg + 2) : "memory");
	check(v == 0xa8, "zero-extend", "%lx", v);
	__asm__ volatile("ldr wzr, [%0]; strb wzr, [%0]" ::"r"(reg) : "memory");
	check(mmio_read(reg) == 0xf8a8b800, "zero-register", "%x", mmio_read(reg));
	mmio_write(reg, PRIORITY * 0x01010101u);
}

#define UNDEFINED(name, reg)                                                                  \
	do {                                                                                  \
		struct trap t_;                                                               \
		u64 v_ = 0;                                                                   \
		trap_begin(&t_);                                                              \
		__asm__ volatile("mrs %0, " STR(reg) : "+r"(v_)::"memory");                   \
		trap_end();                                                                   \
		check(t_.count == 1 && ESR_EC(t_.esr) == EC_UNKNOWN && !(t_.esr & 0x1ffffff), \
		      "undefined-" name, "%u traps, ESR %lx", t_.count, t_.esr);              \
	} while (0)

static u32 field(u64 reg, u32 shift)
{
	return (u32)(reg >> shift) & 15;
}

static void hidden(const char *name, u64 reg, u32 shift, u32 want)
{
	u32 got = field(reg, shift);

	check(got == want, name, "shows %u", got);
}

/* What the monitor doesn't virtualize: not in the ID registers, and undefined. */
static void identification(void)
{
	u64 pfr0 = sysreg_read(id_aa64pfr0_el1), pfr1 = sysreg_read(id_aa64pfr1_el1);
	u64 dfr0 = sysreg_read(id_aa64dfr0_el1), mmfr2 = sysreg_read(id_aa64mmfr2_el1);

	/* No traps of our own for SVE and SME: what stops us then is the monitor. */
	sysreg_write(cpacr_el1, 3ull << 16 | 3ull << 20 | 3ull << 24);
	ISB();
	if (on_disco()) {
		hidden("id-el2", pfr0, 8, 0);
		hidden("id-el3", pfr0, 12, 0);
		hidden("id-sve", pfr0, 32, 0);
		hidden("id-mpam", pfr0, 40, 0);
		hidden("id-amu", pfr0, 44, 0);
		hidden("id-mte", pfr1, 8, 0);
		hidden("id-sme", pfr1, 24, 0);
		hidden("id-spe", dfr0, 32, 0);
		hidden("id-trace", dfr0, 4, 0);
		hidden("id-nv", mmfr2, 24, 0);
		hidden("id-vhe", sysreg_read(id_aa64mmfr1_el1), 8, 0);
		hidden("id-zfr", sysreg_read(S3_0_C0_C4_4), 0, 0);
		UNDEFINED("zcr", S3_0_C1_C2_0);
		UNDEFINED("smcr", S3_0_C1_C2_6);
		UNDEFINED("pmscr", S3_0_C9_C9_0);
		UNDEFINED("gcr", S3_0_C1_C0_6);
		UNDEFINED("tfsr", S3_0_C5_C6_0);
		UNDEFINED("amcr", S3_3_C13_C2_0);
		UNDEFINED("lorc", S3_0_C10_C4_3);
		if (!field(dfr0, 8))
			UNDEFINED("pmcr", S3_3_C9_C12_0);
	}
	UNDEFINED("hcr", S3_4_C1_C1_0);
	UNDEFINED("cptr", S3_4_C1_C1_2);
	UNDEFINED("vttbr", S3_4_C2_C1_0);
	UNDEFINED("ich-hcr", S3_4_C12_C11_0);
	UNDEFINED("sctlr-el12", S3_5_C1_C0_0);
	UNDEFINED("scr-el3", S3_6_C1_C1_0);
	UNDEFINED("unallocated", S3_0_C14_C12_7);
	check(field(sysreg_read(id_aa64pfr0_el1), 4) == 1, "id-el1", "not AArch64 only");
	/* All of the ID space can be read. */
	u64 v = sysreg_read(S3_0_C0_C7_7) | sysreg_read(S3_0_C0_C6_7) | sysreg_read(S3_0_C0_C3_7);
	check(v == 0, "id-reserved", "%lx", v);
	check((sysreg_read(ctr_el0) >> 16 & 15) >= 4, "ctr", "%lx", sysreg_read(ctr_el0));
	u64 mpidr = sysreg_read(mpidr_el1);
	check((mpidr & 0x80000000) && (mpidr & 0xff00ffffff) == board.mpidr[0], "mpidr", "%lx",
	      mpidr);
}

static void undefined_instructions(void)
{
	struct trap t;

	trap_begin(&t);
	ASM(".inst 0x00000000");
	trap_end();
	check(t.count == 1 && ESR_EC(t.esr) == EC_UNKNOWN, "udf", "%u traps ESR %lx", t.count,
	      t.esr);
	trap_begin(&t);
	ASM("brk #5");
	trap_end();
	check(t.count == 1 && ESR_EC(t.esr) == 0x3c && (t.esr & 0xffff) == 5, "brk", "ESR %lx",
	      t.esr);
	trap_begin(&t);
	ASM(".inst 0x04e0e3e0"); /* SVE: cntd x0 */
	trap_end();
	if (on_disco())
		check(t.count == 1 && ESR_EC(t.esr) == EC_UNKNOWN, "sve", "%u traps ESR %lx",
		      t.count, t.esr);
	trap_begin(&t);
	ASM("svc #7"); /* an ordinary exception of the guest's own; not ours to see */
	trap_end();
	check(ESR_EC(t.esr) == 0x15 && (t.esr & 0xffff) == 7, "svc", "ESR %lx", t.esr);
}

/* SMC and HVC that nobody knows. */
static void calls(void)
{
	struct trap t;
	struct answer a;

	static const u32 unknown[] = {0x00000000, 0x84000030, 0xc400ffff, 0x8600ffff,
				      0x82000000, 0xbf000000, 0xffffffff};
	for (u32 i = 0; i < COUNT(unknown); i++) {
		a = hvc(unknown[i], 1, 2, 3);
		check((s64)a.x0 == -1, "hvc-unknown", "%x answers %lx", unknown[i], a.x0);
	}
	a = hvc(0x84000030, 0x1111, 0x2222, 0x3333);
	check(a.x1 == 0x1111 && a.x2 == 0x2222 && a.x3 == 0x3333, "hvc-registers", "%lx %lx %lx",
	      a.x1, a.x2, a.x3);
	trap_begin(&t);
	a = smc(PSCI_VERSION, 0, 0, 0);
	trap_end();
	if (on_disco())
		check(t.count == 0 && (s64)a.x0 == -1, "smc", "%u traps, %lx", t.count, a.x0);
	else
		check(t.count == 1 && ESR_EC(t.esr) == EC_UNKNOWN, "smc", "%u traps", t.count);
	a = hvc(PSCI_VERSION, 0, 0, 0);
	check(a.x0 >= 0x10000, "psci-version", "%lx", a.x0);
	a = hvc(PSCI_CPU_ON, 0xff00ff0077ull, 0x40200000, 0);
	check((s64)a.x0 == -2, "psci-no-cpu", "%ld", (s64)a.x0);
	a = hvc(PSCI_CPU_ON, board.mpidr[0], 0x40200000, 0);
	check((s64)a.x0 == -4, "psci-self", "%ld", (s64)a.x0);
	a = hvc(PSCI_AFFINITY_INFO, 0x7777, 0, 0);
	check((s64)a.x0 == -2, "psci-no-affinity", "%ld", (s64)a.x0);
	a = hvc(PSCI_AFFINITY_INFO, board.mpidr[0], 0, 0);
	check(a.x0 == 0, "psci-on", "%ld", (s64)a.x0);
	a = hvc(PSCI_FEATURES, 0x84000040, 0, 0);
	check((s64)a.x0 == -1, "psci-no-feature", "%ld", (s64)a.x0);
	a = hvc(PSCI_FEATURES, PSCI_CPU_ON, 0, 0);
	check(a.x0 == 0, "psci-feature", "%ld", (s64)a.x0);
	if (on_disco() && board.cpu_count > 1) {
		a = hvc(PSCI_CPU_ON, board.mpidr[1], NOWHERE, 0);
		check((s64)a.x0 == -9, "psci-wild-entry", "%ld", (s64)a.x0);
		a = hvc(PSCI_CPU_ON, board.mpidr[1], 0x40200002, 0);
		check((s64)a.x0 == -9, "psci-odd-entry", "%ld", (s64)a.x0);
		a = hvc(0x80000000, 0, 0, 0);
		check(a.x0 >= 0x10001, "smccc-version", "%lx", a.x0);
		a = hvc(0x80000001, 0x84000050, 0, 0);
		check((s64)a.x0 <= 0, "smccc-features", "%lx", a.x0);
	}
}

void fp_fill(u64 seed);
void fp_store(u64 to[64]);

static volatile u32 fp_wrong;

/* Registers stay what they were over slices, sleeps and moves between CPUs. */
static void fp_kept(u32 id)
{
	static u64 seen[CPUS_MAX][64];
	u64 end = now() + ticks(option("fp_ms", 300) * 1000000);
	volatile u32 never = 0;

	sysreg_write(fpcr, 1ull << 22);
	for (u32 round = 0; now() < end; round++) {
		u64 seed = (u64)id << 32 | round << 8;
		fp_fill(seed);
		if (round % 3 == 0)
			wait_for(&never, 1, 1000000);
		else
			for (u64 stop = now() + ticks(500000); now() < stop;)
				relax();
		fp_store(seen[id]);
		for (u32 i = 0; i < 64; i++)
			if (seen[id][i] != seed + i / 2)
				__atomic_add_fetch(&fp_wrong, 1, __ATOMIC_RELAXED);
		if (sysreg_read(fpcr) != 1ull << 22)
			__atomic_add_fetch(&fp_wrong, 1, __ATOMIC_RELAXED);
	}
	sysreg_write(fpcr, 0);
}

/* Debug registers: reachable, and nothing that stops anybody. */
static void debug(void)
{
	struct trap t;

	trap_begin(&t);
	sysreg_write(oslar_el1, 0);
	sysreg_write(mdscr_el1, 1ull << 13);
	u64 back = sysreg_read(mdscr_el1);
	sysreg_write(mdscr_el1, 0);
	sysreg_write(dbgbcr0_el1, 0);
	sysreg_write(dbgbvr0_el1, (u64)image_start);
	trap_end();
	check(t.count == 0 && (back & 1ull << 13), "debug", "%u traps ESR %lx MDSCR %lx", t.count,
	      t.esr, back);
}

void guest_main(void)
{
	wild_accesses();
	wild_tables();
	odd_device_accesses();
	syndromes();
	identification();
	undefined_instructions();
	calls();
	debug();
	smp_start();
	irq_on();
	on_all(fp_kept);
	check(fp_wrong == 0, "fp", "%u registers were another's", fp_wrong);
	finish();
}
