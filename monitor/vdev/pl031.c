/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PL031 real-time clock of a VM (DDI 0224): seconds since 1970, from the machine's clock
 * plus an offset that the guest moves by writing RTCLR.
 *
 * The match interrupt is checked only when the guest touches the clock: a guest that sets an
 * alarm and sleeps is not woken by it. Linux uses this alarm for suspend to memory only,
 * which the virtual machine does not offer; the generic timer does the rest.
 */
#include "vdev/devices.h"

#include "hw/timer.h"

enum pl031_register {
	RTCDR = 0x00,
	RTCMR = 0x04,
	RTCLR = 0x08,
	RTCCR = 0x0c,
	RTCIMSC = 0x10,
	RTCRIS = 0x14,
	RTCMIS = 0x18,
	RTCICR = 0x1c,
};

/* Without a clock of the machine: seconds since it was switched on. */
static u64 seconds_since_boot(void)
{
	return timer_ns() / 1000000000u;
}
u64 (*wall_clock_seconds)(void) = seconds_since_boot;

static u32 now(const struct pl031 *r)
{
	return (u32)(wall_clock_seconds() + r->offset);
}

static void update_line(struct vm *vm)
{
	struct pl031 *r = &vm->devs->pl031;
	bool level;
	if (r->armed && (s32)(now(r) - r->match) >= 0) {
		r->armed = false;
		r->raised = true;
	}
	level = r->raised && r->unmasked;
	if (level == r->line)
		return;
	r->line = level;
	vgic_spi(vm, VDEV_PL031_INTID, level);
}

static u32 read_register(const struct pl031 *r, u32 offset)
{
	switch (offset) {
	case RTCDR:
		return now(r);
	case RTCMR:
		return r->match;
	case RTCLR:
		return r->load;
	case RTCCR:
		return 1; /* it always runs */
	case RTCIMSC:
		return r->unmasked;
	case RTCRIS:
		return r->raised;
	case RTCMIS:
		return r->raised && r->unmasked;
	default:
		return offset >= PRIMECELL_ID ? primecell_id(offset, 0x31) : 0;
	}
}

static void write_register(struct pl031 *r, u32 offset, u32 value)
{
	switch (offset) {
	case RTCMR:
		r->match = value;
		r->armed = true;
		break;
	case RTCLR:
		r->load = value;
		r->offset = (u64)value - wall_clock_seconds();
		break;
	case RTCIMSC:
		r->unmasked = value & 1;
		break;
	case RTCICR:
		if (value & 1)
			r->raised = false;
		break;
	default:
		break;
	}
}

void pl031_access(struct vm *vm, struct access *a)
{
	struct pl031 *r = &vm->devs->pl031;
	lock(&r->lock);
	update_line(vm); /* what is due by now is seen by this access */
	if (!register_access(a))
		a->value = 0;
	else if (a->write)
		write_register(r, a->offset, (u32)a->value);
	else
		a->value = read_register(r, a->offset);
	update_line(vm);
	unlock(&r->lock);
}

/* A reset of the machine does not set its clock back. */
void pl031_reset(struct vm *vm)
{
	struct pl031 *r = &vm->devs->pl031;
	lock(&r->lock);
	r->match = r->load = 0;
	r->armed = r->raised = r->unmasked = false;
	update_line(vm);
	unlock(&r->lock);
}
