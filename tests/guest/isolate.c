/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nothing of another VM may be seen. First it looks: registers as found at entry and all of
 * memory (but image, device tree, initrd) must be zero or at least hold none of our marks; then it
 * leaves marks everywhere and powers off. Run it after itself and beside itself. A mark is
 * recognised in any word.
 */
#include "lib/guest.h"

#define MARK 0xd15c0000a5a50000ull
#define MARK_MASK 0xffff0000ffff0000ull
#define REGISTERS (30u + 64u + 6u)

void fp_fill(u64 seed);

static bool marked(u64 v)
{
	return (v & MARK_MASK) == MARK;
}

static bool ours(u64 page)
{
	return (page >= (u64)image_start && page < (u64)image_end) ||
	       (page + PAGE > board.dtb && page < board.dtb + board.dtb_size) ||
	       (page + PAGE > board.initrd && page < board.initrd_end);
}

static void look_at_registers(void)
{
	u32 bad = 0, nonzero = 0;

	for (u32 i = 0; i < REGISTERS; i++) {
		bad += marked(first_regs[i]);
		nonzero += first_regs[i] != 0;
	}
	check(bad == 0, "registers", "%u of another VM's", bad);
	/* x1 to x3 are zero by the boot protocol; the others are by ours. */
	check(nonzero == 0 || !on_disco(), "registers-zero", "%u are not", nonzero);
}

static void look_at_memory(void)
{
	u64 bad = 0, nonzero = 0, first = 0;
	u64 step = option("step", 8);

	for (u64 page = board.ram; page < board.ram + board.ram_size; page += PAGE) {
		if (ours(page))
			continue;
		for (u64 at = page; at < page + PAGE; at += step) {
			u64 v = *(volatile u64 *)at;
			if (v && !first)
				first = at;
			nonzero += v != 0;
			bad += marked(v);
		}
	}
	check(bad == 0, "memory", "%lu words of another VM's", bad);
	check(nonzero == 0 || !on_disco(), "memory-zero",
	      "%lu words are not, the first at %lx: %lx", nonzero, first, *(volatile u64 *)first);
}

static void leave_marks(void)
{
	u64 n = 0;

	for (u64 page = board.ram; page < board.ram + board.ram_size; page += PAGE) {
		if (ours(page))
			continue;
		for (u64 at = page; at < page + PAGE; at += 64, n++)
			*(volatile u64 *)at = MARK | (n & 0xffff) | (n >> 16 & 0xffff) << 32;
	}
	fp_fill(MARK);
	sysreg_write(tpidr_el0, MARK);
	sysreg_write(tpidrro_el0, MARK);
	sysreg_write(contextidr_el1, MARK);
	sysreg_write(sp_el0, MARK);
	sysreg_write(ttbr1_el1, MARK & ~0xffffull);
	sysreg_write(par_el1, MARK);
	sysreg_write(afsr0_el1, MARK);
	say("isolate: %lu marks\n", n);
}

/* All general registers hold marks at the very end. */
static _Noreturn void off_with_marks(void)
{
	say("PASS\n");
	__asm__ volatile("mov x1, %0\n"
			 ".irp n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16\n"
			 "mov x\\n, x1\n"
			 ".endr\n"
			 ".irp n, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30\n"
			 "mov x\\n, x1\n"
			 ".endr\n"
			 "ldr w0, =0x84000008\n"
			 "hvc #0\n"
			 "b ." ::"r"(MARK));
	__builtin_unreachable();
}

void guest_main(void)
{
	look_at_registers();
	look_at_memory();
	leave_marks();
	if (failures)
		finish();
	off_with_marks();
}
