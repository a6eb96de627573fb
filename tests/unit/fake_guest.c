/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake_guest.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arm64/cpu.h"
#include "lib/lock.h"
#include "mem/node.h"

#define FRAMES 4096u
#define PENDING 4096u

_Thread_local struct cpu *fake_cpu;
u64 fake_counter;
u64 timer_hz = 1000000000;
u64 direct_base;
struct frame *frame_table;

u8 *fake_ram, *fake_disk;
struct disk_info fake_disk_info;
u64 fake_accesses, fake_wait_access = ~0ull, fake_waited;
u32 fake_wait_random;
u32 fake_no_frames;
s64 fake_frames, fake_pieces, fake_pieces_left = -1;
bool fake_line[128];
u32 fake_rises[128];
u64 fake_given_back;
u32 fake_disk_errors;
u32 fake_disk_ops[5];

static struct disk_request *pending[PENDING];
static u32 pending_count;
static struct lock disk_lock = {.rank = LOCK_DISK};

void panic(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	abort();
}

void fake_op(enum fake_op op, u64 argument)
{
	(void)op;
	(void)argument;
}

void fake_cpu_is(u32 id)
{
	if (!cpus[id]) {
		cpus[id] = aligned_alloc(64, ALIGN_UP(sizeof(struct cpu), 64ul));
		memset(cpus[id], 0, sizeof(struct cpu));
		cpus[id]->id = id;
		cpu_count = MAX(cpu_count, id + 1);
	}
	fake_cpu = cpus[id];
}

u64 timer_ns(void)
{
	return fake_counter;
}

/* --- mem/ --- */

/* One access: true when it has to wait. */
static bool must_wait(struct wait *w)
{
	u64 n = __atomic_fetch_add(&fake_accesses, 1, __ATOMIC_RELAXED);
	bool wait = n == fake_wait_access;
	if (fake_wait_random) {
		u64 x = (n + 1) * 0x9e3779b97f4a7c15ull;
		x = (x ^ x >> 31) * 0xbf58476d1ce4e5b9ull;
		wait = (x >> 33) % fake_wait_random == 0;
	}
	w->cause = wait ? WAIT_TEST : WAIT_NONE;
	if (wait)
		__atomic_fetch_add(&fake_waited, 1, __ATOMIC_RELAXED);
	return wait;
}

static bool in_ram(u64 at, u64 n)
{
	return at >= RAM_BASE && n <= RAM_BYTES && at - RAM_BASE <= RAM_BYTES - n;
}

enum err guest_read(struct p2m *m, struct ipa from, void *to, size_t n, struct wait *w)
{
	(void)m;
	if (!in_ram(from.v, n))
		return ERR_RANGE;
	if (must_wait(w)) {
		memset(to, 0xee, n); /* must not be looked at */
		return ERR_WAIT;
	}
	memcpy(to, ram(from.v), n);
	return OK;
}

enum err guest_write(struct p2m *m, struct ipa to, const void *from, size_t n, struct wait *w)
{
	(void)m;
	if (!in_ram(to.v, n))
		return ERR_RANGE;
	if (must_wait(w))
		return ERR_WAIT;
	memcpy(ram(to.v), from, n);
	return OK;
}

enum err guest_hold(struct p2m *m, struct gfn g, bool write, struct hold *h, struct wait *w)
{
	(void)m;
	if (!in_ram(g.v << PAGE_SHIFT, PAGE_SIZE))
		return ERR_RANGE;
	if (must_wait(w))
		return ERR_WAIT;
	h->va = ram(g.v << PAGE_SHIFT);
	h->write = write;
	return OK;
}

void guest_release(struct hold *h)
{
	h->va = NULL;
}

bool p2m_is_memory(const struct p2m *m, struct gfn g)
{
	(void)m;
	return g.v < BIT(40) && in_ram(g.v << PAGE_SHIFT, PAGE_SIZE);
}

