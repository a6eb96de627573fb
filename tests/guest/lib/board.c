/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine: device tree, options, memory, hypercalls, time. */
#include "guest.h"

#define FDT_BEGIN 1u
#define FDT_END 2u
#define FDT_PROP 3u
#define FDT_STOP 9u

struct board board;
static u64 next_free;

static u32 be32(const u8 *p)
{
	return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

static u64 be_cells(const u8 *p, u32 size)
{
	return size == 8 ? (u64)be32(p) << 32 | be32(p + 4) : be32(p);
}

static bool starts(const char *s, const char *with)
{
	return strlen(s) >= strlen(with) && memcmp(s, with, strlen(with)) == 0;
}

static void property(const char *node, const char *name, const u8 *value, u32 size)
{
	if (starts(node, "memory@") && equal(name, "reg")) {
		u64 size64 = be_cells(value + 8, 8);
		board.ram = be_cells(value, 8);
		board.ram_size = size64;
	} else if (starts(node, "cpu@") && equal(name, "reg") && board.cpu_count < CPUS_MAX) {
		board.mpidr[board.cpu_count++] = be_cells(value, size);
	} else if (equal(node, "chosen") && equal(name, "bootargs")) {
		memcpy(board.args, value,
		       size < sizeof(board.args) ? size : sizeof(board.args) - 1);
	} else if (equal(node, "chosen") && equal(name, "linux,initrd-start")) {
		board.initrd = be_cells(value, size);
	} else if (equal(node, "chosen") && equal(name, "linux,initrd-end")) {
		board.initrd_end = be_cells(value, size);
	}
}

/* Walks the structure block; only the innermost node's name matters here. */
static void read_fdt(const u8 *fdt)
{
	const u8 *p = fdt + be32(fdt + 8);
	const char *strings = (const char *)fdt + be32(fdt + 12);
	const char *names[16] = {""};
	u32 depth = 0;

	board.dtb = (u64)fdt;
	board.dtb_size = be32(fdt + 4);
	for (;;) {
		u32 token = be32(p);
		p += 4;
		if (token == FDT_BEGIN) {
			names[depth++ & 15] = (const char *)p;
			p += (strlen((const char *)p) + 4) & ~3ull;
		} else if (token == FDT_END) {
			depth--;
		} else if (token == FDT_PROP) {
			u32 size = be32(p);
			property(names[(depth - 1) & 15], strings + be32(p + 4), p + 8, size);
			p += 8 + ((size + 3) & ~3u);
		} else if (token == FDT_STOP) {
			return;
		}
	}
}

u64 option(const char *name, u64 otherwise)
{
	size_t n = strlen(name);

	for (const char *s = board.args; *s; s++) {
		if (s != board.args && s[-1] != ' ')
			continue;
		if (!starts(s, name) || (s[n] != '=' && s[n] != ' ' && s[n]))
			continue;
		if (s[n] != '=')
			return 1;
		u64 value = 0;
		for (s += n + 1; *s >= '0' && *s <= '9'; s++)
			value = value * 10 + (u64)(*s - '0');
		return value;
	}
	return otherwise;
}

bool on_disco(void)
{
	return !option("bare", 0);
}

/* From the end of the image up, around device tree and initrd. */
void *take(u64 bytes)
{
	u64 at = next_free;

	bytes = (bytes + PAGE - 1) & ~(PAGE - 1);
	if (at < board.dtb + board.dtb_size && at + bytes > board.dtb)
		at = (board.dtb + board.dtb_size + PAGE - 1) & ~(PAGE - 1);
	if (at < board.initrd_end && at + bytes > board.initrd)
		at = (board.initrd_end + PAGE - 1) & ~(PAGE - 1);
	next_free = at + bytes;
	if (next_free > board.ram + board.ram_size) {
		fail("memory", "no %lu bytes left", bytes);
		finish();
	}
	return (void *)at;
}

static struct answer call(bool by_hvc, u64 a, u64 b, u64 c, u64 d)
{
	register u64 x0 __asm__("x0") = a;
	register u64 x1 __asm__("x1") = b;
	register u64 x2 __asm__("x2") = c;
	register u64 x3 __asm__("x3") = d;

	if (by_hvc)
		__asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
	else
		__asm__ volatile("smc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
	return (struct answer){x0, x1, x2, x3};
}

struct answer hvc(u64 x0, u64 x1, u64 x2, u64 x3)
{
	return call(true, x0, x1, x2, x3);
}

struct answer smc(u64 x0, u64 x1, u64 x2, u64 x3)
{
	return call(false, x0, x1, x2, x3);
}

void power_off(void)
{
	hvc(PSCI_SYSTEM_OFF, 0, 0, 0);
	for (;;)
		ASM("wfi");
}

void reset(void)
{
	hvc(PSCI_SYSTEM_RESET, 0, 0, 0);
	for (;;)
		ASM("wfi");
}

u64 ticks(u64 ns)
{
	u64 hz = sysreg_read(cntfrq_el0);

	return ns / NSEC * hz + ns % NSEC * hz / NSEC;
}

u64 to_ns(u64 t)
{
	u64 hz = sysreg_read(cntfrq_el0);

	return t / hz * NSEC + t % hz * NSEC / hz;
}

_Noreturn void guest_start(const u8 *fdt);
_Noreturn void guest_start(const u8 *fdt)
{
	sysreg_write(tpidr_el1, (u64)&cpus[0]);
	cpus[0].mpidr = sysreg_read(mpidr_el1) & 0xff00ffffffull;
	cpus[0].online = 1;
	next_free = (u64)image_end;
	read_fdt(fdt);
	gic_init();
	gic_cpu_init();
	guest_main();
	finish();
}
