/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console stream of a VM. Output of the PL011 and of the virtio console goes to one
 * history, so that the operator sees boot messages (PL011) and the login (hvc0 or ttyAMA0)
 * in one place. Input has one rule: it goes to the device that the guest last used for
 * output. A guest that prints on hvc0 reads hvc0; until its driver is there, and after it
 * was reset, the PL011 has it.
 *
 * Positions count bytes since the VM was made. The lock is a leaf for everything but the
 * log: callers hold the lock of their device.
 */
#include "vdev/devices.h"

#include "lib/string.h"
#include "mem/node.h"
#include "vdev/virtio.h"

u64 console_dirty[(CFG_VMS_MAX + 63) / 64];

/* The history is allocated with the devices and lives as long as they. */
enum err console_create(struct vm *vm)
{
	struct console *c = &vm->devs->console;
	lock_init(&c->lock, LOCK_CONSOLE);
	c->history = monitor_alloc(vdev_node(vm), CONSOLE_RING);
	return c->history ? OK : ERR_MEMORY;
}

void console_free(struct vm *vm)
{
	if (vm->devs->console.history)
		monitor_free(vm->devs->console.history, CONSOLE_RING);
}

/* What was typed for the machine before is gone; what it said stays. */
void console_reset(struct vm *vm)
{
	struct console *c = &vm->devs->console;
	lock(&c->lock);
	c->taken = c->typed;
	c->user = CONSOLE_PL011;
	unlock(&c->lock);
}

void console_forget(struct vm *vm, enum console_user who)
{
	struct console *c = &vm->devs->console;
	lock(&c->lock);
	if (c->user == who)
		c->user = CONSOLE_PL011;
	unlock(&c->lock);
}

/* Copies n bytes into the history from byte number `at` on. */
static void history_store(struct console *c, u64 at, const char *p, size_t n)
{
	size_t start = at % CONSOLE_RING;
	size_t first = MIN(n, CONSOLE_RING - start);
	memcpy(c->history + start, p, first);
	memcpy(c->history, p + first, n - first);
}

void console_put(struct vm *vm, enum console_user who, const char *p, size_t n)
{
	struct console *c = &vm->devs->console;
	u32 bit = vm->number % CFG_VMS_MAX;

	lock(&c->lock);
	c->user = who;
	for (size_t done = 0; done < n;) {
		size_t part = MIN(n - done, CONSOLE_RING);
		history_store(c, c->end, p + done, part);
		c->end += part;
		done += part;
	}
	unlock(&c->lock);
	vdev_count_add(vm, COUNTER_console_bytes, n);
	atomic_or(&console_dirty[bit / 64], BIT(bit % 64));
	atomic_or(&this_cpu()->work, WORK_CONSOLE);
}

size_t console_read(struct vm *vm, u64 *position, char *to, size_t n)
{
	struct console *c = &vm->devs->console;
	size_t start, first;

	lock(&c->lock);
	if (c->end - *position > CONSOLE_RING) /* also when the reader is ahead */
		*position = *position > c->end ? c->end : c->end - CONSOLE_RING;
	n = MIN(n, c->end - *position);
	start = *position % CONSOLE_RING;
	first = MIN(n, CONSOLE_RING - start);
	memcpy(to, c->history + start, first);
	memcpy(to + first, c->history, n - first);
	*position += n;
	unlock(&c->lock);
	return n;
}

u64 console_end(struct vm *vm)
{
	struct console *c = &vm->devs->console;
	u64 end;
	lock(&c->lock);
	end = c->end;
	unlock(&c->lock);
	return end;
}

size_t console_type(struct vm *vm, const char *p, size_t n)
{
	struct console *c = &vm->devs->console;
	u32 user;

	lock(&c->lock);
	n = MIN(n, (size_t)(CONSOLE_INPUT - (c->typed - c->taken)));
	for (size_t i = 0; i < n; i++)
		c->input[c->typed++ % CONSOLE_INPUT] = p[i];
	user = c->user;
	unlock(&c->lock);
	if (user == CONSOLE_VIRTIO)
		vcons_input(vm);
	else
		pl011_input(vm);
	return n;
}

size_t console_take(struct vm *vm, enum console_user who, char *to, size_t n)
{
	struct console *c = &vm->devs->console;
	lock(&c->lock);
	n = c->user == who ? MIN(n, (size_t)(c->typed - c->taken)) : 0;
	for (size_t i = 0; i < n; i++)
		to[i] = c->input[c->taken++ % CONSOLE_INPUT];
	unlock(&c->lock);
	return n;
}

u32 console_waiting(struct vm *vm, enum console_user who)
{
	struct console *c = &vm->devs->console;
	u32 n;
	lock(&c->lock);
	n = c->user == who ? c->typed - c->taken : 0;
	unlock(&c->lock);
	return n;
}
