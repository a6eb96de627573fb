/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stolen time (DEN0057): every vCPU has its structure, outside of the RAM it is told of; the
 * time in it never falls, and grows on CPUs that are shared. `ms=N` of work (500);
 * `least=PERCENT` of the wall time must have been stolen in all (0), `most=PERCENT` (100).
 */
#include "lib/guest.h"

#define PV_TIME_FEATURES 0xc5000020u
#define PV_TIME_ST 0xc5000021u

struct stolen {
	u32 revision, attributes;
	volatile u64 ns;
	u8 rest[48];
};

static struct stolen *places[CPUS_MAX];
static u64 grown[CPUS_MAX];
static volatile u32 wrong;

static void find(u32 id)
{
	places[id] = (struct stolen *)hvc(PV_TIME_ST, 0, 0, 0).x0;
}

static void work(u32 id)
{
	struct stolen *p = places[id];
	u64 first = p->ns, last = first;
	u64 end = now() + ticks(option("ms", 500) * 1000000);

	while (now() < end) {
		for (volatile u32 i = 0; i < 1000; i++)
			;
		if (p->ns < last)
			__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
		last = p->ns;
	}
	grown[id] = last - first;
}

void guest_main(void)
{
	if (!on_disco()) {
		say("steal: not on plain QEMU\n");
		finish();
	}
	u32 cpus_on = smp_start();
	irq_on();
	check(hvc(0x80000001u, PV_TIME_FEATURES, 0, 0).x0 == 0, "arch-features", "not offered");
	check(hvc(PV_TIME_FEATURES, PV_TIME_ST, 0, 0).x0 == 0, "features", "not offered");
	check((s64)hvc(PV_TIME_FEATURES, 0x12345678, 0, 0).x0 == -1, "no-feature", "answered");
	on_all(find);
	for (u32 i = 0; i < cpus_on; i++) {
		u64 at = (u64)places[i];
		if ((s64)at < 0 || at % 64 ||
		    (at >= board.ram && at < board.ram + board.ram_size)) {
			fail("place", "CPU %u: %lx", i, at);
			finish();
		}
		for (u32 k = 0; k < i; k++)
			if (places[k] == places[i])
				fail("place", "CPUs %u and %u share one", k, i);
		if (places[i]->revision || places[i]->attributes)
			fail("structure", "CPU %u: %x %x", i, places[i]->revision,
			     places[i]->attributes);
	}
	ok("place");
	on_all(work);
	check(wrong == 0, "rising", "%u steps back", wrong);
	u64 sum = 0;
	for (u32 i = 0; i < cpus_on; i++)
		sum += grown[i];
	u64 percent = sum * 100 / (option("ms", 500) * 1000000 * cpus_on);
	say("steal: %lu %% of the time\n", percent);
	check(percent >= option("least", 0), "least", "%lu %%", percent);
	check(percent <= option("most", 100), "most", "%lu %%", percent);
	finish();
}
