/* SPDX-License-Identifier: BSD-2-Clause */
/* Output by PL011, a small printf, the results. */
#include "guest.h"

#include <stdarg.h>

#define UART 0x09000000ull
#define UART_FR 0x18u
#define FR_TXFF (1u << 5)

static volatile u32 print_lock;
volatile u32 failures;

void put(char c)
{
	while (mmio_read(UART + UART_FR) & FR_TXFF)
		relax();
	mmio_write(UART, (u32)(u8)c);
}

static void put_number(u64 v, u32 base, u32 width, char fill)
{
	char text[24];
	u32 n = 0;

	do {
		text[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	for (; width > n; width--)
		put(fill);
	while (n)
		put(text[--n]);
}

static const char *put_item(const char *f, va_list *args)
{
	u32 width = 0, longs = 0;
	char fill = *f == '0' ? '0' : ' ';
	s64 v;

	for (; *f >= '0' && *f <= '9'; f++)
		width = width * 10 + (u32)(*f - '0');
	for (; *f == 'l'; f++)
		longs++;
	switch (*f) {
	case 's':
		for (const char *s = va_arg(*args, const char *); *s; s++)
			put(*s);
		break;
	case 'c':
		put((char)va_arg(*args, int));
		break;
	case 'd':
		v = longs ? va_arg(*args, s64) : va_arg(*args, int);
		if (v < 0)
			put('-');
		put_number(v < 0 ? -(u64)v : (u64)v, 10, width, fill);
		break;
	case 'u':
		put_number(longs ? va_arg(*args, u64) : va_arg(*args, u32), 10, width, fill);
		break;
	case 'x':
		put_number(longs ? va_arg(*args, u64) : va_arg(*args, u32), 16, width, fill);
		break;
	default:
		put('%');
	}
	return f;
}

static void say_args(const char *f, va_list *args)
{
	for (; *f; f++) {
		if (*f == '%')
			f = put_item(f + 1, args);
		else
			put(*f);
	}
}

/* The lock is taken with interrupts off: a handler may print, too. */
static u64 begin(void)
{
	u64 daif = sysreg_read(daif);

	irq_off();
	while (__atomic_exchange_n(&print_lock, 1, __ATOMIC_ACQUIRE))
		relax();
	return daif;
}

static void end(u64 daif)
{
	store_release(&print_lock, 0);
	sysreg_write(daif, daif);
}

void say(const char *format, ...)
{
	u64 daif = begin();
	va_list args;

	va_start(args, format);
	say_args(format, &args);
	va_end(args);
	end(daif);
}

void ok(const char *name)
{
	say("%s: ok\n", name);
}

void fail(const char *name, const char *format, ...)
{
	u64 daif = begin();
	va_list args;

	failures++;
	for (const char *s = name; *s; s++)
		put(*s);
	for (const char *s = ": FAIL "; *s; s++)
		put(*s);
	va_start(args, format);
	say_args(format, &args);
	va_end(args);
	put('\n');
	end(daif);
}

void finish(void)
{
	say(failures ? "FAIL\n" : "PASS\n");
	power_off();
}

void *memset(void *to, int c, size_t n)
{
	for (volatile u8 *p = to; n; n--)
		*p++ = (u8)c;
	return to;
}

void *memcpy(void *to, const void *from, size_t n)
{
	volatile u8 *p = to;

	for (const u8 *q = from; n; n--)
		*p++ = *q++;
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const volatile u8 *p = a;

	for (const u8 *q = b; n; n--, p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (((const volatile char *)s)[n])
		n++;
	return n;
}

bool equal(const char *a, const char *b)
{
	return strlen(a) == strlen(b) && memcmp(a, b, strlen(a)) == 0;
}
