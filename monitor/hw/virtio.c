/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine's virtio-mmio slots: which are used, and their interrupts. */
#include "hw/virtio.h"

#include "hw/channel.h"
#include "hw/disk.h"
#include "hw/mmio.h"
#include "hw/virtio_regs.h"
#include "lib/percpu.h"
#include "lib/print.h"

enum virtio_id { ID_BLOCK = 2, ID_CONSOLE = 3 }; /* chapter 5 */

static struct slot {
	u64 base;
	u32 intid;
	u32 id;
	bool told; /* DEVICE_NEEDS_RESET was printed */
} slots[VIRTIO_MMIO_SLOTS];
static u32 slot_count;

void virtio_found(u64 base, u32 intid)
{
	u32 version, id;

	if (mmio_read32(base + VIRTIO_MAGIC) != VIRTIO_MAGIC_VALUE)
		return;
	version = mmio_read32(base + VIRTIO_VERSION);
	id = mmio_read32(base + VIRTIO_DEVICE_ID);
	if (id != ID_BLOCK && id != ID_CONSOLE)
		return;
	if (version != 2) {
		print("virtio at 0x%llx: device %u is legacy (version %u), not used; start the "
		      "machine with -global virtio-mmio.force-legacy=false\n",
		      (unsigned long long)base, id, version);
		return;
	}
	if (slot_count == VIRTIO_MMIO_SLOTS) {
		print("virtio at 0x%llx: more than %u devices, not used\n",
		      (unsigned long long)base, VIRTIO_MMIO_SLOTS);
		return;
	}
	slots[slot_count++] = (struct slot){.base = base, .intid = intid, .id = id};
}

void virtio_start(virtio_alloc *alloc)
{
	for (u32 i = 0; i < slot_count; i++) {
		if (slots[i].id == ID_BLOCK)
			disk_start(slots[i].base, alloc);
		else
			channel_start(slots[i].base, alloc);
	}
}

u32 virtio_intid(u32 i)
{
	return i < slot_count ? slots[i].intid : 0;
}

/* The device gave up (2.1.1): its requests stay where they are, so this must be seen. */
static void look_at_status(struct slot *s)
{
	if (s->told || !(mmio_read32(s->base + VIRTIO_STATUS) & STATUS_NEEDS_RESET))
		return;
	s->told = true;
	print("virtio at 0x%llx: device %u says that it needs a reset; its requests hang\n",
	      (unsigned long long)s->base, s->id);
}

bool virtio_interrupt(u32 intid)
{
	bool ours = false;
	for (u32 i = 0; i < slot_count; i++) {
		struct slot *s = &slots[i];
		u32 status;
		if (s->intid != intid)
			continue;
		ours = true;
		status = mmio_read32(s->base + VIRTIO_INTERRUPT_STATUS);
		mmio_write32(s->base + VIRTIO_INTERRUPT_ACK, status);
		if (status & 2)
			look_at_status(s);
		atomic_or(&this_cpu()->work, s->id == ID_BLOCK ? WORK_DISK : WORK_CONTROL);
	}
	return ours;
}
