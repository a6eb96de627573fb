/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine's PL011 (DDI 0183): the serial line of last resort. */
#ifndef HW_UART_H
#define HW_UART_H

#include "lib/types.h"

void uart_init(u64 address, u32 intid);
/* Waits for room: early boot and panic only. */
void uart_put(char c);
/* Sends what fits now; returns how many bytes were taken. */
size_t uart_write(const char *p, size_t n);
/* A received byte, or -1. */
int uart_get(void);
/* No interrupts until uart_want_room(): its interrupt was taken and work is noted. */
void uart_mask(void);
/* Interrupts on: for received bytes, and for room to send when output is left. */
void uart_want_room(bool on);
u32 uart_intid(void);

#endif
