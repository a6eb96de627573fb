# SPDX-License-Identifier: BSD-2-Clause
# Disco: `make` builds, `make run` shows it, `make test` proves it. See README.md.

CROSS ?= aarch64-linux-gnu-
CC_EL2 := $(CROSS)gcc
LD_EL2 := $(CROSS)ld
OBJCOPY := $(CROSS)objcopy
B := build

# DEBUG=1 (the default): lock order, publication and table checks at EL2. Benchmarks use DEBUG=0.
DEBUG ?= 1

WARN := -Wall -Wextra -Wconversion -Wshadow -Wimplicit-fallthrough -Werror
# Small first: text is copied to every node. What runs on each exit is compiled for speed.
OPT := -Os
EL2_FLAGS = -std=gnu11 $(OPT) -g $(WARN) -ffreestanding -fno-common -fno-pic -fno-pie \
	-mgeneral-regs-only -mstrict-align -march=armv8.1-a -mbranch-protection=standard \
	-fstack-protector-strong -mstack-protector-guard=global -fno-omit-frame-pointer \
	-fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections \
	-Imonitor -I$(B)/gen $(if $(filter 1,$(DEBUG)),-DDISCO_DEBUG)
FDT_FLAGS = $(filter-out -Wconversion -Wshadow,$(EL2_FLAGS)) -Wno-sign-compare \
	-Wno-implicit-fallthrough -Ithird_party/libfdt -Ithird_party/libfdt/env

EL2_C := $(sort $(wildcard monitor/*/*.c))
EL2_S := $(sort $(wildcard monitor/*/*.S))
FDT_C := $(sort $(wildcard third_party/libfdt/*.c))
O := $(B)/obj$(if $(filter 1,$(DEBUG)),,-fast)
EL2_O := $(patsubst monitor/%.c,$(O)/%.o,$(filter-out monitor/trap/offsets.c,$(EL2_C))) \
	$(patsubst monitor/%.S,$(O)/%.S.o,$(EL2_S)) \
	$(patsubst third_party/libfdt/%.c,$(O)/libfdt/%.o,$(FDT_C))
IMG := $(B)/disco$(if $(filter 1,$(DEBUG)),,-fast)

# `make V=1` shows whole commands.
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-8s %s\n' '$(1)' '$(2)')

.PHONY: all monitor run shell clean deps check-fresh
.DEFAULT_GOAL := all
all: deps
	$(Q)$(MAKE) --no-print-directory monitor tool

# Installs what is missing, by package name; does nothing when all is there.
deps:
	@scripts/deps.sh

# The main job: four Debian machines on one NUMA machine compile a chess program.
run: all
	@scripts/run.sh

# The same machine, to look around in.
shell: all
	@scripts/shell.sh

# Proves `make run` and `make test` in a fresh Debian folder.
check-fresh:
	@scripts/check-fresh.sh

monitor: $(IMG).img

include $(wildcard guests/guests.mk tool/tool.mk tests/tests.mk bench/bench.mk)

# Offsets that assembly needs: generated from C, then the build asserts them again in C.
$(B)/gen/offsets.h: monitor/trap/offsets.c $(wildcard monitor/*/*.h)
	@mkdir -p $(@D)
	$(call say,OFFSETS,$@)
	$(Q)$(CC_EL2) $(EL2_FLAGS) -S -o $(B)/gen/offsets.s $<
	@sed -n 's/^.*->\([A-Z0-9_]*\) [#$$]*\(-\?[0-9]*\).*/#define \1 \2/p' $(B)/gen/offsets.s > $@.new
	@test -s $@.new && mv $@.new $@

$(O)/%.o: monitor/%.c Makefile | $(B)/gen/offsets.h
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC_EL2) $(EL2_FLAGS) -isystem third_party/libfdt -isystem third_party/libfdt/env -MMD -MP -c -o $@ $<

$(O)/%.S.o: monitor/%.S $(B)/gen/offsets.h
	@mkdir -p $(@D)
	$(call say,AS,$<)
	$(Q)$(CC_EL2) $(EL2_FLAGS) -D__ASSEMBLY__ -MMD -MP -c -o $@ $<

$(foreach f,trap/exit trap/leave,$(O)/$(f).o): OPT := -O2

$(O)/libfdt/%.o: third_party/libfdt/%.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC_EL2) $(FDT_FLAGS) -MMD -MP -c -o $@ $<

$(IMG).elf: $(EL2_O) monitor/boot/disco.lds
	$(call say,LD,$@)
	$(Q)$(LD_EL2) -nostdlib -static --no-warn-rwx-segments --gc-sections -z max-page-size=4096 \
		-T monitor/boot/disco.lds -Map $(IMG).map -o $@ $(EL2_O)

$(IMG).img: $(IMG).elf
	$(Q)$(OBJCOPY) -O binary $< $@.new && mv $@.new $@

clean:
	rm -rf $(B)/obj $(B)/obj-fast $(B)/gen $(B)/tool $(B)/tests $(B)/disco*

-include $(EL2_O:.o=.d)
