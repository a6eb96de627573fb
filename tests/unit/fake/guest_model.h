/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest as the hardware runs it, for tests of mem/: each CPU has a TLB that keeps every
 * translation it ever made (stage-2 entries and combined ones apart) until an invalidation
 * takes it. model_access() translates like a CPU, and calls mem_fault() where that faults.
 */
#ifndef GUEST_MODEL_H
#define GUEST_MODEL_H

#include "fake/fake.h"
#include "mem/p2m.h"

#define MODEL_VMS 4u
#define MODEL_CPUS 8u
#define MODEL_PAGES 4096u /* gfns from MODEL_FIRST on */
#define MODEL_FIRST 0x40000ull

/* Puts the TLBs into fake_op_hook. */
void model_init(void);
/* VMs by VMID 1 to MODEL_VMS. */
void model_vm(struct p2m *m);
/* Where the access of CPU `cpu` ends; PFN_NONE: mem_fault() refused: *error. */
struct pfn model_access(struct p2m *m, u32 cpu, struct gfn g, bool write, enum err *error);
/* Faults taken by the last model_access(). */
extern u32 model_faults;
/* Fails the test when some TLB has an entry that the p2m does not imply. */
void model_verify(void);

#endif
