/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time: the CPU's list of deadlines on the hypervisor timer, the guest's virtual timer
 * (direct while loaded) and its emulated EL1 timer.
 */
#ifndef VCPU_TIMER_H
#define VCPU_TIMER_H

#include "vcpu/vcpu.h"

/* Sets or moves a deadline of this CPU's list; the hardware timer follows. */
void timer_arm(struct timer *t, u64 when);
void timer_disarm(struct timer *t);
/* The next due timer, taken off the list, or NULL. For trap/leave.c. */
struct timer *timer_due(void);
/* The slice deadline of this CPU: 0 = none. */
void timer_slice(u64 when);

/* Called by vcpu_load and vcpu_unload. */
void vtimer_load(struct vcpu *v);
void vtimer_unload(struct vcpu *v);
/* v's emulated timer: registers written, or due; sets the level of PPI 30. */
void ptimer_update(struct vcpu *v);
/* True when v's virtual timer would interrupt now (it is loaded here or saved). */
bool vtimer_asserted(struct vcpu *v);

u64 ticks_to_ns(u64 ticks);
u64 ns_to_ticks(u64 ns);

#endif
