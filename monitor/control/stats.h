/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers about VMs, vCPUs, nodes and the machine, as abi/control.h has them. */
#ifndef CONTROL_STATS_H
#define CONTROL_STATS_H

#include "abi/control.h"
#include "abi/counters.h"
#include "lib/types.h"

void stats_vm(u32 number, struct ctl_vm *to);
/* False when the VM has no such vCPU (yet). */
bool stats_vcpu(u32 number, u32 vcpu, struct ctl_vcpu *to);
void stats_node(u32 node, struct ctl_node *to);
/* A counter of a VM, or of the machine (CTL_VM_NONE). */
u64 stats_counter(u32 number, enum counter c);
/* "running" */
const char *stats_state_name(u32 state);

#endif
