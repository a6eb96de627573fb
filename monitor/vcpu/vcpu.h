/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual machine and its vCPUs. Letters: [I] fixed once built, [O] only the CPU that
 * owns the vCPU (v->cpu; the one whose queue or waiting set it is in), [A] any CPU,
 * atomically, [V] under vm->lock, [C] under the control lock, [x] under the named lock.
 */
#ifndef VCPU_VCPU_H
#define VCPU_VCPU_H

#include "abi/config.h"
#include "abi/control.h"
#include "lib/list.h"
#include "lib/percpu.h"
#include "mem/guest.h"
#include "mem/p2m.h"
#include "vcpu/verdict.h"
#include "vcpu/vgic.h"

/* General registers as vectors.S saves them; offsets are known to assembly. */
struct regs {
	u64 x[31];
	u64 pc;
	u64 pstate;
};

/* EL1 and EL0 state that changes hands only when another vCPU gets the CPU. */
struct sysregs {
	u64 sctlr, cpacr, ttbr0, ttbr1, tcr, mair, amair, vbar, contextidr;
	u64 esr, far, afsr0, afsr1, par;
	u64 elr, spsr, sp_el0, sp_el1, tpidr_el0, tpidrro_el0, tpidr_el1;
	u64 csselr, cntkctl;
	u64 apia[2], apib[2], apda[2], apdb[2], apga[2]; /* pointer authentication keys */
	u64 cntv_ctl, cntv_cval;
};

struct fpregs {
	u64 v[64]; /* 32 of 128 bits */
	u64 fpcr, fpsr;
};

enum vcpu_state {
	VCPU_OFF,     /* powered off (PSCI), or its VM is not running */
	VCPU_READY,   /* in a run queue or on the way to one */
	VCPU_RUNNING, /* its CPU runs it, or handles its exit */
	VCPU_WAITING, /* WFI: until an interrupt is pending */
	VCPU_PARKED,  /* v->wait: until its cause is gone */
	VCPU_STOPPED, /* VM paused or ending: until resumed */
};

/* What to do before v next enters its guest: bits of v->work. */
enum vcpu_work {
	VWORK_VGIC = 1u << 0,   /* vgic_update() */
	VWORK_STOP = 1u << 1,   /* go to VCPU_STOPPED (pause, end) */
	VWORK_OFF = 1u << 2,    /* PSCI CPU_OFF done: go to VCPU_OFF */
	VWORK_TIMER = 1u << 3,  /* emulated timers changed */
	VWORK_RELOAD = 1u << 4, /* trap configuration changed */
};

/* An exception for the guest (trap/inject.c prepares and delivers it). */
struct inject {
	u64 esr;
	u64 far;
	bool pending;
};

/* A deadline on a CPU's timer list (vcpu/timer.c). */
enum timer_kind { TIMER_VIRTUAL, TIMER_EL1 };
struct timer {
	struct list entry; /* [O] sorted */
	u64 when;          /* counter value */
	struct vcpu *vcpu; /* [I] */
	enum timer_kind kind; /* [I] */
	bool armed;
};

struct vcpu {
	struct regs regs; /* [O] offset 0: vectors.S */

	u32 work;          /* [A] enum vcpu_work */
	u32 state;         /* [A] enum vcpu_state */
	struct vcpu *inbox_next; /* [A] in an inbox (vcpu/sched.c) */

	struct vm *vm;  /* [I] */
	u32 id;         /* [I] index in its VM */
	u64 vmpidr;     /* [I] affinity that the guest sees */

	/* [O] scheduling */
	cache_aligned u32 cpu; /* owner CPU; written by the owner when it gives v away */
	struct list queue;     /* in the run queue */
	u64 vruntime;          /* weighted ns */
	u64 run_since;         /* counter value when it got the CPU */
	u64 ready_since;       /* counter value when it became ready (steal time) */
	u64 exit_since;        /* counter value at the last exit */
	bool idle_wanted;      /* its exit was a WFI */
	u64 cpu_ticks, monitor_ticks, steal_ticks;
	bool fp_loaded;        /* its FP registers are in the CPU */
	bool loaded;           /* its system registers are in the CPU */
	bool caches_off;       /* counted in vm->caches_off; HCR_TVM is set */

	/* [O] context */
	struct sysregs sys;
	u64 hcr;               /* HCR_EL2 */
	struct inject inject;
	struct wait wait;      /* VERDICT_WAIT: why */
	struct timer vtimer;   /* its virtual timer while it is not loaded */
	struct timer ptimer;   /* its emulated EL1 timer */
	u64 cntp_ctl, cntp_cval;
	struct ipa steal_time; /* DEN0057 structure, 0 when there is none; [I] after build */
	u64 debug_mdscr;       /* what the guest wrote to MDSCR_EL1 (trap/sysregs.c) */

	struct vgic_cpu vgic;
	u64 counts[COUNTER_COUNT]; /* [O] */
	struct fpregs fp __attribute__((aligned(16)));
};

