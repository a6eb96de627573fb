/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls to the machine's firmware (DEN0022): CPU_ON, SYSTEM_OFF, SYSTEM_RESET. */
#ifndef HW_PSCI_H
#define HW_PSCI_H

#include "lib/err.h"
#include "lib/types.h"

/* `smc`: the conduit of the device tree ("smc", or "hvc" which can't be ours). */
must_check enum err psci_cpu_on(u64 mpidr, u64 entry_pa, u64 context);
__attribute__((noreturn)) void psci_system_off(void);
__attribute__((noreturn)) void psci_system_reset(void);

#endif
