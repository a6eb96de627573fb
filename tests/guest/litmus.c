/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What many CPUs may rely on (Arm ARM B2, D8, B2.4.4): message passing, store buffering with
 * barriers, atomics and exclusives, changed code, changed page tables with broadcast TLB
 * invalidation, hardware access flags and dirty state. Allowed outcomes differ by machine;
 * only forbidden ones fail. Batches, not ping-pong, so that over-committed CPUs suffice.
 * Options: n=SIZE OF BATCH (4096), rounds=N (4).
 */
#include "lib/guest.h"

static u32 cpus_on, batch, rounds;
static volatile u32 bad;   /* forbidden outcomes in this test */
static volatile u64 first; /* what the first one was */

static void wrong(u64 what)
{
	if (__atomic_add_fetch(&bad, 1, __ATOMIC_RELAXED) == 1)
		first = what;
}

static void verdict(const char *name)
{
	check(bad == 0, name, "%u forbidden outcomes, first %lx", bad, first);
	bad = 0;
}

/* --- message passing: pairs; the last of an odd number has nothing to do --- */

static volatile u32 *mp_data[CPUS_MAX / 2];
static volatile u32 mp_flag[CPUS_MAX / 2][16];

static void message_passing(u32 id)
{
	u32 pair = id / 2;
	u32 peer_less = (id | 1) >= cpus_on;

	for (u32 round = 1; round <= rounds; round++) {
		if (!peer_less && id % 2 == 0) {
			for (u32 i = 0; i < batch; i++) {
				mp_data[pair][i] = round * batch + i;
				ASM("dmb ishst");
				mp_flag[pair][0] = i + 1;
			}
		} else if (!peer_less) {
			for (u32 seen = 0; seen < batch;) {
				u32 flag = mp_flag[pair][0];
				ASM("dmb ishld");
				if (flag > batch || flag < seen) {
					wrong((u64)flag << 32 | seen);
					break;
				}
				for (; seen < flag; seen++)
					if (mp_data[pair][seen] != round * batch + seen)
						wrong((u64)mp_data[pair][seen] << 32 | seen);
				relax();
			}
		}
		barrier();
		if (id % 2 == 0)
			mp_flag[pair][0] = 0;
		barrier();
	}
}

/* --- store buffering: with DMB both can't miss the other's store --- */

static volatile u32 *sb_x[CPUS_MAX / 2], *sb_y[CPUS_MAX / 2];
static u32 *sb_r[CPUS_MAX];

static void store_buffering(u32 id)
{
	u32 pair = id / 2;

	if ((id | 1) < cpus_on) {
		volatile u32 *mine = id % 2 ? sb_y[pair] : sb_x[pair];
		volatile u32 *theirs = id % 2 ? sb_x[pair] : sb_y[pair];
		for (u32 i = 0; i < batch; i++)
			mine[i] = 0;
		barrier();
		for (u32 i = 0; i < batch; i++) {
			mine[i] = 1;
			DMB();
			sb_r[id][i] = theirs[i];
		}
	} else {
		barrier();
	}
	barrier();
	if (id % 2 == 0 && (id | 1) < cpus_on)
		for (u32 i = 0; i < batch; i++)
			if (!sb_r[id][i] && !sb_r[id + 1][i])
				wrong(i);
	barrier();
}

/* --- atomics: sums over fresh pages, by LSE and by exclusives --- */

#define CELLS 64u
static volatile u64 *cells; /* one a page, so that first touches race, too */

static void lse(u32 id)
{
	for (u32 i = 0; i < batch; i++) {
		volatile u64 *p = &cells[(i + id) % CELLS * 512];
		__asm__ volatile("ldadd %0, xzr, [%1]" ::"r"(1ull), "r"(p) : "memory");
	}
}

