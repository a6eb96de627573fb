/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every counter of the monitor: X(name, unit, help). A counter is kept per CPU and per
 * vCPU where an exit or a fault can be blamed on one; `disco stats` prints both sums, tests
 * assert on them, published figures use them. New ones go at the end of their group; the
 * tool and the monitor compare the number of entries when they meet.
 */
#ifndef ABI_COUNTERS_H
#define ABI_COUNTERS_H

#define COUNTERS(X)                                                                         \
	/* exits by reason */                                                               \
	X(exit_irq, "exits", "a device, timer or IPI of the machine interrupted the guest") \
	X(exit_wfi, "exits", "the guest waits for an interrupt (WFI, WFE)")                 \
	X(exit_hvc, "exits", "hypercall: PSCI, SMCCC, steal time, TRNG")                    \
	X(exit_smc, "exits", "secure monitor call, answered as not known")                  \
	X(exit_sysreg, "exits", "trapped system register")                                  \
	X(exit_sgi, "exits", "the guest sends an SGI (IPI) to its vCPUs")                   \
	X(exit_fault, "exits", "stage-2 fault on guest memory")                             \
	X(exit_mmio_gic, "exits", "access to the virtual GIC's registers")                  \
	X(exit_mmio_dev, "exits", "access to a device register")                            \
	X(exit_fp, "exits", "first FP/SIMD use in a slice")                                 \
	X(exit_debug, "exits", "trapped debug or PMU access")                               \
	X(exit_other, "exits", "any other reason")                                          \
	/* scheduling */                                                                    \
	X(switches, "switches", "another vCPU was loaded")                                  \
	X(wakes, "wakes", "a waiting vCPU became ready")                                    \
	X(steals, "vcpus", "a vCPU moved to an idle CPU of the same node")                  \
	X(steals_far, "vcpus", "a vCPU moved to an idle CPU of another node")               \
	X(ipis, "ipis", "interrupts sent between CPUs of the machine")                      \
	X(slices, "slices", "time slices that ended by time")                               \
	/* virtual interrupts */                                                            \
	X(irq_injected, "irqs", "list registers filled")                                    \
	X(irq_maintenance, "irqs", "maintenance interrupts")                                \
	X(irq_overflow, "irqs", "more pending interrupts than list registers")              \
	X(timer_direct, "irqs", "virtual timer interrupts injected on the spot")            \
	/* memory */                                                                        \
	X(fault_zero, "faults", "first touch: a zeroed frame was given")                    \
	X(fault_block, "faults", "first touch: a zeroed 2 MiB block was given")             \
	X(fault_refill, "faults", "the frame was there, the node's tree lacked it")         \
	X(fault_unshare, "faults", "write to a shared frame: private copy made")            \
	X(fault_bad, "faults", "access outside memory and devices: abort injected")         \
	X(pool_hits, "frames", "zeroed frames taken from the pool")                         \
	X(pool_misses, "frames", "frames zeroed while the guest waited")                    \
	X(pool_zeroed, "frames", "frames zeroed by idle CPUs")                              \
	X(far_frames, "frames", "frames given from another node than asked")                \
	X(frames_returned, "frames", "guest frames given back (balloon, reporting)")        \
	X(published, "frames", "frames made visible to guests (caches cleaned)")            \
	X(flush_pages, "pages", "stage-2 pages invalidated one by one")                     \
	X(flush_vm, "flushes", "stage-2 invalidations of a whole VM")                       \
	X(flush_local, "flushes", "local invalidations: other vCPU of the same VM")         \
	X(tables, "tables", "stage-2 tables made")                                          \
	X(waits, "waits", "accesses that had to wait and were repeated")                    \
	/* devices */                                                                       \
	X(blk_reads, "requests", "virtual disk reads")                                      \
	X(blk_writes, "requests", "virtual disk writes")                                    \
	X(blk_flushes, "requests", "virtual disk flushes")                                  \
	X(blk_discards, "requests", "virtual disk discards and write-zeroes")               \
	X(blk_errors, "requests", "virtual disk requests that failed")                      \
	X(blk_read_bytes, "bytes", "read through virtual disks")                            \
	X(blk_written_bytes, "bytes", "written through virtual disks")                      \
	X(console_bytes, "bytes", "console output")                                         \
	X(rng_bytes, "bytes", "entropy given to guests")                                    \
	X(virtio_kicks, "kicks", "queue notifications by guests")                           \
	X(virtio_irqs, "irqs", "interrupts to guests by virtual devices")                   \
	X(virtio_broken, "devices", "devices put to NEEDS_RESET by a guest's mistake")      \
	X(guest_aborts, "aborts", "aborts and undefined instructions injected")             \
	/* monitor */                                                                       \
	X(jobs, "jobs", "long jobs finished")                                               \
	X(job_slices, "slices", "steps of long jobs")                                       \
	X(control_messages, "messages", "control messages received")                        \
	X(control_garbled, "messages", "control messages dropped as garbage")               \
	X(spurious, "irqs", "interrupts of the machine that nobody waited for")

enum counter {
#define X(name, unit, help) COUNTER_##name,
	COUNTERS(X)
#undef X
		COUNTER_COUNT
};

#endif
