/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Both timers of EL1 on every CPU: condition bits, masks, no tick lost however late, WFI wakes,
 * and how late ticks come (printed; `late_ms=N` is the limit for the median).
 * Options: ticks=N (100), period_us=N (2000).
 */
#include "lib/guest.h"

#define CTL_ON 1u
#define CTL_IMASK 2u
#define CTL_STATUS 4u
#define TICKS_MAX 1000u

static u32 tick_count, cpus_on;
static u64 period;
static volatile u32 wrong;

struct state {
	bool physical;
	u64 next;
	volatile u32 ticks;
	u32 late_us[TICKS_MAX];
};
static struct state states[CPUS_MAX];

static void set_cval(bool physical, u64 v)
{
	if (physical)
		sysreg_write(cntp_cval_el0, v);
	else
		sysreg_write(cntv_cval_el0, v);
	ISB();
}

static void set_ctl(bool physical, u64 v)
{
	if (physical)
		sysreg_write(cntp_ctl_el0, v);
	else
		sysreg_write(cntv_ctl_el0, v);
	ISB();
}

static u64 counter(bool physical)
{
	ISB();
	return physical ? sysreg_read(cntpct_el0) : sysreg_read(cntvct_el0);
}

static u64 get_ctl(bool physical)
{
	return physical ? sysreg_read(cntp_ctl_el0) : sysreg_read(cntv_ctl_el0);
}

static void on_tick(u32 intid)
{
	struct state *s = &states[self()->id];

	if (intid != (s->physical ? PPI_PTIMER : PPI_VTIMER))
		return;
	u64 at = counter(s->physical);
	if (at < s->next)
		__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
	if (s->ticks < TICKS_MAX)
		s->late_us[s->ticks] = (u32)(to_ns(at - s->next) / 1000);
	s->ticks++;
	s->next += period;
	if (s->ticks < tick_count)
		set_cval(s->physical, s->next);
	else
		set_ctl(s->physical, 0);
}

/* `ticks` periods, sleeping in between; the deadline of each follows from the one before. */
static void run_ticks(u32 id, bool physical)
{
	struct state *s = &states[id];

	s->physical = physical;
	s->ticks = 0;
	self()->irq = on_tick;
	self()->own_timer = true;
	gic_set(physical ? PPI_PTIMER : PPI_VTIMER, GIC_ISENABLER);
	irq_off();
	s->next = counter(physical) + period;
	set_cval(physical, s->next);
	set_ctl(physical, CTL_ON);
	while (s->ticks < tick_count) {
		ASM("wfi");
		irq_on();
		ISB();
		irq_off();
	}
	irq_on();
	self()->own_timer = false;
	self()->irq = NULL;
	set_cval(physical, 0);
	set_ctl(physical, CTL_ON | CTL_IMASK);
	if (get_ctl(physical) != (CTL_ON | CTL_IMASK | CTL_STATUS))
		__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
	set_ctl(physical, 0);
}

static void virtual_ticks(u32 id)
{
	run_ticks(id, false);
}

static void physical_ticks(u32 id)
{
	run_ticks(id, true);
}

static void report(const char *name)
{
	static const u32 limits[] = {20, 100, 500, 2000, 10000, 50000, 200000, 1000000, ~0u};
	u32 buckets[COUNT(limits)] = {0}, worst = 0, sum = 0, median = 0;

	for (u32 i = 0; i < cpus_on; i++)
		for (u32 k = 0; k < tick_count; k++) {
			u32 us = states[i].late_us[k], b = 0;
			while (us > limits[b])
				b++;
			buckets[b]++;
			worst = us > worst ? us : worst;
		}
	for (; median < COUNT(limits) - 1; median++) {
		sum += buckets[median];
		if (sum * 2 >= cpus_on * tick_count)
			break;
	}
	say("%s: median up to %u us, worst %u us\n", name, limits[median], worst);
	check(limits[median] <= option("late_ms", 1000) * 1000, name, "half are too late");
}

/* Masked at the GIC or by IMASK nothing comes; the pending bit follows the line. */
static void bits(bool physical)
{
	u32 ppi = physical ? PPI_PTIMER : PPI_VTIMER;
	const char *name = physical ? "physical-bits" : "virtual-bits";

	gic_set(ppi, GIC_ICENABLER);
	set_cval(physical, counter(physical) + ticks(NSEC * 1000));
	set_ctl(physical, CTL_ON);
	bool early = get_ctl(physical) & CTL_STATUS || gic_get(ppi, GIC_ISPENDR);
	set_cval(physical, counter(physical) - 1);
	bool status = get_ctl(physical) & CTL_STATUS;
	bool pending = gic_get(ppi, GIC_ISPENDR);
	set_ctl(physical, CTL_ON | CTL_IMASK);
	bool masked = !gic_get(ppi, GIC_ISPENDR);
	set_ctl(physical, CTL_ON);
	bool back = gic_get(ppi, GIC_ISPENDR);
	set_cval(physical, counter(physical) + ticks(NSEC * 1000));
	bool gone = !gic_get(ppi, GIC_ISPENDR);
	set_ctl(physical, 0);
	check(!early && status && pending && masked && back && gone, name,
	      "early %u status %u pending %u masked %u back %u gone %u", early, status, pending,
	      masked, back, gone);
}

static void tval(void)
{
	sysreg_write(cntv_tval_el0, (u64)-5000);
	ISB();
	s32 v = (s32)sysreg_read(cntv_tval_el0);
	sysreg_write(cntp_tval_el0, (u64)-5000);
	ISB();
	s32 p = (s32)sysreg_read(cntp_tval_el0);
	check(v <= -5000 && v > -500000000 && p <= -5000 && p > -500000000, "tval", "%d %d", v, p);
	u64 a = counter(false), b = counter(false), c = counter(true), d = counter(true);
	check(b >= a && d >= c, "monotonic", "%lx %lx %lx %lx", a, b, c, d);
}

/* WFI ends by a pending interrupt even when interrupts are masked. */
static void masked_wfi(void)
{
	irq_off();
	gic_set(PPI_VTIMER, GIC_ISENABLER);
	u64 start = now();
	set_cval(false, start + ticks(5000000));
	set_ctl(false, CTL_ON);
	while (!(get_ctl(false) & CTL_STATUS) && now() - start < ticks(20 * NSEC))
		ASM("wfi");
	u64 slept = to_ns(now() - start);
	set_ctl(false, 0);
	irq_on();
	check(slept >= 4000000 && slept < 10 * NSEC, "masked-wfi", "%lu ns", slept);
}

void guest_main(void)
{
	tick_count = (u32)option("ticks", 100);
	period = ticks(option("period_us", 2000) * 1000);
	cpus_on = smp_start();
	irq_on();
	bits(false);
	bits(true);
	tval();
	masked_wfi();
	u64 start = now();
	on_all(virtual_ticks);
	u64 took = to_ns(now() - start) / 1000000;
	check(wrong == 0, "virtual-ticks", "%u came early or left no status", wrong);
	say("timer: %u CPUs, %u ticks of %lu us took %lu ms\n", cpus_on, tick_count,
	    option("period_us", 2000), took);
	report("virtual-late");
	wrong = 0;
	on_all(physical_ticks);
	check(wrong == 0, "physical-ticks", "%u came early or left no status", wrong);
	report("physical-late");
	finish();
}
