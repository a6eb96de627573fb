/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands; main.c has the table with their help. Each returns an exit status. */
#ifndef TOOL_VERBS_H
#define TOOL_VERBS_H

#include "opts.h"

int verb_up(const struct verb *verb, int argc, char **argv);
int verb_run(const struct verb *verb, int argc, char **argv);
int verb_down(const struct verb *verb, int argc, char **argv);
int verb_ps(const struct verb *verb, int argc, char **argv);
int verb_logs(const struct verb *verb, int argc, char **argv);
int verb_console(const struct verb *verb, int argc, char **argv);
int verb_start(const struct verb *verb, int argc, char **argv);
int verb_stop(const struct verb *verb, int argc, char **argv);
int verb_restart(const struct verb *verb, int argc, char **argv);
int verb_pause(const struct verb *verb, int argc, char **argv);
int verb_resume(const struct verb *verb, int argc, char **argv);
int verb_stats(const struct verb *verb, int argc, char **argv);
int verb_check(const struct verb *verb, int argc, char **argv);
int verb_config(const struct verb *verb, int argc, char **argv);

#endif
