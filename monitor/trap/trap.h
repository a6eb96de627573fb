/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of the way from an exit back to a guest. */
#ifndef TRAP_TRAP_H
#define TRAP_TRAP_H

#include "vcpu/vcpu.h"

/* vectors.S */
extern char vectors[], vectors_pac[];
__attribute__((noreturn)) void guest_enter(struct vcpu *v);
__attribute__((noreturn)) void guest_enter_pac(struct vcpu *v);

/* exit.c: called by vectors.S with the vCPU whose registers are saved; return the next. */
struct vcpu *trap_sync(struct vcpu *v);
struct vcpu *trap_irq(struct vcpu *v);
struct vcpu *trap_serror(struct vcpu *v);
__attribute__((noreturn)) void trap_monitor_fault(u64 kind, u64 esr, u64 elr, u64 far, u64 sp);

/* irq.c: takes all interrupts of the machine that are pending on this CPU. */
void irq_take(void);

/* sysregs.c: a trapped MRS or MSR of `iss`. */
enum verdict sysreg_trap(struct vcpu *v, u32 iss);
/* idregs.c: what the guest sees in an ID register (op0 3, op1 0, crn 0, crm, op2). */
u64 idreg_value(u32 crm, u32 op2);

/* smccc.c: HVC or SMC #0 with the function in x0. */
enum verdict smccc_call(struct vcpu *v);

/* inject.c: an exception that the guest takes instead of going on. Return INJECT. */
enum verdict inject_undefined(struct vcpu *v);
enum verdict inject_abort(struct vcpu *v, u64 esr, u64 far);
/* Changes pc, pstate and the EL1 registers as the CPU does (Arm ARM, AArch64.TakeException). */
void inject_deliver(struct vcpu *v);

/* leave.c: the one way back. `verdict` is of v's exit; v may be NULL at boot. */
struct vcpu *leave(struct vcpu *v, enum verdict verdict);
/* Boot: this CPU starts to run guests; never returns. */
__attribute__((noreturn)) void leave_first(void);

#endif
