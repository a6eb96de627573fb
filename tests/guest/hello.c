/* SPDX-License-Identifier: BSD-2-Clause */
/* Says hello, looks at the machine, powers off; with `reset=1` resets for ever. */
#include "lib/guest.h"

void guest_main(void)
{
	say("hello: %u CPUs, %lu MiB at %lx, '%s'\n", board.cpu_count, board.ram_size >> 20,
	    board.ram, board.args);
	check(board.cpu_count >= 1, "cpus", "none");
	check(board.ram == 0x40000000, "ram", "at %lx", board.ram);
	check((sysreg_read(CurrentEL) >> 2) == 1, "el1", "%lx", sysreg_read(CurrentEL));
	if (option("reset", 0))
		reset();
	finish();
}
