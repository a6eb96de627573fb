/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kinds of addresses, as types that do not mix. An IPA is what a guest takes for an
 * address of memory; a PA is an address of the machine. A gfn is the 4 KiB frame number
 * of an IPA, a pfn that of a PA. The word "physical" alone says neither and is not used.
 */
#ifndef LIB_ADDR_H
#define LIB_ADDR_H

#include "lib/types.h"

#define PAGE_SHIFT 12u
#define PAGE_SIZE (1ull << PAGE_SHIFT)
#define BLOCK_SHIFT 21u /* a level-2 block: 2 MiB */
#define BLOCK_SIZE (1ull << BLOCK_SHIFT)
#define BLOCK_FRAMES 512u
#define BLOCK_ORDER 9u

struct ipa {
	u64 v;
};
struct pa {
	u64 v;
};
struct gfn {
	u64 v;
};
struct pfn {
	u64 v;
};

static inline struct ipa ipa_of(u64 v)
{
	return (struct ipa){v};
}
static inline struct pa pa_of(u64 v)
{
	return (struct pa){v};
}
static inline struct gfn gfn_of(u64 v)
{
	return (struct gfn){v};
}
static inline struct pfn pfn_of(u64 v)
{
	return (struct pfn){v};
}
static inline struct gfn ipa_gfn(struct ipa a)
{
	return (struct gfn){a.v >> PAGE_SHIFT};
}
static inline struct ipa gfn_ipa(struct gfn g)
{
	return (struct ipa){g.v << PAGE_SHIFT};
}
static inline struct pfn pa_pfn(struct pa a)
{
	return (struct pfn){a.v >> PAGE_SHIFT};
}
static inline struct pa pfn_pa(struct pfn p)
{
	return (struct pa){p.v << PAGE_SHIFT};
}
#define PFN_NONE ((struct pfn){~0ull})
static inline bool pfn_is_none(struct pfn p)
{
	return p.v == ~0ull;
}

/*
 * The monitor's direct map: all memory of the machine at VA = PA + direct_base (0 at EL2,
 * where the map is the identity; the base of a fake machine's memory in host tests).
 */
#ifdef DISCO_HOST
extern u64 direct_base;
#else
#define direct_base 0ull
#endif
static inline void *pa_va(struct pa a)
{
	return (void *)(uintptr_t)(a.v + direct_base);
}
static inline void *pfn_va(struct pfn p)
{
	return pa_va(pfn_pa(p));
}
/* Of an address in the direct map only (not of the monitor's image or a stack). */
static inline struct pa va_pa(const void *va)
{
	return (struct pa){(u64)(uintptr_t)va - direct_base};
}
static inline struct pfn va_pfn(const void *va)
{
	return pa_pfn(va_pa(va));
}

#endif
