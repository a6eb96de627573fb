/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a bare-metal test guest has: a CPU with caches on and memory mapped one to one, other
 * CPUs, interrupts, and a line of output per check. Every guest ends with `finish()`.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

#define STR_(x) #x
#define STR(x) STR_(x)
#define sysreg_read(name)                                                    \
	({                                                                   \
		u64 v_;                                                      \
		__asm__ volatile("mrs %0, " STR(name) : "=r"(v_)::"memory"); \
		v_;                                                          \
	})
#define sysreg_write(name, value)                                                 \
	do {                                                                      \
		u64 w_ = (value);                                                 \
		__asm__ volatile("msr " STR(name) ", %x0" ::"rZ"(w_) : "memory"); \
	} while (0)
#define ASM(text) __asm__ volatile(text ::: "memory")
#define ISB() ASM("isb")
#define DSB() ASM("dsb ish")
#define DSB_SY() ASM("dsb sy")
#define DMB() ASM("dmb ish")
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define PAGE 4096ull
#define CPUS_MAX 64u
#define NSEC 1000000000ull

static inline u32 load_acquire(const volatile u32 *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}
static inline void store_release(volatile u32 *p, u32 v)
{
	__atomic_store_n(p, v, __ATOMIC_RELEASE);
}
static inline void relax(void)
{
	ASM("yield");
}

/* --- the machine, from the device tree --- */
struct board {
	u64 ram, ram_size; /* all of the RAM, one range */
	u64 dtb, dtb_size;
	u64 initrd, initrd_end;
	u32 cpu_count;
	u64 mpidr[CPUS_MAX];
	char args[1024]; /* the kernel command line */
};
extern struct board board;
extern char image_start[], image_end[];
extern u64 first_regs[]; /* x1 to x30, v0 to v31, six system registers as found at entry */

/* `name=NUMBER` of the command line, or that default; `name` alone is 1. */
u64 option(const char *name, u64 otherwise);
/* A page-aligned piece of memory that nothing else uses, not cleared. */
void *take(u64 bytes);

/* --- CPUs --- */
struct regs {
	u64 x[31];
	u64 pc, pstate, pad;
};

/* What trap_*() saw. */
struct trap {
	u32 count;
	u64 esr, far, pc;
};

struct cpu {
	u8 *stack_top; /* first: start.S */
	u32 id;
	u64 mpidr;
	u64 gicr;               /* its redistributor */
	struct trap *trap;      /* synchronous exceptions go here; NULL: they end the test */
	void (*irq)(u32 intid); /* interrupts that the library doesn't use */
	bool own_timer; /* irq() wants the virtual timer, too; wait_for() can't be used then */
	volatile u32 irqs[256]; /* how often each came */
	volatile u32 online;
	volatile u32 work; /* number of the last on_all() it has done */
};
extern struct cpu cpus[CPUS_MAX];

static inline struct cpu *self(void)
{
	return (struct cpu *)sysreg_read(tpidr_el1);
}

/* Starts the others; they wait in WFI for on_all(). Returns how many run in the end. */
u32 smp_start(void);
/* Every CPU runs fn(its id), this one too; returns when all are done. */
void on_all(void (*fn)(u32 id));
/* The same for all others, without waiting for them. */
void on_others(void (*fn)(u32 id));
/* All CPUs meet; for use inside on_all(). */
void barrier(void);

static inline void irq_on(void)
{
	ASM("msr daifclr, #2");
}
static inline void irq_off(void)
{
	ASM("msr daifset, #2");
}
/* Waits until *p is at least `value`: by WFI, with a limit. False when it took too long. */
bool wait_for(const volatile u32 *p, u32 value, u64 ns);

/* An access that may fault; true when it did, and what is in *t. The access is skipped. */
bool trap_read(u64 address, u32 size, u64 *value, struct trap *t);
bool trap_write(u64 address, u32 size, u64 value, struct trap *t);
bool trap_call(u64 address, struct trap *t);
/* Code that may fault: between these, exceptions are counted in *t and skipped. */
static inline void trap_begin(struct trap *t)
{
	*t = (struct trap){0};
	self()->trap = t;
	ASM("");
}
static inline void trap_end(void)
{
	ASM("dsb sy; isb");
	self()->trap = NULL;
}
#define ESR_EC(esr) ((u32)((esr) >> 26) & 63)
#define EC_UNKNOWN 0x00u
#define EC_IABT 0x21u
#define EC_DABT 0x25u

