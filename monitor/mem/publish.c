/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Written, not published: what the monitor owes to guests after it wrote a frame.
 *
 * The monitor writes through its cacheable direct map. A guest may look at the same frame
 *   - through its caches: coherent, nothing to do;
 *   - past them (caches off, or a Non-cacheable mapping of its own): it sees what is at the
 *     point of coherency, which may be the *previous owner's* data until our lines were
 *     written back. With FEAT_S2FWB stage 2 forces write-back and this can't happen; without
 *     it we clean. A zeroed frame is always cleaned: other VMs' data must not shine through;
 *   - by fetching instructions: instruction caches need not see our stores. CTR_EL0.DIC = 1
 *     says they do; else they are invalidated after the data reached the point of unification
 *     (CTR_EL0.IDC = 1: at once).
 *
 * A frame that the guest has already and that a virtual device writes is another matter: a
 * driver treats the device like any coherent DMA master, and itself does what its CPU needs
 * before executing (Linux: __sync_icache_dcache at the first executable mapping). There we
 * owe the clean to a VM that was seen with caches off, and nothing else.
 *
 * Frames of the zeroed pool are published when they are zeroed, by idle CPUs; a first touch
 * costs no cache upkeep. No emulator shows the lack of any of this: host tests do, and
 * FRAME_PUBLISHED is CHECKed whenever a frame gets into a slot.
 */
#include "arm64/atomic.h"
#include "arm64/sysreg.h"
#include "arm64/tlb.h"
#include "lib/percpu.h"
#include "mem/frame.h"
#include "mem/stage2.h"

#define CTR_IDC BIT(28)
#define CTR_DIC BIT(29)
#define CTR_DLINE(ctr) (4ull << (((ctr) >> 16) & 15))

/* Cleans the lines of [p, p + n) to the point of coherency, or only of unification. */
static void clean(const void *p, size_t n, u64 ctr, bool poc)
{
	u64 line = CTR_DLINE(ctr);
	u64 end = (u64)(uintptr_t)p + n;

	for (u64 a = ALIGN_DOWN((u64)(uintptr_t)p, line); a < end; a += line) {
		if (poc)
			dc_clean_poc((const void *)(uintptr_t)a);
		else
			dc_clean_pou((const void *)(uintptr_t)a);
	}
}

void frame_publish(struct pfn first, u32 count)
{
	u64 ctr = sysreg_read(CTR_EL0);

	if (!stage2_fwb || !(ctr & CTR_IDC))
		clean(pfn_va(first), count * PAGE_SIZE, ctr, !stage2_fwb);
	dsb_ish(); /* the data is there before instruction caches may refill */
	if (!(ctr & CTR_DIC)) {
		ic_inval_all_is();
		dsb_ish();
	}
	isb();
	for (u32 i = 0; i < count; i++)
		atomic_or(&frame_of(first)[i].flags, (u8)FRAME_PUBLISHED);
	count_add(COUNTER_published, count);
}

void frame_publish_data(struct pfn p, const void *from, size_t n, bool caches_off)
{
	if (caches_off && !stage2_fwb) {
		clean(from, n, sysreg_read(CTR_EL0), true);
		dsb_ish();
		count(COUNTER_published);
	}
	atomic_or(&frame_of(p)->flags, (u8)FRAME_PUBLISHED);
}

void frame_written(struct pfn p)
{
	atomic_and(&frame_of(p)->flags, (u8)~FRAME_PUBLISHED);
}