static void exclusives(u32 id)
{
	for (u32 i = 0; i < batch; i++) {
		volatile u64 *p = &cells[(i + id) % CELLS * 512 + 1];
		u64 v;
		u32 failed;
		do {
			__asm__ volatile("ldxr %0, [%2]\n add %0, %0, #1\n stxr %w1, %0, [%2]"
					 : "=&r"(v), "=&r"(failed)
					 : "r"(p)
					 : "memory");
		} while (failed);
	}
}

/* Compare-and-swap of pairs: both halves always move together. */
static volatile __attribute__((aligned(16))) u64 twin[2];

static void cas_pair(u32 id)
{
	(void)id;
	for (u32 i = 0; i < batch; i++) {
		register u64 a __asm__("x0") = twin[0];
		register u64 b __asm__("x1") = a;
		register u64 c __asm__("x2") = a + 1;
		register u64 d __asm__("x3") = a + 1;
		__asm__ volatile("caspal x0, x1, x2, x3, [%4]"
				 : "+r"(a), "+r"(b)
				 : "r"(c), "r"(d), "r"(&twin[0])
				 : "memory");
		if (a != b)
			wrong(a << 32 | b);
	}
}

/* A ticket lock around plain variables. */
static volatile u32 ticket_next, ticket_now;
static volatile u64 guarded[8];

static void locked(u32 id)
{
	(void)id;
	for (u32 i = 0; i < batch / 64; i++) {
		u32 mine = __atomic_fetch_add(&ticket_next, 1, __ATOMIC_RELAXED);
		while (load_acquire(&ticket_now) != mine)
			relax();
		for (u32 k = 0; k < COUNT(guarded); k++)
			guarded[k] = guarded[k] + 1;
		store_release(&ticket_now, mine + 1);
	}
}

static void atomics(void)
{
	u64 sum = 0, sum2 = 0, want = (u64)cpus_on * batch;

	cells = take(CELLS * PAGE);
	on_all(lse);
	on_all(exclusives);
	for (u32 i = 0; i < CELLS; i++) {
		sum += cells[i * 512];
		sum2 += cells[i * 512 + 1];
	}
	check(sum == want, "lse", "%lu of %lu", sum, want);
	check(sum2 == want, "exclusives", "%lu of %lu", sum2, want);
	on_all(cas_pair);
	verdict("cas-pair");
	on_all(locked);
	want = (u64)cpus_on * (batch / 64);
	for (u32 k = 0; k < COUNT(guarded); k++)
		if (guarded[k] != want)
			wrong(guarded[k]);
	verdict("ticket-lock");
}

/* --- changed code: own, and another CPU's --- */

static u32 *code[CPUS_MAX], *shared_code;
static volatile u32 code_version;

static void write_code(u32 *at, u32 value)
{
	at[0] = 0x52800000u | (value & 0xffff) << 5; /* mov w0, #value */
	at[1] = 0xd65f03c0u;                         /* ret */
	__asm__ volatile("dc cvau, %0; dsb ish; ic ivau, %0; dsb ish; isb" ::"r"(at) : "memory");
}

static void own_code(u32 id)
{
	for (u32 i = 0; i < batch / 16; i++) {
		u32 *at = code[id] + i % 64 * 16;
		u32 want = (i * 7 + id) & 0xffff;
		write_code(at, want);
		u32 got = ((u32(*)(void))at)();
		if (got != want)
			wrong((u64)got << 32 | want);
	}
}

/*
 * CPU 0 writes version after version; whoever hears of one runs it, and nothing older. All
 * have run a version before the next one is written: the emulator (QEMU 7.2, several threads)
 * may keep old code for good when one CPU translates it while another one writes it.
 */
#define VERSIONS 16u
static volatile u32 code_runs;

static void other_code(u32 id)
{
	for (u32 i = 1; i <= VERSIONS; i++) {
		if (id == 0) {
			while (load_acquire(&code_runs) != (i - 1) * (cpus_on - 1))
				relax();
			write_code(shared_code, i);
			store_release(&code_version, i);
			continue;
		}
		while (load_acquire(&code_version) != i)
			relax();
		ISB();
		u32 got = ((u32(*)(void))shared_code)();
		if (got != i)
			wrong((u64)got << 32 | i);
		__atomic_add_fetch(&code_runs, 1, __ATOMIC_ACQ_REL);
	}
}

