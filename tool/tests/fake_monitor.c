/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stands in for the emulator with the monitor in it: takes the same command line, reads the
 * boot archive and speaks monitor/abi/control.h on the control channel. What a VM does is in
 * its command line, words as
 *
 *     off=MS      powers itself off after that time
 *     fault=MS    makes a fault then
 *     reset=MS    resets itself then (and stops, with on-reboot = "stop")
 *     print=N     prints N numbered lines at the start
 *     polite      powers itself off when it is asked to stop
 *
 * A console echoes what is typed; the line "poweroff" powers off. FAKE_NOISE=N damages about
 * one of N messages in each direction: drops it, changes a byte, or adds garbage before it.
 * FAKE_DIE=MS: the machine dies then. FAKE_MUTE=1: the monitor never says anything.
 * FAKE_PANIC=MS: the monitor panics then.
 */
#include "frame.h"

#include "abi/config.h"
#include "abi/counters.h"

#include <libfdt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOG_MAX (4u << 20)
#define LINE_MAX_FAKE 256
#define INPUT_AT_ONCE 16 /* the monitor's ring is small */

struct fake_vm {
	struct ctl_vm about;
	char words[256];
	bool manual, stop_on_reset;
	int64_t off_at, fault_at, reset_at;
	uint8_t *log;
	uint64_t log_size, log_told;
	uint64_t input_taken;
	char line[LINE_MAX_FAKE];
	size_t line_length;
};

static struct fake_vm vms[CFG_VMS_MAX + 1]; /* the last one in use: the monitor's log */
static unsigned int vm_count;
static char machine_name[CTL_NAME_MAX];
static struct frame_reader in;
static struct outbox out;
static struct ctl_watch watch;
static unsigned int noise, checks;
static bool off;

static uint64_t now_ns(void)
{
	return (uint64_t)now_ms() * 1000000u;
}

static bool damaged(void)
{
	return noise && (unsigned int)rand() % noise == 0;
}

