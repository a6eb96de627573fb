/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine under test_vgic.c: four CPUs with list registers, the guest's CPU interface
 * (acknowledge, EOI, maintenance conditions, EOImode 0), and a simple model of what each
 * interrupt owes: a reference to compare with.
 */
#ifndef TEST_VGIC_SIM_H
#define TEST_VGIC_SIM_H

#include "fake/fake.h"

#include <string.h>

#include "hw/gic.h"
#include "vcpu/sched.h"
#include "vcpu/timer.h"
#include "vcpu/vgic_hw.h"
#include "vcpu/vgic_irq.h"

#define VCPUS 4u
#define LRS 4u
#define SPI_FIRST 32u
#define SPI_END 128u
#define TIMER VGIC_VTIMER_PPI

/* --- the machine: one CPU per vCPU --- */

struct machine_cpu {
	struct fake_ich ich;
	struct vcpu *loaded;
	bool ppi27; /* active */
};
static struct machine_cpu machine[VCPUS];
static struct vm *vm;
_Thread_local struct fake_ich *fake_ich;

/* What a guest knows, and the model. */
static struct guest {
	u32 stack[200], depth; /* acknowledged, not ended */
	u8 priority[200];
	bool timer_on;
} guest[VCPUS];
struct model {
	bool must;   /* raised (edge, SGI, ISPENDR) and not acknowledged since */
	u32 allowed; /* acknowledgements that raises pay for */
	bool line;
	u32 stale;     /* vCPUs that may still see what was withdrawn */
	u32 active_on; /* vCPU + 1 */
	u64 raised_at, taken_at;
	u32 taken;
};
static struct model private_model[VCPUS][VGIC_PRIVATE], spi_model[VGIC_SPIS];
static u64 ticket = 1;
static bool concurrent;

static struct model *model_of(u32 v, u32 intid)
{
	return intid < SPI_FIRST ? &private_model[v][intid] : &spi_model[intid - SPI_FIRST];
}

static struct virq *virq_of(u32 v, u32 intid)
{
	return vgic_irq(vm, intid < SPI_FIRST ? vm->vcpus[v] : NULL, intid);
}

void sched_kick(struct vcpu *v, u32 work)
{
	assert_int_equal(this_cpu()->held_locks, 0);
	atomic_or(&v->work, work);
}

bool vtimer_asserted(struct vcpu *v)
{
	return guest[v->id].timer_on;
}

void gic_ppi_active(u32 intid, bool active)
{
	assert_int_equal(intid, TIMER);
	assert_true(machine[this_cpu()->id].ppi27 != active);
	machine[this_cpu()->id].ppi27 = active;
}

struct vcpu *vm_vcpu_by_mpidr(struct vm *m, u64 mpidr)
{
	u64 id = (mpidr & 0xff) + ((mpidr >> 8) & 0xff) * 16;
	return id < m->vcpu_count && !(mpidr >> 16) ? m->vcpus[id] : NULL;
}

static void run_on(u32 cpu)
{
	set_this_cpu(cpus[cpu]);
	fake_ich = &machine[cpu].ich;
}

static void load_on(u32 v, u32 cpu)
{
	run_on(cpu);
	assert_null(machine[cpu].loaded);
	vm->vcpus[v]->cpu = cpu;
	vm->vcpus[v]->loaded = true;
	store_release(&vm->vcpus[v]->state, (u32)VCPU_RUNNING);
	machine[cpu].loaded = vm->vcpus[v];
	vgic_load(vm->vcpus[v]);
}

/* What v was told has reached it. */
static void forget_stale(u32 v)
{
	for (u32 i = 0; i < SPI_END; i++)
		model_of(v, i)->stale &= ~(u32)BIT(v);
}

static void unload(u32 v)
{
	run_on(vm->vcpus[v]->cpu);
	vgic_unload(vm->vcpus[v]);
	vm->vcpus[v]->loaded = false;
	store_release(&vm->vcpus[v]->state, (u32)VCPU_READY);
	machine[vm->vcpus[v]->cpu].loaded = NULL;
	for (u32 i = 0; i < LRS; i++)
		assert_int_equal(fake_ich->lr[i], 0);
}

/* As trap/leave.c: what v has to look at; then all must be consistent. */
static void leave(u32 id)
{
	struct vcpu *v = vm->vcpus[id];
	run_on(v->cpu);
	if (!(atomic_and(&v->work, ~(u32)VWORK_VGIC) & VWORK_VGIC))
		return;
	vgic_update(v);
}

static void check_timer(u32 id)
{
	struct virq *t = virq_of(id, TIMER);
	u64 lr = t->in_lr ? fake_ich->lr[t->lr] & LR_STATE : 0;
	bool want = lr || t->active || virq_pending(t);
	assert_true(machine[vm->vcpus[id]->cpu].ppi27 == want || (t->in_lr && !lr));
}

