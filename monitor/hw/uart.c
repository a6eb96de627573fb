/* SPDX-License-Identifier: BSD-2-Clause */
/* PL011 (DDI 0183, chapter 3). */
#include "hw/uart.h"

#include "hw/mmio.h"

#define UART_DR 0x00
#define UART_FR 0x18
#define UART_LCRH 0x2c
#define UART_CR 0x30
#define UART_IFLS 0x34
#define UART_IMSC 0x38
#define UART_ICR 0x44

#define FR_RXFE (1u << 4)
#define FR_TXFF (1u << 5)
#define INT_RX (1u << 4)
#define INT_TX (1u << 5)
#define INT_RT (1u << 6)

static u64 base;
static u32 irq;

void uart_init(u64 address, u32 intid)
{
	base = address;
	irq = intid;
	mmio_write32(base + UART_IMSC, 0);
	mmio_write32(base + UART_ICR, 0x7ff);
	mmio_write32(base + UART_LCRH, 0x70); /* 8 bits, FIFOs */
	mmio_write32(base + UART_CR, 0x301);  /* on, both directions */
	mmio_write32(base + UART_IMSC, INT_RX | INT_RT);
}

void uart_put(char c)
{
	if (!base)
		return;
	if (c == '\n')
		uart_put('\r');
	while (mmio_read32(base + UART_FR) & FR_TXFF)
		;
	mmio_write32(base + UART_DR, (u8)c);
}

size_t uart_write(const char *p, size_t n)
{
	size_t i = 0;
	while (base && i < n && !(mmio_read32(base + UART_FR) & FR_TXFF))
		mmio_write32(base + UART_DR, (u8)p[i++]);
	return base ? i : n;
}

int uart_get(void)
{
	if (!base || mmio_read32(base + UART_FR) & FR_RXFE)
		return -1;
	return (int)(mmio_read32(base + UART_DR) & 0xff);
}

void uart_mask(void)
{
	mmio_write32(base + UART_IMSC, 0);
}

void uart_want_room(bool on)
{
	if (base)
		mmio_write32(base + UART_IMSC, INT_RX | INT_RT | (on ? INT_TX : 0));
}

u32 uart_intid(void)
{
	return irq;
}
