/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Long work in small steps. A job is advanced by whichever CPU has time: idle ones first,
 * busy ones one step per slice; at most one CPU at a time. trap/leave.c maps kinds to
 * functions. A step takes at most about 20,000 instructions.
 */
#ifndef VCPU_JOB_H
#define VCPU_JOB_H

#include "lib/list.h"
#include "lib/types.h"

enum job_kind {
	JOB_BUILD, /* build or rebuild a VM from its configuration, then start it */
	JOB_END,   /* free an ended VM */
	JOB_CHECK, /* the invariant check */
	JOB_OFF,   /* machine shutdown: wait for all VMs to be gone */
};

struct vm;

struct job {
	struct list entry; /* lock JOBS */
	enum job_kind kind;
	struct vm *vm;  /* whom it is charged to, or NULL */
	u64 cursor;     /* progress, for its owner */
	bool listed;    /* lock JOBS */
	bool running;   /* lock JOBS: some CPU advances it now */
};

/* Lists a job and tells an idle CPU (or this one) to look. */
void job_add(struct job *j);
/* The next job that nobody runs, marked running, or NULL. */
struct job *job_take(void);
/* The step is over: `done` takes it off the list. */
void job_release(struct job *j, bool done);
bool job_any(void);

#endif