/* --- the guest's CPU interface (EOImode 0) --- */

static bool maintenance(void)
{
	u64 hcr = fake_ich->hcr;
	bool pending = false, ended = false;
	for (u32 i = 0; i < LRS; i++) {
		u64 lr = fake_ich->lr[i];
		pending = pending || (lr & LR_PENDING);
		ended = ended || ((lr & LR_EOI) && !(lr & (LR_STATE | LR_HW)));
	}
	if (!(hcr & ICH_EN))
		return false;
	return ended || ((hcr & ICH_NPIE) && !pending) ||
	       ((hcr & ICH_LRENPIE) && ICH_EOICOUNT(hcr)) ||
	       ((hcr & ICH_GRP1E) && (fake_ich->vmcr & VMCR_ENG1));
}

static void exit_if_needed(u32 id)
{
	if (maintenance())
		vgic_maintenance(vm->vcpus[id]);
	leave(id);
	assert_false(maintenance());
}

static void model_take(u32 id, u32 intid)
{
	struct model *m = model_of(id, intid);
	u32 before = atomic_exchange(&m->active_on, id + 1);
	if (before)
		fail_msg("%u is active on %u and comes to %u", intid, before - 1, id);
	store_relaxed(&m->taken_at, atomic_add(&ticket, 1u));
	if (concurrent)
		return; /* who raised what when is not known */
	bool level = intid == TIMER ? guest[id].timer_on : m->line;
	if (!(level || m->must || m->allowed || (m->stale & BIT(id))))
		fail_msg("vCPU %u got %u, which nobody raised", id, intid);
	m->must = false;
	m->allowed -= m->allowed > 0;
	m->taken++;
}

/* IAR: the most urgent that may preempt; true when there was one. */
static bool acknowledge(u32 id)
{
	struct guest *g = &guest[id];
	u32 best = LRS, running = g->depth ? g->priority[g->depth - 1] : VMCR_PMR(fake_ich->vmcr);
	for (u32 i = 0; i < LRS; i++) {
		u64 lr = fake_ich->lr[i];
		u32 priority = (u32)(lr >> 48) & 0xff;
		if ((lr & LR_STATE) == LR_PENDING && priority < running &&
		    (fake_ich->vmcr & VMCR_ENG1) && (lr & LR_GROUP1)) {
			best = i;
			running = priority;
		}
	}
	if (best == LRS)
		return false;
	u32 intid = LR_INTID(fake_ich->lr[best]);
	fake_ich->lr[best] ^= LR_STATE;
	g->priority[g->depth] = (u8)running;
	g->stack[g->depth++] = intid;
	model_take(id, intid);
	return true;
}

/* EOIR of the one acknowledged last. */
static void end(u32 id)
{
	struct guest *g = &guest[id];
	u32 intid = g->stack[--g->depth];
	assert_int_equal(atomic_exchange(&model_of(id, intid)->active_on, 0u), id + 1);
	for (u32 i = 0; i < LRS; i++) {
		u64 *lr = &fake_ich->lr[i];
		if (LR_INTID(*lr) != intid || !(*lr & LR_ACTIVE))
			continue;
		*lr &= ~LR_ACTIVE;
		if (*lr & LR_HW)
			machine[this_cpu()->id].ppi27 = false;
		return;
	}
	fake_ich->hcr += 1ull << 27;
}

/* The machine's own timer interrupt. */
static void timer_fires(u32 id)
{
	u32 cpu = vm->vcpus[id]->cpu;
	if (!guest[id].timer_on || machine[cpu].ppi27 || !vm->vcpus[id]->loaded)
		return;
	run_on(cpu);
	machine[cpu].ppi27 = true;
	vgic_vtimer_fired(vm->vcpus[id]);
	leave(id);
}

/* --- register accesses of a vCPU --- */

static enum verdict try_access(u32 by, u64 at, u32 size, bool write, u64 *value)
{
	struct vcpu *v = vm->vcpus[by];
	struct access a = {.size = (u8)size, .write = write, .value = *value};
	enum verdict verdict;
	run_on(v->cpu);
	if (at >= VGICR_BASE) {
		a.offset = (u32)(at - VGICR_BASE);
		verdict = vgic_redistributor(v, &a);
	} else {
		a.offset = (u32)(at - VGICD_BASE);
		verdict = vgic_distributor(v, &a);
	}
	*value = a.value;
	leave(by);
	return verdict;
}

static u64 rd(u32 by, u64 at, u32 size)
{
	u64 value = ~0ull;
	while (try_access(by, at, size, false, &value) == VERDICT_DONE)
		for (u32 i = 0; i < VCPUS; i++)
			if (vm->vcpus[i]->loaded)
				leave(i);
	return value;
}

