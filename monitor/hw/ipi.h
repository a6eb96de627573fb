/* SPDX-License-Identifier: BSD-2-Clause */
/* Asking another CPU to do something before it next enters a guest. */
#ifndef HW_IPI_H
#define HW_IPI_H

#include "lib/percpu.h"

/* Sets bits of enum cpu_work; interrupts that CPU unless it is this one. */
void ipi_send(u32 cpu, u32 work);
/* All other CPUs. */
void ipi_all(u32 work);

#endif
