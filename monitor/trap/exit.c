/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every exit of a guest comes here and is sorted by exception class (Arm ARM D19.2.37).
 * Handlers answer a verdict; leave() acts on it. Nothing here returns to a guest itself.
 */
#include "arm64/sysreg.h"
#include "hw/timer.h"
#include "lib/print.h"
#include "lib/string.h"
#include "mem/fault.h"
#include "offsets.h"
#include "trap/trap.h"
#include "vdev/vdev.h"

#define PAR_FAILED 1ull
#define PAR_OUTPUT 0x0000fffffffff000ull

/* What assembly was built with is what C sees now. */
_Static_assert(offsetof(struct cpu, current) == CPU_CURRENT, "offsets.h");
_Static_assert(offsetof(struct cpu, stack_top) == CPU_STACK_TOP, "offsets.h");
_Static_assert(offsetof(struct cpu, panic_stack_top) == CPU_PANIC_STACK_TOP, "offsets.h");
_Static_assert(offsetof(struct cpu, pac_key) == CPU_PAC_KEY, "offsets.h");
_Static_assert(offsetof(struct vcpu, regs.pc) == VCPU_PC, "offsets.h");
_Static_assert(offsetof(struct vcpu, regs.x[30]) == VCPU_X30, "offsets.h");
_Static_assert(offsetof(struct vcpu, sys.apia) == VCPU_APIA, "offsets.h");
_Static_assert(offsetof(struct vcpu, regs) == 0 && offsetof(struct regs, pstate) == VCPU_PC + 8,
	       "vectors.S");

/* The IPA of an abort: HPFAR_EL2 gives the page, FAR_EL2 the offset in it. */
static struct ipa fault_ipa(u64 far)
{
	return ipa_of(((sysreg_read(HPFAR_EL2) & 0xfffffffffff0ull) << 8) | (far & 0xfff));
}

/*
 * HPFAR_EL2 is only told for faults of the stage-2 walk itself. For a permission fault on
 * other than a table walk the VA is translated again (Arm ARM D19.2.61). False: the guest's
 * own tables have changed meanwhile: it shall repeat the access.
 */
static bool find_ipa(u64 esr, u64 far, struct ipa *ipa)
{
	if (FSC_TYPE(ISS_FSC(esr)) != FSC_PERMISSION || esr & ISS_S1PTW) {
		*ipa = fault_ipa(far);
		return true;
	}
	u64 guests = sysreg_read(EL1(PAR));
	__asm__ volatile("at s1e1r, %0\n\tisb" ::"r"(far) : "memory");
	u64 par = sysreg_read(EL1(PAR));
	sysreg_write(EL1(PAR), guests);
	*ipa = ipa_of((par & PAR_OUTPUT) | (far & 0xfff));
	return !(par & PAR_FAILED);
}

static u64 extend(u64 value, u64 esr)
{
	u32 bits = 8u << ISS_SAS(esr);
	if (bits < 64)
		value &= BIT(bits) - 1;
	if (esr & ISS_SSE && bits < 64 && value & BIT(bits - 1))
		value |= ~(BIT(bits) - 1);
	return esr & ISS_SF ? value : (u32)value;
}

/* The GIC's registers; else the devices (ERR_ABSENT: nobody is there). */
static enum err route(struct vcpu *v, struct access *a, enum verdict *verdict)
{
	u64 d = a->ipa.v - VGICD_BASE;
	u64 r = a->ipa.v - VGICR_BASE;
	if (d < VGICD_SIZE) {
		a->offset = (u32)d;
		vcount(v, COUNTER_exit_mmio_gic);
		*verdict = vgic_distributor(v, a);
		return OK;
	}
	if (r < VGICR_STRIDE * v->vm->vcpu_count) {
		a->offset = (u32)r;
		vcount(v, COUNTER_exit_mmio_gic);
		*verdict = vgic_redistributor(v, a);
		return OK;
	}
	vcount(v, COUNTER_exit_mmio_dev);
	return vdev_access(v, a, verdict);
}

/* A load or store to where no memory is: a device, or nothing. */
static enum verdict device_access(struct vcpu *v, u64 esr, u64 far, struct ipa ipa)
{
	/* Without a valid syndrome (LDP, atomics, a walk) it can only be an abort: as on `virt`,
	 * where such accesses to devices are answered by the bus. */
	if (!(esr & ISS_ISV) || esr & (ISS_S1PTW | ISS_CM)) {
		if (esr & ISS_CM) /* cache upkeep by address on a device: nothing to do */
			return VERDICT_SKIP;
		return inject_abort(v, esr, far);
	}
	u32 reg = ISS_SRT(esr);
	struct access a = {
		.ipa = ipa,
		.size = (u8)(1u << ISS_SAS(esr)),
		.write = (esr & ISS_WNR) != 0,
		.value = (esr & ISS_WNR) && reg < 31 ? v->regs.x[reg] : 0,
	};
	if (a.size < 8)
		a.value &= BIT(8u * a.size) - 1;
	enum verdict verdict = VERDICT_DONE;
	if (route(v, &a, &verdict) != OK) {
		vcount(v, COUNTER_fault_bad);
		return inject_abort(v, esr, far);
	}
	if (verdict == VERDICT_SKIP && !a.write && reg < 31)
		v->regs.x[reg] = extend(a.value, esr);
	return verdict;
}

