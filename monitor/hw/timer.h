/* SPDX-License-Identifier: BSD-2-Clause */
/* The generic timer at EL2 (Arm ARM D11): counter and hypervisor timer (PPI 26). */
#ifndef HW_TIMER_H
#define HW_TIMER_H

#include "lib/types.h"

extern u64 timer_hz; /* CNTFRQ_EL0 */

static inline u64 timer_now(void);
/* Interrupts at counter value `when`; ~0 turns it off. */
void timer_set(u64 when);
void timer_cpu_init(void);
u64 timer_ns(void); /* since boot */

#ifdef DISCO_HOST
extern u64 fake_counter;
static inline u64 timer_now(void)
{
	return fake_counter;
}
static inline u64 timer_now_fast(void)
{
	return fake_counter;
}
#else
#include "arm64/cpu.h"
static inline u64 timer_now(void)
{
	return cpu_counter();
}
/* Without waiting for earlier instructions: good enough for accounts. */
static inline u64 timer_now_fast(void)
{
	return sysreg_read(CNTPCT_EL0);
}
#endif

#endif
