/* SPDX-License-Identifier: BSD-2-Clause */
/* The part of <string.h> that the monitor and libfdt use (ISO C11, 7.24). */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include "lib/types.h"

#ifdef DISCO_HOST
#include <string.h>
#else
void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *p, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
#endif

/* Copies at most size - 1 bytes of `from` and always ends `to` with a zero. */
void string_copy(char *to, const char *from, size_t size);

/* 4 KiB, page-aligned. */
void page_zero(void *page);
void page_copy(void *to, const void *from);

/* CRC-32 of IEEE 802.3; `crc` is 0 for the first piece, then the result so far. */
u32 crc32(u32 crc, const void *p, size_t n);

#endif
