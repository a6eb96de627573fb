/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Host twin of monitor/arm64/tlb.h: each operation is recorded in order, so that tests can
 * assert on sequences; a hook lets a test model TLBs.
 */
#ifndef FAKE_ARM64_TLB_H
#define FAKE_ARM64_TLB_H

#include "lib/types.h"

enum fake_op {
	OP_ISB,
	OP_DSB_ISH,
	OP_DSB_ISHST,
	OP_DSB_NSH,
	OP_DSB_SY,
	OP_TLBI_IPA_IS,
	OP_TLBI_VM_S1_IS,
	OP_TLBI_VM_S1_LOCAL,
	OP_TLBI_VM_IS,
	OP_TLBI_VM_LOCAL,
	OP_TLBI_ALL_IS,
	OP_TLBI_EL2,
	OP_DC_POC,
	OP_DC_POU,
	OP_IC_ALL,
	OP_KINDS
};

struct fake_event {
	enum fake_op op;
	u64 argument; /* IPA, address */
	u64 vttbr;    /* VTTBR_EL2 at that time */
};
#define FAKE_EVENTS 8192u
/* Of this thread, since fake_forget(); those beyond FAKE_EVENTS are dropped. */
extern _Thread_local struct fake_event fake_events[FAKE_EVENTS];
extern _Thread_local u32 fake_event_count;
extern _Thread_local u64 fake_op_count[OP_KINDS];
extern void (*fake_op_hook)(enum fake_op op, u64 argument, u64 vttbr);
void fake_op(enum fake_op op, u64 argument);
void fake_forget(void);

#define FAKE_OP(name, op)             \
	static inline void name(void) \
	{                             \
		fake_op(op, 0);       \
	}
FAKE_OP(isb, OP_ISB)
FAKE_OP(dsb_ish, OP_DSB_ISH)
FAKE_OP(dsb_ishst, OP_DSB_ISHST)
FAKE_OP(dsb_nsh, OP_DSB_NSH)
FAKE_OP(dsb_nshst, OP_DSB_NSH)
FAKE_OP(dsb_sy, OP_DSB_SY)
FAKE_OP(tlbi_vm_s1_is, OP_TLBI_VM_S1_IS)
FAKE_OP(tlbi_vm_s1_local, OP_TLBI_VM_S1_LOCAL)
FAKE_OP(tlbi_vm_is, OP_TLBI_VM_IS)
FAKE_OP(tlbi_vm_local, OP_TLBI_VM_LOCAL)
FAKE_OP(tlbi_all_vms_is, OP_TLBI_ALL_IS)
FAKE_OP(tlbi_el2_is, OP_TLBI_EL2)
FAKE_OP(ic_inval_all_is, OP_IC_ALL)

static inline void tlbi_ipa_is(u64 ipa)
{
	fake_op(OP_TLBI_IPA_IS, ipa);
}
static inline void tlbi_el2_va_is(u64 va)
{
	fake_op(OP_TLBI_EL2, va);
}
static inline void dc_clean_poc(const void *p)
{
	fake_op(OP_DC_POC, (u64)(uintptr_t)p);
}
static inline void dc_clean_inval_poc(const void *p)
{
	fake_op(OP_DC_POC, (u64)(uintptr_t)p);
}
static inline void dc_clean_pou(const void *p)
{
	fake_op(OP_DC_POU, (u64)(uintptr_t)p);
}
static inline void dc_zva(void *p)
{
	__builtin_memset(p, 0, 64);
}

#endif
