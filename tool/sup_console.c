/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Console histories and typed input. The monitor numbers the bytes of each history; `next`
 * is the first that is not in our file yet. An event that begins there is appended; one that
 * begins later tells of a gap, which CTL_LOG fetches. What the monitor itself has forgotten is
 * replaced by a line that says how much it was. Input is numbered the same way, so that a
 * repeated CTL_INPUT types nothing twice.
 */
#include "sup.h"

#include "rundir.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIECE_MAX (CTL_PAYLOAD_MAX - sizeof(struct ctl_log))
#define TYPED_MAX 65536
#define FULL_PAUSE 50
/* A log keeps at least KEEP bytes; older ones are given back to the file system. */
#define KEEP (16ll << 20)
#define KEEP_STEP (1ull << 20)

void consoles_open(struct sup *sup)
{
	unsigned int vms = sup->config->vm_count;

	sup->console_count = vms + 2;
	sup->consoles = need_alloc(sup->console_count * sizeof(struct console));
	memset(sup->consoles, 0, sup->console_count * sizeof(struct console));
	for (unsigned int i = 0; i < sup->console_count; i++) {
		struct console *console = &sup->consoles[i];
		char name[32];

		console->vm = i < vms ? i : i == vms ? CTL_VM_NONE : SUP_VM_SERIAL;
		console->file = run_open(sup->folder, run_log_name(console->vm, name),
					 O_RDWR | O_CREAT | O_TRUNC);
		if (console->file < 0)
			die(CODE_FAIL, "%s/%s: %s", sup->folder, name, strerror(errno));
	}
}

struct console *console_find(struct sup *sup, uint32_t vm)
{
	unsigned int vms = sup->config->vm_count;

	if (vm == CTL_VM_NONE)
		return &sup->consoles[vms];
	if (vm == SUP_VM_SERIAL)
		return &sup->consoles[vms + 1];
	return vm < vms ? &sup->consoles[vm] : NULL;
}

void console_write(struct console *console, const void *bytes, size_t size)
{
	ssize_t done = pwrite(console->file, bytes, size, (off_t)console->size);
	uint64_t before = console->size;

	if (done <= 0)
		return; /* the disk is full: the machine goes on without its history */
	console->size += (uint64_t)done;
	console->grown = true;
	if (before / KEEP_STEP != console->size / KEEP_STEP && (int64_t)console->size > KEEP)
		fallocate(console->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			  (off_t)console->size - KEEP);
}

static void note_lost(struct console *console, uint64_t lost)
{
	char text[80];
	int length = snprintf(text, sizeof(text), "\r\n[disco: %llu bytes of output lost]\r\n",
			      (unsigned long long)lost);

	console_write(console, text, (size_t)length);
}

void console_piece(struct sup *sup, uint32_t vm, const uint8_t *payload, size_t length,
		   bool answer)
{
	struct console *console = vm == SUP_VM_SERIAL ? NULL : console_find(sup, vm);
	struct ctl_log piece;
	uint64_t end, skip = 0;

	if (!console)
		return;
	if (answer)
		console->asking = false;
	if (length < sizeof(piece))
		return;
	memcpy(&piece, payload, sizeof(piece));
	if (piece.count > length - sizeof(piece) || piece.position > UINT64_MAX - piece.count)
		return;
	end = piece.position + piece.count;
	if (end > console->known)
		console->known = end;
	if (piece.position > console->next) {
		if (!answer)
			return; /* the gap is asked for in consoles_pump() */
		note_lost(console, piece.position - console->next);
		console->next = piece.position;
	}
	if (end > console->next) {
		skip = console->next - piece.position;
		console_write(console, payload + sizeof(piece) + skip, piece.count - (size_t)skip);
		console->next = end;
	} else if (answer) {
		console->known = console->next; /* there is no more */
	}
}

