/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes a guest's device tree with libfdt's sequential functions. Nodes and properties
 * are those of QEMU's `virt`, so that a kernel that boots there boots here; what a VM does
 * not have (flash, PCI, GPIO keys) is left out. Of the 32 virtio slots only those in use
 * are listed: a stock kernel probes each one, and each probe of an empty slot is an exit.
 *
 * libfdt looks through all names for each property unless told not to; the flag for that
 * makes the tree longer (each name is stored again) and each step short.
 */
#include "control/dtb.h"

#include <libfdt_quiet.h>

#include "lib/print.h"
#include "lib/string.h"
#include "vcpu/vcpu.h"
#include "vdev/vdev.h"

#define PHANDLE_GIC 1u
#define PHANDLE_CLOCK 2u
#define CLOCK_HZ 24000000u
#define CPUS_A_STEP 8u

/* The cells of an `interrupts` property (Linux, bindings/interrupt-controller/arm,gic-v3). */
#define GIC_SPI 0u
#define GIC_PPI 1u
#define LEVEL_HIGH 4u

#define PSCI_NAMES "arm,psci-1.0\0arm,psci-0.2"
#define TIMER_NAMES "arm,armv8-timer\0arm,armv7-timer"
#define PL011_NAMES "arm,pl011\0arm,primecell"
#define PL031_NAMES "arm,pl031\0arm,primecell"

enum phase { PHASE_HEAD, PHASE_CPUS, PHASE_DEVICES, PHASE_VIRTIO, PHASE_FINISH, PHASE_DONE };

/* The first error sticks, and nothing is written behind it: callers look at none. */
static void begin(struct dtb *d, const char *name)
{
	if (d->error == 0)
		d->error = fdt_begin_node(d->buffer, name);
}

static void end(struct dtb *d)
{
	if (d->error == 0)
		d->error = fdt_end_node(d->buffer);
}

static void bytes(struct dtb *d, const char *name, const void *p, size_t n)
{
	if (d->error == 0)
		d->error = fdt_property(d->buffer, name, p, (int)n);
}

/* A property without a value. */
static void flag(struct dtb *d, const char *name)
{
	bytes(d, name, "", 0);
}

static void text(struct dtb *d, const char *name, const char *value)
{
	bytes(d, name, value, strlen(value) + 1);
}

static void cells(struct dtb *d, const char *name, const u32 *values, u32 count)
{
	fdt32_t out[16];

	for (u32 i = 0; i < count; i++)
		out[i] = cpu_to_fdt32(values[i]);
	bytes(d, name, out, count * sizeof(out[0]));
}
#define CELLS(d, name, ...) \
	cells(d, name, (const u32[]){__VA_ARGS__}, ARRAY_SIZE(((const u32[]){__VA_ARGS__})))
#define CELL64(v) (u32)((u64)(v) >> 32), (u32)(v)

static void write_chosen(struct dtb *d, const struct dtb_machine *m)
{
	begin(d, "chosen");
	text(d, "bootargs", m->cmdline);
	text(d, "stdout-path", "/pl011@9000000");
	if (m->initrd_size) {
		CELLS(d, "linux,initrd-start", CELL64(m->initrd.v));
		CELLS(d, "linux,initrd-end", CELL64(m->initrd.v + m->initrd_size));
	}
	bytes(d, "rng-seed", m->seed, sizeof(m->seed));
	CELLS(d, "kaslr-seed", CELL64(m->kaslr_seed));
	end(d);
}

static void write_head(struct dtb *d, const struct dtb_machine *m)
{
	d->error = fdt_create_with_flags(d->buffer, (int)d->size, FDT_CREATE_FLAG_NO_NAME_DEDUP);
	if (d->error == 0)
		d->error = fdt_finish_reservemap(d->buffer);
	begin(d, "");
	text(d, "compatible", "linux,dummy-virt");
	text(d, "model", "linux,dummy-virt");
	CELLS(d, "#address-cells", 2);
	CELLS(d, "#size-cells", 2);
	CELLS(d, "interrupt-parent", PHANDLE_GIC);
	write_chosen(d, m);

	begin(d, "memory@40000000");
	text(d, "device_type", "memory");
	CELLS(d, "reg", CELL64(VDEV_RAM_BASE), CELL64(m->memory));
	end(d);

	begin(d, "psci");
	bytes(d, "compatible", PSCI_NAMES, sizeof(PSCI_NAMES));
	text(d, "method", "hvc");
	end(d);

	begin(d, "cpus");
	CELLS(d, "#address-cells", 1);
	CELLS(d, "#size-cells", 0);
}

/* A few CPUs; true behind the last. */
static bool write_cpus(struct dtb *d, const struct dtb_machine *m)
{
	u32 last = MIN(m->vcpus, d->next_cpu + CPUS_A_STEP);

	for (; d->next_cpu < last; d->next_cpu++) {
		char name[16];

		format_text(name, sizeof(name), "cpu@%x", (u32)vcpu_mpidr(d->next_cpu));
		begin(d, name);
		text(d, "device_type", "cpu");
		text(d, "compatible", "arm,armv8");
		CELLS(d, "reg", (u32)vcpu_mpidr(d->next_cpu));
		text(d, "enable-method", "psci");
		end(d);
	}
	if (d->next_cpu < m->vcpus)
		return false;
	end(d);
	return true;
}

