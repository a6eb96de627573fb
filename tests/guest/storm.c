/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * As many exits as can be had, on all CPUs at once, a kind at a time; prints what one costs.
 * `n=N` of each kind (2000), `spin=1`: never ends (for kill and pause).
 */
#include "lib/guest.h"

static u32 count;
static volatile u32 wrong;

static void storm_hvc(u32 id)
{
	(void)id;
	for (u32 i = 0; i < count; i++)
		if (hvc(PSCI_VERSION, 0, 0, 0).x0 < 0x10000)
			__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
}

static void storm_wfe(u32 id)
{
	(void)id;
	for (u32 i = 0; i < count; i++)
		ASM("sevl; wfe; yield");
}

static void storm_sysreg(u32 id)
{
	(void)id;
	for (u32 i = 0; i < count; i++)
		if (!(sysreg_read(id_aa64pfr0_el1) & 15))
			__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
}

static void storm_mmio(u32 id)
{
	(void)id;
	for (u32 i = 0; i < count; i++)
		if (mmio_read(GICD + 0xffe8) >> 4 != 3)
			__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
}

static void storm_device(u32 id)
{
	(void)id;
	for (u32 i = 0; i < count; i++)
		if (mmio_read(0x09000fe0) != 0x11) /* PL011: PeriphID0 */
			__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
}

static void nothing(u32 intid)
{
	(void)intid;
}

static void storm_sgi(u32 id)
{
	self()->irq = nothing;
	for (u32 i = 0; i < count; i++)
		gic_sgi(id, 7);
}

static void storm_timer(u32 id)
{
	volatile u32 never = 0;

	(void)id;
	for (u32 i = 0; i < count / 50; i++)
		wait_for(&never, 1, 20000);
}

static u8 *fresh[CPUS_MAX];

static void storm_touch(u32 id)
{
	for (u32 i = 0; i < count / 8; i++)
		fresh[id][i * PAGE] = 1;
}

static void storm_undefined(u32 id)
{
	struct trap t;

	(void)id;
	for (u32 i = 0; i < count / 4; i++)
		if (!trap_read(0x3000000000ull, 8, NULL, &t))
			__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
}

static void one(const char *name, void (*fn)(u32 id), u32 n)
{
	u64 start = now();

	on_all(fn);
	u64 ns = to_ns(now() - start);
	say("storm: %s %lu ns each\n", name, ns / (n ? n : 1));
	check(wrong == 0, name, "%u wrong answers", wrong);
	wrong = 0;
}

static void spin(u32 id)
{
	for (u64 i = 0;; i++) {
		hvc(PSCI_VERSION, 0, 0, 0);
		if (id == 0 && i % 200000 == 0)
			say("storm: still here\n");
	}
}

void guest_main(void)
{
	count = (u32)option("n", 2000);
	u32 cpus_on = smp_start();
	irq_on();
	for (u32 i = 0; i < cpus_on; i++)
		fresh[i] = take(count / 8 * PAGE);
	say("storm: %u CPUs\n", cpus_on);
	if (option("spin", 0))
		on_all(spin);
	one("hvc", storm_hvc, count);
	one("wfe", storm_wfe, count);
	one("sysreg", storm_sysreg, count);
	one("gic", storm_mmio, count);
	one("device", storm_device, count);
	one("sgi", storm_sgi, count);
	one("timer", storm_timer, count / 50);
	one("touch", storm_touch, count / 8);
	one("abort", storm_undefined, count / 4);
	finish();
}
