/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tool may ask for, and the answers (abi/control.h). Each request names a wanted
 * state, so it may come twice; two kinds would do something twice nevertheless: START and
 * RESTART. So the last command is remembered by its `seq`, and its answer is said again.
 */
#include "control/channel.h"
#include "control/check.h"
#include "control/life.h"
#include "control/stats.h"
#include "hw/timer.h"
#include "lib/print.h"
#include "lib/string.h"

#define PIECE_MAX 2000u /* bytes of history in one answer: its checksum takes 8 each */
#define VMS_MAX (CTL_PAYLOAD_MAX / sizeof(struct ctl_vm))
#define NODES_MAX (CTL_PAYLOAD_MAX / sizeof(struct ctl_node))
#define VCPUS_MAX (CTL_PAYLOAD_MAX / sizeof(struct ctl_vcpu))
_Static_assert(NODES_MAX >= MAX_NODES, "all nodes in one answer");
_Static_assert(VCPUS_MAX >= CFG_VCPUS_MAX, "all vCPUs in one answer");
_Static_assert(sizeof(struct ctl_stats) + COUNTER_COUNT * 8 <= CTL_PAYLOAD_MAX, "all counters");

struct ctl_watch watch;

static struct {
	bool valid;
	struct ctl_header head;
	u32 status;
} last_command;

void request_forget(void)
{
	watch = (struct ctl_watch){0, 0};
	last_command.valid = false;
}

static void reply_data(const struct ctl_header *to, u32 status, const void *a, size_t a_size,
		       const void *b, size_t b_size)
{
	(void)control_send(
		&(struct ctl_header){
			.type = CTL_REPLY, .seq = to->seq, .vm = to->vm, .status = status},
		a, a_size, b, b_size);
}

static void reply(const struct ctl_header *to, u32 status)
{
	reply_data(to, status, NULL, 0, NULL, 0);
}

static void hello(const struct ctl_header *h)
{
	struct ctl_hello to = {
		.version = CTL_VERSION,
		.counter_count = COUNTER_COUNT,
		.vm_count = slot_count(),
		.node_count = node_count,
		.cpu_count = cpu_count,
		.now_ns = timer_ns(),
	};

	if (config)
		string_copy(to.name, config->name, sizeof(to.name));
	reply_data(h, CTL_OK, &to, sizeof(to), NULL, 0);
}

static void list_vms(const struct ctl_header *h, const struct ctl_from *from)
{
	struct ctl_vm out[VMS_MAX];
	u32 n = 0;

	for (u32 i = from->first; i < slot_count() && n < VMS_MAX; i++)
		stats_vm(i, &out[n++]);
	reply_data(h, CTL_OK, out, n * sizeof(out[0]), NULL, 0);
}

static void list_vcpus(const struct ctl_header *h)
{
	struct ctl_vcpu out[VCPUS_MAX];
	u32 n = 0;

	while (n < VCPUS_MAX && stats_vcpu(h->vm, n, &out[n]))
		n++;
	reply_data(h, CTL_OK, out, n * sizeof(out[0]), NULL, 0);
}

static void list_nodes(const struct ctl_header *h)
{
	struct ctl_node out[MAX_NODES];

	for (u32 i = 0; i < node_count; i++)
		stats_node(i, &out[i]);
	reply_data(h, CTL_OK, out, node_count * sizeof(out[0]), NULL, 0);
}

static void counters(const struct ctl_header *h)
{
	struct ctl_stats stats = {.now_ns = timer_ns(), .count = COUNTER_COUNT};
	u64 values[COUNTER_COUNT];

	for (u32 c = 0; c < COUNTER_COUNT; c++)
		values[c] = stats_counter(h->vm, (enum counter)c);
	reply_data(h, CTL_OK, &stats, sizeof(stats), values, sizeof(values));
}

/* History of a console from a position on; `position` of the reply tells what was left. */
static void history(const struct ctl_header *h, const struct ctl_log *wanted)
{
	struct ctl_log log = {.position = wanted->position};
	size_t size = MIN(wanted->count, PIECE_MAX), n = 0;
	char text[PIECE_MAX];
	u64 end = log.position;

	if (h->vm == CTL_VM_NONE)
		n = log_read(&end, text, size);
	else if (vms[h->vm] && vms[h->vm]->devs)
		n = console_read(vms[h->vm], &end, text, size);
	log.position = end - n;
	log.count = (u32)n;
	reply_data(h, CTL_OK, &log, sizeof(log), text, n);
}