enum vm_state { /* values of enum ctl_vm_state */
	VM_OFF = CTL_VM_OFF,
	VM_STARTING = CTL_VM_STARTING,
	VM_RUNNING = CTL_VM_RUNNING,
	VM_PAUSED = CTL_VM_PAUSED,
	VM_ENDING = CTL_VM_ENDING,
};

struct vdevs; /* vdev/: the devices of a VM */

struct vm {
	struct lock lock; /* rank VM */
	u32 number;       /* [I] index of its configuration record */
	u32 vcpu_count;   /* [I] */
	u32 weight;       /* [I] */
	u32 home;         /* [I] node, or NODE_ANY */
	char name[CFG_NAME_MAX + 1]; /* [I] */
	u64 memory;       /* [I] bytes */
	struct ipa entry; /* [I] kernel's first instruction */
	struct ipa dtb;   /* [I] its device tree */
	bool restart_on_reset; /* [I] */

	u32 state;    /* [A] enum vm_state, changed under lock */
	u32 end;      /* [V] enum ctl_vm_end */
	bool ending;  /* [A] vm_end() was called */
	bool reset_wanted; /* [V] the guest asked for SYSTEM_RESET */
	char reason[96]; /* [V] */
	u32 stopping; /* [A] vCPUs that have yet to reach VCPU_STOPPED or VCPU_OFF */
	u64 started, ended; /* [V] ns */
	u32 resets;   /* [V] */
	u64 cntvoff;  /* [I] while running */
	u32 caches_off; /* [A] vCPUs that may run with MMU or caches off */
	u8 last_on[MAX_CPUS]; /* id + 1 of the vCPU that last ran on a CPU; that CPU only */

	struct p2m p2m;
	struct vgic vgic;
	struct vdevs *devs; /* [I] */
	struct vcpu *vcpus[CFG_VCPUS_MAX]; /* [I] */
	u64 retired[COUNTER_COUNT]; /* [V] counts of vCPUs of earlier lives */
};

static inline void vcount(struct vcpu *v, enum counter c)
{
	v->counts[c]++;
}
static inline void vcount_add(struct vcpu *v, enum counter c, u64 n)
{
	v->counts[c] += n;
}

/* All VMs, by number; NULL: not built. Entries are set under the control lock. */
extern struct vm *vms[CFG_VMS_MAX];
extern u32 vm_slots; /* highest number in use + 1 */

/*
 * A VM and its vCPUs, all off, memory empty. `near` is the node for its records.
 * ERR_MEMORY: nothing is left.
 */
must_check enum err vm_alloc(u32 number, u32 vcpu_count, u32 near, struct vm **to);
/* Frees a VM's records (not its memory: p2m_destroy_step first). All vCPUs are off. */
void vm_free(struct vm *vm);

/*
 * The VM is to end: every vCPU is told to stop; once all have, a job frees it. Any CPU,
 * any time, more than once (the first reason stays). `end` is enum ctl_vm_end.
 */
__attribute__((format(printf, 3, 4))) void vm_end(struct vm *vm, u32 end, const char *format,
						   ...);
/* Same, for a guest's mistake: returns VERDICT_KILL for handlers to return. */
__attribute__((format(printf, 2, 3))) enum verdict vm_fault(struct vm *vm, const char *format,
							     ...);
/* Asks all vCPUs to stop (pause); vm->stopping becomes 0 when they have. Resume undoes. */
void vm_stop_vcpus(struct vm *vm);
void vm_resume_vcpus(struct vm *vm);
/*
 * v, owned by this CPU and not running, goes to STOPPED or OFF for good (until resumed or
 * switched on). True when it was the last of its VM that somebody waits for.
 */
must_check bool vcpu_settle(struct vcpu *v, enum vcpu_state state);
/* The guest's MMU and caches are on (or not, after reset): HCR_TVM and the p2m's hint. */
void vcpu_set_caches_off(struct vcpu *v, bool off);
/* Sum of a counter over a VM's vCPUs, earlier lives included. */
u64 vm_count(const struct vm *vm, enum counter c);

/* Architectural reset state: pc = entry, x0 = context, EL1h, MMU off. v is off. */
void vcpu_reset(struct vcpu *v, struct ipa entry, u64 context);
/* The vCPU by its affinity (MPIDR bits), or NULL. */
struct vcpu *vm_vcpu_by_mpidr(struct vm *vm, u64 mpidr);
/* The affinity of vCPU `id` as the guest sees it: Aff0 = id % 16, Aff1 = id / 16. */
static inline u64 vcpu_mpidr(u32 id)
{
	return (id & 15u) | ((u64)(id >> 4) << 8);
}

/* Switching (vcpu/context.c): the registers of v into this CPU, and out of it. */
void vcpu_load(struct vcpu *v);
void vcpu_unload(struct vcpu *v);
/* First FP use in a slice: its registers into the CPU, trap off. */
void vcpu_fp_load(struct vcpu *v);

#endif
