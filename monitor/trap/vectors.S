/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vectors of EL2 (Arm ARM D1.3.1), and the way back into a guest.
 *
 * On an exit: x0 to x30, pc and pstate go to the vCPU's struct regs (the start of struct
 * vcpu), the CPU's own stack is empty (sp was left at its top), and C is called with the
 * vCPU; it answers with the vCPU to enter next. Where the CPU has pointer authentication,
 * the guest's key IA is kept and the monitor's own one loaded: that is the second table,
 * so that others pay nothing.
 */
#include "offsets.h"

#define APIAKEYLO S3_0_C2_C1_0
#define APIAKEYHI S3_0_C2_C1_1

	.section .text.vectors, "ax"

/* In: guest's registers. Out: x0 = struct vcpu, all of them saved. */
.macro save_guest
	stp	x0, x1, [sp, #-16]!
	mrs	x0, tpidr_el2
	ldr	x0, [x0, #CPU_CURRENT]
	stp	x2, x3, [x0, #16]
	stp	x4, x5, [x0, #32]
	stp	x6, x7, [x0, #48]
	stp	x8, x9, [x0, #64]
	stp	x10, x11, [x0, #80]
	stp	x12, x13, [x0, #96]
	stp	x14, x15, [x0, #112]
	stp	x16, x17, [x0, #128]
	stp	x18, x19, [x0, #144]
	stp	x20, x21, [x0, #160]
	stp	x22, x23, [x0, #176]
	stp	x24, x25, [x0, #192]
	stp	x26, x27, [x0, #208]
	stp	x28, x29, [x0, #224]
	ldp	x2, x3, [sp], #16
	mrs	x4, elr_el2
	mrs	x5, spsr_el2
	stp	x2, x3, [x0, #0]
	str	x30, [x0, #VCPU_X30]
	stp	x4, x5, [x0, #VCPU_PC]
	mov	x29, xzr
.endm

/* In: x0 = struct vcpu. Uses x2 to x6. */
.macro keys_in_monitor
	mrs	x2, APIAKEYLO
	mrs	x3, APIAKEYHI
	add	x4, x0, #VCPU_APIA
	stp	x2, x3, [x4]
	mrs	x5, tpidr_el2
	ldp	x2, x3, [x5, #CPU_PAC_KEY]
	msr	APIAKEYLO, x2
	msr	APIAKEYHI, x3
	isb
.endm

.macro from_guest offset, target, table
	.org	\table + \offset
	save_guest
	b	\target
.endm

.macro from_monitor offset, kind, table
	.org	\table + \offset
	mov	x5, sp
	mov	x0, #\kind
	b	monitor_fault
.endm

.macro from_nowhere offset, table
	.org	\table + \offset
	mov	x5, sp
	mov	x0, #9
	b	monitor_fault
.endm

.macro table name, sync, irq, serror
	.balign	2048
	.global	\name
\name:
	/* current EL with SP_EL0: never used */
	from_nowhere 0x000, \name
	from_nowhere 0x080, \name
	from_nowhere 0x100, \name
	from_nowhere 0x180, \name
	/* current EL: a bug of the monitor (interrupts are masked) */
	from_monitor 0x200, 0, \name
	from_monitor 0x280, 1, \name
	from_monitor 0x300, 2, \name
	from_monitor 0x380, 3, \name
	/* a guest in AArch64 */
	from_guest 0x400, \sync, \name
	from_guest 0x480, \irq, \name
	from_guest 0x500, \irq, \name
	from_guest 0x580, \serror, \name
	/* a guest in AArch32 (EL0): the same registers */
	from_guest 0x600, \sync, \name
	from_guest 0x680, \irq, \name
	from_guest 0x700, \irq, \name
	from_guest 0x780, \serror, \name
	/* past 0x80 bytes a vector stops the build at the next .org */
	.org	\name + 0x800
.endm

	table vectors, exit_sync, exit_irq, exit_serror
	table vectors_pac, exit_sync_pac, exit_irq_pac, exit_serror_pac

exit_sync:
	bl	trap_sync
	b	enter_guest
exit_irq:
	bl	trap_irq
	b	enter_guest
exit_serror:
	bl	trap_serror
	b	enter_guest
exit_sync_pac:
	keys_in_monitor
	bl	trap_sync
	b	enter_guest_pac
exit_irq_pac:
	keys_in_monitor
	bl	trap_irq
	b	enter_guest_pac
exit_serror_pac:
	keys_in_monitor
	bl	trap_serror
	b	enter_guest_pac

/*
 * void guest_enter(struct vcpu *v) __attribute__((noreturn)): from C, at boot and out of the
 * first idle loop; the stack is emptied.
 */
	.global	guest_enter
	.type	guest_enter, %function
guest_enter:
	hint	#34 /* bti c */
	mrs	x1, tpidr_el2
	ldr	x1, [x1, #CPU_STACK_TOP]
	mov	sp, x1
	b	enter_guest
	.global	guest_enter_pac
	.type	guest_enter_pac, %function
guest_enter_pac:
	hint	#34
	mrs	x1, tpidr_el2
	ldr	x1, [x1, #CPU_STACK_TOP]
	mov	sp, x1

/* In: x0 = struct vcpu that is loaded in this CPU. */
enter_guest_pac:
	add	x4, x0, #VCPU_APIA
	ldp	x2, x3, [x4]
	msr	APIAKEYLO, x2
	msr	APIAKEYHI, x3
enter_guest:
	ldp	x2, x3, [x0, #VCPU_PC]
	msr	elr_el2, x2
	msr	spsr_el2, x3
	ldr	x30, [x0, #VCPU_X30]
	ldp	x28, x29, [x0, #224]
	ldp	x26, x27, [x0, #208]
	ldp	x24, x25, [x0, #192]
	ldp	x22, x23, [x0, #176]
	ldp	x20, x21, [x0, #160]
	ldp	x18, x19, [x0, #144]
	ldp	x16, x17, [x0, #128]
	ldp	x14, x15, [x0, #112]
	ldp	x12, x13, [x0, #96]
	ldp	x10, x11, [x0, #80]
	ldp	x8, x9, [x0, #64]
	ldp	x6, x7, [x0, #48]
	ldp	x4, x5, [x0, #32]
	ldp	x2, x3, [x0, #16]
	ldp	x0, x1, [x0, #0]
	eret
	dsb	nsh /* no speculation past the way out */
	isb

/* x0 = kind of exception, x5 = the stack at fault: report on the other stack. */
monitor_fault:
	mrs	x1, esr_el2
	mrs	x2, elr_el2
	mrs	x3, far_el2
	mrs	x4, tpidr_el2
	cbz	x4, 1f
	ldr	x4, [x4, #CPU_PANIC_STACK_TOP]
	cbz	x4, 1f			/* early in boot */
	mov	sp, x4
1:	mov	x4, x5
	mov	x29, xzr
	bl	trap_monitor_fault
2:	wfi
	b	2b
