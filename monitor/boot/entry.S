/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Power-on. The image header of the arm64 boot protocol (Linux, booting.rst), then: check
 * EL2, clear .bss, make the early tables, turn the MMU on, go to the linked address.
 *
 * Early tables: identity for the first GiB as device memory (the UART), for the GiBs of the
 * image and of the device tree as normal memory, and the image at its linked address: all
 * writable and executable, for the few instructions until boot/nodes.c has made the real ones.
 */
#include "arm64/asm.h"

	.section .text.head, "ax"
	.global	image_start_code
image_start_code:
	b	primary_entry
	.word	0
	.quad	0			/* text_offset */
	.quad	image_size
	.quad	0xa			/* little-endian, 4 KiB pages, anywhere in memory */
	.quad	0
	.quad	0
	.quad	0
	.ascii	"ARM\x64"
	.word	0

/* x0 = PA of the device tree */
primary_entry:
	msr	daifset, #15
	mov	x20, x0
	mrs	x1, CurrentEL
	cmp	x1, #(2 << 2)
	b.ne	not_el2
	mrs	x1, id_aa64isar0_el1
	ubfx	x1, x1, #20, #4		/* Atomic: all of C's atomics are LSE instructions */
	cbz	x1, not_lse
	adrp	x21, image_start	/* PA of the image */
	tst	x21, #(BLOCK_BYTES - 1)
	b.ne	not_aligned

	/*
	 * .bss holds the early tables and the boot stack. The MMU is off: what is written goes
	 * to memory, so no cache line of before may lie over it, neither now nor afterwards.
	 */
	bl	invalidate_bss
	adrp	x0, bss_start
	adrp	x1, bss_end
1:	stp	xzr, xzr, [x0], #16
	cmp	x0, x1
	b.lo	1b

	/* level 0: identity in entry 0, the image in entry 256 */
	adrp	x0, early_l0
	adrp	x1, early_l1
	adrp	x2, early_image_l1
	adrp	x3, early_image_l2
	orr	x4, x1, #3
	str	x4, [x0]
	orr	x4, x2, #3
	str	x4, [x0, #(256 * 8)]
	orr	x4, x3, #3
	str	x4, [x2]
	mov	x5, #EARLY_DEVICE
	str	x5, [x1]
	mov	x5, #EARLY_NORMAL
	lsr	x6, x20, #30		/* GiB of the device tree */
	orr	x7, x5, x6, lsl #30
	str	x7, [x1, x6, lsl #3]
	lsr	x6, x21, #30		/* GiB of the image */
	orr	x7, x5, x6, lsl #30
	str	x7, [x1, x6, lsl #3]
	add	x6, x6, #1		/* an image that crosses into the next one */
	orr	x7, x5, x6, lsl #30
	ldr	x8, [x1, x6, lsl #3]
	cbnz	x8, 2f
	str	x7, [x1, x6, lsl #3]
2:	mov	x6, #0			/* 16 MiB of image */
3:	add	x7, x21, x6, lsl #21
	orr	x7, x7, x5
	str	x7, [x3, x6, lsl #3]
	add	x6, x6, #1
	cmp	x6, #8
	b.lo	3b

	bl	invalidate_bss
	ldr	x30, =primary_high
	b	mmu_on

/* Uses x0 to x3. */
invalidate_bss:
	dmb	sy
	adrp	x0, bss_start
	adrp	x1, bss_end
	mrs	x2, ctr_el0
	ubfx	x2, x2, #16, #4		/* log2 of the words of a line */
	mov	x3, #4
	lsl	x3, x3, x2
1:	dc	ivac, x0
	add	x0, x0, x3
	cmp	x0, x1
	b.lo	1b
	dsb	sy
	ret

	.global	secondary_entry
/* x0 = PA of this CPU's struct smp_args: started by PSCI with the MMU off. */
secondary_entry:
	msr	daifset, #15
	mov	x20, x0
	ldr	x30, =secondary_high

/* x30 = address to go to. Uses x0 to x2. */
mmu_on:
	adrp	x0, early_l0
	msr	ttbr0_el2, x0
	ldr	x1, =MAIR_VALUE
	msr	mair_el2, x1
	/* 48-bit addresses, 4 KiB pages, write-back walks, inner shareable; PA size of the CPU */
	ldr	x1, =EARLY_TCR
	mrs	x2, id_aa64mmfr0_el1
	and	x2, x2, #7
	cmp	x2, #5
	mov	x0, #5
	csel	x2, x0, x2, hi
	orr	x1, x1, x2, lsl #16
	msr	tcr_el2, x1
	dsb	sy
	tlbi	alle2
	ic	iallu
	dsb	sy
	isb
	ldr	x1, =EARLY_SCTLR
	msr	sctlr_el2, x1
	isb
	br	x30

	.section .text
	.type primary_high, %function
primary_high:
	hint	#36			/* bti j */
	adrp	x0, boot_stack_top
	mov	sp, x0
	mov	x29, xzr
	msr	tpidr_el2, xzr
	ldr	x0, =vectors
	msr	vbar_el2, x0
	isb
	mov	x0, x20
	mov	x1, x21
	bl	boot_main
	b	.

	.type secondary_high, %function
secondary_high:
	hint	#36
	/* the image's addresses differ from its PAs by a constant */
	adrp	x1, image_start
	ldr	x2, =image_pa
	ldr	x2, [x2]
	sub	x0, x20, x2
	add	x0, x0, x1
	ldr	x3, [x0]		/* smp_args.root */
	ldr	x4, [x0, #8]		/* smp_args.cpu */
	msr	ttbr0_el2, x3
	isb
	tlbi	alle2
	dsb	sy
	isb
	msr	tpidr_el2, x4
	ldr	x5, [x0, #16]		/* smp_args.stack_top */
	mov	sp, x5
	mov	x29, xzr
	ldr	x1, =vectors
	msr	vbar_el2, x1
	isb
	bl	smp_secondary_main
	b	.

/* void call_on_stack(u64 top, void (*fn)(void)) __attribute__((noreturn)) */
	.global	call_on_stack
	.type	call_on_stack, %function
call_on_stack:
	hint	#34
	mov	sp, x0
	mov	x29, xzr
	blr	x1
	b	.

/* Without EL2 there is nothing that we could do but say so on the UART of `virt`. */
	.section .text.head, "ax"
not_el2:
	adr	x1, 4f
	b	complain
not_lse:
	adr	x1, 6f
	b	complain
not_aligned:
	adr	x1, 5f
complain:
	mov	x2, #0x09000000
1:	ldrb	w3, [x1], #1
	cbz	w3, 2f
	str	w3, [x2]
	b	1b
2:	wfi
	b	2b
4:	.asciz	"disco: not started at EL2: the machine needs virtualization=on\r\n"
5:	.asciz	"disco: the image must be loaded at a multiple of 2 MiB\r\n"
6:	.asciz	"disco: the CPU has no LSE atomics: Armv8.1 or later is needed\r\n"
	.balign	8
	.ltorg

	.bss
	.balign	4096
early_l0:	.skip 4096
early_l1:	.skip 4096
early_image_l1:	.skip 4096
early_image_l2:	.skip 4096
boot_stack:	.skip 16384
	.global	boot_stack_top
boot_stack_top:
