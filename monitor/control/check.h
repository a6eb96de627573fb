/* SPDX-License-Identifier: BSD-2-Clause */
/* The invariant check (mem/check.h) as a job with an answer. */
#ifndef CONTROL_CHECK_H
#define CONTROL_CHECK_H

#include "abi/control.h"
#include "lib/types.h"

/*
 * Starts a check that answers the request `head`, or, with NULL, only writes its result to
 * the log. True when it runs (also when it is this very request's already); false: another
 * one does. Under control_lock.
 */
bool check_begin(const struct ctl_header *head);
/* Sends an answer that found no room before. Under control_lock. */
void check_answer(void);

#endif
