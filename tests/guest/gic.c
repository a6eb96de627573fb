/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interrupt controller as IHI 0069 describes it: priorities, pending and active state set
 * and cleared by software, level and edge, more pending than list registers, both EOI modes,
 * preemption, routing. Interrupts are raised by software (ISPENDR, SGIs) and by the UART.
 * Works on CPU 0, with CPU 1 as the other one when there is one.
 */
#include "lib/guest.h"

#define SPI0 64u /* SPIs that nobody else uses: 64 to 127 */
#define MANY 40u /* many times more than list registers */
#define UART_INTID 33u
#define UART 0x09000000ull
#define UART_IMSC 0x38u
#define UART_ICR 0x44u
#define UART_TX (1u << 5)

static u32 order[128]; /* INTIDs as they came */
static volatile u32 came;
static void (*volatile on_irq)(u32 intid);

static void note(u32 intid)
{
	if (came < COUNT(order))
		order[came] = intid;
	came++;
	if (on_irq)
		on_irq(intid);
}

static void begin(void)
{
	irq_off();
	came = 0;
	on_irq = NULL;
}

/* Lets what is pending in, for a while. */
static void let_in(void)
{
	u64 end = now() + ticks(2000000);

	irq_on();
	while (now() < end)
		relax();
	irq_off();
}

static bool is_pending(u32 intid)
{
	return gic_get(intid, GIC_ISPENDR);
}

static bool is_active(u32 intid)
{
	return gic_get(intid, GIC_ISACTIVER);
}

static void registers(void)
{
	u32 pidr = mmio_read(GICD + 0xffe8) >> 4 & 15;
	u32 lines = gic_lines();
	u64 type = mmio_read64(self()->gicr + 8);

	check(pidr == 3, "version", "GICD_PIDR2.ArchRev %u", pidr);
	check(lines >= 128, "lines", "%u", lines);
	check((type >> 8 & 0xffff) == self()->id, "typer", "%lx", type);
	mmio_write8(GICD + GIC_IPRIORITYR + SPI0 + 1, 0x50);
	u32 word = mmio_read(GICD + GIC_IPRIORITYR + SPI0);
	check((word >> 8 & 255) == 0x50 && (word & 255) == PRIORITY, "priority-bytes", "%x", word);
	gic_priority(SPI0 + 1, PRIORITY);
	gic_edge(SPI0, true);
	bool edge = mmio_read(GICD + GIC_ICFGR + SPI0 / 16 * 4) & 2;
	gic_edge(SPI0, false);
	bool level = !(mmio_read(GICD + GIC_ICFGR + SPI0 / 16 * 4) & 2);
	check(edge && level, "config", "edge %u level %u", edge, level);
	gic_set(SPI0, GIC_ISENABLER);
	bool on = gic_get(SPI0, GIC_ICENABLER);
	gic_set(SPI0, GIC_ICENABLER);
	bool off = !gic_get(SPI0, GIC_ISENABLER);
	check(on && off, "enable-bits", "on %u off %u", on, off);
}

static void pending_bits(void)
{
	begin();
	gic_edge(SPI0, true);
	gic_set(SPI0, GIC_ISENABLER);
	gic_set(SPI0, GIC_ISPENDR);
	bool up = is_pending(SPI0);
	gic_set(SPI0, GIC_ICPENDR);
	bool down = !is_pending(SPI0);
	let_in();
	check(up && down && came == 0, "pending-cleared", "up %u down %u came %u", up, down, came);

	begin();
	gic_set(SPI0, GIC_ISPENDR);
	gic_set(SPI0, GIC_ISPENDR);
	let_in();
	bool still = is_pending(SPI0), active = is_active(SPI0);
	check(came == 1 && order[0] == SPI0 && !still && !active, "pending-set",
	      "came %u pending %u active %u", came, still, active);

	begin(); /* an SGI to oneself, taken back */
	gic_sgi(0, 3);
	up = is_pending(3);
	gic_set(3, GIC_ICPENDR);
	down = !is_pending(3);
	let_in();
	check(up && down && came == 0, "sgi-cleared", "up %u down %u came %u", up, down, came);
	gic_set(4, GIC_ISPENDR);
	let_in();
	check(came == 1 && order[0] == 4, "sgi-set", "came %u first %u", came, order[0]);
}

