/* SPDX-License-Identifier: BSD-2-Clause */
/* Stage-2 faults: what to do when a guest touches what its node's tree does not allow. */
#ifndef MEM_FAULT_H
#define MEM_FAULT_H

#include "mem/p2m.h"

enum access_kind { ACCESS_READ, ACCESS_WRITE, ACCESS_EXEC };

/*
 * Handles an access of a vCPU on `node` (this CPU's). OK: repeat the instruction.
 * ERR_ABSENT: not memory (a device, or nothing). ERR_RANGE: a write to ROM. ERR_WAIT: as
 * everywhere. ERR_MEMORY: no frame left. `what` says what was counted (enum counter).
 */
must_check enum err mem_fault(struct p2m *m, u32 node, struct ipa a, enum access_kind kind,
			      struct wait *w, u32 *what);

#endif
