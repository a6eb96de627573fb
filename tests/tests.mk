# SPDX-License-Identifier: BSD-2-Clause
# `make test` and its parts; included by the top Makefile. See docs/TESTING.md.
#
#   test-unit    host programs under ASan and UBSan: tests/unit, tool/tests
#   test-gates   layers, sizes, headers, the other compiler, clang-tidy
#   test-fuzz    each fuzzer for FUZZ_SECONDS, from its corpus (alias fuzz-quick)
#   test-boot    machines of the emulator: tests/boot/table.py (one: make test-boot T=NAME)
#
# Each part leaves `PASSED FAILED` in build/tests/count; `make test` adds them up.

T_OUT := build/tests
T_COUNT := $(T_OUT)/count
FUZZ_SECONDS ?= 20
T ?=

.PHONY: test test-unit test-gates test-fuzz fuzz-quick test-boot test-tidy test-clang test-guests \
	test-unit-programs test-fuzz-programs
test:
	@rm -rf $(T_COUNT) && mkdir -p $(T_COUNT)
	@for part in unit gates fuzz boot; do \
		$(MAKE) --no-print-directory test-$$part || [ -e $(T_COUNT)/$$part ] || \
			echo "0 1" > $(T_COUNT)/$$part; done
	@cat $(T_COUNT)/* | awk '{ p += $$1; f += $$2 } \
		END { printf "%d passed, %d failed\n", p, f; exit f != 0 }'

# --- host programs ---
#
# All of the monitor that compiles for the host goes into one library, per sanitizer. A test
# is linked with what it needs from there; what it defines itself comes first (muldefs). The
# helpers are chosen by what the test includes: fake_guest.h (a guest's memory and disk),
# fake_virtio.h (none; includes the drivers), or else fake/ (memory, CPUs, flushes).

HOST_SKIP := monitor/trap/offsets.c monitor/trap/exit.c monitor/hw/psci.c $(wildcard monitor/boot/*.c)
HOST_C := $(filter-out $(HOST_SKIP),$(sort $(wildcard monitor/*/*.c)))
HOST_FDT := $(sort $(wildcard third_party/libfdt/*.c))
HOST_INC := -DDISCO_HOST -DDISCO_DEBUG -Itests/unit/fake -Itests/unit -Itests -Imonitor \
	-isystem third_party/libfdt -idirafter third_party/libfdt/env
HOST_FLAGS := -std=gnu11 -g -O1 -fno-omit-frame-pointer -ffunction-sections -fdata-sections \
	-Wno-unknown-pragmas $(HOST_INC)
HOST_LINK := -Wl,--gc-sections -Wl,-z,muldefs
# The fake machine's memory is never given back; a helper may stand in front of the real thing.
HOST_RUN := ASAN_OPTIONS=detect_leaks=0:detect_odr_violation=0 UBSAN_OPTIONS=print_stacktrace=1

# $(1): folder below build/tests, $(2): compiler, $(3): sanitizers
define host_library
$(T_OUT)/$(1)/%.o: %.c
	@mkdir -p $$(@D)
	@$(2) $(HOST_FLAGS) $$(if $$(filter tests/%,$$<),-Wall -Wextra -Werror,-w) $(3) -MMD -MP -c -o $$@ $$<
$(T_OUT)/$(1)/monitor.a: $(patsubst %.c,$(T_OUT)/$(1)/%.o,$(HOST_C) $(HOST_FDT))
	@rm -f $$@ && ar rcs $$@ $$^
-include $(patsubst %.c,$(T_OUT)/$(1)/%.d,$(HOST_C))
-include $(wildcard $(T_OUT)/$(1)/tests/unit/*.d $(T_OUT)/$(1)/tests/unit/fake/*.d $(T_OUT)/$(1)/tests/fuzz/*.d)
endef
SAN := -fsanitize=address,undefined -fno-sanitize-recover=undefined
$(eval $(call host_library,host,gcc,$(SAN)))
$(eval $(call host_library,fuzz,clang,-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined))
$(eval $(call host_library,tsan,gcc,-fsanitize=thread -Wno-tsan))

# $(1): source, $(2): folder
host_helpers = $(if $(shell grep -l '"\(unit/\)\?fake_guest.h"' $(1)),$(T_OUT)/$(2)/tests/unit/fake_guest.o,\
	$(if $(shell grep -l '"\(unit/\)\?fake_virtio.h"' $(1)),,\
	$(if $(shell grep -l '"\(unit/\)\?\(fake/\|test_.*\.h\)' $(1)),\
	$(patsubst %.c,$(T_OUT)/$(2)/%.o,$(wildcard tests/unit/fake/*.c)))))

UNIT_C := $(sort $(wildcard tests/unit/test_*.c))
UNIT := $(patsubst tests/unit/%.c,$(T_OUT)/unit/%,$(UNIT_C))
define unit_program
$(T_OUT)/unit/$(notdir $(1:.c=)): $(T_OUT)/host/$(1:.c=.o) $(call host_helpers,$(1),host) $(T_OUT)/host/monitor.a
	@mkdir -p $$(@D)
	@gcc $(SAN) $(HOST_LINK) -o $$@ $$^ -lcmocka -lpthread
endef
$(foreach t,$(UNIT_C),$(eval $(call unit_program,$(t))))

# The two that have threads, under the thread sanitizer, too.
TSAN := $(patsubst %,$(T_OUT)/unit/%-tsan,$(basename $(notdir $(wildcard tests/unit/test_mem_threads.c tests/unit/test_vgic.c))))
define tsan_program
$(T_OUT)/unit/$(1)-tsan: $(T_OUT)/tsan/tests/unit/$(1).o $(call host_helpers,tests/unit/$(1).c,tsan) $(T_OUT)/tsan/monitor.a
	@mkdir -p $$(@D)
	@gcc -fsanitize=thread $(HOST_LINK) -o $$@ $$^ -lcmocka -lpthread
endef
$(foreach t,$(patsubst %-tsan,%,$(notdir $(TSAN))),$(eval $(call tsan_program,$(t))))

test-unit-programs: $(UNIT) $(TSAN)
test-unit: build/tool/tool-test build/tool/disco-san build/tool/fake-monitor
	@mkdir -p $(T_COUNT)
	@$(MAKE) -k --no-print-directory -j2 test-unit-programs; \
		BUILT=$$? $(HOST_RUN) sh tests/run_unit.sh $(T_COUNT)/unit $(UNIT) $(TSAN) build/tool/tool-test

# --- fuzzers ---

FUZZ_C := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ := $(patsubst tests/fuzz/%.c,$(T_OUT)/fuzzers/%,$(FUZZ_C))
define fuzz_program
$(T_OUT)/fuzzers/$(notdir $(1:.c=)): $(T_OUT)/fuzz/$(1:.c=.o) $(call host_helpers,$(1),fuzz) $(T_OUT)/fuzz/monitor.a
	@mkdir -p $$(@D)
	@clang -fsanitize=fuzzer,address,undefined $(HOST_LINK) -o $$@ $$^ -lcmocka -lpthread
endef
$(foreach t,$(FUZZ_C),$(eval $(call fuzz_program,$(t))))

fuzz-quick: test-fuzz
test-fuzz-programs: $(FUZZ) build/tool/fuzz_config build/tool/fuzz_frame
test-fuzz:
	@mkdir -p $(T_COUNT)
	@$(MAKE) -k --no-print-directory -j2 test-fuzz-programs; \
		BUILT=$$? $(HOST_RUN) sh tests/run_fuzz.sh $(T_COUNT)/fuzz $(FUZZ_SECONDS) $(FUZZ) \
		build/tool/fuzz_config build/tool/fuzz_frame

# --- gates ---

EL2_CLANG := --target=aarch64-linux-gnu $(filter-out -mstack-protector-guard=%,$(EL2_FLAGS)) \
	-isystem third_party/libfdt -isystem third_party/libfdt/env -Wno-unknown-pragmas
TIDY_C := $(filter-out monitor/trap/offsets.c,$(sort $(wildcard monitor/*/*.c)))

