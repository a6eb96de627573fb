/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The byte stream to the tool: the port CTL_PORT_NAME of the machine's virtio console
 * (virtio 1.2, 5.3, multiport). WORK_CONTROL is set when bytes came or room came.
 */
#ifndef HW_CHANNEL_H
#define HW_CHANNEL_H

#include "hw/virtio.h"
#include "lib/types.h"

bool channel_present(void);
/* The other side has the port open. */
bool channel_open(void);
/* Takes what fits now; returns bytes taken. */
size_t channel_write(const void *from, size_t n);
/* Received bytes; 0 when none. */
size_t channel_read(void *to, size_t n);

/* hw/virtio.c found a console at `base`: the first one becomes the channel's. */
void channel_start(u64 base, virtio_alloc *alloc);

#endif