void consoles_refresh(struct sup *sup)
{
	for (unsigned int i = 0; i <= sup->config->vm_count; i++)
		if (sup->consoles[i].known == sup->consoles[i].next)
			sup->consoles[i].known++;
}

static void ask_history(struct sup *sup, struct console *console)
{
	struct ctl_log want = {.position = console->next, .count = PIECE_MAX};
	struct ctl_header head = {.type = CTL_LOG, .vm = console->vm};

	console->asking = monitor_request(sup, SUP_NOBODY, head, &want, sizeof(want));
}

static void send_typed(struct sup *sup, struct console *console)
{
	struct ctl_header head = {.type = CTL_INPUT, .vm = console->vm};
	struct ctl_log where = {.position = console->in_taken};
	uint8_t payload[CTL_PAYLOAD_MAX];
	size_t size = outbox_size(&console->in);

	if (size > PIECE_MAX)
		size = PIECE_MAX;
	where.count = (uint32_t)size;
	memcpy(payload, &where, sizeof(where));
	memcpy(payload + sizeof(where), console->in.bytes + console->in.start, size);
	console->in_asking =
		monitor_request(sup, SUP_NOBODY, head, payload, sizeof(where) + size);
}

void consoles_pump(struct sup *sup, int64_t now)
{
	if (!sup->hello.version || sup->phase >= SUP_OFF)
		return;
	for (unsigned int i = 0; i <= sup->config->vm_count; i++) {
		struct console *console = &sup->consoles[i];

		if (console->known > console->next && !console->asking)
			ask_history(sup, console);
		if (outbox_size(&console->in) && !console->in_asking && now >= console->in_due)
			send_typed(sup, console);
	}
}

uint32_t console_type(struct sup *sup, uint32_t vm, const uint8_t *bytes, size_t size)
{
	struct console *console = console_find(sup, vm);
	size_t free_room;

	if (!console || vm == CTL_VM_NONE)
		return 0;
	if (vm == SUP_VM_SERIAL) {
		ssize_t done = send(sup->serial, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);

		return done < 0 ? 0 : (uint32_t)done;
	}
	free_room = TYPED_MAX - outbox_size(&console->in);
	if (size > free_room)
		size = free_room;
	outbox_put(&console->in, bytes, size);
	return (uint32_t)size;
}

void console_typed(struct sup *sup, uint32_t vm, const uint8_t *payload, size_t length)
{
	struct console *console = console_find(sup, vm);
	struct ctl_log taken;
	uint64_t ours;

	if (!console)
		return;
	console->in_asking = false;
	if (length < sizeof(taken)) {
		/* refused: the VM is not there to read it */
		outbox_free(&console->in);
		return;
	}
	memcpy(&taken, payload, sizeof(taken));
	ours = taken.position - console->in_taken;
	if (taken.position < console->in_taken || ours > outbox_size(&console->in)) {
		/* a count that we do not know: go on from the monitor's */
		console->in_taken = taken.position;
		return;
	}
	console->in.start += (size_t)ours;
	console->in_taken = taken.position;
	if (!ours)
		console->in_due = now_ms() + FULL_PAUSE;
}

/* Look for the monitor's last word in what came, and in the end of what came before. */
static bool has_panic(const struct console *console)
{
	static const char word[] = "monitor: PANIC: ";
	char bytes[4096 + sizeof(word)];
	uint64_t from = console->size > sizeof(bytes) ? console->size - sizeof(bytes) : 0;
	ssize_t got = pread(console->file, bytes, sizeof(bytes), (off_t)from);

	return got > 0 && memmem(bytes, (size_t)got, word, sizeof(word) - 1);
}

void serial_input(struct sup *sup)
{
	struct console *console = console_find(sup, SUP_VM_SERIAL);
	uint8_t bytes[4096];
	ssize_t got = recv(sup->serial, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (got > 0) {
		console_write(console, bytes, (size_t)got);
		sup->panicked |= has_panic(console);
	} else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
		sup->serial = -1;
	}
}
