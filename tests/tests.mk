# SPDX-License-Identifier: BSD-2-Clause
# The test guests.
GUEST_T := build/tests/guest
GUEST_FLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Wshadow -Wimplicit-fallthrough -Werror -ffreestanding -fno-common -fno-pic -fno-pie -mgeneral-regs-only -mstrict-align -march=armv8.1-a -fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns -fno-stack-protector -Itests/guest
GUEST_LIB := $(patsubst tests/guest/lib/%,$(GUEST_T)/lib/%.o,$(wildcard tests/guest/lib/*.[cS]))
GUEST_IMG := $(patsubst tests/guest/%.c,$(GUEST_T)/%.img,$(wildcard tests/guest/*.c))

.PHONY: test-guests
test-guests: $(GUEST_IMG)
.SECONDARY:
$(GUEST_T)/%.o: tests/guest/%
	@mkdir -p $(@D)
	aarch64-linux-gnu-gcc $(GUEST_FLAGS) -MMD -MP -c -o $@ $<
$(GUEST_T)/%.elf: $(GUEST_T)/%.c.o $(GUEST_LIB) tests/guest/lib/guest.lds
	aarch64-linux-gnu-ld -nostdlib -static --no-warn-rwx-segments -z max-page-size=4096 -T tests/guest/lib/guest.lds -o $@ $< $(GUEST_LIB)
$(GUEST_T)/%.img: $(GUEST_T)/%.elf
	aarch64-linux-gnu-objcopy -O binary $< $@
-include $(wildcard $(GUEST_T)/*.d $(GUEST_T)/lib/*.d)
