/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands of the serial line. Between console.c and prompt.c; under control_lock. */
#ifndef CONTROL_PROMPT_H
#define CONTROL_PROMPT_H

#include "lib/types.h"

/*
 * Carries out a line. True: the console of the VM *show is wanted. What there is to say
 * comes from prompt_answer().
 */
bool prompt_command(char *line, u32 *show);
/* The next line of the answer, with its "\r\n"; 0 at the end. */
size_t prompt_answer(char *to, size_t size);
/* A VM by name or number: CTL_VM_NONE when there is none. */
u32 prompt_find_vm(const char *name);

#endif
