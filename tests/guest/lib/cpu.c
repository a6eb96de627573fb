/* SPDX-License-Identifier: BSD-2-Clause */
/* CPUs: starting them, work for all of them, exceptions. */
#include "guest.h"

#define STACK 8192u
#define START_LIMIT (60 * NSEC)
#define NEVER (600 * NSEC)

struct cpu cpus[CPUS_MAX];
__attribute__((aligned(4096))) u8 boot_stack[16384];
static __attribute__((aligned(64))) u8 stacks[CPUS_MAX][STACK];
static u32 cpu_count = 1; /* that run */
static void (*volatile work)(u32 id);
static volatile u32 work_number, work_done;
static volatile u32 barrier_in, barrier_round, barrier_asleep;

extern char secondary[];
_Noreturn void secondary_start(struct cpu *c);
void exception(u64 kind, struct regs *r);

/* --- exceptions --- */

static void bad_exception(u64 kind, const struct regs *r)
{
	self()->trap = NULL;
	fail("exception", "vector %lu ESR %lx FAR %lx pc %lx lr %lx CPU %u", kind,
	     sysreg_read(esr_el1), sysreg_read(far_el1), r->pc, r->x[30], self()->id);
	finish();
}

static void synchronous(u64 kind, struct regs *r)
{
	struct trap *t = self()->trap;
	u64 esr = sysreg_read(esr_el1);

	if (!t)
		bad_exception(kind, r);
	t->count++;
	t->esr = esr;
	t->far = sysreg_read(far_el1);
	t->pc = r->pc;
	if (ESR_EC(esr) == EC_IABT) /* back to the caller of what can't be run */
		r->pc = r->x[30];
	else
		r->pc += 4;
}

static void interrupt(void)
{
	u32 intid = (u32)sysreg_read(ICC_IAR1) & 0xffffff;

	if (intid >= 1020)
		return;
	self()->irqs[intid & 255]++;
	if (intid == PPI_VTIMER && !self()->own_timer)
		sysreg_write(cntv_ctl_el0, 3); /* wait_for()'s: it looks itself */
	else if (intid != SGI_WORK && self()->irq)
		self()->irq(intid);
	sysreg_write(ICC_EOIR1, intid);
	ISB();
}

void exception(u64 kind, struct regs *r)
{
	if (kind == 4)
		synchronous(kind, r);
	else if (kind == 5)
		interrupt();
	else
		bad_exception(kind, r);
}

bool trap_read(u64 address, u32 size, u64 *value, struct trap *t)
{
	u64 v = 0;

	trap_begin(t);
	switch (size) {
	case 1:
		__asm__ volatile("ldrb %w0, [%1]" : "+r"(v) : "r"(address) : "memory");
		break;
	case 2:
		__asm__ volatile("ldrh %w0, [%1]" : "+r"(v) : "r"(address) : "memory");
		break;
	case 4:
		__asm__ volatile("ldr %w0, [%1]" : "+r"(v) : "r"(address) : "memory");
		break;
	default:
		__asm__ volatile("ldr %0, [%1]" : "+r"(v) : "r"(address) : "memory");
	}
	trap_end();
	if (value)
		*value = v;
	return t->count != 0;
}

bool trap_write(u64 address, u32 size, u64 value, struct trap *t)
{
	trap_begin(t);
	switch (size) {
	case 1:
		__asm__ volatile("strb %w0, [%1]" ::"r"(value), "r"(address) : "memory");
		break;
	case 2:
		__asm__ volatile("strh %w0, [%1]" ::"r"(value), "r"(address) : "memory");
		break;
	case 4:
		__asm__ volatile("str %w0, [%1]" ::"r"(value), "r"(address) : "memory");
		break;
	default:
		__asm__ volatile("str %0, [%1]" ::"r"(value), "r"(address) : "memory");
	}
	trap_end();
	return t->count != 0;
}

bool trap_call(u64 address, struct trap *t)
{
	trap_begin(t);
	__asm__ volatile("blr %0" ::"r"(address)
			 : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",
			   "x12", "x13", "x14", "x15", "x16", "x17", "x30", "memory");
	trap_end();
	return t->count != 0;
}

