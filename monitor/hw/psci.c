/* SPDX-License-Identifier: BSD-2-Clause */
/* PSCI calls to firmware by SMC (DEN0022, chapter 5; SMCCC DEN0028). */
#include "hw/psci.h"

#include "arm64/cpu.h"

#define PSCI_CPU_ON 0xc4000003u
#define PSCI_SYSTEM_OFF 0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u

static s64 smc(u64 function, u64 a, u64 b, u64 c)
{
	register u64 x0 __asm__("x0") = function;
	register u64 x1 __asm__("x1") = a;
	register u64 x2 __asm__("x2") = b;
	register u64 x3 __asm__("x3") = c;
	__asm__ volatile("smc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
			 :
			 : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
			   "x15", "x16", "x17", "memory");
	return (s64)x0;
}

enum err psci_cpu_on(u64 mpidr, u64 entry_pa, u64 context)
{
	return smc(PSCI_CPU_ON, mpidr, entry_pa, context) == 0 ? OK : ERR_IO;
}

void psci_system_off(void)
{
	smc(PSCI_SYSTEM_OFF, 0, 0, 0);
	cpu_halt();
}

void psci_system_reset(void)
{
	smc(PSCI_SYSTEM_RESET, 0, 0, 0);
	cpu_halt();
}
