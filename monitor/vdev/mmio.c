/* SPDX-License-Identifier: BSD-2-Clause */
/* Which device an access outside memory is for. */
#include "vdev/devices.h"
#include "vdev/virtio.h"

/* Offset of the access from `base` when it starts within `size` bytes of it, in *offset. */
static bool within(const struct access *a, u64 base, u64 size, u32 *offset)
{
	u64 distance = a->ipa.v - base;
	if (distance >= size)
		return false;
	*offset = (u32)distance;
	return true;
}

/* A read gives no more bytes than were asked for. */
static void trim(struct access *a)
{
	if (!a->write && a->size < 8)
		a->value &= BIT(8u * a->size) - 1;
}

enum err vdev_access(struct vcpu *v, struct access *a, enum verdict *verdict)
{
	struct vm *vm = v->vm;

	*verdict = VERDICT_SKIP;
	if (within(a, VDEV_PL011_BASE, PAGE_SIZE, &a->offset)) {
		pl011_access(vm, a);
	} else if (within(a, VDEV_PL031_BASE, PAGE_SIZE, &a->offset)) {
		pl031_access(vm, a);
	} else if (within(a, VDEV_VIRTIO_BASE, VDEV_VIRTIO_SLOTS * VDEV_VIRTIO_STRIDE,
			  &a->offset)) {
		u32 slot = a->offset / (u32)VDEV_VIRTIO_STRIDE;
		a->offset %= (u32)VDEV_VIRTIO_STRIDE;
		*verdict = virtio_access(vm->devs->virtio[slot], v, a);
	} else {
		return ERR_ABSENT;
	}
	trim(a);
	return OK;
}
