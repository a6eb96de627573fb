/* SPDX-License-Identifier: BSD-2-Clause */
/* Entropy by hypercall (DEN0098). */
#include "lib/guest.h"

#define TRNG_VERSION 0x84000050u
#define TRNG_FEATURES 0x84000051u
#define TRNG_UUID 0x84000052u
#define TRNG_RND32 0x84000053u
#define TRNG_RND64 0xc4000053u

static volatile u32 wrong;

static u64 top_bits(u64 v, u32 bits)
{
	return bits >= 64 ? 0 : v >> bits;
}

/* Bits beyond those asked for are zero; the lowest are in x3. */
static void lengths(u32 function, u32 word)
{
	for (u32 bits = 1; bits <= 3 * word; bits++) {
		struct answer a = hvc(function, bits, 0, 0);
		u32 in1 = bits > 2 * word ? bits - 2 * word : 0;
		u32 in2 = bits > 2 * word ? word : bits > word ? bits - word : 0;
		u32 in3 = bits > word ? word : bits;
		if (a.x0 || top_bits(a.x1, in1) || top_bits(a.x2, in2) || top_bits(a.x3, in3))
			wrong++;
	}
	check(wrong == 0, word == 64 ? "lengths-64" : "lengths-32", "%u answers", wrong);
	wrong = 0;
	static const u64 bad[] = {0, 1000, ~0ull};
	for (u32 i = 0; i < COUNT(bad); i++)
		wrong += (s64)hvc(function, bad[i], 0, 0).x0 != -2;
	wrong += (s64)hvc(function, 3 * word + 1, 0, 0).x0 != -2;
	check(wrong == 0, "bad-lengths", "%u were accepted", wrong);
	wrong = 0;
}

/* All CPUs draw at once: 64-bit numbers don't come twice. */
#define DRAWS 64u
static u64 drawn[CPUS_MAX][DRAWS];

static void draw(u32 id)
{
	for (u32 i = 0; i < DRAWS; i++)
		drawn[id][i] = hvc(TRNG_RND64, 64, 0, 0).x3;
}

static void differ(u32 cpus_on)
{
	u32 ones = 0, twins = 0, n = cpus_on * DRAWS;
	u64 *all = &drawn[0][0];

	for (u32 i = 0; i < n; i++) {
		for (u64 v = all[i]; v; v &= v - 1)
			ones++;
		for (u32 k = 0; k < i; k++)
			twins += all[k] == all[i];
	}
	check(twins == 0, "different", "%u twins", twins);
	check(ones > n * 24 && ones < n * 40, "balanced", "%u ones in %u words", ones, n);
}

void guest_main(void)
{
	if (!on_disco()) {
		say("trng: not on plain QEMU\n");
		finish();
	}
	u32 cpus_on = smp_start();
	irq_on();
	u64 version = hvc(TRNG_VERSION, 0, 0, 0).x0;
	check(version >= 0x10000 && version < 0x20000, "version", "%lx", version);
	check(hvc(TRNG_FEATURES, TRNG_RND64, 0, 0).x0 == 0, "features", "no RND64");
	check((s64)hvc(TRNG_FEATURES, PSCI_VERSION, 0, 0).x0 == -1, "no-feature", "answered");
	struct answer uuid = hvc(TRNG_UUID, 0, 0, 0);
	check((s64)uuid.x0 != -1 && (uuid.x0 | uuid.x1 | uuid.x2 | uuid.x3), "uuid", "none");
	lengths(TRNG_RND64, 64);
	lengths(TRNG_RND32, 32);
	on_all(draw);
	differ(cpus_on);
	finish();
}