/* Send a message, perhaps damaged on its way. */
static void put_message(struct ctl_header head, const void *payload, size_t length)
{
	size_t before = out.end;

	if (!damaged()) {
		outbox_message(&out, head, payload, length);
		return;
	}
	switch (rand() % 3) {
	case 0:
		break; /* lost */
	case 1:
		outbox_message(&out, head, payload, length);
		if (out.end > before)
			out.bytes[before + (size_t)rand() % (out.end - before)] ^= 0x41;
		break;
	default:
		for (int i = rand() % 50; i >= 0; i--) {
			uint8_t byte = (uint8_t)rand();

			outbox_put(&out, &byte, 1);
		}
		outbox_message(&out, head, payload, length);
		break;
	}
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

static void print_text(struct fake_vm *vm, const char *text)
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

static void start_vm(struct fake_vm *vm)
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

static void end_vm(struct fake_vm *vm, enum ctl_vm_end end, const char *reason)
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
		if (vm->line_length < LINE_MAX_FAKE - 1)
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

static void take_request(const struct frame *frame)
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

static void tell_log(struct fake_vm *vm, uint32_t number)
{
	struct ctl_log piece = {.position = vm->log_told};
	struct ctl_header head = {.type = CTL_EVENT_CONSOLE, .vm = number};
	uint8_t payload[CTL_PAYLOAD_MAX];
	uint64_t left = vm->log_size - vm->log_told;

	if (!left || !watch.consoles)
		return;
	piece.count = left < 1000 ? (uint32_t)left : 1000;
	memcpy(payload, &piece, sizeof(piece));
	memcpy(payload + sizeof(piece), vm->log + piece.position, piece.count);
	put_message(head, payload, sizeof(piece) + piece.count);
	vm->log_told += piece.count;
}

static void tick(void)
{
	int64_t now = now_ms();

	for (unsigned int i = 0; i < vm_count; i++) {
		struct fake_vm *vm = &vms[i];

		tell_log(vm, i);
		if (vm->about.state != CTL_VM_RUNNING || vm->log_told != vm->log_size)
			continue;
		if (vm->off_at && now >= vm->off_at)
			end_vm(vm, CTL_END_OFF, "");
		else if (vm->fault_at && now >= vm->fault_at)
			end_vm(vm, CTL_END_FAULT, "vCPU 0 ran off its memory");
		else if (vm->reset_at && now >= vm->reset_at && vm->stop_on_reset)
			end_vm(vm, CTL_END_RESET, "the guest reset itself");
	}
	tell_log(&vms[vm_count], CTL_VM_NONE);
}

/* The blob is the archive's first member: see tool/archive.h. */
static void *read_blob(const char *path)
{
	FILE *file = fopen(path, "re");
	char header[111] = "";
	unsigned int size, name_size;
	void *blob;

	if (!file || fread(header, 1, 110, file) != 110)
		die(CODE_FAIL, "fake: %s is no archive", path);
	header[102] = 0;
	name_size = (unsigned int)strtoul(header + 94, NULL, 16);
	header[62] = 0;
	size = (unsigned int)strtoul(header + 54, NULL, 16);
	blob = need_alloc(size);
	fseek(file, (long)((110 + name_size + 3) & ~3u), SEEK_SET);
	if (fread(blob, 1, size, file) != size || fdt_check_header(blob))
		die(CODE_FAIL, "fake: the archive has no blob");
	fclose(file);
	return blob;
}

static void add_vm(const void *blob, int node)
{
	struct fake_vm *vm = &vms[vm_count];
	const fdt32_t *cell = fdt_getprop(blob, node, "vcpus", NULL);
	const fdt64_t *memory = fdt_getprop(blob, node, "memory", NULL);
	const char *text = fdt_getprop(blob, node, "cmdline", NULL);
	const char *reboot = fdt_getprop(blob, node, "on-reboot", NULL);

	vm->about.vm = vm_count++;
	vm->about.vcpus = fdt32_ld(cell);
	vm->about.memory = fdt64_ld(memory);
	vm->manual = fdt_getprop(blob, node, "manual", NULL) != NULL;
	vm->stop_on_reset = reboot && !strcmp(reboot, "stop");
	copy_name(vm->about.name, sizeof(vm->about.name), fdt_get_name(blob, node, NULL));
	copy_name(vm->words, sizeof(vm->words), text ? text : "");
}

static void read_config(const char *path)
{
	void *blob = read_blob(path);
	int node, parent = fdt_path_offset(blob, "/vms");

	copy_name(machine_name, sizeof(machine_name), fdt_getprop(blob, 0, "name", NULL));
	fdt_for_each_subnode(node, blob, parent)
		add_vm(blob, node);
	free(blob);
}

static const char *argument(int argc, char **argv, const char *name)
{
	for (int i = 1; i + 1 < argc; i++)
		if (!strcmp(argv[i], name))
			return argv[i + 1];
	die(CODE_FAIL, "fake: there is no %s", name);
}

static int channel(int argc, char **argv, const char *start)
{
	for (int i = 1; i < argc; i++)
		if (!strncmp(argv[i], start, strlen(start)))
			return atoi(argv[i] + strlen(start));
	die(CODE_FAIL, "fake: there is no %s", start);
}

static void take_bytes(int fd)
{
	uint8_t bytes[4096];
	ssize_t got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	struct frame frame;
	uint64_t losses = frame_losses(&in);

	if (got <= 0)
		exit(CODE_OK);
	if (damaged())
		bytes[(size_t)rand() % (size_t)got] ^= 0x10;
	frame_feed(&in, bytes, (size_t)got);
	while (frame_next(&in, &frame))
		if (!damaged())
			take_request(&frame);
	if (frame_losses(&in) != losses)
		put_message((struct ctl_header){.type = CTL_EVENT_GARBLED}, NULL, 0);
}

static int setting(const char *name)
{
	const char *text = getenv(name);

	return text ? atoi(text) : 0;
}

int main(int argc, char **argv)
{
	int control = channel(argc, argv, "socket,id=ctl,fd=");
	int line = channel(argc, argv, "socket,id=line,fd=");
	int64_t die_at = setting("FAKE_DIE") ? now_ms() + setting("FAKE_DIE") : 0;

	int64_t panic_at = setting("FAKE_PANIC") ? now_ms() + setting("FAKE_PANIC") : 0;

	noise = (unsigned int)setting("FAKE_NOISE");
	srand((unsigned int)setting("FAKE_SEED"));
	read_config(argument(argc, argv, "-initrd"));
	send(line, "fake monitor boots\r\n", 20, 0);
	print_text(&vms[vm_count], "fake monitor is up\n");
	for (unsigned int i = 0; i < vm_count; i++)
		if (!vms[i].manual)
			start_vm(&vms[i]);
	while (!off || outbox_size(&out)) {
		struct pollfd slot = {.fd = control, .events = POLLIN};

		if (poll(&slot, 1, 5) > 0 && !setting("FAKE_MUTE"))
			take_bytes(control);
		else if (setting("FAKE_MUTE"))
			usleep(20000);
		if (die_at && now_ms() >= die_at)
			die(7, "fake: the emulator has a bug");
		if (panic_at && now_ms() >= panic_at) {
			send(line, "\nmonitor: PANIC: on purpose\n", 28, 0);
			for (;;)
				pause();
		}
		tick();
		if (!outbox_flush(&out, control))
			break;
	}
	for (unsigned int i = 0; i <= vm_count; i++)
		free(vms[i].log);
	outbox_free(&out);
	return CODE_OK;
}
