/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Barriers, TLB and cache upkeep, named by purpose (Arm ARM B2.3, D8.13, D7.5). The rules
 * for using the TLBI ones are in mem/flush.c and hypmap.c: nobody else calls them.
 */
#ifndef ARM64_TLB_H
#define ARM64_TLB_H

#include "lib/types.h"

static inline void isb(void)
{
	__asm__ volatile("isb" ::: "memory");
}
static inline void dsb_ish(void)
{
	__asm__ volatile("dsb ish" ::: "memory");
}
static inline void dsb_ishst(void)
{
	__asm__ volatile("dsb ishst" ::: "memory");
}
static inline void dsb_nsh(void)
{
	__asm__ volatile("dsb nsh" ::: "memory");
}
static inline void dsb_nshst(void)
{
	__asm__ volatile("dsb nshst" ::: "memory");
}
static inline void dsb_sy(void)
{
	__asm__ volatile("dsb sy" ::: "memory");
}

/* Stage-2 entries of one IPA, current VMID, all CPUs of the inner domain. */
static inline void tlbi_ipa_is(u64 ipa)
{
	__asm__ volatile("tlbi ipas2e1is, %0" ::"r"(ipa >> 12) : "memory");
}
/* Stage-1 and combined entries of the current VMID: all CPUs, or this one. */
static inline void tlbi_vm_s1_is(void)
{
	__asm__ volatile("tlbi vmalle1is" ::: "memory");
}
static inline void tlbi_vm_s1_local(void)
{
	__asm__ volatile("tlbi vmalle1" ::: "memory");
}
/* All entries, both stages, of the current VMID. */
static inline void tlbi_vm_is(void)
{
	__asm__ volatile("tlbi vmalls12e1is" ::: "memory");
}
static inline void tlbi_vm_local(void)
{
	__asm__ volatile("tlbi vmalls12e1" ::: "memory");
}
/* All entries of all VMIDs. */
static inline void tlbi_all_vms_is(void)
{
	__asm__ volatile("tlbi alle1is" ::: "memory");
}
/* EL2's own translations. */
static inline void tlbi_el2_is(void)
{
	__asm__ volatile("tlbi alle2is" ::: "memory");
}
static inline void tlbi_el2_va_is(u64 va)
{
	__asm__ volatile("tlbi vae2is, %0" ::"r"(va >> 12) : "memory");
}

/* One data cache line to the point of coherency; one to the point of unification. */
static inline void dc_clean_poc(const void *p)
{
	__asm__ volatile("dc cvac, %0" ::"r"(p) : "memory");
}
static inline void dc_clean_inval_poc(const void *p)
{
	__asm__ volatile("dc civac, %0" ::"r"(p) : "memory");
}
static inline void dc_clean_pou(const void *p)
{
	__asm__ volatile("dc cvau, %0" ::"r"(p) : "memory");
}
/* Zeroes a naturally aligned block (64 bytes on all CPUs we know: checked at boot). */
static inline void dc_zva(void *p)
{
	__asm__ volatile("dc zva, %0" ::"r"(p) : "memory");
}
/* All instruction caches of the inner domain. */
static inline void ic_inval_all_is(void)
{
	__asm__ volatile("ic ialluis" ::: "memory");
}

#endif
