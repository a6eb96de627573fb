/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The devices of one VM, for the files of this folder. Letters as in vcpu/vcpu.h: [I] fixed
 * once built, [A] atomic, [L] under the lock of the struct it stands in.
 */
#ifndef VDEV_DEVICES_H
#define VDEV_DEVICES_H

#include "lib/lock.h"
#include "vcpu/access.h"
#include "vdev/vdev.h"

/* Who feeds and drains a VM's console stream. */
enum console_user { CONSOLE_PL011, CONSOLE_VIRTIO, CONSOLE_USERS };

#define CONSOLE_INPUT 1024u /* typed bytes that a device has not taken yet; a power of two */

struct console {
	struct lock lock;         /* rank CONSOLE */
	char *history;            /* [I] CONSOLE_RING bytes; byte number n is at n % CONSOLE_RING */
	u64 end;                  /* [L] bytes ever written */
	u32 owner;                /* [L] enum console_user: who got what was typed last */
	u32 claims;               /* [L] number of: */
	u32 claim[CONSOLE_USERS]; /* [L] who has an unfinished line, latest last; console.c */
	u32 spoke;                /* [L] bits of users that have written since the reset */
	struct {
		u32 typed, taken; /* [L] bytes ever put in, and taken */
		char bytes[CONSOLE_INPUT];
	} input[CONSOLE_USERS];
};

#define PL011_PLAIN 11u /* registers from UARTILPR to UARTDMACR */

struct pl011 {
	struct lock lock;       /* rank DEVICE */
	u32 plain[PL011_PLAIN]; /* [L] those that only keep what was written */
	bool sent;              /* [L] UARTTXINTR is raised */
	bool line;              /* [L] level of its SPI */
};

struct pl031 {
	struct lock lock; /* rank DEVICE */
	u64 offset;       /* [L] added to the machine's clock; modulo 2^32 like the counter */
	u32 match, load;  /* [L] */
	bool armed;       /* [L] RTCMR was written and has not matched yet */
	bool raised;      /* [L] RTCRIS */
	bool unmasked;    /* [L] RTCIMSC */
	bool line;        /* [L] level of its SPI */
};

struct virtio;

struct vdevs {
	struct vm *vm; /* [I] */
	struct console console;
	struct pl011 pl011;
	struct pl031 pl031;
	u32 slots;                                /* [I] */
	struct virtio *virtio[VDEV_VIRTIO_SLOTS]; /* [I] by slot; NULL behind `slots` */
	u64 counts[COUNTER_COUNT];                /* [A] */
};

/* Counts an event of this VM's devices, on this CPU too. */
void vdev_count_add(struct vm *vm, enum counter c, u64 n);
/* Where a VM's records should be: its home node, or the one that asks. */
u32 vdev_node(const struct vm *vm);

/* --- console.c --- */
must_check enum err console_create(struct vm *vm);
void console_reset(struct vm *vm);
void console_free(struct vm *vm);
/* Output of the guest through one of its devices. */
void console_put(struct vm *vm, enum console_user who, const char *p, size_t n);
/* Takes at most n bytes that were typed for this device. */
size_t console_take(struct vm *vm, enum console_user who, char *to, size_t n);
/* How many bytes console_take() would give. */
u32 console_waiting(struct vm *vm, enum console_user who);
/* The virtio console lost its driver: input goes to the PL011 again. */
void console_forget(struct vm *vm, enum console_user who);

/* --- pl011.c, pl031.c --- */
void pl011_reset(struct vm *vm);
void pl011_access(struct vm *vm, struct access *a);
/* Typed bytes came. */
void pl011_input(struct vm *vm);
void pl031_reset(struct vm *vm);
void pl031_access(struct vm *vm, struct access *a);

/*
 * PL011 and PL031 have 32-bit registers at multiples of 4 and 8 bits of ID in each of the
 * last ones. An access inside a register, or to an odd place, reads as zero and writes
 * nothing; one of 8 bytes reaches the first register only.
 */
static inline bool register_access(const struct access *a)
{
	return (a->offset & 3) == 0;
}
/* Bytes 0 to 3: peripheral identification, 4 to 7: PrimeCell identification. */
#define PRIMECELL_ID 0xfe0u
static inline u32 primecell_id(u32 offset, u8 part)
{
	static const u8 rest[8] = {0, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};
	u32 i = (offset - PRIMECELL_ID) / 4;
	return i == 0 ? part : rest[i & 7];
}

#endif
