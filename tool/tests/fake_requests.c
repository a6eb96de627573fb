/* SPDX-License-Identifier: BSD-2-Clause */
/* The fake monitor's VMs and its answers. */
#include "fake.h"

#include "abi/counters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_MAX (4u << 20)
#define INPUT_AT_ONCE 16 /* the monitor's ring is small */

static unsigned int checks;

static uint64_t now_ns(void)
{
	return (uint64_t)now_ms() * 1000000u;
}

static void reply(const struct frame *to, uint32_t status, const void *payload, size_t length)
{
	struct ctl_header head = {.type = CTL_REPLY, .seq = to->head.seq, .vm = to->head.vm,
				  .status = status};

	put_message(head, payload, length);
}

static void print_bytes(struct fake_vm *vm, const void *bytes, size_t size)
{
	if (!vm->log)
		vm->log = need_alloc(LOG_MAX);
	if (vm->log_size + size > LOG_MAX)
		return;
	memcpy(vm->log + vm->log_size, bytes, size);
	vm->log_size += size;
}

void print_text(struct fake_vm *vm, const char *text)
{
	print_bytes(vm, text, strlen(text));
}

static int64_t word_time(const struct fake_vm *vm, const char *word)
{
	const char *at = strstr(vm->words, word);

	return at ? now_ms() + atoi(at + strlen(word)) : 0;
}

static void tell_state(struct fake_vm *vm)
{
	struct ctl_header head = {.type = CTL_EVENT_STATE, .vm = vm->about.vm};

	if (watch.states)
		put_message(head, &vm->about, sizeof(vm->about));
}

void start_vm(struct fake_vm *vm)
{
	const char *print = strstr(vm->words, "print=");
	char text[64];

	vm->about.state = CTL_VM_RUNNING;
	vm->about.end = CTL_END_NONE;
	vm->about.reason[0] = 0;
	vm->about.started_ns = now_ns();
	vm->about.owned = vm->about.memory / 3;
	vm->off_at = word_time(vm, "off=");
	vm->fault_at = word_time(vm, "fault=");
	vm->reset_at = word_time(vm, "reset=");
	snprintf(text, sizeof(text), "hello from %s\r\n", vm->about.name);
	print_text(vm, text);
	for (int i = 0; print && i < atoi(print + 6); i++) {
		snprintf(text, sizeof(text), "line %d of a longer output\r\n", i);
		print_text(vm, text);
	}
	tell_state(vm);
}

void end_vm(struct fake_vm *vm, enum ctl_vm_end end, const char *reason)
{
	if (vm->about.state == CTL_VM_OFF)
		return;
	vm->about.state = CTL_VM_OFF;
	vm->about.end = end;
	vm->about.owned = 0;
	vm->about.ended_ns = now_ns();
	copy_name(vm->about.reason, sizeof(vm->about.reason), reason);
	tell_state(vm);
}

static void type_byte(struct fake_vm *vm, uint8_t byte)
{
	print_bytes(vm, &byte, 1);
	if (byte != '\n' && byte != '\r') {
		if (vm->line_length < FAKE_LINE - 1)
			vm->line[vm->line_length++] = (char)byte;
		return;
	}
	vm->line[vm->line_length] = 0;
	vm->line_length = 0;
	print_text(vm, "\r\nyou said: ");
	print_text(vm, vm->line);
	print_text(vm, "\r\n");
	if (!strcmp(vm->line, "poweroff"))
		end_vm(vm, CTL_END_OFF, "");
}

static void take_input(struct fake_vm *vm, const struct frame *frame)
{
	struct ctl_log where, answer = {0};
	uint64_t skip;

	if (frame->head.length < sizeof(where)) {
		reply(frame, CTL_E_LENGTH, NULL, 0);
		return;
	}
	memcpy(&where, frame->payload, sizeof(where));
	skip = vm->input_taken - where.position;
	if (where.position <= vm->input_taken) {
		for (uint64_t i = skip; i < where.count && answer.count < INPUT_AT_ONCE; i++) {
			vm->input_taken++;
			answer.count++;
			type_byte(vm, frame->payload[sizeof(where) + i]);
		}
	}
	answer.position = vm->input_taken;
	reply(frame, CTL_OK, &answer, sizeof(answer));
}

static void send_log(const struct frame *frame, const struct fake_vm *vm)
{
	struct ctl_log want, piece = {0};
	uint8_t payload[CTL_PAYLOAD_MAX];

	if (frame->head.length != sizeof(want)) {
		reply(frame, CTL_E_LENGTH, NULL, 0);
		return;
	}
	memcpy(&want, frame->payload, sizeof(want));
	piece.position = want.position < vm->log_size ? want.position : vm->log_size;
	piece.count = (uint32_t)(vm->log_size - piece.position);
	if (piece.count > want.count)
		piece.count = want.count;
	if (piece.count > sizeof(payload) - sizeof(piece))
		piece.count = sizeof(payload) - sizeof(piece);
	memcpy(payload, &piece, sizeof(piece));
	if (piece.count)
		memcpy(payload + sizeof(piece), vm->log + piece.position, piece.count);
	reply(frame, CTL_OK, payload, sizeof(piece) + piece.count);
}

