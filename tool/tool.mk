# SPDX-License-Identifier: BSD-2-Clause
# The command people use: `make tool` builds build/disco, `make tool-unit` runs its tests on
# this host under the sanitizers, `make tool-fuzz` fuzzes its two parsers for a while.
# Included by the top Makefile; `make -f tool/tool.mk tool` works too.

TOOL_CC ?= gcc
TOOL_CLANG ?= clang
TOOL_FUZZ_SECONDS ?= 60

TOOL_DIR := build/tool
TOOL_WARN := -Wall -Wextra -Wconversion -Wshadow -Wimplicit-fallthrough -Werror
TOOL_CFLAGS := -std=c11 -D_GNU_SOURCE -Itool -Imonitor -g $(TOOL_WARN)
TOOL_OPT := -O2 -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
TOOL_SAN := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=undefined
TOOL_LIBS := -lyaml -lfdt

TOOL_MAIN := tool/main.c
TOOL_SRC := $(filter-out $(TOOL_MAIN) tool/fuzz_%,$(sort $(wildcard tool/*.c)))
TOOL_TESTS := $(wildcard tool/tests/test_*.c)
TOOL_TEST_SRC := $(TOOL_TESTS) tool/tests/main.c tool/tests/helper.c

TOOL_OBJ := $(patsubst tool/%.c,$(TOOL_DIR)/%.o,$(TOOL_MAIN) $(TOOL_SRC))
TOOL_SAN_OBJ := $(patsubst tool/%.c,$(TOOL_DIR)/san/%.o,$(TOOL_SRC))
TOOL_TEST_OBJ := $(patsubst tool/%.c,$(TOOL_DIR)/san/%.o,$(TOOL_TEST_SRC))

.PHONY: tool tool-unit tool-fuzz tool-clang

tool: build/disco

build/disco: $(TOOL_OBJ)
	$(TOOL_CC) -pie $^ -o $@ $(TOOL_LIBS)

$(TOOL_DIR)/%.o: tool/%.c
	@mkdir -p $(@D)
	$(TOOL_CC) $(TOOL_CFLAGS) $(TOOL_OPT) -MMD -c $< -o $@

$(TOOL_DIR)/san/%.o: tool/%.c
	@mkdir -p $(@D)
	$(TOOL_CC) $(TOOL_CFLAGS) $(TOOL_SAN) -MMD -c $< -o $@

# The tool itself under the sanitizers, and a monitor that only speaks the protocol.
$(TOOL_DIR)/disco-san: $(TOOL_DIR)/san/main.o $(TOOL_SAN_OBJ)
	$(TOOL_CC) $(TOOL_SAN) $^ -o $@ $(TOOL_LIBS)

$(TOOL_DIR)/fake-monitor: $(TOOL_DIR)/san/tests/fake_monitor.o \
		$(TOOL_DIR)/san/tests/fake_requests.o $(TOOL_DIR)/san/frame.o \
		$(TOOL_DIR)/san/say.o
	$(TOOL_CC) $(TOOL_SAN) $^ -o $@ -lfdt

$(TOOL_DIR)/tool-test: $(TOOL_TEST_OBJ) $(TOOL_SAN_OBJ)
	$(TOOL_CC) $(TOOL_SAN) $^ -o $@ $(TOOL_LIBS) -lcmocka

tool-unit: $(TOOL_DIR)/tool-test $(TOOL_DIR)/disco-san $(TOOL_DIR)/fake-monitor
	$(TOOL_DIR)/tool-test

# Everything once more with the other compiler: its warnings are errors too.
tool-clang:
	$(TOOL_CLANG) $(TOOL_CFLAGS) -O1 -fsyntax-only $(wildcard tool/*.c tool/tests/*.c)

TOOL_FUZZERS := $(TOOL_DIR)/fuzz_config $(TOOL_DIR)/fuzz_frame

$(TOOL_DIR)/fuzz_%: tool/fuzz_%.c $(TOOL_SRC)
	@mkdir -p $(@D)
	$(TOOL_CLANG) $(TOOL_CFLAGS) -O1 -fsanitize=fuzzer,address,undefined $^ -o $@ $(TOOL_LIBS)

tool-fuzz: $(TOOL_FUZZERS)
	@mkdir -p $(TOOL_DIR)/corpus_config $(TOOL_DIR)/corpus_frame
	$(TOOL_DIR)/fuzz_config -max_total_time=$(TOOL_FUZZ_SECONDS) -max_len=4096 -timeout=10 \
		-dict=tool/tests/config.dict $(TOOL_DIR)/corpus_config examples
	$(TOOL_DIR)/fuzz_frame -max_total_time=$(TOOL_FUZZ_SECONDS) -max_len=20000 -timeout=10 \
		$(TOOL_DIR)/corpus_frame

-include $(wildcard $(TOOL_DIR)/*.d $(TOOL_DIR)/san/*.d $(TOOL_DIR)/san/tests/*.d)
