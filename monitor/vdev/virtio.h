/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio device of a VM: the mmio transport (virtio 1.2, 4.2) and what each kind keeps.
 * Letters: [I] fixed once built, [L] under the device's lock, [R] under the retry lock.
 */
#ifndef VDEV_VIRTIO_H
#define VDEV_VIRTIO_H

#include "lib/list.h"
#include "lib/lock.h"
#include "vdev/devices.h"
#include "vdev/ring.h"

enum virtio_kind { /* device ids of chapter 5 */
		   VIRTIO_BLOCK = 2,
		   VIRTIO_CONSOLE = 3,
		   VIRTIO_ENTROPY = 4,
		   VIRTIO_BALLOON = 5,
};

#define VIRTIO_QUEUES 5u
#define VIRTIO_CONFIG 64u /* bytes of configuration space, at most */

#define VIRTIO_F_INDIRECT_DESC BIT(28)
#define VIRTIO_F_EVENT_IDX BIT(29)
#define VIRTIO_F_VERSION_1 BIT(32)

#define STATUS_DRIVER_OK 4u
#define STATUS_FEATURES_OK 8u
#define STATUS_NEEDS_RESET 64u

#define ISR_QUEUE 1u
#define ISR_CONFIG 2u

/* One request of a block device, from the ring to the ring (vdev/blk.c). */
struct vblk_request;
struct vblk {
	u32 volume;    /* [I] index of volumes[] */
	bool readonly; /* [I] */
	char serial[CFG_SERIAL_MAX];
	u32 generation;            /* [L] counts resets: older requests end in nothing */
	u32 flying;                /* [L] requests that the disk has */
	u32 budget;		   /* [L] bytes that this pass may still copy */
	struct list unused;        /* [L] of the pool */
	struct list todo;          /* [L] to be advanced */
	struct vblk_request *pool; /* [I] */
};

struct vcons {
	u32 staged;     /* [L] bytes taken from the stream, not yet given to the guest */
	char stage[64]; /* [L] */
};

struct virtio {
	struct lock lock; /* rank DEVICE */
	struct vm *vm;    /* [I] */
	u32 slot;         /* [I] */
	u32 kind;         /* [I] enum virtio_kind */
	u32 queue_count;  /* [I] */
	u64 offered;      /* [I] feature bits */

	/* [L] transport registers */
	u64 accepted; /* feature bits */
	u32 device_sel, driver_sel, queue_sel;
	u32 status, isr, generation;
	bool line; /* level of its SPI */
	bool told; /* its first mistake was printed */
	u32 config_size;
	u8 config[VIRTIO_CONFIG];
	struct vqueue queue[VIRTIO_QUEUES];

	struct list retry_entry; /* [R] */
	u32 retry_state;         /* [R] enum retry_state */

	union { /* [L] by kind */
		struct vblk blk;
		struct vcons cons;
	};
};

/* --- virtio.c: transport --- */
must_check enum err virtio_create(struct vm *vm, u32 slot, u32 kind, u64 features, u32 queues);
void virtio_free(struct virtio *d);
void virtio_reset(struct virtio *d); /* locked */
/* An access to a slot's registers; d is NULL for an empty slot. */
enum verdict virtio_access(struct virtio *d, struct vcpu *v, struct access *a);
/*
 * Locked. Does what there is to do, at most about 20,000 instructions' worth: OK, ERR_WAIT
 * (see *w) or ERR_BUSY (more is left): call again. Mistakes of the guest end in NEEDS_RESET.
 */
must_check enum err virtio_pass(struct virtio *d, struct wait *w);
/* Locked. The same for callers that have no vCPU to wait: what is left goes on the list. */
void virtio_run(struct virtio *d);
/* Locked. The configuration space changed. */
void virtio_config_changed(struct virtio *d);
/* The driver is up and the device is not broken. */
static inline bool virtio_live(const struct virtio *d)
{
	u32 want = STATUS_DRIVER_OK | STATUS_FEATURES_OK;
	return (d->status & (want | STATUS_NEEDS_RESET)) == want;
}

/* --- retry.c --- */
void retry_init(struct virtio *d);
/* Locked device: it gets another pass later. */
void retry_add(struct virtio *d);
/* Off the list; false when another CPU has it in hand. */
bool retry_forget(struct virtio *d);

/* --- the kinds: one pass each, as virtio_pass(); errors of the ring are returned --- */
must_check enum err vblk_create(struct vm *vm, u32 slot, u32 volume, bool readonly, const char *serial);
void vblk_free(struct virtio *d);
must_check enum err vblk_pass(struct virtio *d, struct wait *w);
void vblk_forget(struct virtio *d); /* locked: the driver's requests are gone */

must_check enum err vcons_create(struct vm *vm, u32 slot);
must_check enum err vcons_pass(struct virtio *d, struct wait *w);
void vcons_forget(struct virtio *d);
/* Typed bytes came for the virtio console. */
void vcons_input(struct vm *vm);

must_check enum err vrng_create(struct vm *vm, u32 slot);
must_check enum err vrng_pass(struct virtio *d, struct wait *w);

must_check enum err vballoon_create(struct vm *vm, u32 slot);
must_check enum err vballoon_pass(struct virtio *d, struct wait *w);
/* The driver wrote a byte of the configuration space. */
void vballoon_config_write(struct virtio *d, u32 at, u8 value);

#endif
