/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory and strings. Plain C; the compiler is told not to turn these loops back into
 * calls of themselves. The page functions are the ones that matter for speed.
 */
#include "lib/string.h"

#include "lib/addr.h"

#ifndef DISCO_HOST
#include "arm64/tlb.h"

#pragma GCC optimize("no-tree-loop-distribute-patterns")

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	u8 *t = to;
	const u8 *f = from;
	if ((((uintptr_t)t | (uintptr_t)f) & 7) == 0) {
		for (; n >= 8; n -= 8, t += 8, f += 8)
			*(u64 *)(void *)t = *(const u64 *)(const void *)f;
	}
	while (n--)
		*t++ = *f++;
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	u8 *t = to;
	const u8 *f = from;
	if ((uintptr_t)t - (uintptr_t)f >= n)
		return memcpy(to, from, n);
	while (n--)
		t[n] = f[n];
	return to;
}

void *memset(void *to, int c, size_t n)
{
	u8 *t = to;
	u64 word = 0x0101010101010101ull * (u8)c;
	for (; n && ((uintptr_t)t & 7); n--)
		*t++ = (u8)c;
	for (; n >= 8; n -= 8, t += 8)
		*(u64 *)(void *)t = word;
	while (n--)
		*t++ = (u8)c;
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a;
	const u8 *y = b;
	for (size_t i = 0; i < n; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}

void *memchr(const void *p, int c, size_t n)
{
	const u8 *b = p;
	for (size_t i = 0; i < n; i++)
		if (b[i] == (u8)c)
			return (void *)(uintptr_t)(b + i);
	return NULL;
}

size_t strlen(const char *s)
{
	return strnlen(s, SIZE_MAX);
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;
	while (n < max && s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (a[i] != b[i])
			return (u8)a[i] < (u8)b[i] ? -1 : 1;
		if (!a[i])
			break;
	}
	return 0;
}

char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (!*s)
			return NULL;
	return (char *)(uintptr_t)s;
}

char *strrchr(const char *s, int c)
{
	const char *found = NULL;
	for (;; s++) {
		if (*s == (char)c)
			found = s;
		if (!*s)
			return (char *)(uintptr_t)found;
	}
}

void page_zero(void *page)
{
	for (u8 *p = page, *end = p + PAGE_SIZE; p < end; p += 256) {
		dc_zva(p);
		dc_zva(p + 64);
		dc_zva(p + 128);
		dc_zva(p + 192);
	}
}

void page_copy(void *to, const void *from)
{
	const u64 *f = from;
	for (u64 *t = to, *end = t + PAGE_SIZE / 8; t < end; t += 8, f += 8) {
		__asm__ volatile("ldp x9, x10, [%1]\n\tldp x11, x12, [%1, #16]\n\t"
				 "ldp x13, x14, [%1, #32]\n\tldp x15, x16, [%1, #48]\n\t"
				 "stp x9, x10, [%0]\n\tstp x11, x12, [%0, #16]\n\t"
				 "stp x13, x14, [%0, #32]\n\tstp x15, x16, [%0, #48]"
				 :
				 : "r"(t), "r"(f)
				 : "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
				   "memory");
	}
}

#else

void page_zero(void *page)
{
	memset(page, 0, PAGE_SIZE);
}

void page_copy(void *to, const void *from)
{
	memcpy(to, from, PAGE_SIZE);
}

#endif

void string_copy(char *to, const char *from, size_t size)
{
	size_t n = strnlen(from, size - 1);
	memcpy(to, from, n);
	to[n] = 0;
}

u32 crc32(u32 crc, const void *p, size_t n)
{
	/* One nibble at a time: a table of 16 words, of the reflected polynomial 0xedb88320. */
	static const u32 table[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
		0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	const u8 *b = p;
	crc = ~crc;
	while (n--) {
		crc ^= *b++;
		crc = (crc >> 4) ^ table[crc & 15];
		crc = (crc >> 4) ^ table[crc & 15];
	}
	return ~crc;
}
