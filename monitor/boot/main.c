/* SPDX-License-Identifier: BSD-2-Clause */
/* Power-on to the first guest instruction: a list, with a reason on each line. */
#include "boot/machine.h"

#include "arm64/cpu.h"
#include "control/channel.h"
#include "control/config.h"
#include "control/console.h"
#include "control/life.h"
#include "hw/gic.h"
#include "hw/mmio.h"
#include "hw/timer.h"
#include "hw/uart.h"
#include "hw/virtio.h"
#include "lib/percpu.h"
#include "lib/print.h"
#include "lib/string.h"
#include "mem/guest.h"
#include "mem/hypmap.h"
#include "mem/node.h"
#include "mem/stage2.h"
#include "trap/trap.h"
#include "vcpu/features.h"
#include "vdev/vdev.h"

void boot_main(u64 fdt_pa, u64 image);
__attribute__((noreturn)) void call_on_stack(u64 top, void (*fn)(void));
__attribute__((noreturn)) void smp_boot_cpu(void);
extern u64 __stack_chk_guard;

static struct cpu boot_cpu; /* until its node-local record is made */

static u64 rtc_seconds(void)
{
	return machine.rtc ? mmio_read32(machine.rtc) : 0;
}

/* On a bug: the other CPUs stop, the log goes straight to the UART. */
static void stop_others(void)
{
	log_early = uart_put;
	for (u32 i = 0; i < cpu_count; i++)
		if (cpus[i] && cpus[i] != this_cpu() && cpus[i]->online) {
			atomic_or(&cpus[i]->work, WORK_PANIC);
			gic_send_sgi(cpus[i]->mpidr, GIC_SGI_WORK);
		}
}

/* Seeds every CPU's generator from what the machine gave us. */
static void seed_random(void)
{
	struct random r = {{0}, 0};
	u64 now = timer_now();
	if (machine.seed_size < 32 && !features.rndr)
		print("boot: WARNING: the machine gives no entropy (no rng-seed, no RNDR)\n");
	random_stir(&r, machine.seed, machine.seed_size);
	random_stir(&r, &now, sizeof(now));
	for (u32 i = 0; features.rndr && i < 8; i++) {
		u64 word = sysreg_read(S3_3_C2_C4_0);
		random_stir(&r, &word, sizeof(word));
	}
	for (u32 i = 0; i < cpu_count; i++)
		random_bytes(&r, cpus[i]->random.key, sizeof(cpus[i]->random.key));
	memset(machine.seed, 0, sizeof(machine.seed));
}

static void describe(void)
{
	for (u32 n = 0; n < node_count; n++) {
		struct node_stats s;
		u32 here = 0;
		for (u32 i = 0; i < cpu_count; i++)
			here += cpus[i]->node == n;
		node_stats(n, &s);
		print("boot: node %u: %u CPUs, %llu MiB, %llu MiB free\n", n, here,
		      (unsigned long long)(s.total >> 8), (unsigned long long)(s.free >> 8));
	}
}

static void start_devices(void)
{
	uart_init(machine.uart, machine.uart_intid);
	if (machine.uart_intid)
		gic_spi_enable(machine.uart_intid, cpus[0]->mpidr, false);
	for (u32 i = 0; i < machine.virtio_count; i++)
		virtio_found(machine.virtio[i].base, machine.virtio[i].intid);
	virtio_start(monitor_alloc);
}

/* Each device interrupts another CPU, so that no CPU pays for all. */
static void route_devices(void)
{
	u32 intid;
	for (u32 i = 0, cpu = 0; (intid = virtio_intid(i)) != 0; i++) {
		do {
			cpu = (cpu + 1) % cpu_count;
		} while (!cpus[cpu]->online);
		/*
		 * By level, whatever the tree says: the line stays up until the driver
		 * acknowledges, and it may be up since before this.
		 */
		gic_spi_enable(intid, cpus[cpu]->mpidr, false);
	}
}

/* The second half of boot, on this CPU's own stack, with its node's text. */
static void boot_on_stack(void)
{
	smp_cpu_setup();   /* traps, timer, GIC interface, run queue of this CPU */
	start_devices();   /* disks are needed by the configuration's volumes */
	smp_start_all();   /* the others wait until all is built */
	route_devices();   /* to CPUs that run */
	describe();
	life_boot(pa_va(pa_of(machine.archive)), machine.archive_size); /* configuration, VMs */
	log_early = NULL;  /* from here on ... */
	console_begin();   /* ... the log is drained without waiting */
	atomic_or(&this_cpu()->work, WORK_CONSOLE | WORK_CONTROL);
	smp_boot_cpu();
}

void boot_main(u64 fdt_pa, u64 image)
{
	const void *fdt = pa_va(pa_of(fdt_pa));
	image_pa = image;
	set_this_cpu(&boot_cpu);         /* locks and counters need a record */
	uart_init(fdt_uart(fdt), 0);     /* to be able to complain */
	log_early = uart_put;
	panic_hook = stop_others;
	if (fdt_read(fdt) != OK)
		panic("boot: this machine can't be used");
	print("Disco: %u CPUs, %u nodes\n", machine.cpu_count, machine.node_count);
	features_read();                 /* what the CPUs have decides the next steps */
	stage2_fwb = features.fwb;
	guest_wait_test = machine.wait_test; /* asked for on the monitor's command line */
	timer_cpu_init();                /* time, for the log and the generators */
	log_clock = timer_ns;
	nodes_early();                   /* direct map, image with W^X, frame table */
	nodes_memory();                  /* allocators */
	nodes_cpus();                    /* per-CPU records and stacks on their nodes */
	set_this_cpu(cpus[0]);
	seed_random();
	/* Here, since this function never returns: nobody checks a guard taken before. */
	u64 guard;
	random_bytes(&this_cpu()->random, &guard, sizeof(guard));
	__stack_chk_guard = guard;
	nodes_texts();                   /* each node its copy of the monitor's text */
	if (gic_init(machine.gicd, machine.gicr, machine.gicr_size, machine.gicr_count) != OK)
		panic("boot: the GIC is not one that can be used");
	wall_clock_seconds = rtc_seconds;
	call_on_stack(cpus[0]->stack_top, boot_on_stack);
}