u64 p2m_give_back(struct p2m *m, struct gfn first, u64 count)
{
	(void)m;
	for (u64 i = 0; i < count; i++) {
		if (!in_ram((first.v + i) << PAGE_SHIFT, PAGE_SIZE))
			panic("frame %llx given back", (unsigned long long)(first.v + i));
		memset(ram((first.v + i) << PAGE_SHIFT), 0, PAGE_SIZE);
	}
	__atomic_fetch_add(&fake_given_back, count, __ATOMIC_RELAXED);
	return count;
}

/* Frames come with another VM's secrets in them. */
struct pfn node_alloc(u32 node, u32 order, enum frame_state state, u32 flags)
{
	void *p;
	(void)node;
	if (order != 0 || state != FRAME_FILLING || flags != 0)
		panic("node_alloc: order %u state %u", order, (u32)state);
	if (fake_no_frames) {
		fake_no_frames--;
		return PFN_NONE;
	}
	p = aligned_alloc(PAGE_SIZE, PAGE_SIZE);
	memset(p, 0x5e, PAGE_SIZE);
	__atomic_fetch_add(&fake_frames, 1, __ATOMIC_RELAXED);
	return va_pfn(p);
}

void node_free(struct pfn first, u32 order)
{
	(void)order;
	__atomic_fetch_sub(&fake_frames, 1, __ATOMIC_RELAXED);
	free(pfn_va(first));
}

void *monitor_alloc(u32 node, size_t bytes)
{
	void *p;
	(void)node;
	if (fake_pieces_left == 0)
		return NULL;
	fake_pieces_left--;
	p = aligned_alloc(PAGE_SIZE, ALIGN_UP(bytes, PAGE_SIZE));
	memset(p, 0, ALIGN_UP(bytes, PAGE_SIZE));
	fake_pieces++;
	return p;
}

void monitor_free(void *p, size_t bytes)
{
	(void)bytes;
	fake_pieces--;
	free(p);
}

/* --- vcpu/ --- */

void vgic_spi(struct vm *vm, u32 intid, bool level)
{
	(void)vm;
	if (intid < 32 || intid >= 128)
		panic("vgic_spi: %u", intid);
	if (level && !fake_line[intid])
		fake_rises[intid]++;
	fake_line[intid] = level;
}

struct vcpu *fake_vcpu(struct vm *vm)
{
	return vm->vcpus[0];
}

struct vm *fake_vm_make(u32 disks, bool readonly)
{
	struct vdev_config config = {.disk_count = disks};
	struct vm *vm = calloc(1, sizeof(*vm));

	fake_cpu_is(0);
	if (!fake_ram) {
		fake_ram = aligned_alloc(PAGE_SIZE, RAM_BYTES);
		fake_disk = aligned_alloc(PAGE_SIZE, DISK_BYTES);
	}
	memset(fake_ram, 0, RAM_BYTES);
	memset(fake_disk, 0, DISK_BYTES);
	memset(fake_line, 0, sizeof(fake_line));
	memset(fake_rises, 0, sizeof(fake_rises));
	memset(fake_disk_ops, 0, sizeof(fake_disk_ops));
	fake_accesses = fake_waited = fake_given_back = 0;
	fake_wait_access = ~0ull;
	fake_disk_errors = fake_wait_random = 0;
	fake_disk_info = (struct disk_info){
		.serial = "fake",
		.sectors = DISK_SECTORS,
		.flush = true,
		.discard = true,
		.zeroes = true,
		.max_discard = 1024,
		.max_zeroes = 512,
	};
	volume_count = 0;
	if (volume_add("root", "fake", 0) != OK)
		panic("volume_add");
	for (u32 i = 0; i < disks; i++) {
		config.disks[i].readonly = readonly;
		memcpy(config.disks[i].serial, "disk-0", 7);
	}
	vm->vcpus[0] = aligned_alloc(64, ALIGN_UP(sizeof(struct vcpu), 64ul));
	memset(vm->vcpus[0], 0, sizeof(struct vcpu));
	vm->vcpus[0]->vm = vm;
	vm->home = 0;
	memcpy(vm->name, "test", 5);
	if (vdev_create(vm, &config) != OK) {
		free(vm->vcpus[0]);
		free(vm);
		return NULL;
	}
	return vm;
}