/* Secure EL1, EL1, virtual, EL2 timer: the guest uses the virtual one. */
static void write_timer(struct dtb *d)
{
	begin(d, "timer");
	bytes(d, "compatible", TIMER_NAMES, sizeof(TIMER_NAMES));
	CELLS(d, "interrupts", GIC_PPI, 13, LEVEL_HIGH, GIC_PPI, 14, LEVEL_HIGH, GIC_PPI, 11,
	      LEVEL_HIGH, GIC_PPI, 10, LEVEL_HIGH);
	flag(d, "always-on");
	end(d);
}

static void write_gic(struct dtb *d, const struct dtb_machine *m)
{
	begin(d, "intc@8000000");
	text(d, "compatible", "arm,gic-v3");
	CELLS(d, "#interrupt-cells", 3);
	flag(d, "interrupt-controller");
	CELLS(d, "#redistributor-regions", 1);
	CELLS(d, "reg", CELL64(VGICD_BASE), CELL64(VGICD_SIZE), CELL64(VGICR_BASE),
	      CELL64(m->vcpus * VGICR_STRIDE));
	CELLS(d, "phandle", PHANDLE_GIC);
	end(d);
}

static void write_uart_and_clock(struct dtb *d)
{
	static const char uart_clocks[] = "uartclk\0apb_pclk";

	begin(d, "apb-pclk");
	text(d, "compatible", "fixed-clock");
	CELLS(d, "#clock-cells", 0);
	CELLS(d, "clock-frequency", CLOCK_HZ);
	text(d, "clock-output-names", "clk24mhz");
	CELLS(d, "phandle", PHANDLE_CLOCK);
	end(d);

	begin(d, "pl011@9000000");
	bytes(d, "compatible", PL011_NAMES, sizeof(PL011_NAMES));
	CELLS(d, "reg", CELL64(VDEV_PL011_BASE), CELL64(PAGE_SIZE));
	CELLS(d, "interrupts", GIC_SPI, VDEV_PL011_INTID - 32, LEVEL_HIGH);
	CELLS(d, "clocks", PHANDLE_CLOCK, PHANDLE_CLOCK);
	bytes(d, "clock-names", uart_clocks, sizeof(uart_clocks));
	end(d);

	begin(d, "pl031@9010000");
	bytes(d, "compatible", PL031_NAMES, sizeof(PL031_NAMES));
	CELLS(d, "reg", CELL64(VDEV_PL031_BASE), CELL64(PAGE_SIZE));
	CELLS(d, "interrupts", GIC_SPI, VDEV_PL031_INTID - 32, LEVEL_HIGH);
	CELLS(d, "clocks", PHANDLE_CLOCK);
	text(d, "clock-names", "apb_pclk");
	end(d);
}

static void write_virtio(struct dtb *d, const struct dtb_machine *m)
{
	for (u32 i = 0; i < m->virtio_slots; i++) {
		u64 base = VDEV_VIRTIO_BASE + i * VDEV_VIRTIO_STRIDE;
		char name[32];

		format_text(name, sizeof(name), "virtio_mmio@%lx", (unsigned long)base);
		begin(d, name);
		text(d, "compatible", "virtio,mmio");
		CELLS(d, "reg", CELL64(base), CELL64(VDEV_VIRTIO_STRIDE));
		/* The line is up until acknowledged (virtio 1.2, 4.2.2): a level. */
		CELLS(d, "interrupts", GIC_SPI, VDEV_VIRTIO_INTID - 32 + i, LEVEL_HIGH);
		flag(d, "dma-coherent");
		end(d);
	}
}

void dtb_begin(struct dtb *d, void *buffer, size_t size)
{
	*d = (struct dtb){.buffer = buffer, .size = size};
}

bool dtb_step(struct dtb *d, const struct dtb_machine *m)
{
	switch ((enum phase)d->phase) {
	case PHASE_HEAD:
		write_head(d, m);
		break;
	case PHASE_CPUS:
		if (!write_cpus(d, m))
			return d->error != 0;
		break;
	case PHASE_DEVICES:
		write_timer(d);
		write_gic(d, m);
		write_uart_and_clock(d);
		break;
	case PHASE_VIRTIO:
		write_virtio(d, m);
		end(d); /* the root */
		break;
	case PHASE_FINISH:
		if (d->error == 0)
			d->error = fdt_finish(d->buffer);
		break;
	case PHASE_DONE:
		return true;
	}
	d->phase++;
	return d->phase == PHASE_DONE || d->error != 0;
}

size_t dtb_length(const struct dtb *d)
{
	return d->error == 0 && d->phase == PHASE_DONE ? fdt_totalsize(d->buffer) : 0;
}
