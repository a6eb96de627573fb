/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's device tree, read back with libfdt. */
#include "fake/fake.h"

#include <stdio.h>
#include <stdlib.h>

#include <libfdt.h>

#include "control/dtb.h"
#include "control/layout.h"
#include "vcpu/vcpu.h"
#include "vdev/vdev.h"

static u8 *buffer;

static int make_buffer(void **state)
{
	(void)state;
	buffer = aligned_alloc(8, DTB_MAX);
	return buffer ? 0 : -1;
}

static int free_buffer(void **state)
{
	(void)state;
	free(buffer);
	return 0;
}

static struct dtb_machine machine_of(u32 vcpus, u32 slots)
{
	return (struct dtb_machine){
		.memory = 3ull << 30,
		.vcpus = vcpus,
		.virtio_slots = slots,
		.cmdline = "root=/dev/vda ro",
		.initrd = {0x48000000},
		.initrd_size = 0x1234567,
		.seed = {1, 2, 3},
		.kaslr_seed = 0x1122334455667788,
	};
}

/* Writes it into `size` bytes; returns the number of steps. */
static u32 write_tree(const struct dtb_machine *m, struct dtb *d, size_t size)
{
	u32 steps = 1;

	dtb_begin(d, buffer, size);
	while (!dtb_step(d, m))
		steps++;
	return steps;
}

static const void *property(const char *path, const char *name, int wanted)
{
	int node = fdt_path_offset(buffer, path), length;
	const void *p;

	if (node < 0)
		fail_msg("no node %s", path);
	p = fdt_getprop(buffer, node, name, &length);
	if (!p)
		fail_msg("%s has no %s", path, name);
	if (wanted >= 0)
		assert_int_equal(length, wanted);
	return p;
}

static u32 cell(const char *path, const char *name, u32 i, u32 count)
{
	return fdt32_ld((const fdt32_t *)property(path, name, (int)count * 4) + i);
}

static u64 pair(const char *path, const char *name, u32 i, u32 count)
{
	return fdt64_ld((const fdt64_t *)property(path, name, (int)count * 8) + i);
}

/* Type, number and trigger of an interrupt. */
static void interrupt_is(const char *path, u32 i, u32 count, u32 type, u32 number)
{
	assert_int_equal(cell(path, "interrupts", i * 3, count * 3), type);
	assert_int_equal(cell(path, "interrupts", i * 3 + 1, count * 3), number);
	assert_int_equal(cell(path, "interrupts", i * 3 + 2, count * 3), 4);
}

static void whole_tree(void **state)
{
	struct dtb_machine m = machine_of(2, 5);
	struct dtb d;

	(void)state;
	write_tree(&m, &d, DTB_MAX);
	assert_true(dtb_length(&d) > 0);
	assert_int_equal(fdt_check_full(buffer, dtb_length(&d)), 0);
	assert_string_equal(property("/", "compatible", -1), "linux,dummy-virt");
	assert_int_equal(cell("/", "#address-cells", 0, 1), 2);
	assert_int_equal(cell("/", "#size-cells", 0, 1), 2);

	assert_string_equal(property("/chosen", "bootargs", -1), m.cmdline);
	assert_string_equal(property("/chosen", "stdout-path", -1), "/pl011@9000000");
	assert_true(fdt_path_offset(buffer, "/pl011@9000000") > 0);
	assert_int_equal(pair("/chosen", "linux,initrd-start", 0, 1), 0x48000000);
	assert_int_equal(pair("/chosen", "linux,initrd-end", 0, 1), 0x49234567);
	assert_memory_equal(property("/chosen", "rng-seed", 64), m.seed, 64);
	assert_int_equal(pair("/chosen", "kaslr-seed", 0, 1), m.kaslr_seed);

	assert_int_equal(pair("/memory@40000000", "reg", 0, 2), VDEV_RAM_BASE);
	assert_int_equal(pair("/memory@40000000", "reg", 1, 2), m.memory);
	assert_string_equal(property("/psci", "method", -1), "hvc");
	interrupt_is("/timer", 2, 4, 1, VGIC_VTIMER_PPI - 16);
	interrupt_is("/timer", 1, 4, 1, VGIC_PTIMER_PPI - 16);
	property("/timer", "always-on", 0);

	assert_int_equal(cell("/", "interrupt-parent", 0, 1),
			 cell("/intc@8000000", "phandle", 0, 1));
	assert_int_equal(pair("/intc@8000000", "reg", 0, 4), VGICD_BASE);
	assert_int_equal(pair("/intc@8000000", "reg", 2, 4), VGICR_BASE);
	assert_int_equal(pair("/intc@8000000", "reg", 3, 4), 2 * VGICR_STRIDE);

	interrupt_is("/pl011@9000000", 0, 1, 0, VDEV_PL011_INTID - 32);
	interrupt_is("/pl031@9010000", 0, 1, 0, VDEV_PL031_INTID - 32);
	assert_int_equal(cell("/pl011@9000000", "clocks", 1, 2),
			 cell("/apb-pclk", "phandle", 0, 1));
}

