/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupts of the machine: acknowledged here, acted on in leave.c. */
#include "hw/gic.h"
#include "hw/timer.h"
#include "hw/uart.h"
#include "hw/virtio.h"
#include "trap/trap.h"

static void take(u32 intid)
{
	struct cpu *c = this_cpu();
	switch (intid) {
	case GIC_SGI_WORK: /* the bits are in cpu.work already */
		break;
	case GIC_PPI_HYP_TIMER:
		timer_set(~0ull); /* a level: or it comes again at once */
		atomic_or(&c->work, WORK_TIMER);
		break;
	case GIC_PPI_MAINTENANCE:
		if (c->current)
			vgic_maintenance(c->current);
		break;
	default:
		if (intid == uart_intid()) {
			uart_mask();
			atomic_or(&c->work, WORK_CONSOLE);
		} else if (!virtio_interrupt(intid)) {
			count(COUNTER_spurious);
		}
	}
}

void irq_take(void)
{
	for (;;) {
		u32 intid = gic_acknowledge();
		if (intid >= GIC_SPURIOUS - 3)
			break;
		if (intid == GIC_PPI_VTIMER) {
			/* Stays active: the guest's own deactivation ends it. */
			struct vcpu *v = this_cpu()->current;
			if (v)
				vgic_vtimer_fired(v);
			else
				gic_deactivate(intid);
			continue;
		}
		take(intid);
		gic_deactivate(intid);
	}
}