static enum verdict memory_fault(struct vcpu *v, u64 esr, bool fetch)
{
	u64 far = sysreg_read(FAR_EL2);
	struct ipa ipa;
	if (!find_ipa(esr, far, &ipa))
		return VERDICT_DONE;
	u32 type = FSC_TYPE(ISS_FSC(esr));
	u32 what = COUNTER_exit_fault;
	enum access_kind kind = ACCESS_READ;
	if (fetch)
		kind = ACCESS_EXEC;
	else if (esr & ISS_WNR || (esr & ISS_S1PTW && type == FSC_PERMISSION))
		kind = ACCESS_WRITE; /* a walker that sets an access flag has WnR clear: it is a write */
	if (esr & ISS_CM)
		kind = ACCESS_READ; /* cache upkeep reports itself as a write */
	if (type != FSC_TRANSLATION && type != FSC_PERMISSION && type != FSC_ACCESS &&
	    type != FSC_ADDRESS)
		return inject_abort(v, esr, far);
	switch (mem_fault(&v->vm->p2m, this_cpu()->node, ipa, kind, &v->wait, &what)) {
	case OK:
		vcount(v, COUNTER_exit_fault);
		if (what != COUNTER_exit_fault)
			vcount(v, (enum counter)what);
		return VERDICT_DONE;
	case ERR_WAIT:
		return VERDICT_WAIT;
	case ERR_MEMORY:
		vm_end(v->vm, CTL_END_SHORTAGE, "no free memory in the machine for IPA %llx",
		       (unsigned long long)ipa.v);
		return VERDICT_KILL;
	case ERR_ABSENT:
		break;
	default:
		vcount(v, COUNTER_fault_bad);
		return inject_abort(v, esr, far);
	}
	if (fetch) {
		vcount(v, COUNTER_fault_bad);
		return inject_abort(v, esr, far);
	}
	return device_access(v, esr, far, ipa);
}

/* WFI gives the CPU up until an interrupt is pending; WFE never waits here. */
static enum verdict wait_for_interrupt(struct vcpu *v, u64 esr)
{
	vcount(v, COUNTER_exit_wfi);
	if (!(esr & ESR_IL)) /* a 16-bit Thumb instruction: SKIP counts 4 */
		v->regs.pc -= 2;
	if (esr & 1) { /* WFE, WFET */
		atomic_or(&this_cpu()->work, WORK_RESCHED);
		return VERDICT_SKIP;
	}
	v->wait.cause = WAIT_NONE;
	v->idle_wanted = true;
	return VERDICT_SKIP;
}

static enum verdict sort(struct vcpu *v, u64 esr)
{
	switch (ESR_EC(esr)) {
	case EC_HVC64:
		vcount(v, COUNTER_exit_hvc);
		return smccc_call(v);
	case EC_DABT_LOWER:
		return memory_fault(v, esr, false);
	case EC_IABT_LOWER:
		return memory_fault(v, esr, true);
	case EC_SYS64:
		return sysreg_trap(v, (u32)(esr & ESR_ISS_MASK));
	case EC_WFX:
		return wait_for_interrupt(v, esr);
	case EC_FP:
		vcount(v, COUNTER_exit_fp);
		vcpu_fp_load(v);
		return VERDICT_DONE;
	case EC_SMC64:
		vcount(v, COUNTER_exit_smc);
		v->regs.x[0] = ~0ull; /* there is no firmware below: NOT_SUPPORTED */
		return VERDICT_SKIP;  /* a trapped SMC has not been executed, unlike HVC */
	default:
		vcount(v, COUNTER_exit_other);
		return inject_undefined(v);
	}
}

struct vcpu *trap_sync(struct vcpu *v)
{
	v->exit_since = timer_now_fast();
	return leave(v, sort(v, sysreg_read(ESR_EL2)));
}

struct vcpu *trap_irq(struct vcpu *v)
{
	v->exit_since = timer_now_fast();
	vcount(v, COUNTER_exit_irq);
	irq_take();
	return leave(v, VERDICT_DONE);
}

/* Nothing in a guest's reach makes an SError on this machine; a real one stays the guest's. */
struct vcpu *trap_serror(struct vcpu *v)
{
	v->exit_since = timer_now_fast();
	vcount(v, COUNTER_exit_other);
	vm_end(v->vm, CTL_END_FAULT, "SError, ESR %llx at pc %llx",
	       (unsigned long long)sysreg_read(ESR_EL2), (unsigned long long)v->regs.pc);
	return leave(v, VERDICT_KILL);
}

void trap_monitor_fault(u64 kind, u64 esr, u64 elr, u64 far, u64 sp)
{
	static const char *const kinds[] = {"synchronous", "IRQ", "FIQ", "SError"};
	panic("CPU %u: %s exception in the monitor: ESR %llx ELR %llx FAR %llx SP %llx",
	      this_cpu() ? this_cpu()->id : 0, kind < 4 ? kinds[kind] : "unexpected",
	      (unsigned long long)esr, (unsigned long long)elr, (unsigned long long)far,
	      (unsigned long long)sp);
}