/* --- GIC --- */
#define GICD 0x08000000ull
#define GICR 0x080a0000ull
#define GICR_STRIDE 0x20000ull
#define GICD_CTLR 0x0000u
#define GICD_TYPER 0x0004u
#define GIC_IGROUPR 0x080u
#define GIC_ISENABLER 0x100u
#define GIC_ICENABLER 0x180u
#define GIC_ISPENDR 0x200u
#define GIC_ICPENDR 0x280u
#define GIC_ISACTIVER 0x300u
#define GIC_ICACTIVER 0x380u
#define GIC_IPRIORITYR 0x400u
#define GIC_ICFGR 0xc00u
#define GICD_IROUTER 0x6000u
#define ICC_PMR S3_0_C4_C6_0
#define ICC_IAR1 S3_0_C12_C12_0
#define ICC_EOIR1 S3_0_C12_C12_1
#define ICC_HPPIR1 S3_0_C12_C12_2
#define ICC_BPR1 S3_0_C12_C12_3
#define ICC_CTLR S3_0_C12_C12_4
#define ICC_SRE S3_0_C12_C12_5
#define ICC_IGRPEN1 S3_0_C12_C12_7
#define ICC_DIR S3_0_C12_C11_1
#define ICC_RPR S3_0_C12_C11_3
#define ICC_SGI1R S3_0_C12_C11_5
#define SPURIOUS 1023u
#define PRIORITY 0xa0u /* of all interrupts, unless a test says otherwise */
#define SGI_WORK 15u   /* used by on_all() */
#define PPI_VTIMER 27u
#define PPI_PTIMER 30u

static inline u32 mmio_read(u64 a)
{
	u32 v;
	__asm__ volatile("ldr %w0, [%1]" : "=r"(v) : "r"(a) : "memory");
	return v;
}
static inline void mmio_write(u64 a, u32 v)
{
	__asm__ volatile("str %w0, [%1]" ::"r"(v), "r"(a) : "memory");
}
static inline u64 mmio_read64(u64 a)
{
	u64 v;
	__asm__ volatile("ldr %0, [%1]" : "=r"(v) : "r"(a) : "memory");
	return v;
}
static inline void mmio_write64(u64 a, u64 v)
{
	__asm__ volatile("str %0, [%1]" ::"r"(v), "r"(a) : "memory");
}
static inline void mmio_write8(u64 a, u8 v)
{
	__asm__ volatile("strb %w0, [%1]" ::"r"((u32)v), "r"(a) : "memory");
}

void gic_init(void);     /* the distributor, once */
void gic_cpu_init(void); /* this CPU's redistributor and interface */
/* The frame with an interrupt's registers: this CPU's for SGIs and PPIs. */
u64 gic_frame(u32 intid);
void gic_set(u32 intid, u32 reg); /* writes its bit of a set or clear register */
bool gic_get(u32 intid, u32 reg); /* reads its bit */
void gic_priority(u32 intid, u8 priority);
void gic_edge(u32 intid, bool edge);
void gic_route(u32 intid, u64 mpidr); /* SPI */
void gic_sgi(u32 cpu, u32 intid);
void gic_sgi_others(u32 intid);
u32 gic_lines(void); /* INTIDs 32 up to this (exclusive) are SPIs */

/* --- hypercalls --- */
struct answer {
	u64 x0, x1, x2, x3;
};
struct answer hvc(u64 x0, u64 x1, u64 x2, u64 x3);
struct answer smc(u64 x0, u64 x1, u64 x2, u64 x3);
#define PSCI_VERSION 0x84000000u
#define PSCI_CPU_SUSPEND 0xc4000001u
#define PSCI_CPU_OFF 0x84000002u
#define PSCI_CPU_ON 0xc4000003u
#define PSCI_AFFINITY_INFO 0xc4000004u
#define PSCI_MIGRATE_INFO_TYPE 0x84000006u
#define PSCI_SYSTEM_OFF 0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u
#define PSCI_FEATURES 0x8400000au
_Noreturn void power_off(void);
_Noreturn void reset(void);
/* True on Disco, false on plain QEMU (`bare` on the command line). */
bool on_disco(void);

/* --- time --- */
static inline u64 now(void)
{
	ISB();
	return sysreg_read(cntvct_el0);
}
u64 ticks(u64 ns);
u64 to_ns(u64 ticks);

/* --- memory --- */
#define PTE_VALID 1ull
#define PTE_TABLE 3ull
#define PTE_PAGE 3ull
#define PTE_DEVICE (1ull << 2) /* MAIR index 1 */
#define PTE_RO (1ull << 7)
#define PTE_SHARED (3ull << 8)
#define PTE_AF (1ull << 10)
#define PTE_NORMAL (PTE_PAGE | PTE_SHARED | PTE_AF)
#define PTE_DBM (1ull << 51)
#define TABLES_VA 0x7000000000ull /* a GiB for tests; see mmu_map() */
extern u64 tables_l1[512];
void mmu_tables(void);
void mmu_on(void);
bool has_hw_af(void);    /* hardware sets access flags */
bool has_hw_dirty(void); /* and write permission */

/* --- output --- */
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);
void put(char c);
void ok(const char *name);
__attribute__((format(printf, 2, 3))) void fail(const char *name, const char *format, ...);
/* `name: ok`, or FAIL with the rest. Returns `good`. */
#define check(good, name, ...) ((good) ? (ok(name), true) : (fail(name, __VA_ARGS__), false))
extern volatile u32 failures;
_Noreturn void finish(void); /* PASS or FAIL, and off */

void *memset(void *to, int c, size_t n);
void *memcpy(void *to, const void *from, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
bool equal(const char *a, const char *b);

void guest_main(void);
#endif