void fake_vm_end(struct vm *vm)
{
	vdev_reset(vm);
	while (!vdev_quiet(vm))
		if (!fake_disk_step(false))
			panic("never quiet");
	vdev_free(vm);
	if (fake_frames || fake_pieces)
		panic("left: %lld frames, %lld pieces", (long long)fake_frames,
		      (long long)fake_pieces);
	free(vm->vcpus[0]);
	free(vm);
}

/* --- hw/ --- */

u32 disk_count(void)
{
	return 1;
}

const struct disk_info *disk_info(u32 disk)
{
	(void)disk;
	return &fake_disk_info;
}

void disk_submit(u32 disk, struct disk_request *r)
{
	(void)disk;
	lock(&disk_lock);
	if (pending_count == PENDING)
		panic("too many requests");
	fake_disk_ops[r->op]++;
	pending[pending_count++] = r;
	unlock(&disk_lock);
}

u32 fake_disk_pending(void)
{
	return pending_count;
}

/* Moves data; writes are seen at once. */
static void transfer(struct disk_request *r)
{
	u64 at = r->sector * DISK_SECTOR;
	for (u32 i = 0; i < r->segment_count; i++) {
		struct disk_segment *s = &r->segments[i];
		if (s->bytes % DISK_SECTOR || at + s->bytes > DISK_BYTES)
			panic("disk request outside");
		if (r->op == DISK_READ)
			memcpy(pa_va(s->pa), fake_disk + at, s->bytes);
		else
			memcpy(fake_disk + at, pa_va(s->pa), s->bytes);
		at += s->bytes;
	}
	if (r->op == DISK_DISCARD || r->op == DISK_ZERO) {
		if (r->sector > DISK_SECTORS || r->sectors > DISK_SECTORS - r->sector)
			panic("disk range outside");
		memset(fake_disk + at, 0, r->sectors * DISK_SECTOR);
	}
}

bool fake_disk_step(bool newest)
{
	struct disk_request *r;
	bool fails;

	lock(&disk_lock);
	if (pending_count == 0) {
		unlock(&disk_lock);
		return false;
	}
	r = pending[newest ? pending_count - 1 : 0];
	pending_count--;
	if (!newest)
		memmove(pending, pending + 1, pending_count * sizeof(pending[0]));
	fails = fake_disk_errors != 0;
	if (fails)
		fake_disk_errors--;
	else
		transfer(r);
	r->result = fails ? ERR_IO : OK;
	unlock(&disk_lock);
	vblk_complete(r);
	return true;
}

void fake_settle(void)
{
	bool more = true;
	for (u32 i = 0; more; i++) {
		more = vdev_retry();
		more |= fake_disk_step(false);
		if (i == 1000000)
			panic("never settles");
	}
}

enum err disk_read_now(u32 disk, u64 sector, void *page, u32 bytes)
{
	(void)disk;
	if (sector >= DISK_SECTORS || bytes / DISK_SECTOR > DISK_SECTORS - sector)
		return ERR_RANGE;
	if (fake_disk_errors) {
		fake_disk_errors--;
		return ERR_IO;
	}
	memcpy(page, fake_disk + sector * DISK_SECTOR, bytes);
	return OK;
}

/* --- a driver --- */

static u64 mmio(struct vm *vm, struct access *a)
{
	enum verdict verdict = VERDICT_WAIT;
	for (u32 i = 0; verdict == VERDICT_WAIT; i++) {
		if (vdev_access(fake_vcpu(vm), a, &verdict) != OK)
			panic("no device at %llx", (unsigned long long)a->ipa.v);
		if (i == 1000000)
			panic("waits for ever");
	}
	return a->value;
}