/*
 * Types into a VM's console: see struct ctl_log. What was taken is counted for ever, so a
 * request that comes twice types once.
 */
static void input(const struct ctl_header *h, const struct ctl_log *in, const char *text)
{
	struct slot *s = &slots[h->vm];
	struct ctl_log log = {0};
	u64 known = s->input_taken - in->position; /* of a request from beyond: huge */

	if (known < in->count && vms[h->vm] && vms[h->vm]->devs)
		log.count = (u32)console_type(vms[h->vm], text + known, in->count - known);
	s->input_taken += log.count;
	log.position = s->input_taken;
	reply_data(h, CTL_OK, &log, sizeof(log), NULL, 0);
}

/* From now on; what was said before is fetched by CTL_LOG. */
static void set_watch(const struct ctl_header *h, const struct ctl_watch *to)
{
	if (to->consoles && !watch.consoles)
		control_watch_consoles();
	watch = *to;
	reply(h, CTL_OK);
}

static void command(const struct ctl_header *h)
{
	struct ctl_header *was = &last_command.head;

	if (!last_command.valid || was->seq != h->seq || was->type != h->type || was->vm != h->vm) {
		last_command.status = life_command(h->type, h->vm);
		last_command.head = *h;
		last_command.valid = true;
	}
	reply(h, last_command.status);
}

static void check(const struct ctl_header *h)
{
	if (!check_begin(h))
		reply(h, CTL_E_BUSY);
}

/* True when the payload is as long as the request wants it. */
static bool length_is_right(const struct ctl_header *h, const u8 *payload)
{
	struct ctl_log log;

	switch (h->type) {
	case CTL_VMS:
		return h->length == sizeof(struct ctl_from);
	case CTL_LOG:
		return h->length == sizeof(struct ctl_log);
	case CTL_WATCH:
		return h->length == sizeof(struct ctl_watch);
	case CTL_INPUT:
		if (h->length < sizeof(log))
			return false;
		memcpy(&log, payload, sizeof(log));
		return log.count == h->length - sizeof(log);
	default:
		return h->length == 0;
	}
}

/* True when the request names a VM that is there, or none where that is possible. */
static bool vm_is_right(const struct ctl_header *h)
{
	switch (h->type) {
	case CTL_START:
	case CTL_STOP:
	case CTL_KILL:
	case CTL_RESTART:
	case CTL_PAUSE:
	case CTL_RESUME:
	case CTL_INPUT:
	case CTL_VCPUS:
		return h->vm < slot_count();
	case CTL_STATS:
	case CTL_LOG:
		return h->vm < slot_count() || h->vm == CTL_VM_NONE;
	default:
		return true;
	}
}

/* The payload has the right size; it is aligned to 8 bytes, as the parser's buffer is. */
static void handle(const struct ctl_header *h, const void *payload)
{
	switch ((enum ctl_type)h->type) {
	case CTL_HELLO:
		request_forget();
		hello(h);
		break;
	case CTL_VMS:
		list_vms(h, payload);
		break;
	case CTL_START:
	case CTL_STOP:
	case CTL_KILL:
	case CTL_RESTART:
	case CTL_PAUSE:
	case CTL_RESUME:
		command(h);
		break;
	case CTL_STATS:
		counters(h);
		break;
	case CTL_CHECK:
		check(h);
		break;
	case CTL_LOG:
		history(h, payload);
		break;
	case CTL_INPUT:
		input(h, payload, (const char *)payload + sizeof(struct ctl_log));
		break;
	case CTL_NODES:
		list_nodes(h);
		break;
	case CTL_WATCH:
		set_watch(h, payload);
		break;
	case CTL_OFF:
		life_off();
		reply(h, CTL_OK);
		break;
	case CTL_VCPUS:
		list_vcpus(h);
		break;
	default:
		reply(h, CTL_E_TYPE);
	}
}

void request_handle(const struct ctl_header *head, const u8 *payload)
{
	if (head->version != CTL_VERSION)
		reply(head, CTL_E_VERSION);
	else if (!vm_is_right(head))
		reply(head, CTL_E_VM);
	else if (!length_is_right(head, payload))
		reply(head, CTL_E_LENGTH);
	else
		handle(head, payload);
}