static void enable(void)
{
	begin();
	gic_set(SPI0, GIC_ICENABLER);
	gic_set(SPI0, GIC_ISPENDR);
	let_in();
	u32 early = came;
	u64 highest = sysreg_read(ICC_HPPIR1);
	gic_set(SPI0, GIC_ISENABLER);
	let_in();
	check(early == 0 && came == 1 && highest == SPURIOUS, "disabled",
	      "early %u came %u HPPIR %lu", early, came, highest);

	begin();
	mmio_write(GICD + GICD_CTLR, 0x10);
	gic_set(SPI0, GIC_ISPENDR);
	let_in();
	early = came;
	mmio_write(GICD + GICD_CTLR, 0x12);
	let_in();
	check(early == 0 && came == 1, "group-disabled", "early %u came %u", early, came);

	begin();
	sysreg_write(ICC_IGRPEN1, 0);
	ISB();
	gic_set(SPI0, GIC_ISPENDR);
	let_in();
	early = came;
	sysreg_write(ICC_IGRPEN1, 1);
	ISB();
	let_in();
	check(early == 0 && came == 1, "interface-disabled", "early %u came %u", early, came);
}

static void mask(void)
{
	begin();
	sysreg_write(ICC_PMR, 0x80);
	ISB();
	gic_set(SPI0, GIC_ISPENDR);
	let_in();
	u32 early = came;
	sysreg_write(ICC_PMR, 0xff);
	ISB();
	let_in();
	check(early == 0 && came == 1, "priority-mask", "early %u came %u", early, came);
}

static bool reads_back(u32 intid)
{
	u32 got = (u32)sysreg_read(ICC_HPPIR1);
	if (got == intid)
		return true;
	fail("hppir", "%u, not %u", got, intid);
	return false;
}

/* SGIs 0 to 14 pending at once, the highest number being the most urgent. */
static void sgi_order(void)
{
	bool good = true;

	begin();
	for (u32 i = 0; i < 15; i++)
		gic_priority(i, (u8)(0xf0 - i * 8));
	for (u32 i = 0; i < 15; i++)
		gic_sgi(0, i);
	good = reads_back(14);
	let_in();
	for (u32 i = 0; i < 15 && i < came; i++)
		good &= order[i] == 14 - i;
	check(came == 15 && good, "sgi-order", "came %u: %u %u %u %u %u %u", came, order[0],
	      order[1], order[2], order[3], order[4], order[5]);
	for (u32 i = 0; i < 16; i++)
		gic_priority(i, PRIORITY);
}

/* MANY SPIs pending at once, least urgent first; each must come once, in order. */
static void overflow(void)
{
	bool good = true;

	begin();
	for (u32 i = 0; i < MANY; i++) {
		gic_edge(SPI0 + i, true);
		gic_priority(SPI0 + i, (u8)(0xe8 - i / 2 * 8));
		gic_set(SPI0 + i, GIC_ISENABLER);
		gic_set(SPI0 + i, GIC_ISPENDR);
	}
	let_in();
	for (u32 i = 0; i + 1 < MANY && i + 1 < came; i++) {
		u32 p = (order[i] - SPI0) / 2, q = (order[i + 1] - SPI0) / 2;
		good &= p >= q && order[i] != order[i + 1];
	}
	check(came == MANY && good, "overflow", "%u of %u came, in order: %u", came, MANY, good);

	begin(); /* all of one priority: none may starve */
	for (u32 i = 0; i < MANY; i++)
		gic_priority(SPI0 + i, PRIORITY);
	for (u32 i = 0; i < MANY; i++)
		gic_set(SPI0 + i, GIC_ISPENDR);
	let_in();
	u64 seen = 0;
	for (u32 i = 0; i < came && i < COUNT(order); i++)
		seen |= 1ull << (order[i] - SPI0);
	check(came == MANY && seen == (1ull << MANY) - 1, "overflow-equal", "%u came, %lx", came,
	      seen);
}

