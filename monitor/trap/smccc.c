/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hypercalls: SMCCC 1.1 (DEN0028), PSCI 1.1 (DEN0022), paravirtual time (DEN0057) and
 * entropy (DEN0098). The function is in w0, arguments in x1 to x3, results in x0 to x3.
 */
#include "lib/random.h"
#include "lib/string.h"
#include "trap/trap.h"
#include "vcpu/sched.h"
#include "vcpu/timer.h"

#define SMC64 0x40000000u
#define NOT_SUPPORTED (~0ull)
#define INVALID_PARAMETERS (~0ull - 1)
#define PSCI_ALREADY_ON (~0ull - 3)
#define PSCI_INTERNAL (~0ull - 5)
#define PSCI_INVALID_ADDRESS (~0ull - 8)

#define SMCCC_VERSION 0x80000000u
#define SMCCC_ARCH_FEATURES 0x80000001u
#define VENDOR_UID 0x8600ff01u
#define PSCI_VERSION 0x84000000u
#define PSCI_CPU_SUSPEND 0x84000001u
#define PSCI_CPU_OFF 0x84000002u
#define PSCI_CPU_ON 0x84000003u
#define PSCI_AFFINITY_INFO 0x84000004u
#define PSCI_MIGRATE_INFO_TYPE 0x84000006u
#define PSCI_SYSTEM_OFF 0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u
#define PSCI_FEATURES 0x8400000au
#define PSCI_SYSTEM_RESET2 0x84000012u
#define TRNG_VERSION 0x84000050u
#define TRNG_FEATURES 0x84000051u
#define TRNG_GET_UUID 0x84000052u
#define TRNG_RND 0x84000053u
#define PV_TIME_FEATURES 0xc5000020u
#define PV_TIME_ST 0xc5000021u

/* Brings another vCPU up at `entry` with `context` in its x0. */
static u64 cpu_on(struct vcpu *v, u64 target, u64 entry, u64 context)
{
	struct vm *vm = v->vm;
	struct vcpu *to = vm_vcpu_by_mpidr(vm, target);
	if (!to)
		return INVALID_PARAMETERS;
	if (entry & 3 || !p2m_is_memory(&vm->p2m, ipa_gfn(ipa_of(entry))))
		return PSCI_INVALID_ADDRESS;
	u64 answer = 0;
	lock(&vm->lock);
	if (vm->ending)
		answer = PSCI_INTERNAL;
	else if (load_acquire(&to->state) != VCPU_OFF)
		answer = PSCI_ALREADY_ON;
	if (answer == 0) {
		vcpu_reset(to, ipa_of(entry), context);
		if (load_acquire(&v->work) & VWORK_STOP) {
			/* A pause is under way: it starts with the others. */
			store_release(&to->state, VCPU_STOPPED);
		} else {
			sched_start(to);
		}
	}
	unlock(&vm->lock);
	return answer;
}

/* 0: on, 1: off. Levels above 0 name groups, which are on while any vCPU of them is. */
static u64 affinity_info(struct vcpu *v, u64 target, u64 level)
{
	if (level > 3)
		return INVALID_PARAMETERS;
	u64 mask = MPIDR_AFF_MASK & ~((1ull << (8 * level)) - 1);
	u64 answer = INVALID_PARAMETERS;
	for (u32 i = 0; i < v->vm->vcpu_count; i++) {
		struct vcpu *w = v->vm->vcpus[i];
		if ((w->vmpidr & mask) != (target & mask))
			continue;
		if (load_acquire(&w->state) != VCPU_OFF)
			return 0;
		answer = 1;
	}
	return answer;
}

static bool psci_known(u32 function)
{
	switch (function & ~SMC64) {
	case PSCI_VERSION:
	case PSCI_CPU_OFF:
	case PSCI_MIGRATE_INFO_TYPE:
	case PSCI_SYSTEM_OFF:
	case PSCI_SYSTEM_RESET:
	case PSCI_FEATURES:
		return !(function & SMC64);
	case PSCI_CPU_SUSPEND:
	case PSCI_CPU_ON:
	case PSCI_AFFINITY_INFO:
	case PSCI_SYSTEM_RESET2:
		return true;
	default:
		return false;
	}
}

