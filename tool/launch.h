/* SPDX-License-Identifier: BSD-2-Clause */
/* From a configuration to a running machine. */
#ifndef TOOL_LAUNCH_H
#define TOOL_LAUNCH_H

#include "config.h"
#include "link.h"

/**
 * Start the machine under a supervisor of its own. It ends with this link until SUP_DISOWN.
 * Leaves with a message if it cannot be started.
 */
struct link *launch(const struct config *config);

/**
 * Wait until the monitor has answered; leaves with CODE_FAIL if the machine ends before, and
 * with CODE_TIMEOUT if that takes until `limit` (a time of now_ms(), 0: no limit).
 */
void launch_wait(struct link *link, int64_t limit);

#endif