static void level_handler(u32 intid)
{
	if (intid == UART_INTID && came == 3) {
		mmio_write(UART + UART_ICR, UART_TX);
		mmio_write(UART + UART_IMSC, 0);
	}
}

/* The UART's line stays up until cleared: three times, then the handler clears it. */
static void level(void)
{
	begin();
	on_irq = level_handler;
	gic_edge(UART_INTID, false);
	gic_set(UART_INTID, GIC_ISENABLER);
	put('.'); /* there was something to send */
	put('\n');
	mmio_write(UART + UART_IMSC, UART_TX);
	bool up = is_pending(UART_INTID);
	let_in();
	bool down = !is_pending(UART_INTID);
	check(up && down && came == 3, "level", "up %u down %u came %u", up, down, came);

	begin(); /* a line that goes away before it is looked at */
	put('.');
	put('\n');
	mmio_write(UART + UART_IMSC, UART_TX);
	up = is_pending(UART_INTID);
	mmio_write(UART + UART_IMSC, 0);
	down = !is_pending(UART_INTID);
	let_in();
	check(up && down && came == 0, "level-gone", "up %u down %u came %u", up, down, came);
	mmio_write(UART + UART_ICR, UART_TX);
	gic_set(UART_INTID, GIC_ICENABLER);
}

static void active_bits(void)
{
	begin();
	gic_set(SPI0, GIC_ISACTIVER);
	bool active = is_active(SPI0);
	gic_set(SPI0, GIC_ISPENDR);
	let_in();
	u32 early = came;
	gic_set(SPI0, GIC_ICACTIVER);
	bool inactive = !is_active(SPI0);
	let_in();
	check(active && inactive && early == 0 && came == 1, "active-bits",
	      "active %u inactive %u early %u came %u", active, inactive, early, came);
}

static void again_while_active(u32 intid)
{
	if (came == 1) {
		bool active = is_active(intid);
		gic_set(intid, GIC_ISPENDR);
		if (!active || !is_pending(intid))
			fail("active-pending", "active %u pending %u", active, is_pending(intid));
	}
}

static void active_and_pending(void)
{
	begin();
	on_irq = again_while_active;
	gic_set(SPI0, GIC_ISPENDR);
	let_in();
	check(came == 2, "active-pending", "came %u", came);
}

/* EOImode 1: EOIR only drops the priority, DIR deactivates. */
static void split_eoi(void)
{
	begin();
	sysreg_write(ICC_CTLR, sysreg_read(ICC_CTLR) | 2);
	ISB();
	gic_set(SPI0, GIC_ISPENDR);
	let_in();
	bool active = is_active(SPI0);
	gic_set(SPI0, GIC_ISPENDR);
	gic_set(SPI0 + 1, GIC_ISPENDR); /* another one isn't held up */
	let_in();
	u32 early = came;
	sysreg_write(ICC_DIR, SPI0 + 1);
	sysreg_write(ICC_DIR, SPI0);
	ISB();
	let_in();
	u32 late = came;
	sysreg_write(ICC_DIR, SPI0);
	sysreg_write(ICC_CTLR, sysreg_read(ICC_CTLR) & ~2ull);
	ISB();
	check(active && early == 2 && late == 3 && !is_active(SPI0), "split-eoi",
	      "active %u early %u late %u then %u", active, early, late, is_active(SPI0));
}

/* Six interrupts, each in the handler of the one before: all are active at once. */
#define DEEP 6u
static volatile u32 depth, deepest, running_priority;

static void nest(u32 intid)
{
	u32 i = intid - SPI0;

	if (++depth > deepest)
		deepest = depth;
	running_priority = (u32)sysreg_read(ICC_RPR);
	if (i + 1 < DEEP) {
		gic_set(intid + 1, GIC_ISPENDR);
		let_in();
	}
	depth--;
}

