/* SPDX-License-Identifier: BSD-2-Clause */
/* The host's fake machine: CPUs and memory for unit tests of mem/ and of what is above it. */
#ifndef FAKE_H
#define FAKE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arm64/cpu.h"
#include "lib/addr.h"
#include "lib/err.h"
#include "lib/percpu.h"

#define FAKE_FIRST_PFN 0x40000ull /* of node 0 */
#define FAKE_NODE_PFNS 0x10000ull /* from node to node */

/* One CPU per node, numbered like it; no memory yet. Current CPU: 0. */
void fake_cpus(u32 nodes, u32 cpus_per_node);
/* Reserves address space for `nodes` nodes and gives `frames` to node_add() of each. */
void fake_memory(u32 nodes, u64 frames);
/* First frame of a node. */
struct pfn fake_pfn(u32 node);
/* All FREE frames of all nodes. */
u64 fake_free(void);
/* This thread becomes CPU `id`. */
void fake_run_on(u32 id);
/* A small generator, seeded by the test. */
extern _Thread_local u64 fake_seed;
u32 fake_random(u32 below);

/* Runs `body` in a child; fails unless it ends in panic(). The parent stays as it is. */
void fake_must_panic(void (*body)(void *), void *argument, const char *text);

/* Looks over all invariants; returns the number of faults. Output is kept quiet if `quiet`. */
struct p2m;
extern struct p2m *fake_p2ms[8];
u32 fake_check(void);

#endif
