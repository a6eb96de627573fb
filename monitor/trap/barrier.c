/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stop barrier. The CPU that runs a job which needs all VMs to stand still raises it
 * and interrupts the others; each comes to barrier_join() in leave.c, where it holds no lock
 * and is in the middle of nothing, and sleeps there until it is lowered. Only interrupts are
 * acknowledged meanwhile; what they ask for waits in cpu.work. The one place in the monitor
 * where a CPU waits for others; every path to leave.c is short, so the wait is too.
 */
#include "trap/barrier.h"

#include "control/life.h"
#include "hw/ipi.h"
#include "trap/trap.h"

static u32 raised;  /* CPU number + 1 of the owner */
static u32 arrived; /* CPUs that stand still */

void barrier_join(void)
{
	u32 owner = load_acquire(&raised);
	if (!owner || owner == this_cpu()->id + 1)
		return;
	atomic_add(&arrived, 1u);
	while (load_acquire(&raised)) {
		irq_take();
		/*
		 * The owner interrupts all when it lowers the barrier, but not whoever has
		 * the bit set already: so it is cleared before the last look.
		 */
		atomic_and(&this_cpu()->work, ~(u32)WORK_BARRIER);
		if (load_acquire(&raised))
			cpu_wait();
	}
	atomic_sub(&arrived, 1u);
}

static u32 others_online(void)
{
	u32 n = 0;
	for (u32 i = 0; i < cpu_count; i++)
		n += cpus[i] && cpus[i] != this_cpu() && cpus[i]->online;
	return n;
}

void barrier_run(struct job *j)
{
	/* The last barrier's CPUs may still be on their way out. */
	while (load_acquire(&arrived) != 0)
		cpu_relax();
	store_release(&raised, this_cpu()->id + 1);
	ipi_all(WORK_BARRIER);
	while (load_acquire(&arrived) != others_online())
		irq_take();
	while (!check_step(j)) {
		count(COUNTER_job_slices);
		irq_take();
	}
	store_release(&raised, 0u);
	ipi_all(WORK_BARRIER);
}
