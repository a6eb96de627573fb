/* SPDX-License-Identifier: BSD-2-Clause */
/* See check.h. The barrier around it is trap/barrier.c's. */
#include "control/check.h"

#include "control/channel.h"
#include "control/life.h"
#include "lib/print.h"
#include "mem/check.h"

static struct {
	/* under control_lock */
	bool running;
	bool wanted;   /* there is an answer to give */
	bool finished; /* and it is known */
	struct ctl_header head;
	/* the job's */
	bool begun;
	struct mem_check state;
	struct job job;
} check;

bool check_begin(const struct ctl_header *head)
{
	if (check.running || check.job.listed)
		return head && check.wanted && check.head.seq == head->seq;
	check.running = true;
	check.begun = false;
	check.finished = false;
	check.wanted = head != NULL;
	if (head)
		check.head = *head;
	check.job.kind = JOB_CHECK;
	job_add(&check.job);
	return true;
}

/* All p2ms, those of ending VMs too. */
static struct p2m *next_p2m(struct p2m *after)
{
	u32 n = 0;

	if (after)
		n = container_of(after, struct vm, p2m)->number + 1;
	for (; n < slot_count(); n++)
		if (vms[n] && slots[n].p2m_made)
			return &vms[n]->p2m;
	return NULL;
}

void check_answer(void)
{
	const struct mem_check *c = &check.state;
	struct ctl_check to = {.frames = c->frames,
			       .entries = c->entries,
			       .faults = c->faults,
			       .slices = c->slices};
	struct ctl_header h = {.type = CTL_REPLY,
			       .seq = check.head.seq,
			       .vm = CTL_VM_NONE,
			       .status = c->faults ? CTL_E_CHECK : CTL_OK};

	if (check.wanted && check.finished && control_send(&h, &to, sizeof(to), NULL, 0))
		check.wanted = false;
}

bool check_step(struct job *j)
{
	(void)j;
	if (!check.begun) {
		mem_check_begin(&check.state);
		check.begun = true;
	}
	if (!mem_check_step(&check.state, next_p2m))
		return false;
	print("check: %lu frames, %lu table entries, %u faults\n",
	      (unsigned long)check.state.frames, (unsigned long)check.state.entries,
	      check.state.faults);
	lock(&control_lock);
	check.running = false;
	check.finished = true;
	check_answer();
	unlock(&control_lock);
	atomic_or(&this_cpu()->work, WORK_CONTROL | WORK_CONSOLE);
	return true;
}
