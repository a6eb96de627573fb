/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Offsets that assembly needs. Compiled to assembly text, from which the build makes
 * gen/offsets.h; trap/exit.c asserts that what was generated is what C sees.
 */
#include "lib/percpu.h"
#include "vcpu/vcpu.h"

#define OFFSET(name, type, member) \
	__asm__ volatile("\n.ascii \"->" #name " %0\"" ::"i"(offsetof(type, member)))

void offsets(void);
void offsets(void)
{
	OFFSET(CPU_CURRENT, struct cpu, current);
	OFFSET(CPU_STACK_TOP, struct cpu, stack_top);
	OFFSET(CPU_PANIC_STACK_TOP, struct cpu, panic_stack_top);
	OFFSET(CPU_PAC_KEY, struct cpu, pac_key);
	OFFSET(VCPU_PC, struct vcpu, regs.pc);
	OFFSET(VCPU_X30, struct vcpu, regs.x[30]);
	OFFSET(VCPU_APIA, struct vcpu, sys.apia);
}
