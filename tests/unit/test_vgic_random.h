/* SPDX-License-Identifier: BSD-2-Clause */
/* Of test_vgic.c: random operations against the model, and four threads. */

/* Guests run until nothing is left; devices end their levels after a few rounds. */
static void drain(void)
{
	for (u32 v = 0; v < VCPUS; v++)
		for (u32 cpu = 0; cpu < VCPUS && !vm->vcpus[v]->loaded; cpu++)
			if (!machine[cpu].loaded)
				load_on(v, cpu);
	for (bool busy = true; busy;) {
		busy = false;
		for (u32 v = 0; v < VCPUS; v++) {
			run_on(vm->vcpus[v]->cpu);
			exit_if_needed(v);
			timer_fires(v);
			if (acknowledge(v)) {
				u32 intid = guest[v].stack[guest[v].depth - 1];
				struct model *m = model_of(v, intid);
				busy = true;
				exit_if_needed(v);
				if (intid == TIMER)
					guest[v].timer_on = false;
				else if (m->line && m->taken > 3)
					set_line(v, intid, false);
			}
			exit_if_needed(v);
			if (guest[v].depth) {
				busy = true;
				end(v);
			}
			exit_if_needed(v);
		}
	}
}

static void owes_nothing(u32 v, u32 intid)
{
	struct model *m = model_of(v, intid);
	struct virq *irq = virq_of(v, intid);
	if (m->must || m->line || (m->active_on != 0))
		fail_msg("%u of vCPU %u: must %d, line %d, active on %u; enabled %d listed %d",
			 intid, v, m->must, m->line, m->active_on, irq->enabled,
			 irq->listed != NULL);
	assert_false(irq->in_lr || irq->active || irq->listed);
	m->allowed = m->stale = m->taken = 0;
}

/* All enabled and drained: everything raised has come, every list is empty. */
static void settle_up(void)
{
	drain();
	for (u32 v = 0; v < VCPUS; v++)
		wr(v, word_of(v, 0, ISENABLER), 4, ~0u);
	for (u32 i = SPI_FIRST; i < SPI_END; i += 32)
		wr(0, word_of(0, i, ISENABLER), 4, ~0u);
	drain();
	for (u32 v = 0; v < VCPUS; v++) {
		vm->vcpus[v]->work |= VWORK_VGIC;
		leave(v);
		for (u32 i = 0; i < SPI_FIRST; i++)
			owes_nothing(v, i);
		assert_true(list_empty(&vm->vcpus[v]->vgic.listed));
		assert_int_equal(vm->vcpus[v]->vgic.hcr, ICH_EN);
		assert_false(machine[vm->vcpus[v]->cpu].ppi27);
	}
	for (u32 i = SPI_FIRST; i < SPI_END; i++)
		owes_nothing(0, i);
}

/* Pending and active as registers show them, from another vCPU. */
static void compare(u32 by, u32 v, u32 word)
{
	u32 pending = (u32)rd(by, word_of(v, 32 * word, ISPENDR), 4);
	u32 active = (u32)rd(by, word_of(v, 32 * word, ISACTIVER), 4);
	for (u32 i = 0; i < 32; i++) {
		struct model *m = model_of(v, 32 * word + i);
		if (!m->stale && (active >> i & 1) != (m->active_on != 0))
			fail_msg("%u: active is wrong", 32 * word + i);
		if ((m->must || m->line) && !(pending >> i & 1))
			fail_msg("%u: pending is wrong", 32 * word + i);
	}
}

static void swap_cpus(u32 v, u32 w)
{
	u32 a = vm->vcpus[v]->cpu, b = vm->vcpus[w]->cpu;
	unload(v);
	forget_stale(v);
	if (!vm->vcpus[w]->loaded || v == w)
		return; /* v stays away for a while */
	unload(w);
	forget_stale(w);
	load_on(v, b);
	load_on(w, a);
}

static void come_back(u32 v)
{
	for (u32 cpu = 0; cpu < VCPUS && !vm->vcpus[v]->loaded; cpu++)
		if (!machine[cpu].loaded)
			load_on(v, cpu);
}

/* One register write of the guest on `v`, about an interrupt of vCPU `of`. */
static void random_write(u32 v, u32 of, u32 intid)
{
	struct model *m = model_of(of, intid);
	u32 seen = seen_by(of, intid);
	switch (fake_random(6)) {
	case 0:
		m->stale |= seen;
		wr_bit(v, of, intid, ICENABLER);
		break;
	case 1:
		wr_bit(v, of, intid, ISENABLER);
		break;
	case 2:
		m->must = true;
		m->allowed++;
		wr_bit(v, of, intid, ISPENDR);
		break;
	case 3:
		m->must = false;
		m->stale |= seen;
		wr_bit(v, of, intid, ICPENDR);
		break;
	case 4:
		if (!m->active_on && !seen)
			wr_priority(v, of, intid, fake_random(7) * 0x20);
		break;
	case 5:
		m->stale |= seen;
		if (intid >= SPI_FIRST)
			wr(v, IROUTER(intid), 8, fake_random(VCPUS));
		break;
	}
}