# Both are remembered per file: a second run looks only at what has changed.
$(T_OUT)/tidy/%.ok: monitor/%.c .clang-tidy $(wildcard monitor/*/*.h) | build/gen/offsets.h
	@mkdir -p $(@D)
	@clang-tidy --quiet $< -- $(EL2_CLANG) > $(@:.ok=.log) 2>&1 || { grep -a 'error:' $(@:.ok=.log); false; }
	@touch $@
$(T_OUT)/clang/%.ok: monitor/%.c $(wildcard monitor/*/*.h) | build/gen/offsets.h
	@mkdir -p $(@D)
	@clang $(EL2_CLANG) -fsyntax-only $<
	@touch $@
test-tidy: $(patsubst monitor/%.c,$(T_OUT)/tidy/%.ok,$(TIDY_C))
	@echo "$(words $^) files"
test-clang: $(patsubst monitor/%.c,$(T_OUT)/clang/%.ok,$(TIDY_C))
	@echo "$(words $^) files"

test-gates:
	@mkdir -p $(T_COUNT)
	@MAKE="$(MAKE)" FLAGS="$(EL2_FLAGS)" sh tests/gates.sh $(T_COUNT)/gates

# --- the test guests ---

GUEST_T := $(T_OUT)/guest
GUEST_FLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Wshadow -Wimplicit-fallthrough -Werror -ffreestanding \
	-fno-common -fno-pic -fno-pie -mgeneral-regs-only -mstrict-align -march=armv8.1-a \
	-fno-asynchronous-unwind-tables -fno-stack-protector -Itests/guest
GUEST_LIB := $(patsubst tests/guest/lib/%,$(GUEST_T)/lib/%.o,$(sort $(wildcard tests/guest/lib/*.[cS])))
GUEST_IMG := $(patsubst tests/guest/%.c,$(GUEST_T)/%.img,$(sort $(wildcard tests/guest/*.c)))

test-guests: $(GUEST_IMG)
$(GUEST_T)/%.o: tests/guest/%
	@mkdir -p $(@D)
	@aarch64-linux-gnu-gcc $(GUEST_FLAGS) -MMD -MP -c -o $@ $<
$(GUEST_T)/%.elf: $(GUEST_T)/%.c.o $(GUEST_LIB) tests/guest/lib/guest.lds
	@aarch64-linux-gnu-ld -nostdlib -static --no-warn-rwx-segments -z max-page-size=4096 \
		-T tests/guest/lib/guest.lds -o $@ $< $(GUEST_LIB)
$(GUEST_T)/%.img: $(GUEST_T)/%.elf
	@aarch64-linux-gnu-objcopy -O binary $< $@
.PRECIOUS: $(GUEST_T)/%.elf $(GUEST_T)/%.o
-include $(wildcard $(GUEST_T)/*.d $(GUEST_T)/lib/*.d)

# --- boot tests ---

test-boot: monitor tool test-guests guests-tiny
	@mkdir -p $(T_COUNT)
	@python3 tests/run_boot.py --count $(T_COUNT)/boot $(T)