u64 mmio_read(struct vm *vm, u64 at, u32 size)
{
	struct access a = {.ipa = {at}, .size = (u8)size, .value = 0x1234567812345678ull};
	return mmio(vm, &a);
}

void mmio_write(struct vm *vm, u64 at, u32 size, u64 value)
{
	struct access a = {.ipa = {at}, .size = (u8)size, .value = value, .write = true};
	mmio(vm, &a);
}

bool driver_start(struct vm *vm, u32 slot, u64 features)
{
	u64 base = SLOT(slot);
	features |= BIT(32);
	mmio_write(vm, base + 0x70, 4, 0);
	mmio_write(vm, base + 0x70, 4, 1);
	mmio_write(vm, base + 0x70, 4, 3);
	mmio_write(vm, base + 0x24, 4, 0);
	mmio_write(vm, base + 0x20, 4, (u32)features);
	mmio_write(vm, base + 0x24, 4, 1);
	mmio_write(vm, base + 0x20, 4, (u32)(features >> 32));
	mmio_write(vm, base + 0x70, 4, 11);
	return (mmio_read(vm, base + 0x70, 4) & 8) != 0;
}

void driver_queue(struct driver_queue *q, struct vm *vm, u32 slot, u32 index, u32 size, u64 at)
{
	u64 base = SLOT(slot);
	*q = (struct driver_queue){.vm = vm, .slot = slot, .index = index, .size = size};
	q->desc = at;
	q->avail = at + 16ull * size;
	q->used = ALIGN_UP(q->avail + 6 + 2ull * size, 4u);
	memset(ram(at), 0, 2 * PAGE_SIZE);
	mmio_write(vm, base + 0x30, 4, index);
	mmio_write(vm, base + 0x38, 4, size);
	mmio_write(vm, base + 0x80, 4, (u32)q->desc);
	mmio_write(vm, base + 0x84, 4, q->desc >> 32);
	mmio_write(vm, base + 0x90, 4, (u32)q->avail);
	mmio_write(vm, base + 0x94, 4, q->avail >> 32);
	mmio_write(vm, base + 0xa0, 4, (u32)q->used);
	mmio_write(vm, base + 0xa4, 4, q->used >> 32);
	mmio_write(vm, base + 0x44, 4, 1);
}

void put_desc(u64 table, u32 i, u64 addr, u32 len, u16 flags, u16 next)
{
	u8 *d = ram(table + 16ull * i);
	memcpy(d, &addr, 8);
	memcpy(d + 8, &len, 4);
	memcpy(d + 12, &flags, 2);
	memcpy(d + 14, &next, 2);
}

void driver_offer(struct driver_queue *q, u16 head)
{
	u16 *avail = ram(q->avail);
	avail[2 + q->next_avail % q->size] = head;
	__atomic_store_n(&avail[1], ++q->next_avail, __ATOMIC_RELEASE);
}

u16 driver_add(struct driver_queue *q, const struct buffer_desc *b, u32 n, u32 ins)
{
	u16 head = (u16)(q->next_desc % q->size);
	for (u32 i = 0; i < n; i++) {
		u16 at = (u16)(q->next_desc % q->size), next = (u16)((at + 1) % q->size);
		u32 flags = (i + 1 < n ? D_NEXT : 0) | (i >= n - ins ? D_WRITE : 0);
		put_desc(q->desc, at, b[i].addr, b[i].len, (u16)flags, next);
		q->next_desc++;
	}
	driver_offer(q, head);
	return head;
}

void driver_kick(struct driver_queue *q)
{
	mmio_write(q->vm, SLOT(q->slot) + 0x50, 4, q->index);
}

bool driver_take(struct driver_queue *q, u32 *id, u32 *len)
{
	u16 idx = __atomic_load_n((u16 *)ram(q->used + 2), __ATOMIC_ACQUIRE);
	u8 *e = ram(q->used + 4 + 8ull * (q->next_used % q->size));
	if (idx == q->next_used)
		return false;
	memcpy(id, e, 4);
	memcpy(len, e + 4, 4);
	q->next_used++;
	return true;
}
