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
#include "fake.h"

#include <libfdt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct fake_vm vms[CFG_VMS_MAX + 1];
unsigned int vm_count;
char machine_name[CTL_NAME_MAX];
struct ctl_watch watch;
bool off;

static struct frame_reader in;
static struct outbox out;
static unsigned int noise;

static bool damaged(void)
{
	return noise && (unsigned int)rand() % noise == 0;
}

/* Send a message, perhaps damaged on its way. */
void put_message(struct ctl_header head, const void *payload, size_t length)
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
