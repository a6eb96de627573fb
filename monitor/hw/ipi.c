/* SPDX-License-Identifier: BSD-2-Clause */
/* IPIs: a bit in the target's work word, then an SGI. */
#include "hw/ipi.h"

#include "arm64/tlb.h"
#include "hw/gic.h"

void ipi_send(u32 cpu, u32 work)
{
	struct cpu *c = cpus[cpu];
	u32 old = atomic_or(&c->work, work);
	/* Bits that were set already have an SGI on its way, or their CPU is looking. */
	if (c == this_cpu() || (old & work) == work)
		return;
	count(COUNTER_ipis);
	dsb_ishst(); /* the bits before the interrupt */
	gic_send_sgi(c->mpidr, GIC_SGI_WORK);
}

void ipi_all(u32 work)
{
	for (u32 i = 0; i < cpu_count; i++)
		if (cpus[i] && cpus[i]->online && cpus[i] != this_cpu())
			ipi_send(i, work);
}
