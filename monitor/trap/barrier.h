/* SPDX-License-Identifier: BSD-2-Clause */
/* The stop barrier: all CPUs stand still in leave.c while one works. */
#ifndef TRAP_BARRIER_H
#define TRAP_BARRIER_H

#include "vcpu/job.h"

/* Runs a job to its end with all other CPUs at the barrier (JOB_CHECK). */
void barrier_run(struct job *j);
/* Stands still while a barrier is up. Called where a CPU holds nothing. */
void barrier_join(void);

#endif
