/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ChaCha20 (RFC 8439, 2.3) as a generator with fast key erasure: each call makes a block
 * whose first half replaces the key at once, so that what was given out can't be computed
 * back from what the monitor holds later.
 */
#include "lib/random.h"

#include "lib/string.h"

static u32 rotate(u32 v, u32 n)
{
	return (v << n) | (v >> (32 - n));
}

static void quarter(u32 *s, u32 a, u32 b, u32 c, u32 d)
{
	s[a] += s[b];
	s[d] = rotate(s[d] ^ s[a], 16);
	s[c] += s[d];
	s[b] = rotate(s[b] ^ s[c], 12);
	s[a] += s[b];
	s[d] = rotate(s[d] ^ s[a], 8);
	s[c] += s[d];
	s[b] = rotate(s[b] ^ s[c], 7);
}

static void block(const u32 key[8], u64 number, u64 generation, u32 out[16])
{
	u32 in[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
	memcpy(in + 4, key, 32);
	in[12] = (u32)number;
	in[13] = (u32)(number >> 32);
	in[14] = (u32)generation;
	in[15] = (u32)(generation >> 32);
	memcpy(out, in, sizeof(in));
	for (u32 i = 0; i < 10; i++) {
		quarter(out, 0, 4, 8, 12);
		quarter(out, 1, 5, 9, 13);
		quarter(out, 2, 6, 10, 14);
		quarter(out, 3, 7, 11, 15);
		quarter(out, 0, 5, 10, 15);
		quarter(out, 1, 6, 11, 12);
		quarter(out, 2, 7, 8, 13);
		quarter(out, 3, 4, 9, 14);
	}
	for (u32 i = 0; i < 16; i++)
		out[i] += in[i];
}

void random_stir(struct random *r, const void *p, size_t n)
{
	const u8 *from = p;
	while (n) {
		u32 out[16];
		u8 piece[32] = {0};
		size_t take = MIN(n, sizeof(piece));
		memcpy(piece, from, take);
		for (u32 i = 0; i < 8; i++) {
			u32 word;
			memcpy(&word, piece + 4 * i, 4);
			r->key[i] ^= word;
		}
		block(r->key, n, ++r->generation, out);
		memcpy(r->key, out, sizeof(r->key));
		from += take;
		n -= take;
	}
}

void random_bytes(struct random *r, void *to, size_t n)
{
	u8 *t = to;
	while (n) {
		u32 out[16];
		size_t take = MIN(n, (size_t)32);
		block(r->key, 0, ++r->generation, out);
		memcpy(r->key, out, sizeof(r->key));
		memcpy(t, out + 8, take);
		memset(out, 0, sizeof(out));
		t += take;
		n -= take;
	}
}