static void virtio_slots(void **state)
{
	struct dtb_machine m = machine_of(1, 3);
	struct dtb d;

	(void)state;
	write_tree(&m, &d, DTB_MAX);
	for (u32 i = 0; i < 3; i++) {
		char path[40];

		snprintf(path, sizeof(path), "/virtio_mmio@%x", 0xa000000 + i * 0x200);
		assert_int_equal(pair(path, "reg", 0, 2), 0xa000000 + i * 0x200);
		interrupt_is(path, 0, 1, 0, 16 + i);
		property(path, "dma-coherent", 0);
	}
	assert_true(fdt_path_offset(buffer, "/virtio_mmio@a000600") < 0);
}

static void no_initrd(void **state)
{
	struct dtb_machine m = machine_of(1, 0);
	struct dtb d;

	(void)state;
	m.initrd_size = 0;
	write_tree(&m, &d, DTB_MAX);
	assert_null(fdt_getprop(buffer, fdt_path_offset(buffer, "/chosen"), "linux,initrd-start",
				NULL));
}

/* The widest VM, the most devices, the longest command line: it fits, in small steps. */
static void widest(void **state)
{
	static char cmdline[CFG_CMDLINE_MAX + 1];
	struct dtb_machine m = machine_of(CFG_VCPUS_MAX, 3 + CFG_DISKS_MAX);
	struct dtb d;

	(void)state;
	memset(cmdline, 'x', CFG_CMDLINE_MAX);
	m.cmdline = cmdline;
	assert_true(write_tree(&m, &d, DTB_MAX) >= 8);
	assert_in_range(dtb_length(&d), 1, DTB_MAX);
	assert_int_equal(fdt_check_full(buffer, dtb_length(&d)), 0);
	for (u32 i = 0; i < CFG_VCPUS_MAX; i++) {
		char path[32];

		snprintf(path, sizeof(path), "/cpus/cpu@%x", (u32)vcpu_mpidr(i));
		assert_int_equal(cell(path, "reg", 0, 1), vcpu_mpidr(i));
		assert_string_equal(property(path, "enable-method", 5), "psci");
	}
	assert_int_equal(pair("/intc@8000000", "reg", 3, 4), 64 * VGICR_STRIDE);
}

/* Any buffer that is too small: an end with an error, no byte behind it. */
static void too_small(void **state)
{
	struct dtb_machine m = machine_of(3, 2);
	struct dtb d;
	size_t needed;

	(void)state;
	write_tree(&m, &d, DTB_MAX);
	needed = dtb_length(&d);
	for (size_t size = 0; size < needed; size += 8) {
		u8 *small = aligned_alloc(8, size ? size : 8);

		dtb_begin(&d, small, size);
		while (!dtb_step(&d, &m))
			;
		assert_int_equal(dtb_length(&d), 0);
		free(small);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_tree), cmocka_unit_test(virtio_slots),
		cmocka_unit_test(no_initrd),  cmocka_unit_test(widest),
		cmocka_unit_test(too_small),
	};

	return cmocka_run_group_tests(tests, make_buffer, free_buffer);
}