static void send_vms(const struct frame *frame)
{
	struct ctl_vm list[CTL_PAYLOAD_MAX / sizeof(struct ctl_vm)];
	struct ctl_from from = {0};
	uint32_t count = 0;

	memcpy(&from, frame->payload, sizeof(from));
	for (uint32_t i = from.first; i < vm_count && count < ARRAY_SIZE(list); i++) {
		vms[i].about.cpu_ns += 1000000;
		vms[i].about.exits += 10;
		list[count++] = vms[i].about;
	}
	reply(frame, CTL_OK, list, count * sizeof(list[0]));
}

static void send_stats(const struct frame *frame)
{
	struct {
		struct ctl_stats head;
		uint64_t counters[COUNTER_COUNT];
	} stats = {.head = {.now_ns = now_ns(), .count = COUNTER_COUNT}};

	for (unsigned int i = 0; i < COUNTER_COUNT; i++)
		stats.counters[i] = 1000 * i;
	reply(frame, CTL_OK, &stats, sizeof(stats));
}

static void send_nodes(const struct frame *frame)
{
	struct ctl_node nodes[2] = {{.node = 0, .cpus = 2, .total = 1u << 30, .free = 1u << 29},
				    {.node = 1, .cpus = 2, .total = 1u << 30, .free = 1u << 28}};

	reply(frame, CTL_OK, nodes, sizeof(nodes));
}

static void send_hello(const struct frame *frame)
{
	struct ctl_hello hello = {.version = CTL_VERSION, .counter_count = COUNTER_COUNT,
				  .vm_count = vm_count, .node_count = 2, .cpu_count = 4};

	hello.now_ns = now_ns();
	memcpy(hello.name, machine_name, sizeof(hello.name));
	reply(frame, CTL_OK, &hello, sizeof(hello));
}

static void set_state(struct fake_vm *vm, const struct frame *frame, enum ctl_vm_state from,
		      enum ctl_vm_state to)
{
	if (vm->about.state != from && vm->about.state != to) {
		reply(frame, CTL_E_STATE, NULL, 0);
		return;
	}
	if (vm->about.state != to && from == CTL_VM_OFF) {
		start_vm(vm);
	} else if (vm->about.state != to) {
		vm->about.state = to;
		tell_state(vm);
	}
	reply(frame, CTL_OK, NULL, 0);
}

static void take_vm_request(struct fake_vm *vm, const struct frame *frame)
{
	switch (frame->head.type) {
	case CTL_START:
		set_state(vm, frame, CTL_VM_OFF, CTL_VM_RUNNING);
		return;
	case CTL_PAUSE:
		set_state(vm, frame, CTL_VM_RUNNING, CTL_VM_PAUSED);
		return;
	case CTL_RESUME:
		set_state(vm, frame, CTL_VM_PAUSED, CTL_VM_RUNNING);
		return;
	case CTL_STOP:
		if (strstr(vm->words, "polite"))
			end_vm(vm, CTL_END_OFF, "");
		break;
	case CTL_KILL:
		end_vm(vm, CTL_END_KILLED, "by the operator");
		break;
	case CTL_RESTART:
		end_vm(vm, CTL_END_KILLED, "by the operator");
		start_vm(vm);
		break;
	case CTL_INPUT:
		if (vm->about.state != CTL_VM_OFF) {
			take_input(vm, frame);
			return;
		}
		reply(frame, CTL_E_STATE, NULL, 0);
		return;
	case CTL_VCPUS: {
		struct ctl_vcpu vcpu = {.pc = 0x40080000};

		reply(frame, CTL_OK, &vcpu, sizeof(vcpu));
		return;
	}
	default:
		reply(frame, CTL_E_TYPE, NULL, 0);
		return;
	}
	reply(frame, CTL_OK, NULL, 0);
}

void take_request(const struct frame *frame)
{
	struct ctl_check check = {.frames = 1000, .entries = 500, .slices = 3};
	uint32_t vm = frame->head.vm;

	switch (frame->head.type) {
	case CTL_HELLO:
		send_hello(frame);
		return;
	case CTL_VMS:
		send_vms(frame);
		return;
	case CTL_STATS:
		send_stats(frame);
		return;
	case CTL_NODES:
		send_nodes(frame);
		return;
	case CTL_CHECK:
		/* busy once, so that the tool has to ask again */
		reply(frame, checks++ ? CTL_OK : CTL_E_BUSY, &check, sizeof(check));
		return;
	case CTL_LOG:
		send_log(frame, &vms[vm < vm_count ? vm : vm_count]);
		return;
	case CTL_WATCH:
		memcpy(&watch, frame->payload, sizeof(watch));
		reply(frame, CTL_OK, NULL, 0);
		return;
	case CTL_OFF:
		reply(frame, CTL_OK, NULL, 0);
		off = true;
		return;
	default:
		break;
	}
	if (vm < vm_count)
		take_vm_request(&vms[vm], frame);
	else
		reply(frame, CTL_E_VM, NULL, 0);
}
