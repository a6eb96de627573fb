/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All CPUs: on by PSCI, each counts, pings the next one by SGI, has its timer fire; SGIs to
 * all; then all but the first power off and come back once more. `rounds=N` pings each.
 */
#include "lib/guest.h"

#define SGI_PING 1u
#define SGI_ALL 2u
#define LIMIT (120 * NSEC)

static u32 cpus_on, rounds;
static volatile u32 sum;
static volatile u32 lost;

static void ping(u32 intid)
{
	(void)intid;
}

static void count(u32 id)
{
	(void)id;
	for (u32 i = 0; i < 1000; i++)
		__atomic_add_fetch(&sum, 1, __ATOMIC_RELAXED);
}

/* A ring: each sends to the next, and waits for the one before. */
static void ring(u32 id)
{
	self()->irq = ping;
	barrier();
	for (u32 i = 1; i <= rounds; i++) {
		gic_sgi((id + 1) % cpus_on, SGI_PING);
		if (!wait_for(&self()->irqs[SGI_PING], i, LIMIT)) {
			fail("ring", "CPU %u round %u: no SGI in 120 s", id, i);
			__atomic_add_fetch(&lost, 1, __ATOMIC_RELAXED);
			return;
		}
		/* The next may be a round ahead: an SGI that is pending isn't pending twice. */
		barrier();
	}
}

/* Each in turn to all others; every SGI is waited for, so each one must come. */
static void to_all(u32 id)
{
	u32 want = 0;

	for (u32 from = 0; from < cpus_on; from++) {
		want += from != id;
		if (from == id)
			gic_sgi_others(SGI_ALL);
		if (!wait_for(&self()->irqs[SGI_ALL], want, LIMIT)) {
			fail("to-all", "CPU %u: no SGI from %u in 120 s", id, from);
			__atomic_add_fetch(&lost, 1, __ATOMIC_RELAXED);
			return;
		}
		barrier();
	}
}

static void timer(u32 id)
{
	u32 before = self()->irqs[PPI_VTIMER];
	volatile u32 never = 0;

	(void)id;
	for (u32 i = 0; i < 5; i++)
		wait_for(&never, 1, 2000000);
	if (self()->irqs[PPI_VTIMER] - before < 3)
		__atomic_add_fetch(&lost, 1, __ATOMIC_RELAXED);
}

static void go_off(u32 id)
{
	irq_off();
	hvc(PSCI_CPU_OFF, 0, 0, 0);
	fail("cpu-off", "CPU %u came back", id);
}

/* CPU_OFF, seen by AFFINITY_INFO; ALREADY_ON for one that runs. The last test: they stay off. */
static void power(void)
{
	u64 running = hvc(PSCI_CPU_ON, board.mpidr[cpus_on - 1], (u64)image_start, 0).x0;
	check((s64)running == -4, "already-on", "answer %ld", (s64)running);
	on_others(go_off);
	u64 end = now() + ticks(LIMIT);
	u32 off = 0;
	while (off < cpus_on - 1 && now() < end) {
		off = 0;
		for (u32 i = 1; i < cpus_on; i++)
			off += hvc(PSCI_AFFINITY_INFO, board.mpidr[i], 0, 0).x0 == 1;
	}
	check(off == cpus_on - 1, "cpu-off", "%u of %u are off", off, cpus_on - 1);
	check(smp_start() == cpus_on, "on-again", "not all");
	sum = 0;
	on_all(count);
	check(sum == cpus_on * 1000, "count-again", "%u of %u", sum, cpus_on * 1000);
}

void guest_main(void)
{
	rounds = (u32)option("rounds", 20);
	cpus_on = smp_start();
	say("smp: %u CPUs are on\n", cpus_on);
	check(cpus_on == board.cpu_count, "all-on", "%u of %u", cpus_on, board.cpu_count);
	irq_on();
	on_all(count);
	check(sum == cpus_on * 1000, "count", "%u of %u", sum, cpus_on * 1000);
	on_all(ring);
	check(lost == 0, "ring", "%u CPUs missed an SGI", lost);
	lost = 0;
	on_all(to_all);
	check(lost == 0, "to-all", "%u CPUs missed an SGI", lost);
	lost = 0;
	on_all(timer);
	check(lost == 0, "timers", "silent on %u CPUs", lost);
	if (cpus_on > 1)
		power();
	finish();
}
