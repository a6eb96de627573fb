/* SPDX-License-Identifier: BSD-2-Clause */
/* From a configuration to a running machine. */
#ifndef TOOL_LAUNCH_H
#define TOOL_LAUNCH_H

#include "config.h"
#include "link.h"

/**
 * Start the machine under a supervisor of its own. With `owned` it ends when this link is
 * closed. Leaves with a message if it cannot be started.
 */
struct link *launch(const struct config *config, bool owned);

/** Wait until the monitor has answered; leaves with CODE_FAIL if the machine ends before. */
void launch_wait(struct link *link);

#endif