static void preemption(void)
{
	begin();
	on_irq = nest;
	deepest = 0;
	for (u32 i = 0; i < DEEP; i++)
		gic_priority(SPI0 + i, (u8)(0xc0 - i * 0x10));
	gic_set(SPI0, GIC_ISPENDR);
	let_in();
	u32 idle = (u32)sysreg_read(ICC_RPR);
	check(came == DEEP && deepest == DEEP && running_priority == 0xc0 - (DEEP - 1) * 0x10 &&
		      idle == 0xff,
	      "preemption", "came %u depth %u RPR %x then %x", came, deepest, running_priority,
	      idle);
	begin(); /* a less urgent one must not get in */
	on_irq = nest;
	deepest = 0;
	for (u32 i = 0; i < DEEP; i++)
		gic_priority(SPI0 + i, (u8)(0x40 + i * 0x10));
	gic_set(SPI0, GIC_ISPENDR);
	let_in();
	check(came == DEEP && deepest == 1, "no-preemption", "came %u depth %u", came, deepest);
	for (u32 i = 0; i < DEEP; i++)
		gic_priority(SPI0 + i, PRIORITY);
}

/* --- two CPUs --- */

static volatile u32 other_came[128];
static volatile u32 other_ready, other_stop;

static void other_note(u32 intid)
{
	if (intid < COUNT(other_came))
		__atomic_add_fetch(&other_came[intid], 1, __ATOMIC_RELEASE);
	gic_sgi(0, SGI_WORK); /* CPU 0 may sleep in wait_for() */
}

static void other_cpu(u32 id)
{
	if (id != 1)
		return;
	self()->irq = other_note;
	store_release(&other_ready, 1);
	wait_for(&other_stop, 1, 300 * NSEC);
}

static void routing(void)
{
	u64 there = board.mpidr[1], here = board.mpidr[0];

	begin();
	gic_route(SPI0, there);
	check(mmio_read64(GICD + GICD_IROUTER + SPI0 * 8) == there, "irouter", "%lx",
	      mmio_read64(GICD + GICD_IROUTER + SPI0 * 8));
	gic_set(SPI0, GIC_ISPENDR);
	bool good = wait_for(&other_came[SPI0], 1, 60 * NSEC);
	check(good && came == 0, "routed", "there %u here %u", other_came[SPI0], came);
	irq_off();

	/* Pending here, masked; then it moves. */
	gic_route(SPI0 + 1, here);
	gic_set(SPI0 + 1, GIC_ISPENDR);
	bool pending = is_pending(SPI0 + 1);
	gic_route(SPI0 + 1, there);
	good = wait_for(&other_came[SPI0 + 1], 1, 60 * NSEC);
	irq_off();
	check(pending && good && came == 0, "moved-pending", "pending %u there %u here %u", pending,
	      other_came[SPI0 + 1], came);

	/* A stream, the route changing under it: the sum is what was sent. */
	for (u32 i = 0; i < 100; i++) {
		u32 before = came + other_came[SPI0 + 2];
		gic_route(SPI0 + 2, i & 1 ? there : here);
		gic_set(SPI0 + 2, GIC_ISPENDR);
		irq_on();
		u64 end = now() + ticks(60 * NSEC);
		while (came + load_acquire(&other_came[SPI0 + 2]) == before && now() < end)
			relax();
		irq_off();
	}
	/* One that is still active over there may become pending there again. */
	check(came + other_came[SPI0 + 2] == 100 && came >= 25 && came <= 75, "route-stream",
	      "here %u there %u", came, other_came[SPI0 + 2]);
	store_release(&other_stop, 1);
	gic_sgi(1, 5);
}

void guest_main(void)
{
	self()->irq = note;
	if (board.cpu_count > 1)
		smp_start();
	registers();
	pending_bits();
	enable();
	mask();
	sgi_order();
	overflow();
	level();
	active_bits();
	active_and_pending();
	split_eoi();
	preemption();
	if (board.cpu_count > 1) {
		on_others(other_cpu);
		while (!load_acquire(&other_ready))
			relax();
		routing();
	}
	finish();
}