/* --- changed page tables --- */

#define ROOMS 4u
static u64 *l2, *l3;
static u64 *room[ROOMS];
static volatile u32 map_version;
static volatile u32 broken_reads;

static void tlbi_va_all(u64 va)
{
	__asm__ volatile("dsb ishst; tlbi vaae1is, %0; dsb ish; isb" ::"r"(va >> 12) : "memory");
}

/*
 * CPU 0 moves one page from room to room, break before make; each room holds its version. A
 * reader that knows of version n reads n or later, or faults in the gap.
 */
static void moving_page(u32 id)
{
	u32 last = batch / 16;
	volatile u64 *va = (u64 *)TABLES_VA;
	volatile u64 *pte = &l3[0];

	if (id == 0) {
		for (u32 i = 1; i <= last; i++) {
			room[i % ROOMS][0] = i;
			*pte = 0;
			tlbi_va_all(TABLES_VA);
			*pte = (u64)room[i % ROOMS] | PTE_NORMAL;
			ASM("dsb ishst; isb");
			store_release(&map_version, i);
		}
		return;
	}
	for (u32 seen = 0; seen < last;) {
		struct trap t;
		u64 value;
		seen = load_acquire(&map_version);
		if (!seen)
			continue;
		if (trap_read((u64)va, 8, &value, &t)) {
			u32 fsc = (u32)t.esr & 0x3f;
			if (ESR_EC(t.esr) != EC_DABT || fsc != 7)
				wrong(t.esr);
			__atomic_add_fetch(&broken_reads, 1, __ATOMIC_RELAXED);
		} else if (value < seen) {
			wrong(value << 32 | seen);
		}
		relax();
	}
}

/* Each CPU has pages of its own in one table and maps, uses, unmaps them. */
static void own_pages(u32 id)
{
	u64 va = TABLES_VA + (64 + id) * PAGE;
	volatile u64 *pte = &l3[64 + id];
	struct trap t;
	u64 value = 0;

	for (u32 i = 0; i < batch / 32; i++) {
		*pte = (u64)code[id] | PTE_NORMAL;
		ASM("dsb ishst; isb");
		if (trap_write(va, 8, i, &t) || trap_read(va, 8, &value, &t) || value != i)
			wrong(t.count ? t.esr : value);
		*pte = 0;
		tlbi_va_all(va);
		if (!trap_read(va, 8, &value, &t) || (t.esr & 0x3f) != 7)
			wrong(1ull << 63 | t.esr);
	}
}

/* --- access flags and dirty state set by hardware, all CPUs on the same pages --- */

#define FLAG_PAGES 128u
#define FLAG_FIRST 256u

static void touch(u32 id)
{
	for (u32 k = 0; k < FLAG_PAGES; k++) {
		u32 page = (k * 37 + id * 11) % FLAG_PAGES;
		struct trap t;
		if (trap_read(TABLES_VA + (FLAG_FIRST + page) * PAGE + id * 8, 8, NULL, &t))
			wrong(t.esr);
	}
}

static void dirty(u32 id)
{
	for (u32 k = 0; k < FLAG_PAGES; k += 2) {
		struct trap t;
		u64 at = TABLES_VA + (FLAG_FIRST + (k + id * 2) % FLAG_PAGES) * PAGE + id * 8;
		if (trap_write(at, 8, id, &t))
			wrong(t.esr);
	}
}

