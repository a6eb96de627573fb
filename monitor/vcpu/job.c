/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of long jobs, and who advances which. */
#include "vcpu/job.h"

#include "hw/ipi.h"
#include "lib/err.h"
#include "lib/lock.h"

static struct lock jobs_lock = {.rank = LOCK_JOBS};
static struct list jobs = {&jobs, &jobs};
static u32 waiting; /* jobs that nobody runs; read without the lock */

/* An idle CPU works best; when there is none, this one does a step on its way out. */
static void wake_somebody(void)
{
	for (u32 i = 0; i < cpu_count; i++) {
		if (cpus[i] && cpus[i] != this_cpu() && load_relaxed(&cpus[i]->idle)) {
			ipi_send(i, WORK_JOBS);
			return;
		}
	}
	ipi_send(this_cpu()->id, WORK_JOBS);
}

void job_add(struct job *j)
{
	lock(&jobs_lock);
	CHECK(!j->listed);
	j->listed = true;
	j->running = false;
	list_push_back(&jobs, &j->entry);
	waiting++;
	unlock(&jobs_lock);
	wake_somebody();
}

struct job *job_take(void)
{
	struct job *found = NULL;
	lock(&jobs_lock);
	list_for_each (n, &jobs) {
		struct job *j = list_entry(n, struct job, entry);
		if (!j->running) {
			j->running = true;
			waiting--;
			found = j;
			break;
		}
	}
	unlock(&jobs_lock);
	return found;
}

void job_release(struct job *j, bool done)
{
	lock(&jobs_lock);
	list_remove(&j->entry);
	if (done) {
		j->listed = false;
	} else { /* behind the others: all advance */
		j->running = false;
		list_push_back(&jobs, &j->entry);
		waiting++;
	}
	unlock(&jobs_lock);
}

bool job_any(void)
{
	return load_relaxed(&waiting) != 0;
}
