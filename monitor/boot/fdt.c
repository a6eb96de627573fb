/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's device tree (Devicetree Specification 0.4; Linux bindings arm,gic-v3,
 * arm,pl011, virtio,mmio, psci, numa). Only what the monitor uses; anything that it can't
 * run on is refused with a line that says what was found.
 */
#include "boot/machine.h"

#include <libfdt.h>

#include "lib/addr.h"
#include "lib/print.h"
#include "lib/string.h"

struct machine machine;

static u64 cells(const fdt32_t *p, u32 n)
{
	u64 v = 0;
	while (n--)
		v = (v << 32) | fdt32_to_cpu(*p++);
	return v;
}

static u32 u32_of(const void *fdt, int node, const char *name, u32 otherwise)
{
	int length;
	const fdt32_t *p = fdt_getprop(fdt, node, name, &length);
	return p && length >= 4 ? fdt32_to_cpu(*p) : otherwise;
}

/* Entry `i` of a reg property; false behind the last. */
static bool reg(const void *fdt, int node, u32 i, u64 *address, u64 *size)
{
	int length;
	int parent = fdt_parent_offset(fdt, node);
	int ac = fdt_address_cells(fdt, parent);
	int sc = fdt_size_cells(fdt, parent);
	const fdt32_t *p = fdt_getprop(fdt, node, "reg", &length);
	if (!p || ac < 1 || ac > 2 || sc < 0 || sc > 2)
		return false;
	u32 entry = (u32)(ac + sc);
	if ((i + 1) * entry * 4 > (u32)length)
		return false;
	*address = cells(p + i * entry, (u32)ac);
	*size = cells(p + i * entry + ac, (u32)sc);
	return true;
}

/* The first interrupt as an INTID (three cells: kind, number, flags). */
static u32 intid_of(const void *fdt, int node)
{
	int length;
	const fdt32_t *p = fdt_getprop(fdt, node, "interrupts", &length);
	if (!p || length < 12)
		return 0;
	return fdt32_to_cpu(p[1]) + (fdt32_to_cpu(p[0]) == 0 ? 32 : 16);
}

static enum err refuse(const char *what, u64 found, u64 limit)
{
	print("machine: %s: %llu, at most %llu are supported\n", what, (unsigned long long)found,
	      (unsigned long long)limit);
	return ERR_INPUT;
}

static enum err note_node(u32 node)
{
	if (node >= MAX_NODES)
		return refuse("NUMA node number", node, MAX_NODES - 1);
	machine.node_count = MAX(machine.node_count, node + 1);
	return OK;
}

static bool is_type(const void *fdt, int node, const char *type)
{
	const char *t = fdt_getprop(fdt, node, "device_type", NULL);
	return t && strcmp(t, type) == 0;
}

static enum err read_cpus(const void *fdt)
{
	int cpus = fdt_path_offset(fdt, "/cpus");
	int node;
	fdt_for_each_subnode(node, fdt, cpus) {
		u64 mpidr, none;
		if (!is_type(fdt, node, "cpu") || !reg(fdt, node, 0, &mpidr, &none))
			continue;
		if (machine.cpu_count == MAX_CPUS)
			return refuse("CPUs", MAX_CPUS + 1, MAX_CPUS);
		u32 n = u32_of(fdt, node, "numa-node-id", 0);
		if (note_node(n) != OK)
			return ERR_INPUT;
		machine.cpus[machine.cpu_count].mpidr = mpidr;
		machine.cpus[machine.cpu_count++].node = n;
	}
	return machine.cpu_count ? OK : ERR_INPUT;
}

static enum err read_memory(const void *fdt)
{
	int node;
	fdt_for_each_subnode(node, fdt, 0) {
		u64 start, size;
		if (!is_type(fdt, node, "memory"))
			continue;
		u32 n = u32_of(fdt, node, "numa-node-id", 0);
		if (note_node(n) != OK)
			return ERR_INPUT;
		for (u32 i = 0; reg(fdt, node, i, &start, &size); i++) {
			struct memory_range *r = &machine.ranges[machine.range_count];
			if (machine.range_count == MACHINE_RANGES)
				return refuse("memory ranges", MACHINE_RANGES + 1, MACHINE_RANGES);
			r->start = ALIGN_UP(start, PAGE_SIZE);
			r->end = ALIGN_DOWN(start + size, PAGE_SIZE);
			r->node = n;
			r->next = r->start;
			machine.range_count += r->end > r->start;
		}
	}
	return machine.range_count ? OK : ERR_INPUT;
}

static enum err read_distances(const void *fdt)
{
	int length;
	int node = fdt_path_offset(fdt, "/distance-map");
	const fdt32_t *p = node < 0 ? NULL : fdt_getprop(fdt, node, "distance-matrix", &length);
	if (!p)
		return OK;
	for (; length >= 12; length -= 12, p += 3) {
		u32 a = fdt32_to_cpu(p[0]);
		u32 b = fdt32_to_cpu(p[1]);
		if (note_node(a) != OK || note_node(b) != OK)
			return ERR_INPUT;
		machine.distances[a][b] = fdt32_to_cpu(p[2]);
	}
	return OK;
}

