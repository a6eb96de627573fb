/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console stream of a VM. Output of the PL011 and of the virtio console goes to one
 * history, so that the operator sees boot messages (PL011) and the login (hvc0 or ttyAMA0)
 * in one place.
 *
 * Input stays with the device that got what was typed last, its owner, until the other one
 * claims it by starting a line. A claim ends with its line, and then the one below has the
 * input again; so whole lines only borrow it: a kernel message on the PL011 shall not take
 * the keyboard from a shell on hvc0. What is typed while a claim is open (the line was a
 * prompt) makes the claimant the owner. An owner that has never said anything is not there.
 * Each typed byte is for the user of that moment, and waits in a queue of its own.
 *
 *   owner PL011   hvc0 "login: "     claims: hvc0           typing goes to hvc0
 *                 PL011 "[ 1.2] u"   claims: hvc0, PL011
 *                 PL011 "sb\n"       claims: hvc0
 *   owner hvc0    (typed)            claims: none
 *
 * What it can't know: a program that prints whole lines on one device and then reads without
 * a prompt, while the other device owns the input, waits for ever.
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
	for (u32 i = 0; i < CONSOLE_USERS; i++)
		c->input[i].taken = c->input[i].typed;
	c->owner = CONSOLE_PL011;
	c->claims = c->spoke = 0;
	unlock(&c->lock);
}

/* Whose input it is now. */
static u32 user_locked(const struct console *c)
{
	lock_assert(&c->lock);
	return c->claims ? c->claim[c->claims - 1] : c->owner;
}

static void drop_claim_locked(struct console *c, u32 who)
{
	u32 kept = 0;
	for (u32 i = 0; i < c->claims; i++)
		if (c->claim[i] != who)
			c->claim[kept++] = c->claim[i];
	c->claims = kept;
}

/* `who` has written something that ends with `last`. */
static void claim_locked(struct console *c, u32 who, char last)
{
	if (!(c->spoke & (1u << c->owner)))
		c->owner = who;
	c->spoke |= 1u << who;
	if (user_locked(c) != who) {
		drop_claim_locked(c, who);
		c->claim[c->claims++] = who;
	}
	if (last == '\n')
		drop_claim_locked(c, who);
}

void console_forget(struct vm *vm, enum console_user who)
{
	struct console *c = &vm->devs->console;
	lock(&c->lock);
	c->input[who].taken = c->input[who].typed;
	c->spoke &= ~(1u << who);
	drop_claim_locked(c, who);
	if (c->owner == who)
		c->owner = CONSOLE_PL011;
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

	if (n == 0)
		return;
	lock(&c->lock);
	claim_locked(c, who, p[n - 1]);
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
	u32 user, room;

	lock(&c->lock);
	user = user_locked(c);
	room = CONSOLE_INPUT - (c->input[user].typed - c->input[user].taken);
	n = MIN(n, (size_t)room);
	for (size_t i = 0; i < n; i++)
		c->input[user].bytes[c->input[user].typed++ % CONSOLE_INPUT] = p[i];
	c->owner = user;
	c->claims = 0;
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
	n = MIN(n, (size_t)(c->input[who].typed - c->input[who].taken));
	for (size_t i = 0; i < n; i++)
		to[i] = c->input[who].bytes[c->input[who].taken++ % CONSOLE_INPUT];
	unlock(&c->lock);
	return n;
}

u32 console_waiting(struct vm *vm, enum console_user who)
{
	struct console *c = &vm->devs->console;
	u32 n;
	lock(&c->lock);
	n = c->input[who].typed - c->input[who].taken;
	unlock(&c->lock);
	return n;
}
