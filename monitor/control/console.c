/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The serial line shows one of two things:
 *
 *   the monitor   its log; what is typed goes to a small prompt (prompt.c)
 *   a VM          its console; what is typed goes to the guest
 *
 * The escape key is Ctrl-], then a digit: the VM of that number; `m`: the monitor; Ctrl-]
 * again: the guest gets one. The log is kept in its ring while a VM is shown (64 KiB; the
 * oldest lines go first) and comes when the monitor is shown again.
 *
 * Nothing waits: what the UART does not take now is kept, and its interrupt for room brings
 * WORK_CONSOLE; what a guest does not take stays in a small buffer.
 */
#include "control/console.h"

#include "control/channel.h"
#include "control/life.h"
#include "control/prompt.h"
#include "control/stats.h"
#include "hw/timer.h"
#include "hw/uart.h"
#include "lib/print.h"
#include "lib/string.h"

#define ESCAPE 0x1d      /* Ctrl-] */
#define SCROLLBACK 2048u /* of a VM, when its console is chosen */
/* How long output of a running guest is gathered: a pass for each byte would be dear. */
#define GATHER_NS 5000000ull
#define ROUNDS 8u /* pieces a pass */

static struct {
	u32 shown;        /* VM, or CTL_VM_NONE: the monitor */
	u64 position;     /* in the log, or in the VM's console */
	u64 log_position; /* kept while a VM is shown */
	bool escape;      /* Ctrl-] was typed */
	bool prompt;      /* it is to be written once the answer is complete */
	char line[64];    /* typed at the prompt */
	u32 line_length;
	char typed[128]; /* for the guest */
	u32 typed_length;
	char out[256]; /* on its way to the UART */
	size_t out_at, out_length;
	u64 due; /* ns: until then output is gathered; read without the lock */
} serial = {.shown = CTL_VM_NONE};

/* Text of our own, behind what is on its way already; what does not fit is lost. */
static void say(const char *text)
{
	size_t n = MIN(strlen(text), sizeof(serial.out) - serial.out_length);

	memcpy(serial.out + serial.out_length, text, n);
	serial.out_length += n;
}

/* --- what is shown --- */

void console_begin(void)
{
	serial.position = log_end();
	serial.log_position = serial.position;
}

static void show_monitor(void)
{
	serial.shown = CTL_VM_NONE;
	serial.position = serial.log_position;
	serial.line_length = 0;
	serial.prompt = true;
	say("\r\n--- monitor ---\r\n");
}

static void show_vm(u32 number)
{
	char text[CFG_NAME_MAX + 80];
	struct vm *vm = vms[number];

	if (serial.shown == CTL_VM_NONE)
		serial.log_position = serial.position;
	serial.shown = number;
	serial.prompt = false;
	serial.typed_length = 0;
	serial.position = vm && vm->devs ? console_end(vm) : 0;
	serial.position -= MIN(serial.position, SCROLLBACK);
	format_text(text, sizeof(text), "\r\n--- %s (%s): Ctrl-] m goes back ---\r\n",
		    slots[number].config->name, stats_state_name(slots[number].state));
	say(text);
}

/* The next piece of the log, with carriage returns, into the empty `out`. */
static void fill_from_log(void)
{
	char text[sizeof(serial.out) / 2];
	size_t n = log_read(&serial.position, text, sizeof(text));

	for (size_t i = 0; i < n; i++) {
		if (text[i] == '\n')
			serial.out[serial.out_length++] = '\r';
		serial.out[serial.out_length++] = text[i];
	}
}

/* Fills the empty `out`; false when there is nothing to send. */
static bool fill(void)
{
	struct vm *vm = serial.shown == CTL_VM_NONE ? NULL : vms[serial.shown];

	serial.out_at = 0;
	serial.out_length = prompt_answer(serial.out, sizeof(serial.out));
	if (serial.out_length)
		return true;
	if (serial.shown == CTL_VM_NONE)
		fill_from_log();
	else if (vm && vm->devs)
		serial.out_length =
			console_read(vm, &serial.position, serial.out, sizeof(serial.out));
	if (serial.out_length == 0 && serial.prompt) {
		serial.prompt = false;
		say("disco> ");
	}
	return serial.out_length != 0;
}

