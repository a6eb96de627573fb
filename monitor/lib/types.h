/* SPDX-License-Identifier: BSD-2-Clause */
/* Fixed-width types and small helpers that every file uses. */
#ifndef LIB_TYPES_H
#define LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
/* `align` is a power of two. */
#define ALIGN_UP(x, align) (((x) + ((align) - 1)) & ~((align) - 1))
#define ALIGN_DOWN(x, align) ((x) & ~((align) - 1))
#define IS_ALIGNED(x, align) (((x) & ((align) - 1)) == 0)
#define BIT(n) (1ull << (n))
#define container_of(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))
#define must_check __attribute__((warn_unused_result))
#define cache_aligned __attribute__((aligned(64)))
#define unlikely(x) __builtin_expect(!!(x), 0)
#define likely(x) __builtin_expect(!!(x), 1)

#define MAX_CPUS 64u
#define MAX_NODES 16u

#endif