static void random_step(u32 v, u32 w)
{
	u32 spi = SPI_FIRST + fake_random(VGIC_SPIS), other = fake_random(VCPUS);
	struct model *t = model_of(v, TIMER);
	run_on(vm->vcpus[v]->cpu);
	switch (fake_random(14)) {
	case 0:
	case 1:
		pulse(spi & ~1u);
		break;
	case 2:
		set_line(0, spi | 1, !model_of(0, spi | 1)->line);
		break;
	case 3:
		set_line(other, VGIC_PTIMER_PPI, fake_random(2));
		break;
	case 4:
		send_sgi(v, fake_random(16), fake_random(16));
		break;
	case 5:
	case 6:
		exit_if_needed(v);
		(void)acknowledge(v);
		break;
	case 7:
		if (guest[v].depth)
			end(v);
		break;
	case 8:
		vm->vcpus[v]->work |= VWORK_VGIC;
		leave(v);
		forget_stale(v);
		break;
	case 9:
		if (fake_random(4) == 0)
			swap_cpus(v, w);
		break;
	case 10:
		come_back(other);
		break;
	case 11:
		random_write(v, other, fake_random(2) ? spi : fake_random(4) + 2);
		break;
	case 12:
		compare(v, other, fake_random(4));
		break;
	case 13:
		t->stale |= seen_by(v, TIMER);
		guest[v].timer_on = fake_random(2);
		if (fake_random(2))
			timer_fires(v);
		break;
	}
}

static void random_operations(void **state)
{
	(void)state;
	for (u64 seed = 1; seed <= 60; seed++) {
		fake_seed = seed;
		for (u32 i = 0; i < 4000; i++) {
			u32 v = fake_random(VCPUS);
			if (!vm->vcpus[v]->loaded) {
				guest[v].timer_on = true; /* comes due while it is away */
				vgic_vtimer_soft(vm->vcpus[v]);
				come_back(v);
				continue;
			}
			random_step(v, fake_random(VCPUS));
			if (vm->vcpus[v]->loaded)
				check_timer(v);
		}
		settle_up();
	}
}

/* --- threads --- */

static void *one_cpu(void *argument)
{
	u32 v = (u32)(uintptr_t)argument, r = v + 77;
	run_on(v);
	for (u32 i = 0; i < 20000; i++) {
		r = r * 1664525 + 1013904223;
		u32 intid = SPI_FIRST + (r >> 8) % 8 * 2, what = r >> 16 & 15;
		u64 value = 0;
		if (what < 3) {
			store_relaxed(&model_of(0, intid)->raised_at, atomic_add(&ticket, 1u));
			vgic_spi(vm, intid, true);
		} else if (what < 5) {
			u32 to = (r >> 20) % VCPUS;
			store_relaxed(&model_of(to, 1)->raised_at, atomic_add(&ticket, 1u));
			vgic_sgi(vm->vcpus[v], 1ull << 24 | BIT(to));
		} else if (what == 5) {
			wr(v, IROUTER(intid), 8, (r >> 20) % VCPUS);
		} else if (what == 6) {
			wr_bit(v, 0, intid, r & BIT(20) ? ISENABLER : ICENABLER);
		} else if (what == 7 && i % 8 == 0) {
			while (try_access(v, word_of(0, 32, ISACTIVER), 4, false, &value) ==
			       VERDICT_DONE)
				;
		} else if (what == 8 && !guest[v].depth) {
			vgic_unload(vm->vcpus[v]);
			vgic_load(vm->vcpus[v]);
		} else {
			exit_if_needed(v);
			if (acknowledge(v) && what & 1)
				end(v);
			else if (guest[v].depth)
				end(v);
		}
		leave(v);
	}
	return NULL;
}

static void four_threads(void **state)
{
	(void)state;
	pthread_t threads[VCPUS];
	concurrent = true;
	for (u32 v = 0; v < VCPUS; v++)
		assert_int_equal(pthread_create(&threads[v], NULL, one_cpu, (void *)(uintptr_t)v),
				 0);
	for (u32 v = 0; v < VCPUS; v++)
		pthread_join(threads[v], NULL);
	settle_up();
	for (u32 i = 0; i < 16; i += 2)
		assert_true(model_of(0, SPI_FIRST + i)->taken_at >=
			    model_of(0, SPI_FIRST + i)->raised_at);
	for (u32 v = 0; v < VCPUS; v++)
		assert_true(model_of(v, 1)->taken_at >= model_of(v, 1)->raised_at);
}
