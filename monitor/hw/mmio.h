/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers of the machine's devices, in the direct map. */
#ifndef HW_MMIO_H
#define HW_MMIO_H

#include "lib/types.h"

static inline u32 mmio_read32(u64 address)
{
	return *(volatile u32 *)(uintptr_t)address;
}
static inline void mmio_write32(u64 address, u32 v)
{
	*(volatile u32 *)(uintptr_t)address = v;
}
static inline u64 mmio_read64(u64 address)
{
	return *(volatile u64 *)(uintptr_t)address;
}
static inline void mmio_write64(u64 address, u64 v)
{
	*(volatile u64 *)(uintptr_t)address = v;
}

#endif
