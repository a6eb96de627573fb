/* SPDX-License-Identifier: BSD-2-Clause */
/* Formatting, and the log ring. */
#include "lib/print.h"

#include "lib/lock.h"
#include "lib/string.h"

u64 (*log_clock)(void);
void (*log_early)(char c);

static struct lock log_lock = {.rank = LOCK_PRINT};
static char log_ring[LOG_SIZE];
static u64 log_written;    /* bytes since boot */
static bool log_midline;   /* the last byte was not a newline */

struct out {
	char *to;
	size_t size;
	size_t length;
};

static void out_char(struct out *o, char c)
{
	if (o->length + 1 < o->size)
		o->to[o->length] = c;
	o->length++;
}

static void out_text(struct out *o, const char *s, size_t n, size_t width, bool left)
{
	size_t pad = width > n ? width - n : 0;
	for (size_t i = 0; !left && i < pad; i++)
		out_char(o, ' ');
	for (size_t i = 0; i < n; i++)
		out_char(o, s[i]);
	for (size_t i = 0; left && i < pad; i++)
		out_char(o, ' ');
}

static void out_number(struct out *o, u64 v, bool negative, u32 base, size_t width, char pad)
{
	char digits[24];
	size_t n = 0;
	do {
		digits[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	size_t used = n + negative;
	for (; pad == ' ' && used < width; used++)
		out_char(o, ' ');
	if (negative)
		out_char(o, '-');
	for (; pad == '0' && used < width; used++)
		out_char(o, '0');
	while (n)
		out_char(o, digits[--n]);
}

/* What stands between '%' and the conversion letter. */
struct spec {
	bool left;
	bool wide; /* 64 bits */
	char pad;
	size_t width;
};

static const char *parse_spec(const char *f, struct spec *s, va_list *args)
{
	*s = (struct spec){.pad = ' '};
	for (;; f++) {
		if (*f == '-')
			s->left = true;
		else if (*f == '0')
			s->pad = '0';
		else
			break;
	}
	if (*f == '*') {
		s->width = (size_t)va_arg(*args, int);
		f++;
	}
	for (; *f >= '0' && *f <= '9'; f++)
		s->width = s->width * 10 + (size_t)(*f - '0');
	for (; *f == 'l' || *f == 'z'; f++)
		s->wide = true;
	return f;
}

static void convert(struct out *o, char c, const struct spec *s, va_list *args)
{
	switch (c) {
	case 'd': {
		s64 v = s->wide ? va_arg(*args, s64) : va_arg(*args, int);
		out_number(o, v < 0 ? 0 - (u64)v : (u64)v, v < 0, 10, s->width, s->pad);
		break;
	}
	case 'u':
	case 'x': {
		u64 v = s->wide ? va_arg(*args, u64) : va_arg(*args, unsigned int);
		out_number(o, v, false, c == 'x' ? 16 : 10, s->width, s->pad);
		break;
	}
	case 'p':
		out_text(o, "0x", 2, 0, false);
		out_number(o, (u64)(uintptr_t)va_arg(*args, void *), false, 16, 0, '0');
		break;
	case 'c':
		out_char(o, (char)va_arg(*args, int));
		break;
	case 's': {
		const char *t = va_arg(*args, const char *);
		out_text(o, t ? t : "(null)", strlen(t ? t : "(null)"), s->width, s->left);
		break;
	}
	case '%':
		out_char(o, '%');
		break;
	default: /* an unknown letter shows itself */
		out_char(o, '%');
		out_char(o, c);
	}
}

size_t format_args(char *to, size_t size, const char *format, va_list args)
{
	struct out o = {to, size, 0};
	va_list list;
	va_copy(list, args);
	for (const char *f = format; *f; f++) {
		struct spec s;
		if (*f != '%') {
			out_char(&o, *f);
			continue;
		}
		f = parse_spec(f + 1, &s, &list);
		if (!*f)
			break;
		convert(&o, *f, &s, &list);
	}
	va_end(list);
	if (size)
		to[MIN(o.length, size - 1)] = 0;
	return o.length;
}

size_t format_text(char *to, size_t size, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	size_t n = format_args(to, size, format, args);
	va_end(args);
	return n;
}

static void log_put(char c)
{
	log_ring[log_written % LOG_SIZE] = c;
	__atomic_store_n(&log_written, log_written + 1, __ATOMIC_RELEASE);
	if (log_early)
		log_early(c);
}

static void log_stamp(void)
{
	char text[32];
	u64 us = log_clock ? log_clock() / 1000 : 0;
	size_t n = format_text(text, sizeof(text), "[%5llu.%06llu] ",
			       (unsigned long long)(us / 1000000),
			       (unsigned long long)(us % 1000000));
	for (size_t i = 0; i < n; i++)
		log_put(text[i]);
}

void print(const char *format, ...)
{
	char text[320];
	va_list args;
	va_start(args, format);
	size_t n = format_args(text, sizeof(text), format, args);
	va_end(args);
	n = MIN(n, sizeof(text) - 1);

	lock(&log_lock);
	for (size_t i = 0; i < n; i++) {
		if (!log_midline)
			log_stamp();
		log_midline = text[i] != '\n';
		log_put(text[i]);
	}
	unlock(&log_lock);
}

size_t log_read(u64 *position, char *to, size_t size)
{
	size_t n = 0;
	lock(&log_lock);
	if (log_written > LOG_SIZE && *position < log_written - LOG_SIZE)
		*position = log_written - LOG_SIZE;
	for (; n < size && *position < log_written; (*position)++)
		to[n++] = log_ring[*position % LOG_SIZE];
	unlock(&log_lock);
	return n;
}

u64 log_end(void)
{
	return __atomic_load_n(&log_written, __ATOMIC_ACQUIRE);
}
