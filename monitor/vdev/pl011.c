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

enum pl011_register {
	UARTDR = 0x000,
	UARTRSR = 0x004,
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
	return u->lcrh & LCRH_FEN ? level[(u->ifls >> 3) & 7] : 1;
}

static u32 fifo_depth(const struct pl011 *u)
{
	return u->lcrh & LCRH_FEN ? FIFO_DEPTH : 1;
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
	bool level = (raw_interrupts(vm) & u->imsc) != 0;
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

static u32 read_register(struct vm *vm, u32 offset)
{
	const struct pl011 *u = &vm->devs->pl011;
	switch (offset) {
	case UARTDR:
		return receive(vm);
	case UARTFR:
		return flags(vm);
	case UARTILPR:
		return u->ilpr;
	case UARTIBRD:
		return u->ibrd;
	case UARTFBRD:
		return u->fbrd;
	case UARTLCR_H:
		return u->lcrh;
	case UARTCR:
		return u->cr;
	case UARTIFLS:
		return u->ifls;
	case UARTIMSC:
		return u->imsc;
	case UARTRIS:
		return raw_interrupts(vm);
	case UARTMIS:
		return raw_interrupts(vm) & u->imsc;
	case UARTDMACR:
		return u->dmacr;
	default: /* UARTRSR: no errors; reserved */
		return offset >= PRIMECELL_ID ? primecell_id(offset, 0x11) : 0;
	}
}

static void write_register(struct vm *vm, u32 offset, u32 value)
{
	struct pl011 *u = &vm->devs->pl011;
	char c = (char)value;
	switch (offset) {
	case UARTDR:
		console_put(vm, CONSOLE_PL011, &c, 1);
		u->sent = true; /* the FIFO fell to its level again */
		break;
	case UARTILPR:
		u->ilpr = value & 0xff;
		break;
	case UARTIBRD:
		u->ibrd = value & 0xffff;
		break;
	case UARTFBRD:
		u->fbrd = value & 0x3f;
		break;
	case UARTLCR_H:
		u->lcrh = value & 0xff;
		break;
	case UARTCR:
		u->cr = value & 0xffff;
		break;
	case UARTIFLS:
		u->ifls = value & 0x3f;
		break;
	case UARTIMSC:
		u->imsc = value & INT_ALL;
		break;
	case UARTICR:
		if (value & INT_TX)
			u->sent = false;
		break;
	case UARTDMACR:
		u->dmacr = value & 7;
		break;
	default: /* UARTECR: no errors; read-only, reserved */
		break;
	}
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
	u->ilpr = u->ibrd = u->fbrd = u->lcrh = u->imsc = u->dmacr = 0;
	u->cr = 0x300;
	u->ifls = 0x12;
	u->sent = false;
	update_line(vm);
	unlock(&u->lock);
}
