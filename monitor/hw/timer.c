/* SPDX-License-Identifier: BSD-2-Clause */
/* Counter and hypervisor timer. */
#include "hw/timer.h"

#include "arm64/sysreg.h"

u64 timer_hz;
static u64 boot_ticks;

void timer_cpu_init(void)
{
	if (!timer_hz) {
		timer_hz = sysreg_read(CNTFRQ_EL0);
		boot_ticks = timer_now();
	}
	timer_set(~0ull);
	/* The guest reads the counter freely; its EL1 timer is ours to emulate. */
	sysreg_write(CNTHCTL_EL2, CNTHCTL_EL1PCTEN);
}

void timer_set(u64 when)
{
	if (when == ~0ull) {
		sysreg_write(CNTHP_CTL_EL2, CNT_IMASK);
	} else {
		sysreg_write(CNTHP_CVAL_EL2, when);
		sysreg_write(CNTHP_CTL_EL2, CNT_ENABLE);
	}
	isb();
}

u64 timer_ns(void)
{
	u64 t = timer_now() - boot_ticks;
	return t / timer_hz * 1000000000ull + t % timer_hz * 1000000000ull / timer_hz;
}