static void flags(void)
{
	u64 frames = (u64)take(FLAG_PAGES * PAGE);

	if (!has_hw_af()) {
		say("access-flag: ok (this CPU has none)\n");
		return;
	}
	for (u32 round = 0; round < rounds; round++) {
		for (u32 i = 0; i < FLAG_PAGES; i++)
			l3[FLAG_FIRST + i] = (frames + i * PAGE) | PTE_PAGE | PTE_SHARED | PTE_RO |
					     (has_hw_dirty() ? PTE_DBM : 0);
		ASM("dsb ishst; tlbi vmalle1is; dsb ish; isb");
		on_all(touch);
		for (u32 i = 0; i < FLAG_PAGES; i++)
			if (!(l3[FLAG_FIRST + i] & PTE_AF) || !(l3[FLAG_FIRST + i] & PTE_RO))
				wrong(l3[FLAG_FIRST + i]);
		if (!has_hw_dirty())
			continue;
		on_all(dirty);
		for (u32 i = 0; i < FLAG_PAGES; i++)
			if (!(l3[FLAG_FIRST + i] & PTE_RO) != (i % 2 == 0))
				wrong(l3[FLAG_FIRST + i]);
	}
	verdict("access-flag");
}

/* A table that was never touched: the walker's own access is the first (stage 2 fills it). */
static void fresh_tables(u32 id)
{
	u64 *fresh_l2 = (u64 *)code[id] + 512 * 2;
	u64 *fresh_l3 = fresh_l2 + 512;
	u64 va = TABLES_VA + ((8ull + id) << 30);
	struct trap t;

	if (id >= 48) /* the first level has room for no more */
		return;
	/* Zeroed by nobody: memory of a VM reads as zero, so nothing is mapped. */
	tables_l1[va >> 30] = (u64)fresh_l2 | PTE_TABLE;
	ASM("dsb ishst; isb");
	if (!trap_read(va, 8, NULL, &t) || (t.esr & 0x3f) != 6)
		wrong(t.esr);
	fresh_l2[0] = (u64)fresh_l3 | PTE_TABLE;
	fresh_l3[0] = (u64)code[id] | PTE_NORMAL;
	ASM("dsb ishst; isb");
	if (trap_write(va + 8, 8, id, &t))
		wrong(1ull << 62 | t.esr);
	tables_l1[va >> 30] = 0;
	ASM("dsb ishst; tlbi vmalle1is; dsb ish; isb");
}

static void tables(void)
{
	l2 = take(PAGE);
	l3 = take(PAGE);
	memset(l2, 0, PAGE);
	memset(l3, 0, PAGE);
	for (u32 i = 0; i < ROOMS; i++)
		room[i] = take(PAGE);
	l2[0] = (u64)l3 | PTE_TABLE;
	tables_l1[TABLES_VA >> 30] = (u64)l2 | PTE_TABLE;
	ASM("dsb ishst; tlbi vmalle1is; dsb ish; isb");
	on_all(moving_page);
	verdict("moving-page");
	on_all(own_pages);
	verdict("own-pages");
	on_all(fresh_tables);
	verdict("fresh-tables");
	flags();
}

void guest_main(void)
{
	batch = (u32)option("n", 4096);
	rounds = (u32)option("rounds", 4);
	cpus_on = smp_start();
	irq_on();
	say("litmus: %u CPUs, n=%u rounds=%u\n", cpus_on, batch, rounds);
	for (u32 i = 0; i < cpus_on; i++) {
		sb_r[i] = take(batch * 4);
		code[i] = take(4 * PAGE);
	}
	for (u32 i = 0; i < (cpus_on + 1) / 2; i++) {
		mp_data[i] = take(batch * 4);
		sb_x[i] = take(batch * 4);
		sb_y[i] = take(batch * 4);
	}
	shared_code = take(PAGE);
	on_all(message_passing);
	verdict("message-passing");
	for (u32 i = 0; i < rounds; i++)
		on_all(store_buffering);
	verdict("store-buffering");
	atomics();
	on_all(own_code);
	verdict("own-code");
	on_all(other_code);
	verdict("other-code");
	tables();
	finish();
}
