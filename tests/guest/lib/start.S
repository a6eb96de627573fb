/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a test guest begins: the 64-byte header of an arm64 Image, the first CPU, the other
 * CPUs (started by PSCI with their struct cpu in x0), and the vectors.
 */
	.macro	store_fp		/* to [x0], which moves on */
	.irp	pair, "q0, q1", "q2, q3", "q4, q5", "q6, q7", "q8, q9", "q10, q11", \
		"q12, q13", "q14, q15", "q16, q17", "q18, q19", "q20, q21", "q22, q23", \
		"q24, q25", "q26, q27", "q28, q29", "q30, q31"
	stp	\pair, [x0], #32
	.endr
	.endm

	.section .head, "ax"
	.global	_start
_start:
	b	primary
	.word	0
	.quad	0			/* text_offset */
	.quad	image_size
	.quad	0xa			/* little-endian, 4 KiB pages, anywhere in memory */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.word	0

/* x0 = device tree. All other registers are kept in first_regs: `isolate` looks at them. */
primary:
	msr	tpidr_el1, x0
	adr	x0, first_regs
	stp	x1, x2, [x0], #16
	stp	x3, x4, [x0], #16
	stp	x5, x6, [x0], #16
	stp	x7, x8, [x0], #16
	stp	x9, x10, [x0], #16
	stp	x11, x12, [x0], #16
	stp	x13, x14, [x0], #16
	stp	x15, x16, [x0], #16
	stp	x17, x18, [x0], #16
	stp	x19, x20, [x0], #16
	stp	x21, x22, [x0], #16
	stp	x23, x24, [x0], #16
	stp	x25, x26, [x0], #16
	stp	x27, x28, [x0], #16
	stp	x29, x30, [x0], #16
	mrs	x19, tpidr_el1
	mov	x1, #(3 << 20)		/* no traps of FP and SIMD */
	msr	cpacr_el1, x1
	isb
	store_fp
	mrs	x1, tpidr_el0
	mrs	x2, tpidrro_el0
	stp	x1, x2, [x0], #16
	mrs	x1, contextidr_el1
	mrs	x2, sp_el0
	stp	x1, x2, [x0], #16
	mrs	x1, par_el1
	mrs	x2, ttbr1_el1
	stp	x1, x2, [x0], #16

	adrp	x1, bss_start
	adrp	x2, bss_end
1:	stp	xzr, xzr, [x1]
	stp	xzr, xzr, [x1, #16]
	stp	xzr, xzr, [x1, #32]
	stp	xzr, xzr, [x1, #48]
	dc	ivac, x1
	add	x1, x1, #64
	cmp	x1, x2
	b.lo	1b
	adrp	x1, boot_stack + 16384
	mov	sp, x1
	bl	mmu_tables
	bl	mmu_on
	mov	x0, x19
	bl	guest_start

/* x0 = struct cpu, its first word is the top of its stack */
	.global	secondary
secondary:
	mov	x19, x0
	ldr	x1, [x0]
	mov	sp, x1
	mov	x1, #(3 << 20)
	msr	cpacr_el1, x1
	bl	mmu_on
	mov	x0, x19
	bl	secondary_start

	.text
	.macro	vector kind
	.balign	0x80
	sub	sp, sp, #(34 * 8)
	stp	x0, x1, [sp]
	mov	x0, #\kind
	b	common
	.endm

common:
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x19, [sp, #144]
	stp	x20, x21, [sp, #160]
	stp	x22, x23, [sp, #176]
	stp	x24, x25, [sp, #192]
	stp	x26, x27, [sp, #208]
	stp	x28, x29, [sp, #224]
	mrs	x1, elr_el1
	mrs	x2, spsr_el1
	stp	x30, x1, [sp, #240]
	str	x2, [sp, #256]
	mov	x1, sp
	bl	exception
	ldr	x2, [sp, #256]
	ldp	x30, x1, [sp, #240]
	msr	elr_el1, x1
	msr	spsr_el1, x2
	ldp	x2, x3, [sp, #16]
	ldp	x4, x5, [sp, #32]
	ldp	x6, x7, [sp, #48]
	ldp	x8, x9, [sp, #64]
	ldp	x10, x11, [sp, #80]
	ldp	x12, x13, [sp, #96]
	ldp	x14, x15, [sp, #112]
	ldp	x16, x17, [sp, #128]
	ldp	x18, x19, [sp, #144]
	ldp	x20, x21, [sp, #160]
	ldp	x22, x23, [sp, #176]
	ldp	x24, x25, [sp, #192]
	ldp	x26, x27, [sp, #208]
	ldp	x28, x29, [sp, #224]
	ldp	x0, x1, [sp]
	add	sp, sp, #(34 * 8)
	eret

	.balign	0x800
	.global	vectors
vectors:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	vector	\n
	.endr

/* fp_fill(u64 seed): register n gets seed + n in both halves. */
	.global	fp_fill
fp_fill:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	dup	v\n\().2d, x0
	add	x0, x0, #1
	.endr
	.irp	n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	dup	v\n\().2d, x0
	add	x0, x0, #1
	.endr
	ret

/* fp_store(u64 to[64]) */
	.global	fp_store
fp_store:
	store_fp
	ret

	.section .data
	.balign	64
	.global	first_regs
first_regs:
	.zero	(30 + 64 + 6) * 8 + 64
