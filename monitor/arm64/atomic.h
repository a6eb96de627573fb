/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Atomics, named by what they order. The compiler makes LSE instructions of them
 * (-march=armv8.1-a); on the host they are the host's.
 */
#ifndef ARM64_ATOMIC_H
#define ARM64_ATOMIC_H

#include "lib/types.h"

#define load_relaxed(p) __atomic_load_n((p), __ATOMIC_RELAXED)
#define load_acquire(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define store_relaxed(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define atomic_exchange(p, v) __atomic_exchange_n((p), (v), __ATOMIC_ACQ_REL)
#define atomic_add(p, v) __atomic_fetch_add((p), (v), __ATOMIC_ACQ_REL)
#define atomic_add_relaxed(p, v) __atomic_fetch_add((p), (v), __ATOMIC_RELAXED)
#define atomic_sub(p, v) __atomic_fetch_sub((p), (v), __ATOMIC_ACQ_REL)
#define atomic_or(p, v) __atomic_fetch_or((p), (v), __ATOMIC_SEQ_CST)
#define atomic_and(p, v) __atomic_fetch_and((p), (v), __ATOMIC_SEQ_CST)
/* True when *p was *old and is now v; else *old has what was there. */
#define atomic_cas(p, old, v) \
	__atomic_compare_exchange_n((p), (old), (v), false, __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE)
/* Orders all before against all after: the two sides of a sleep and a wake. */
#define fence_full() __atomic_thread_fence(__ATOMIC_SEQ_CST)

#endif