static enum verdict psci(struct vcpu *v, u32 function, const u64 *x)
{
	u64 wide = function & SMC64 ? ~0ull : 0xffffffffull;
	u64 *answer = &v->regs.x[0];
	switch (function & ~SMC64) {
	case PSCI_VERSION:
		*answer = 0x10001;
		return VERDICT_DONE;
	case PSCI_CPU_SUSPEND: /* every state asked for is answered with standby: WFI */
		*answer = 0;
		v->idle_wanted = true;
		return VERDICT_DONE;
	case PSCI_CPU_OFF:
		atomic_or(&v->work, VWORK_OFF);
		return VERDICT_DONE;
	case PSCI_CPU_ON:
		*answer = cpu_on(v, x[1] & wide, x[2] & wide, x[3] & wide);
		return VERDICT_DONE;
	case PSCI_AFFINITY_INFO:
		*answer = affinity_info(v, x[1] & wide, x[2] & wide);
		return VERDICT_DONE;
	case PSCI_MIGRATE_INFO_TYPE:
		*answer = 2; /* no trusted OS to migrate */
		return VERDICT_DONE;
	case PSCI_FEATURES:
		*answer = psci_known((u32)x[1]) || (u32)x[1] == SMCCC_VERSION ? 0 : NOT_SUPPORTED;
		return VERDICT_DONE;
	case PSCI_SYSTEM_OFF:
		vm_end(v->vm, CTL_END_OFF, "the guest powered off");
		return VERDICT_KILL;
	default: /* SYSTEM_RESET, SYSTEM_RESET2 */
		vm_end(v->vm, CTL_END_RESET, "the guest reset itself");
		return VERDICT_KILL;
	}
}

/*
 * Entropy: up to 192 bits, right-aligned over x1 (high) to x3 (low) (DEN0098, 2.4.5); the 32-bit
 * call gives up to 96 bits in w1 to w3.
 */
static u64 trng_random(struct vcpu *v, bool wide, u64 bits)
{
	u32 word_bits = wide ? 64 : 32;
	if (bits == 0 || bits > 3 * word_bits)
		return INVALID_PARAMETERS;
	u64 low_first[3];
	random_bytes(&this_cpu()->random, low_first, sizeof(low_first));
	for (u32 i = 0; i < 3; i++) {
		u64 have = bits > i * word_bits ? MIN(bits - i * word_bits, (u64)word_bits) : 0;
		u64 mask = have >= 64 ? ~0ull : BIT(have) - 1;
		v->regs.x[3 - i] = low_first[i] & mask;
	}
	vcount_add(v, COUNTER_rng_bytes, (bits + 7) / 8);
	return 0;
}

/* Steal time: the structure was placed by control/build.c at the top of memory. */
static u64 pv_time(struct vcpu *v, u32 function, u64 wanted)
{
	if (!v->steal_time.v)
		return NOT_SUPPORTED;
	if (function == PV_TIME_ST)
		return v->steal_time.v;
	return (u32)wanted == PV_TIME_ST || (u32)wanted == PV_TIME_FEATURES ? 0 : NOT_SUPPORTED;
}

static u64 arch_features(const struct vcpu *v, u32 wanted)
{
	switch (wanted) {
	case SMCCC_VERSION:
	case SMCCC_ARCH_FEATURES:
		return 0;
	case PV_TIME_FEATURES:
		return v->steal_time.v ? 0 : NOT_SUPPORTED;
	default:
		return NOT_SUPPORTED;
	}
}

/* A UUID in the register order of SMCCC 1.1, 6.2. */
static void give_uuid(struct vcpu *v, const u32 words[4])
{
	for (u32 i = 0; i < 4; i++)
		v->regs.x[i] = words[i];
}

enum verdict smccc_call(struct vcpu *v)
{
	static const u32 disco_uuid[4] = {0x6f637369, 0x4d4d562d, 0x37395041, 0x0000d15c};
	static const u32 trng_uuid[4] = {0x6f637369, 0x474e5254, 0x37395041, 0x0000d15c};
	u32 function = (u32)v->regs.x[0];
	u64 x[4] = {v->regs.x[0], v->regs.x[1], v->regs.x[2], v->regs.x[3]};
	if (psci_known(function))
		return psci(v, function, x);
	switch (function) {
	case SMCCC_VERSION:
		v->regs.x[0] = 0x10001;
		break;
	case SMCCC_ARCH_FEATURES:
		v->regs.x[0] = arch_features(v, (u32)x[1]);
		break;
	case VENDOR_UID:
		give_uuid(v, disco_uuid);
		break;
	case TRNG_VERSION:
		v->regs.x[0] = 0x10000;
		break;
	case TRNG_FEATURES:
		v->regs.x[0] = ((u32)x[1] & ~SMC64) == TRNG_RND || (u32)x[1] == TRNG_GET_UUID ||
					       (u32)x[1] == TRNG_VERSION || (u32)x[1] == TRNG_FEATURES ?
				       0 :
				       NOT_SUPPORTED;
		break;
	case TRNG_GET_UUID:
		give_uuid(v, trng_uuid);
		break;
	case TRNG_RND:
	case TRNG_RND | SMC64:
		v->regs.x[0] = trng_random(v, function & SMC64, function & SMC64 ? x[1] : (u32)x[1]);
		break;
	case PV_TIME_FEATURES:
	case PV_TIME_ST:
		v->regs.x[0] = pv_time(v, function, x[1]);
		break;
	default:
		v->regs.x[0] = NOT_SUPPORTED;
	}
	return VERDICT_DONE;
}
