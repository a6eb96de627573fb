/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The folders of running machines: $XDG_RUNTIME_DIR/disco/NAME, or /tmp/disco-UID/NAME. A
 * folder holds
 *
 *     lock        locked by the supervisor as long as it lives: who gets the lock finds a
 *                 dead machine and clears the folder; holds the supervisor's process id
 *     sock        where the supervisor listens
 *     boot.cpio   boot archive, removed when the monitor has read it
 *     qemu.log    what the emulator says
 *     serial.log  the machine's serial line
 *     monitor.log the monitor's log
 *     vm-N.log    the console of VM number N
 *     died        why the machine ended, if nobody was there to hear it
 */
#ifndef TOOL_RUNDIR_H
#define TOOL_RUNDIR_H

#include "say.h"

/** The folder of all machines, made if missing. Leaves with a message if it is not safe. */
const char *run_base(void);

/** The folder of a machine; free it. */
char *run_folder(const char *name);

/**
 * Make the folder of a new machine, locked, and say where it is; free `folder`. Returns the
 * lock. Leaves if a machine of that name runs.
 */
int run_create(const char *name, char **folder);

/** Remove a folder and the files in it. */
void run_remove(const char *folder);

/** True if a machine of that name runs; a dead one is reported and cleared. */
bool run_alive(const char *name);

/** Names of the running machines, sorted; ends with NULL. Dead ones are cleared. */
char **run_list(void);

/** Release a list of names. */
void run_list_free(char **names);

/** A socket in the folder that listens, or -1. */
int run_listen(const char *folder);

/** A connection to the machine's supervisor, or -1. */
int run_connect(const char *folder);

/** Open a file of a machine's folder; -1 if it is not there. */
int run_open(const char *folder, const char *file, int flags);

/** Name of the log file of a VM's console, of the monitor (CTL_VM_NONE) or of the line. */
const char *run_log_name(uint32_t vm, char out[32]);

#endif
