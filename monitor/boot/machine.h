/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine below, as its device tree describes it (boot/fdt.c). Written once at boot. */
#ifndef BOOT_MACHINE_H
#define BOOT_MACHINE_H

#include "lib/err.h"
#include "lib/types.h"

#define MACHINE_RANGES 32u
#define MACHINE_RESERVED 16u

struct machine {
	u32 cpu_count;
	struct {
		u64 mpidr;
		u32 node;
	} cpus[MAX_CPUS];
	u32 node_count;
	u32 range_count;
	struct memory_range {
		u64 start, end; /* whole frames */
		u32 node;
		u64 next; /* nodes.c: the monitor has taken all below */
	} ranges[MACHINE_RANGES];
	u32 reserved_count;
	struct {
		u64 start, end;
	} reserved[MACHINE_RESERVED]; /* image, boot archive, device tree, /memreserve/ */
	u32 distances[MAX_NODES][MAX_NODES]; /* 0: not told */

	u64 gicd;
	u32 gicr_count;
	u64 gicr[8], gicr_size[8];
	u64 uart;
	u32 uart_intid;
	u64 rtc; /* PL031, or 0 */
	u32 virtio_count;
	struct {
		u64 base;
		u32 intid;
	} virtio[32];
	u64 archive, archive_size; /* boot archive (the initrd), or 0 */
	bool wait_test; /* /chosen bootargs has "wait-test": mem/guest.h */
	u8 seed[64];
	u32 seed_size;
};
extern struct machine machine;

/*
 * Reads the flattened device tree at PA `fdt` (mapped). Prints a line and answers ERR_INPUT
 * when the machine is not one that the monitor runs on.
 */
must_check enum err fdt_read(const void *fdt);
/* The UART's address alone, so that the rest can be complained about; 0: none. */
u64 fdt_uart(const void *fdt);

/* nodes.c: memory, tables, frame table, allocators, per-CPU records, text copies. */
void nodes_early(void);
void nodes_memory(void);
void nodes_cpus(void);
void nodes_texts(void);

/* smp.c */
void smp_start_all(void);
/* This CPU's EL2 registers: traps, translation control, vectors. */
void smp_cpu_setup(void);

extern u64 image_pa;
extern char image_start[], text_end[], rodata_end[], data_end[], image_end[];

#endif
