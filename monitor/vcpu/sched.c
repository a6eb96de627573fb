/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which vCPU runs where and when.
 *
 * Each CPU has a run queue that only it touches: no lock, no cache line written by two
 * CPUs while a guest runs. A vCPU belongs to one CPU (v->cpu) at any time. Whoever wants a
 * vCPU to run on another CPU pushes it on that CPU's inbox (a lock-free stack) and
 * sends an IPI; the owner drains the inbox in trap/leave.c.
 *
 * States. OFF -> READY (sched_start) -> RUNNING (sched_pick) -> WAITING | PARKED
 * (sched_block) -> READY (sched_kick, sched_unpark: whoever wins the compare-and-swap pushes
 * it to its owner's inbox) ... -> STOPPED | OFF (vcpu_settle).
 *
 * No lost wake-up: a waker writes what happened (work bits, pending interrupt), then looks at
 * the state; a sleeper writes the state, then looks at what happened. Both have a full
 * barrier between, so at least one of them sees the other. Example: v executes WFI while
 * CPU 3 raises a disk interrupt. CPU 3 sets VWORK_VGIC in v->work, reads RUNNING, sends
 * WORK_KICK. Or it reads WAITING, swaps it to READY and pushes v; then v's CPU, which reads
 * v->work after it stored WAITING, fails to swap back and finds v in its inbox.
 *
 * Who is next: the least weighted run time (vruntime, ns * default weight / weight), as in
 * start-time fair queueing. A vCPU that slept starts at most half a slice behind the queue,
 * so that sleeping does not save up time. With nobody else ready there is no slice timer.
 *
 * Moving. A vCPU stays with its CPU, then with its node: a CPU that has vCPUs to spare
 * gives one to an idle CPU, nearest first, and an idle CPU asks the nearest loaded one
 * (by a word and an IPI: it never waits). Only READY vCPUs move, and the owner moves them.
 * (Disco, SOSP'97, 4.1: affinity scheduling; Cellular Disco's idle balancer.)
 */
#include "vcpu/sched.h"

#include "hw/ipi.h"
#include "hw/timer.h"
#include "mem/node.h"
#include "vcpu/runqueue.h"
#include "vcpu/timer.h"

#define SLICE_NS 6000000ull
#define JOB_TICK_NS 1000000ull    /* between two steps of jobs on a busy CPU */
#define WAKE_MARGIN_NS 1000000ull /* a newcomer must deserve this much more to preempt */

static struct runqueue *queue_of(u32 cpu)
{
	return cpus[cpu]->rq;
}

enum err sched_cpu_init(void)
{
	struct cpu *c = this_cpu();
	struct runqueue *q = monitor_alloc(c->node, sizeof(*q));
	if (!q)
		return ERR_MEMORY;
	list_init(&q->ready);
	list_init(&q->timers);
	q->slice_end = ~0ull;
	q->programmed = ~0ull;
	c->rq = q;
	return OK;
}

/* --- sending vCPUs to CPUs --- */

static void push_inbox(struct vcpu *v, u32 cpu)
{
	struct runqueue *q = queue_of(cpu);
	struct vcpu *head = load_relaxed(&q->inbox);
	do {
		v->inbox_next = head;
	} while (!atomic_cas(&q->inbox, &head, v));
	ipi_send(cpu, WORK_INBOX);
}

/* The CPU for a vCPU that starts: few others on it, near its VM's home node. */
static u32 choose_cpu(const struct vcpu *v)
{
	u32 home = v->vm->home == NODE_ANY ? 0 : v->vm->home;
	u32 best = 0;
	u64 best_cost = ~0ull;
	for (u32 i = 0; i < cpu_count; i++) {
		if (!cpus[i] || !cpus[i]->online)
			continue;
		u64 cost = 16ull * load_relaxed(&queue_of(i)->assigned) +
			   node_distance(home, cpus[i]->node);
		if (cost < best_cost) {
			best_cost = cost;
			best = i;
		}
	}
	return best;
}

void sched_start(struct vcpu *v)
{
	v->cpu = choose_cpu(v);
	v->vruntime = 0; /* it starts at its queue's floor */
	atomic_add(&queue_of(v->cpu)->assigned, 1u);
	v->ready_since = timer_now();
	store_release(&v->state, VCPU_READY);
	push_inbox(v, v->cpu);
}

/* From a sleeping state to READY, by exactly one of all that try. */
static bool wake_from(struct vcpu *v, u32 state)
{
	u32 expected = state;
	if (!atomic_cas(&v->state, &expected, VCPU_READY))
		return false;
	v->ready_since = timer_now();
	push_inbox(v, v->cpu);
	count(COUNTER_wakes);
	return true;
}

void sched_kick(struct vcpu *v, u32 work)
{
	atomic_or(&v->work, work);
	fence_full(); /* the work before the look at the state: see the essay */
	switch (load_acquire(&v->state)) {
	case VCPU_WAITING:
		wake_from(v, VCPU_WAITING);
		break;
	case VCPU_PARKED:
		if (work & VWORK_STOP)
			wake_from(v, VCPU_PARKED);
		break;
	case VCPU_RUNNING:
		ipi_send(v->cpu, WORK_KICK);
		break;
	default: /* it looks at v->work before it next runs */
		break;
	}
}

void sched_unpark(struct vcpu *v)
{
	wake_from(v, VCPU_PARKED);
}

/* --- the owner's queue --- */

/* Adds the time since v got the CPU to its accounts. */
static void charge(struct vcpu *v)
{
	u64 now = timer_now();
	u64 ran = now - v->run_since;
	struct runqueue *q = this_cpu()->rq;
	v->run_since = now;
	v->cpu_ticks += ran;
	v->vruntime += ticks_to_ns(ran) * CFG_WEIGHT_DEFAULT / v->vm->weight;
	q->min_vruntime = MAX(q->min_vruntime, v->vruntime);
}

bool sched_block(struct vcpu *v, u32 state)
{
	charge(v);
	store_release(&v->state, state);
	fence_full(); /* the state before the look at what happened */
	bool awake = load_acquire(&v->work) != 0;
	if (state == VCPU_WAITING)
		awake = awake || vgic_pending(v);
	u32 expected = state;
	if (awake && atomic_cas(&v->state, &expected, VCPU_RUNNING))
		return false;
	return true;
}

static void enqueue(struct vcpu *v)
{
	struct runqueue *q = this_cpu()->rq;
	struct list *at = &q->ready;
	list_for_each (n, &q->ready) {
		if (list_entry(n, struct vcpu, queue)->vruntime > v->vruntime) {
			at = n;
			break;
		}
	}
	list_insert_before(at, &v->queue);
	store_relaxed(&q->ready_count, q->ready_count + 1);
}

static void dequeue(struct vcpu *v)
{
	struct runqueue *q = this_cpu()->rq;
	list_remove(&v->queue);
	store_relaxed(&q->ready_count, q->ready_count - 1);
}

static struct vcpu *first_ready(void)
{
	struct runqueue *q = this_cpu()->rq;
	return list_empty(&q->ready) ? NULL : list_entry(q->ready.next, struct vcpu, queue);
}

void sched_take_inbox(void)
{
	struct runqueue *q = this_cpu()->rq;
	struct vcpu *v = atomic_exchange(&q->inbox, NULL);
	while (v) {
		struct vcpu *next = v->inbox_next;
		u64 floor = q->min_vruntime - MIN(q->min_vruntime, SLICE_NS / 2);
		v->vruntime = MAX(v->vruntime, floor);
		timer_disarm(&v->vtimer); /* it was asleep: its next load looks at the timer */
		enqueue(v);
		v = next;
	}
}

void sched_want_tick(void)
{
	if (this_cpu()->rq->slice_end == ~0ull)
		timer_slice(timer_now() + ns_to_ticks(JOB_TICK_NS));
}

bool sched_slice_over(void)
{
	if (timer_now() < this_cpu()->rq->slice_end)
		return false;
	this_cpu()->preempt_slices++;
	count(COUNTER_slices);
	return true;
}

bool sched_better_waits(struct vcpu *v)
{
	struct vcpu *w = first_ready();
	if (!w)
		return false;
	charge(v);
	if (this_cpu()->rq->slice_end == ~0ull) /* it ran alone until now */
		timer_slice(timer_now() + ns_to_ticks(SLICE_NS));
	return w->vruntime + WAKE_MARGIN_NS * CFG_WEIGHT_DEFAULT / v->vm->weight < v->vruntime;
}

void sched_requeue(struct vcpu *v)
{
	charge(v);
	v->ready_since = v->run_since;
	store_release(&v->state, VCPU_READY);
	enqueue(v);
	store_relaxed(&this_cpu()->rq->running, 0u);
}

void sched_forget(struct vcpu *v)
{
	charge(v);
	atomic_sub(&queue_of(v->cpu)->assigned, 1u);
}

struct vcpu *sched_pick(void)
{
	struct runqueue *q = this_cpu()->rq;
	struct vcpu *v = first_ready();
	store_relaxed(&q->running, v ? 1u : 0u);
	if (!v) {
		timer_slice(~0ull);
		return NULL;
	}
	dequeue(v);
	v->run_since = timer_now();
	v->steal_ticks += v->run_since - v->ready_since;
	store_release(&v->state, VCPU_RUNNING);
	fence_full(); /* before leave.c's look at v->work: see the essay */
	timer_slice(q->ready_count ? v->run_since + ns_to_ticks(SLICE_NS) : ~0ull);
	return v;
}

/* --- moving --- */

u32 sched_load(u32 cpu)
{
	return load_relaxed(&queue_of(cpu)->ready_count) + load_relaxed(&queue_of(cpu)->running);
}

u64 sched_ticks(const struct vcpu *v)
{
	u64 ticks = load_relaxed(&v->cpu_ticks);
	u64 since = load_relaxed(&v->run_since);
	u64 now = timer_now();
	return load_acquire(&v->state) == VCPU_RUNNING && now > since ? ticks + now - since : ticks;
}

/* The vCPU that waited least recently leaves: the others' turn comes sooner. */
static struct vcpu *spare(void)
{
	struct runqueue *q = this_cpu()->rq;
	if (q->ready_count + q->running < 2)
		return NULL;
	return list_entry(q->ready.prev, struct vcpu, queue);
}

static void give(struct vcpu *v, u32 to)
{
	struct cpu *c = this_cpu();
	dequeue(v);
	if (c->current == v) {
		vcpu_unload(v);
		c->current = NULL;
	}
	timer_disarm(&v->ptimer); /* armed again where it is loaded */
	atomic_sub(&c->rq->assigned, 1u);
	atomic_add(&queue_of(to)->assigned, 1u);
	v->vruntime = 0; /* queues have clocks of their own: it starts at the other's floor */
	v->cpu = to;
	count(cpus[to]->node == c->node ? COUNTER_steals : COUNTER_steals_far);
	push_inbox(v, to);
}

/* The other CPUs that run, by node distance; those of one node in turn, from our own on. */
static void order_others(struct runqueue *q)
{
	struct cpu *c = this_cpu();
	for (u32 i = 0; i < node_count; i++) {
		u32 node = node_near(c->node, i);
		for (u32 k = 1; k < cpu_count; k++) {
			u32 cpu = (c->id + k) % cpu_count;
			if (cpus[cpu]->online && cpus[cpu]->node == node)
				q->near[q->others++] = (u8)cpu;
		}
	}
}

/* The nearest CPU for which `wanted` holds, or cpu_count. Part of every way to idle. */
static u32 nearest(bool (*wanted)(u32 cpu))
{
	struct runqueue *q = this_cpu()->rq;
	if (!q->others)
		order_others(q);
	for (u32 i = 0; i < q->others; i++)
		if (wanted(q->near[i]))
			return q->near[i];
	return cpu_count;
}

static bool is_idle(u32 cpu)
{
	return load_relaxed(&cpus[cpu]->idle) && load_relaxed(&queue_of(cpu)->inbox) == NULL;
}

static bool is_loaded(u32 cpu)
{
	return sched_load(cpu) >= 2 && load_relaxed(&queue_of(cpu)->thief) == 0;
}

void sched_give_away(void)
{
	struct runqueue *q = this_cpu()->rq;
	u32 thief = atomic_exchange(&q->thief, 0u);
	struct vcpu *v = spare();
	if (!v)
		return;
	u32 to = thief && is_idle(thief - 1) ? thief - 1 : nearest(is_idle);
	if (to < cpu_count)
		give(v, to);
}

void sched_ask_for_work(void)
{
	u32 victim = nearest(is_loaded);
	u32 nobody = 0;
	if (victim < cpu_count &&
	    atomic_cas(&queue_of(victim)->thief, &nobody, this_cpu()->id + 1))
		ipi_send(victim, WORK_STEAL);
}
