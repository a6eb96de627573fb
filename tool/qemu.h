/* SPDX-License-Identifier: BSD-2-Clause */
/* The emulator's command line for a machine. */
#ifndef TOOL_QEMU_H
#define TOOL_QEMU_H

#include "config.h"

/* Where things are that are not in the configuration. */
struct qemu_setup {
	char *emulator; /* qemu-system-aarch64 */
	char *image;    /* disco.img */
	char *archive;  /* boot archive */
	int control_fd; /* the control channel's end for the emulator */
	int serial_fd;  /* the serial line's */
};

/* A list of arguments that ends with NULL. */
struct arguments {
	char **items;
	size_t count;
};

/**
 * Find the emulator: $DISCO_QEMU, qemu/bin or qemu/usr/bin next to this program, $PATH.
 * Leaves with a message if there is none.
 */
char *qemu_find_emulator(void);

/** Find the monitor: $DISCO_IMAGE, disco.img next to this program, /usr/lib/disco. */
char *qemu_find_image(void);

/** The whole command line; $DISCO_QEMU_ACCEL and $DISCO_QEMU_EXTRA change it. */
struct arguments qemu_arguments(const struct config *config, const struct qemu_setup *setup);

/** Release a list. */
void arguments_free(struct arguments *arguments);

#endif
