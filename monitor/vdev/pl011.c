/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PL011 UART of a VM (DDI 0183), as QEMU's `virt` has it: a line without wires. What is
 * sent is gone at once, so the transmitter is never busy or full. What was typed waits in
 * the VM's console stream; the receive FIFO of 16 bytes is the view of its first 16.
 *
 * Differences that a driver could see: the baud rate, UARTEN, TXE, RXE and loop-back do
 * nothing (as in QEMU: early consoles send before anybody set the line up); there are no
 * modem lines, no line errors and no DMA; receive and receive-timeout interrupts follow the
 * FIFO, so clearing them by UARTICR while bytes remain has no effect, and the timeout comes
 * with the first byte instead of 32 bit times after the last.
 */
#include "vdev/devices.h"

#include "lib/string.h"

enum pl011_register {
	UARTDR = 0x000,
	UARTFR = 0x018,
	UARTILPR = 0x020,
	UARTIBRD = 0x024,
	UARTFBRD = 0x028,
	UARTLCR_H = 0x02c,
	UARTCR = 0x030,
	UARTIFLS = 0x034,
	UARTIMSC = 0x038,
	UARTRIS = 0x03c,
	UARTMIS = 0x040,
	UARTICR = 0x044,
	UARTDMACR = 0x048,
};
#define PLAIN(offset) (((u32)(offset)-UARTILPR) / 4) /* index in struct pl011.plain */

#define FR_RXFE (1u << 4)
#define FR_RXFF (1u << 6)
#define FR_TXFE (1u << 7)
#define LCRH_FEN (1u << 4)
#define INT_RX (1u << 4)
#define INT_TX (1u << 5)
#define INT_RT (1u << 6)
#define INT_ALL 0x7ffu
#define FIFO_DEPTH 16u

/* Number of bytes at which the receive interrupt comes (table 3-13). */
static u32 receive_level(const struct pl011 *u)
{
	static const u8 level[8] = {2, 4, 8, 12, 14, 14, 14, 14};
	return u->plain[PLAIN(UARTLCR_H)] & LCRH_FEN ? level[(u->plain[PLAIN(UARTIFLS)] >> 3) & 7]
						     : 1;
}

static u32 fifo_depth(const struct pl011 *u)
{
	return u->plain[PLAIN(UARTLCR_H)] & LCRH_FEN ? FIFO_DEPTH : 1;
}

static u32 raw_interrupts(struct vm *vm)
{
	const struct pl011 *u = &vm->devs->pl011;
	u32 waiting = console_waiting(vm, CONSOLE_PL011);
	u32 raw = u->sent ? INT_TX : 0;
	if (waiting >= receive_level(u))
		raw |= INT_RX;
	if (waiting)
		raw |= INT_RT;
	return raw;
}

/* The one line of the combined interrupt follows UARTMIS. */
static void update_line(struct vm *vm)
{
	struct pl011 *u = &vm->devs->pl011;
	bool level = (raw_interrupts(vm) & u->plain[PLAIN(UARTIMSC)]) != 0;
	lock_assert(&u->lock);
	if (level == u->line)
		return;
	u->line = level;
	vgic_spi(vm, VDEV_PL011_INTID, level);
}

static u32 flags(struct vm *vm)
{
	u32 waiting = console_waiting(vm, CONSOLE_PL011);
	u32 fr = FR_TXFE;
	if (!waiting)
		fr |= FR_RXFE;
	if (waiting >= fifo_depth(&vm->devs->pl011))
		fr |= FR_RXFF;
	return fr;
}

static u32 receive(struct vm *vm)
{
	char c = 0;
	return console_take(vm, CONSOLE_PL011, &c, 1) ? (u8)c : 0;
}

/* A register that only keeps what was written, and the bits that it has. */
static u32 *plain_register(struct pl011 *u, u32 offset, u32 *mask)
{
	static const u16 masks[PL011_PLAIN] = {
		[PLAIN(UARTILPR)] = 0xff,    [PLAIN(UARTIBRD)] = 0xffff, [PLAIN(UARTFBRD)] = 0x3f,
		[PLAIN(UARTLCR_H)] = 0xff,   [PLAIN(UARTCR)] = 0xffff,   [PLAIN(UARTIFLS)] = 0x3f,
		[PLAIN(UARTIMSC)] = INT_ALL, [PLAIN(UARTDMACR)] = 7,
	};
	u32 i = PLAIN(offset); /* huge below UARTILPR */
	*mask = i < PL011_PLAIN ? masks[i] : 0;
	return *mask ? &u->plain[i] : NULL;
}

static u32 read_register(struct vm *vm, u32 offset)
{
	struct pl011 *u = &vm->devs->pl011;
	u32 mask, *plain = plain_register(u, offset, &mask);
	if (plain)
		return *plain;
	switch (offset) {
	case UARTDR:
		return receive(vm);
	case UARTFR:
		return flags(vm);
	case UARTRIS:
		return raw_interrupts(vm);
	case UARTMIS:
		return raw_interrupts(vm) & u->plain[PLAIN(UARTIMSC)];
	default: /* UARTRSR: no errors; reserved */
		return offset >= PRIMECELL_ID ? primecell_id(offset, 0x11) : 0;
	}
}

static void write_register(struct vm *vm, u32 offset, u32 value)
{
	struct pl011 *u = &vm->devs->pl011;
	u32 mask, *plain = plain_register(u, offset, &mask);
	char c = (char)value;

	if (plain) {
		*plain = value & mask;
	} else if (offset == UARTDR) {
		console_put(vm, CONSOLE_PL011, &c, 1);
		u->sent = true; /* the FIFO fell to its level again */
	} else if (offset == UARTICR && (value & INT_TX)) {
		u->sent = false;
	} /* UARTECR: no errors; read-only, reserved */
}

void pl011_access(struct vm *vm, struct access *a)
{
	struct pl011 *u = &vm->devs->pl011;
	lock(&u->lock);
	if (!register_access(a))
		a->value = 0;
	else if (a->write)
		write_register(vm, a->offset, (u32)a->value);
	else
		a->value = read_register(vm, a->offset);
	update_line(vm);
	unlock(&u->lock);
}

void pl011_input(struct vm *vm)
{
	lock(&vm->devs->pl011.lock);
	update_line(vm);
	unlock(&vm->devs->pl011.lock);
}

/* Section 3.2, reset values; receiver and transmitter on. */
void pl011_reset(struct vm *vm)
{
	struct pl011 *u = &vm->devs->pl011;
	lock(&u->lock);
	memset(u->plain, 0, sizeof(u->plain));
	u->plain[PLAIN(UARTCR)] = 0x300;
	u->plain[PLAIN(UARTIFLS)] = 0x12;
	u->sent = false;
	update_line(vm);
	unlock(&u->lock);
}