/* True when the UART has no room, so that some is left. */
static bool drain(void)
{
	for (u32 i = 0; i < ROUNDS; i++) {
		size_t left = serial.out_length - serial.out_at;
		size_t sent = left ? uart_write(serial.out + serial.out_at, left) : 0;

		serial.out_at += sent;
		if (sent < left)
			return true;
		if (!fill())
			return false;
	}
	/* There may be more: go on after a look at the rest of the work. */
	atomic_or(&this_cpu()->work, WORK_CONSOLE);
	return false;
}

/* --- what is typed --- */

static void run_line(void)
{
	u32 show;

	serial.line[serial.line_length] = 0;
	serial.line_length = 0;
	say("\r\n");
	serial.prompt = true;
	if (prompt_command(serial.line, &show))
		show_vm(show);
}

static void edit_line(char c)
{
	char echo[] = {c, 0};

	if (c == '\r' || c == '\n') {
		run_line();
	} else if (c == '\b' || c == 0x7f) {
		if (serial.line_length)
			say("\b \b");
		serial.line_length -= serial.line_length != 0;
	} else if (c >= ' ' && c < 0x7f && serial.line_length + 1 < sizeof(serial.line)) {
		serial.line[serial.line_length++] = c;
		say(echo);
	}
}

/* For the guest that is shown. */
static void type(char c)
{
	if (serial.typed_length < sizeof(serial.typed))
		serial.typed[serial.typed_length++] = c;
}

static void after_escape(char c)
{
	if (c == 'm')
		show_monitor();
	else if (c >= '0' && c <= '9' && (u32)(c - '0') < slot_count())
		show_vm((u32)(c - '0'));
	else if (c == ESCAPE && serial.shown != CTL_VM_NONE)
		type(c);
	else
		say("\r\nCtrl-] then: 0-9 a VM, m the monitor, Ctrl-] itself\r\n");
}

static void take(char c)
{
	if (serial.escape) {
		serial.escape = false;
		after_escape(c);
	} else if (c == ESCAPE) {
		serial.escape = true;
	} else if (serial.shown == CTL_VM_NONE) {
		edit_line(c);
	} else {
		type(c);
	}
}

/* Gives the guest what it takes. */
static void give_typed(void)
{
	struct vm *vm = serial.shown == CTL_VM_NONE ? NULL : vms[serial.shown];
	size_t n;

	if (!serial.typed_length || !vm || !vm->devs)
		return;
	n = console_type(vm, serial.typed, serial.typed_length);
	serial.typed_length -= (u32)n;
	memmove(serial.typed, serial.typed + n, serial.typed_length);
}

/*
 * Output comes byte by byte (a PL011), and each pass costs several exits to whoever emulates
 * the machine: so passes keep a distance, as long as the vCPU that this CPU runs goes on and
 * will be back here. When it sleeps, this CPU comes once more at once.
 */
static bool too_early(void)
{
	const struct vcpu *v = this_cpu()->current;

	return GATHER_NS && timer_ns() < load_relaxed(&serial.due) && v &&
	       load_relaxed(&v->state) == VCPU_RUNNING;
}

void console_poll(void)
{
	bool left;

	if (too_early()) {
		atomic_or(&this_cpu()->work, WORK_RETRY);
		return;
	}
	lock(&control_lock);
	for (int c = uart_get(); c >= 0; c = uart_get())
		take((char)c);
	give_typed();
	left = drain();
	uart_want_room(left);
	control_send_consoles();
	/* Not while there is more to do at once, or the line is busy anyway. */
	left |= (load_relaxed(&this_cpu()->work) & WORK_CONSOLE) != 0;
	store_relaxed(&serial.due, left ? 0 : timer_ns() + GATHER_NS);
	unlock(&control_lock);
}