static void wr(u32 by, u64 at, u32 size, u64 value)
{
	assert_int_equal(try_access(by, at, size, true, &value), VERDICT_SKIP);
}

/* Where the register `reg` (offset of interrupt 0's) has the bit of `intid` of vCPU v. */
static u64 word_of(u32 v, u32 intid, u32 reg)
{
	u64 base = intid < SPI_FIRST ? VGICR_BASE + v * VGICR_STRIDE + 0x10000 : VGICD_BASE;
	return base + reg + intid / 32 * 4;
}
static void wr_bit(u32 by, u32 v, u32 intid, u32 reg)
{
	wr(by, word_of(v, intid, reg), 4, BIT(intid % 32));
}
static bool rd_bit(u32 by, u32 v, u32 intid, u32 reg)
{
	return rd(by, word_of(v, intid, reg), 4) >> intid % 32 & 1;
}
static void wr_priority(u32 by, u32 v, u32 intid, u32 priority)
{
	u64 base = intid < SPI_FIRST ? VGICR_BASE + v * VGICR_STRIDE + 0x10000 : VGICD_BASE;
	wr(by, base + 0x400 + intid, 1, priority);
}

/* All of them enabled, even SPIs edges, odd ones levels, all to vCPU 0; four priorities. */
static int power_on(void **state)
{
	(void)state;
	static char room[sizeof(struct vm) + VCPUS * sizeof(struct vcpu)] cache_aligned;
	concurrent = false;
	for (u32 i = 0; i < VCPUS; i++) /* of the test before: PPI 27's state stays */
		if (machine[i].loaded)
			unload(machine[i].loaded->id);
	memset(room, 0, sizeof(room));
	memset(guest, 0, sizeof(guest));
	memset(private_model, 0, sizeof(private_model));
	memset(spi_model, 0, sizeof(spi_model));
	struct vcpu *vcpus = (void *)room;
	vm = (void *)(room + VCPUS * sizeof(struct vcpu));
	vm->vcpu_count = VCPUS;
	for (u32 i = 0; i < VCPUS; i++) {
		vm->vcpus[i] = &vcpus[i];
		vcpus[i].vm = vm;
		vcpus[i].id = i;
		vcpus[i].vmpidr = BIT(31) | vcpu_mpidr(i);
	}
	vgic_reset_vm(vm);
	for (u32 i = 0; i < VCPUS; i++) {
		machine[i].ich = (struct fake_ich){.vtr = (LRS - 1) | VTR_TDS};
		run_on(i);
		vgic_cpu_init();
		vgic_reset_vcpu(&vcpus[i]);
		vcpus[i].vgic.vmcr = 0xf0ull << 24 | VMCR_ENG1;
		load_on(i, i);
		wr(i, word_of(i, 0, 0x100), 4, 0xffffffff);
	}
	wr(0, VGICD_BASE, 4, 3);
	for (u32 i = SPI_FIRST; i < SPI_END; i++) {
		wr_bit(0, 0, i, 0x100);
		wr_priority(0, 0, i, i % 4 * 0x20 + 0x40);
	}
	for (u32 w = 2; w < 8; w++)
		wr(0, VGICD_BASE + 0xc00 + 4 * w, 4, 0x22222222);
	return 0;
}

/* --- raising, with the model --- */

static u32 seen_by(u32 v, u32 intid)
{
	struct virq *irq = virq_of(v, intid);
	return irq->in_lr ? (u32)BIT(irq->listed->id) : 0;
}

static void pulse(u32 spi)
{
	struct model *m = model_of(0, spi);
	m->must = true;
	m->allowed++;
	vgic_spi(vm, spi, true);
}

static void set_line(u32 v, u32 intid, bool level)
{
	struct model *m = model_of(v, intid);
	m->line = level;
	if (!level)
		m->stale |= seen_by(v, intid);
	if (intid < SPI_FIRST)
		vgic_ppi(vm->vcpus[v], intid, level);
	else
		vgic_spi(vm, intid, level);
}

static void send_sgi(u32 from, u32 intid, u32 targets)
{
	for (u32 v = 0; v < VCPUS; v++) {
		if (targets & BIT(v)) {
			model_of(v, intid)->must = true;
			model_of(v, intid)->allowed++;
		}
	}
	vgic_sgi(vm->vcpus[from], (u64)intid << 24 | targets);
}

/* v's guest takes and ends one; which, or 0. */
static u32 serve(u32 v)
{
	run_on(vm->vcpus[v]->cpu);
	exit_if_needed(v);
	if (!acknowledge(v))
		return 0;
	u32 intid = guest[v].stack[guest[v].depth - 1];
	exit_if_needed(v);
	end(v);
	exit_if_needed(v);
	return intid;
}

#endif
