/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making, resetting and freeing the devices of a VM. The order at the end of a VM's life:
 * its vCPUs have stopped; vdev_reset() cuts the devices off its memory; vdev_quiet() becomes
 * true when the machine's disks have answered; vdev_free().
 */
#include "lib/string.h"
#include "mem/node.h"
#include "vdev/devices.h"
#include "vdev/virtio.h"

#define SLOT_CONSOLE 0u
#define SLOT_ENTROPY 1u
#define SLOT_BALLOON 2u
#define SLOT_DISKS 3u

u32 vdev_node(const struct vm *vm)
{
	return vm->home == NODE_ANY ? this_cpu()->node : vm->home;
}

void vdev_count_add(struct vm *vm, enum counter c, u64 n)
{
	count_add(c, n);
	atomic_add_relaxed(&vm->devs->counts[c], n);
}

u64 vdev_count(const struct vm *vm, enum counter c)
{
	return vm->devs ? load_relaxed(&vm->devs->counts[c]) : 0;
}

/* All virtio devices, in the order of their slots. */
static enum err create_slots(struct vm *vm, const struct vdev_config *config)
{
	enum err e = vcons_create(vm, SLOT_CONSOLE);
	if (e == OK)
		e = vrng_create(vm, SLOT_ENTROPY);
	if (e == OK)
		e = vballoon_create(vm, SLOT_BALLOON);
	for (u32 i = 0; e == OK && i < config->disk_count; i++)
		e = vblk_create(vm, SLOT_DISKS + i, config->disks[i].volume,
				config->disks[i].readonly, config->disks[i].serial);
	return e;
}

enum err vdev_create(struct vm *vm, const struct vdev_config *config)
{
	struct vdevs *devs = monitor_alloc(vdev_node(vm), sizeof(*devs));
	enum err e;

	if (!devs)
		return ERR_MEMORY;
	vm->devs = devs;
	devs->vm = vm;
	lock_init(&devs->pl011.lock, LOCK_DEVICE);
	lock_init(&devs->pl031.lock, LOCK_DEVICE);
	e = console_create(vm);
	if (e == OK)
		e = create_slots(vm, config);
	if (e) {
		vdev_free(vm);
		return e;
	}
	vdev_reset(vm);
	return OK;
}

void vdev_reset(struct vm *vm)
{
	struct vdevs *devs = vm->devs;
	for (u32 i = 0; i < devs->slots; i++) {
		struct virtio *d = devs->virtio[i];
		lock(&d->lock);
		virtio_reset(d);
		unlock(&d->lock);
	}
	pl011_reset(vm);
	pl031_reset(vm);
	console_reset(vm);
}

/*
 * A CPU that completes a request or retries a pass holds the device's lock until it has
 * finished with the device, so what is seen under the lock is final.
 */
bool vdev_quiet(struct vm *vm)
{
	bool quiet = true;
	for (u32 i = 0; quiet && i < vm->devs->slots; i++) {
		struct virtio *d = vm->devs->virtio[i];
		lock(&d->lock);
		if (d->kind == VIRTIO_BLOCK && d->blk.flying)
			quiet = false;
		if (!retry_forget(d))
			quiet = false;
		unlock(&d->lock);
	}
	return quiet;
}

void vdev_free(struct vm *vm)
{
	struct vdevs *devs = vm->devs;
	for (u32 i = 0; i < devs->slots; i++)
		virtio_free(devs->virtio[i]);
	console_free(vm);
	monitor_free(devs, sizeof(*devs));
	vm->devs = NULL;
}

u32 vdev_slots(const struct vm *vm)
{
	return vm->devs->slots;
}
