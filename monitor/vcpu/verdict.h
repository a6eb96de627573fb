/* SPDX-License-Identifier: BSD-2-Clause */
/* What the handler of an exit answers; trap/leave.c acts on it. */
#ifndef VCPU_VERDICT_H
#define VCPU_VERDICT_H

enum verdict {
	VERDICT_DONE,   /* all state is set: enter the guest at regs.pc as it is */
	VERDICT_SKIP,   /* the trapped instruction was emulated: go on behind it */
	VERDICT_INJECT, /* an exception was prepared in v->inject: the guest takes it */
	VERDICT_KILL,   /* the VM ends; vm_end() was called with the reason */
	VERDICT_WAIT,   /* nothing changed; v->wait says why: park, then do it again */
};

#endif
