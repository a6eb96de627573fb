/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random bytes: ChaCha20 (RFC 8439) with fast key erasure, one generator per CPU, seeded
 * at boot from the machine's device tree (/chosen rng-seed) and RNDR where the CPU has it,
 * stirred with the counter.
 */
#ifndef LIB_RANDOM_H
#define LIB_RANDOM_H

#include "lib/types.h"

struct random {
	u32 key[8];
	u64 generation;
};

/* Mixes `n` bytes into the key. */
void random_stir(struct random *r, const void *p, size_t n);
/* Fills `to` with n random bytes. */
void random_bytes(struct random *r, void *to, size_t n);

#endif