/* --- many CPUs --- */

void secondary_start(struct cpu *c)
{
	u32 seen = load_acquire(&work_number);

	sysreg_write(tpidr_el1, (u64)c);
	gic_cpu_init();
	irq_on();
	store_release(&c->online, 1);
	gic_sgi(0, SGI_WORK);
	for (;;) {
		irq_off();
		while (load_acquire(&work_number) == seen) {
			ASM("wfi"); /* wakes for a masked interrupt, too */
			irq_on();
			ISB();
			irq_off();
		}
		irq_on();
		seen++;
		work(c->id);
		c->work = seen;
		if (__atomic_add_fetch(&work_done, 1, __ATOMIC_ACQ_REL) == cpu_count - 1)
			gic_sgi(0, SGI_WORK);
	}
}

bool wait_for(const volatile u32 *p, u32 value, u64 ns)
{
	u64 end = now() + ticks(ns);

	sysreg_write(cntv_cval_el0, end);
	sysreg_write(cntv_ctl_el0, 1);
	irq_off();
	while (load_acquire(p) < value && now() < end) {
		ASM("wfi");
		irq_on();
		ISB();
		irq_off();
	}
	sysreg_write(cntv_ctl_el0, 0);
	irq_on();
	return load_acquire(p) >= value;
}

u32 smp_start(void)
{
	cpu_count = 1;
	for (u32 i = 1; i < board.cpu_count; i++) {
		struct cpu *c = &cpus[i];
		c->id = i;
		c->mpidr = board.mpidr[i];
		c->stack_top = stacks[i] + STACK;
		c->online = 0;
		__asm__ volatile("dc civac, %0; dsb sy" ::"r"(c) : "memory"); /* its MMU is off */
		u64 e = hvc(PSCI_CPU_ON, c->mpidr, (u64)secondary, (u64)c).x0;
		if (e)
			fail("cpu-on", "CPU %u answers %ld", i, (s64)e);
	}
	for (u32 i = 1; i < board.cpu_count; i++) {
		if (!wait_for(&cpus[i].online, 1, START_LIMIT))
			fail("cpu-on", "CPU %u isn't there after 60 s", i);
		else
			cpu_count++;
	}
	return cpu_count;
}

void on_others(void (*fn)(u32 id))
{
	work = fn;
	work_done = 0;
	store_release(&work_number, work_number + 1);
	gic_sgi_others(SGI_WORK);
}

void on_all(void (*fn)(u32 id))
{
	on_others(fn);
	fn(0);
	if (!wait_for(&work_done, cpu_count - 1, NEVER)) {
		for (u32 i = 1; i < cpu_count; i++)
			if (cpus[i].work != work_number)
				say("CPU %u hangs\n", i);
		fail("on-all", "%u of %u are done", work_done, cpu_count - 1);
		finish();
	}
}

/* Spins for a while, then sleeps: on a shared CPU the others need its time to arrive. */
void barrier(void)
{
	u32 round = load_acquire(&barrier_round);

	if (__atomic_add_fetch(&barrier_in, 1, __ATOMIC_ACQ_REL) == cpu_count) {
		barrier_in = 0;
		__atomic_store_n(&barrier_round, round + 1, __ATOMIC_SEQ_CST);
		DMB();
		if (load_acquire(&barrier_asleep))
			gic_sgi_others(SGI_WORK);
		return;
	}
	for (u32 i = 0; i < 5000; i++) {
		if (load_acquire(&barrier_round) != round)
			return;
		relax();
	}
	irq_off();
	__atomic_add_fetch(&barrier_asleep, 1, __ATOMIC_SEQ_CST);
	DMB();
	while (load_acquire(&barrier_round) == round) {
		ASM("wfi");
		irq_on();
		ISB();
		irq_off();
	}
	__atomic_sub_fetch(&barrier_asleep, 1, __ATOMIC_SEQ_CST);
	irq_on();
}
