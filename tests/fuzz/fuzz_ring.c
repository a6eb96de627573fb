/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that knows no rules: its memory around the rings, its register writes, kicks, and
 * the machine's disk in any order. Nothing may crash, hang, leak a frame or touch memory
 * outside; the sanitizers and the fakes' own checks watch.
 *
 * Input: device slot, feature bits, number of operations, the operations (16 bytes each),
 * then memory from MEMORY_AT on. Built with small RAM_BYTES and DISK_BYTES.
 */
#include <string.h>

#include "fake_guest.h"

#define MEMORY_AT (RAM_BASE + 0x1000)
#define QUEUE_AT(i) (MEMORY_AT + 0x1000 * (u64)(i))
#define QUEUE_SIZE 8u

struct operation {
	u8 kind, a, b, c;
	u32 value;
	u8 bytes[8];
};
_Static_assert(sizeof(struct operation) == 16, "as the corpus has it");

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void operate(struct vm *vm, u32 slot, const struct operation *o)
{
	u64 at = MEMORY_AT + (o->a | (u64)o->b << 8) % (RAM_BYTES - 0x2000);
	switch (o->kind % 10) {
	case 0:
		mmio_write(vm, SLOT(slot) + 0x50, 4, o->a % 8);
		break;
	case 1:
		fake_disk_step(o->a & 1);
		break;
	case 2:
		vdev_retry();
		break;
	case 3:
		console_type(vm, (const char *)o->bytes, o->a % 9);
		break;
	case 4: /* any register, any size */
		mmio_write(vm, SLOT(slot) + (o->a | (u64)(o->b & 1) << 8), 1u << (o->c & 3),
			   o->value);
		break;
	case 5: /* another CPU of the guest writes */
		memcpy(ram(at), o->bytes, sizeof(o->bytes));
		break;
	case 6:
		fake_disk_errors = o->a & 3;
		fake_no_frames = o->b & 3;
		break;
	case 7:
		fake_wait_random = o->a % 16 < 4 ? 0 : o->a % 16;
		break;
	case 8: /* the driver moves an available index */
		(*(u16 *)ram(QUEUE_AT(o->a % 5) + 16 * QUEUE_SIZE + 2))++;
		break;
	default:
		mmio_read(vm, SLOT(slot) + (o->a | (u64)(o->b & 1) << 8), 1u << (o->c & 3));
		break;
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct driver_queue q;
	struct vm *vm;
	u32 slot, count;

	if (size < 4)
		return 0;
	slot = data[0] % 4;
	count = data[2] % 64;
	vm = fake_vm_make(1, data[1] & 1);
	driver_start(vm, slot, (data[1] & 2 ? BIT(28) : 0) | (data[1] & 4 ? BIT(29) : 0));
	for (u32 i = 0; i < 5; i++)
		driver_queue(&q, vm, slot, i, QUEUE_SIZE, QUEUE_AT(i));
	mmio_write(vm, SLOT(slot) + 0x70, 4, 15);
	data += 4;
	size -= 4;
	size_t skip = MIN(size, count * sizeof(struct operation));
	memcpy(ram(MEMORY_AT), data + skip, MIN(size - skip, RAM_BYTES - 0x1000));
	for (u32 i = 0; i < count && size >= sizeof(struct operation); i++) {
		struct operation o;
		memcpy(&o, data, sizeof(o));
		operate(vm, slot, &o);
		data += sizeof(o);
		size -= sizeof(o);
	}
	fake_wait_random = 0;
	fake_no_frames = 0;
	for (u32 i = 0; i < 1000; i++) /* a guest may keep a device busy for ever */
		if (!vdev_retry() && !fake_disk_step(false))
			break;
	fake_vm_end(vm);
	return 0;
}