static enum err read_gic(const void *fdt)
{
	u64 size;
	int node = fdt_node_offset_by_compatible(fdt, -1, "arm,gic-v3");
	if (node < 0 || !reg(fdt, node, 0, &machine.gicd, &size)) {
		print("machine: no GICv3 (start QEMU with gic-version=3)\n");
		return ERR_INPUT;
	}
	u32 regions = u32_of(fdt, node, "#redistributor-regions", 1);
	for (u32 i = 0; i < MIN(regions, 8u); i++)
		machine.gicr_count +=
			reg(fdt, node, i + 1, &machine.gicr[i], &machine.gicr_size[i]);
	return machine.gicr_count ? OK : ERR_INPUT;
}

u64 fdt_uart(const void *fdt)
{
	u64 base, size;
	if (fdt_check_header(fdt))
		return 0;
	int node = fdt_node_offset_by_compatible(fdt, -1, "arm,pl011");
	return node >= 0 && reg(fdt, node, 0, &base, &size) ? base : 0;
}

static void read_devices(const void *fdt)
{
	u64 base, size;
	int node = fdt_node_offset_by_compatible(fdt, -1, "arm,pl011");
	if (node >= 0 && reg(fdt, node, 0, &machine.uart, &size))
		machine.uart_intid = intid_of(fdt, node);
	node = fdt_node_offset_by_compatible(fdt, -1, "arm,pl031");
	if (node >= 0 && reg(fdt, node, 0, &base, &size))
		machine.rtc = base;
	for (node = fdt_node_offset_by_compatible(fdt, -1, "virtio,mmio"); node >= 0;
	     node = fdt_node_offset_by_compatible(fdt, node, "virtio,mmio")) {
		if (machine.virtio_count < ARRAY_SIZE(machine.virtio) &&
		    reg(fdt, node, 0, &base, &size)) {
			machine.virtio[machine.virtio_count].base = base;
			machine.virtio[machine.virtio_count++].intid = intid_of(fdt, node);
		}
	}
}

static void reserve(u64 start, u64 end)
{
	if (end <= start || machine.reserved_count == MACHINE_RESERVED)
		return;
	machine.reserved[machine.reserved_count].start = ALIGN_DOWN(start, PAGE_SIZE);
	machine.reserved[machine.reserved_count++].end = ALIGN_UP(end, PAGE_SIZE);
}

static u64 chosen_address(const void *fdt, int node, const char *name)
{
	int length;
	const fdt32_t *p = fdt_getprop(fdt, node, name, &length);
	return p && length >= 4 ? cells(p, (u32)length / 4) : 0;
}

static void read_chosen(const void *fdt)
{
	int length;
	int node = fdt_path_offset(fdt, "/chosen");
	if (node < 0)
		return;
	u64 start = chosen_address(fdt, node, "linux,initrd-start");
	u64 end = chosen_address(fdt, node, "linux,initrd-end");
	if (end > start) {
		machine.archive = start;
		machine.archive_size = end - start;
		reserve(start, end);
	}
	const char *arguments = fdt_getprop(fdt, node, "bootargs", NULL);
	machine.wait_test = arguments && strcmp(arguments, "wait-test") == 0;
	const void *seed = fdt_getprop(fdt, node, "rng-seed", &length);
	if (seed && length > 0) {
		machine.seed_size = MIN((u32)length, (u32)sizeof(machine.seed));
		memcpy(machine.seed, seed, machine.seed_size);
	}
}

static enum err read_psci(const void *fdt)
{
	int node = fdt_node_offset_by_compatible(fdt, -1, "arm,psci-0.2");
	if (node < 0)
		node = fdt_node_offset_by_compatible(fdt, -1, "arm,psci-1.0");
	const char *method = node < 0 ? NULL : fdt_getprop(fdt, node, "method", NULL);
	if (method && strcmp(method, "smc") == 0)
		return OK;
	print("machine: PSCI by SMC is needed, found '%s'\n", method ? method : "none");
	return ERR_INPUT;
}

enum err fdt_read(const void *fdt)
{
	int error = fdt_check_header(fdt);
	if (error) {
		print("machine: no device tree at %p (%d)\n", fdt, error);
		return ERR_INPUT;
	}
	reserve(va_pa(fdt).v, va_pa(fdt).v + fdt_totalsize(fdt));
	reserve(image_pa, image_pa + (u64)(image_end - image_start));
	for (int i = 0; i < fdt_num_mem_rsv(fdt); i++) {
		u64 start, size;
		if (fdt_get_mem_rsv(fdt, i, &start, &size) == 0)
			reserve(start, start + size);
	}
	read_chosen(fdt);
	read_devices(fdt);
	enum err e = read_cpus(fdt);
	if (e == OK)
		e = read_memory(fdt);
	if (e == OK)
		e = read_distances(fdt);
	if (e == OK)
		e = read_gic(fdt);
	if (e == OK)
		e = read_psci(fdt);
	return e;
}
