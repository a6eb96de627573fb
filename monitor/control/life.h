/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of the VMs of a configuration: starting, pausing, ending. The essay with the
 * states is in life.c. Letters as in vcpu/vcpu.h; [J] is the job that builds or ends the
 * VM: one at a time.
 */
#ifndef CONTROL_LIFE_H
#define CONTROL_LIFE_H

#include "control/build.h"
#include "control/config.h"
#include "vcpu/job.h"
#include "vcpu/vcpu.h"

/* All that control knows of one VM; its index is the VM's number. */
struct slot {
	const struct vm_config *config; /* [I] */

	/* [C] */
	u32 state; /* enum vm_state; the record's own follows it */
	u32 end;   /* enum ctl_vm_end of the last life */
	char reason[96];
	u64 started, ended; /* ns */
	u32 resets;
	u32 home;         /* node, or NODE_ANY: chosen at each first start */
	bool kill;        /* the operator ends it while it is built */
	bool restart;     /* the operator wants it built again once it has ended */
	u64 input_taken;  /* bytes typed through the channel, ever */
	u64 console_sent; /* position of the console stream sent to the tool */

	struct builder build; /* [J] */
	bool p2m_made;        /* [J] vm->p2m is to be destroyed */
	u32 end_phase;        /* [J] */
	u64 end_cursor;       /* [J] */
	struct job build_job, end_job;
};

extern struct slot slots[CFG_VMS_MAX];
/* The VMs, volumes and names of this machine; NULL until control_start(). */
extern struct config *config;
/* Rank CONTROL: slots, the table vms[], the channel and the serial line. */
extern struct lock control_lock;

static inline u32 slot_count(void)
{
	return config ? config->vm_count : 0;
}
static inline u32 slot_number(const struct slot *s)
{
	return (u32)(s - slots);
}

/* The slots of a configuration, all off. */
void life_init(struct config *c);
/*
 * Boot, once disks are there: reads the configuration from the boot archive, opens its
 * volumes, starts all VMs that are not marked `manual`. A configuration with faults starts
 * nothing: the log says why, the tool and the serial line can read it.
 */
void life_boot(const void *archive, size_t size);

/* An operator's command (CTL_START to CTL_RESUME) about a VM. Under control_lock. */
enum ctl_status life_command(u32 type, u32 number);
/* CTL_OFF: all VMs end, then the machine is switched off. Under control_lock. */
void life_off(void);

/* Between life.c and build.c, under control_lock. */
void life_set_state(struct slot *s, u32 state);
/* The VM goes ENDING, and a job frees what it has. */
void life_begin_end(struct slot *s, u32 end, const char *reason);

/* --- for trap/leave.c, with no lock held --- */
/* The last vCPU that was asked to stop has stopped. */
void life_vm_stopped(struct vm *vm);
/* Steps of JOB_END, JOB_OFF and, with all VMs stopped, JOB_CHECK: true when done. */
bool end_step(struct job *j);
bool off_step(struct job *j);
bool check_step(struct job *j);

#endif
