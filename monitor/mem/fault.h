/* SPDX-License-Identifier: BSD-2-Clause */
/* Stage-2 faults: what to do when a guest touches what its node's tree does not allow. */
#ifndef MEM_FAULT_H
#define MEM_FAULT_H

#include "mem/p2m.h"

enum access_kind { ACCESS_READ, ACCESS_WRITE, ACCESS_EXEC };

/*
 * Handles an access of a vCPU on `node` (this CPU's). OK: repeat the instruction.
 * ERR_ABSENT: not memory (a device, or nothing). ERR_RANGE: a write to ROM. ERR_WAIT: as
 * everywhere. ERR_MEMORY: no frame left. *what says what was counted for this CPU, so that
 * the caller may count it for the vCPU (enum counter; COUNTER_exit_fault: nothing more).
 */
must_check
enum err mem_fault(struct p2m *m, u32 node, struct ipa a, enum access_kind kind, struct wait *w,
		   u32 *what);

/* mem/ only: what fault_present() gave. */
struct gift {
	struct gfn first;
	u32 count; /* slots from `first` on that it looked at and filled; 0: none */
	u32 what;  /* enum counter; COUNTER_COUNT: nothing was counted */
};
/*
 * mem/ only: makes the slot of `g` (guest memory) have a frame, a private one when `write`.
 * OK: *leaf is locked. ERR_BUSY: it was given back meanwhile, try again. ERR_MEMORY.
 */
must_check
enum err fault_present(struct p2m *m, u32 node, struct gfn g, bool write, struct frame **leaf,
		       struct gift *gift);

#endif
