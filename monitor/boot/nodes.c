/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory at boot: from the early tables to node-local allocators, stacks, per-CPU records
 * and text copies.
 *
 * Each memory range has a mark (`next`): what lies below it is taken, by the monitor's
 * first pages or by what the loader put there. The mark moves up page by page, over what is
 * reserved. Only the GiB of the image is mapped at first; so the first tables come from the
 * range that has it, and the direct map of all memory is the first thing they make. Then
 * each range holds the frame records of its own frames, and all above the marks goes to
 * the allocators.
 */
#include "arm64/cpu.h"
#include "arm64/pte.h"
#include "boot/machine.h"
#include "lib/percpu.h"
#include "lib/print.h"
#include "lib/string.h"
#include "mem/hypmap.h"
#include "mem/node.h"

u64 image_pa;
static u64 first_root; /* the boot CPU's: direct map, frame table, stacks, original text */
static u64 node_roots[MAX_NODES];

static struct memory_range *image_range(void)
{
	for (u32 i = 0; i < machine.range_count; i++)
		if (machine.ranges[i].start <= image_pa && image_pa < machine.ranges[i].end)
			return &machine.ranges[i];
	panic("boot: the device tree names no memory at %llx, where the monitor is",
	      (unsigned long long)image_pa);
}

/* The next page of a range that nobody has; 0 when there is none. */
static u64 take_page(struct memory_range *r)
{
	for (u32 i = 0; i < machine.reserved_count; i++) {
		if (machine.reserved[i].start <= r->next && r->next < machine.reserved[i].end) {
			r->next = machine.reserved[i].end;
			i = ~0u; /* look at all again */
		}
	}
	if (r->next >= r->end)
		return 0;
	r->next += PAGE_SIZE;
	return r->next - PAGE_SIZE;
}

static struct pfn early_table(u32 node)
{
	(void)node; /* they are few: node 0's until there are allocators */
	u64 pa = take_page(image_range());
	if (!pa)
		return PFN_NONE;
	page_zero(pa_va(pa_of(pa)));
	return pa_pfn(pa_of(pa));
}

static void must(enum err e, const char *what)
{
	if (e != OK)
		panic("boot: %s: %s", what, err_name(e));
}

static void map_devices(u64 root)
{
	must(hypmap_map(root, machine.gicd, pa_of(machine.gicd), 0x10000, HYP_DEVICE), "GICD");
	for (u32 i = 0; i < machine.gicr_count; i++)
		must(hypmap_map(root, machine.gicr[i], pa_of(machine.gicr[i]),
				machine.gicr_size[i], HYP_DEVICE),
		     "GICR");
	if (machine.uart)
		must(hypmap_map(root, machine.uart, pa_of(machine.uart), PAGE_SIZE, HYP_DEVICE),
		     "UART");
	if (machine.rtc)
		must(hypmap_map(root, machine.rtc, pa_of(machine.rtc), PAGE_SIZE, HYP_DEVICE),
		     "RTC");
	for (u32 i = 0; i < machine.virtio_count; i++) {
		u64 page = ALIGN_DOWN(machine.virtio[i].base, PAGE_SIZE);
		struct pa pa;
		enum hyp_kind kind;
		if (hypmap_find(root, page, &pa, &kind) == ERR_ABSENT)
			must(hypmap_map(root, page, pa_of(page), PAGE_SIZE, HYP_DEVICE), "virtio");
	}
}

/* The image at its linked address; text and read-only data from `text_pa`. */
static void map_image(u64 root, u64 text_pa)
{
	u64 base = (u64)image_start;
	u64 text = (u64)text_end - base;
	u64 rodata = (u64)rodata_end - base;
	u64 all = (u64)image_end - base;
	must(hypmap_map(root, base, pa_of(text_pa), text, HYP_TEXT), "text");
	must(hypmap_map(root, base + text, pa_of(text_pa + text), rodata - text, HYP_RODATA),
	     "rodata");
	must(hypmap_map(root, base + rodata, pa_of(image_pa + rodata), all - rodata, HYP_DATA),
	     "data");
}

static u64 frame_page(u64 pa)
{
	return ALIGN_DOWN(HYP_FRAMES_BASE + (pa >> PAGE_SHIFT) * sizeof(struct frame), PAGE_SIZE);
}

/* Maps the pages of the frame table from `from` to `end`, in the range's own memory. */
static void map_frames(u64 root, struct memory_range *r, u64 from, u64 end)
{
	for (u64 va = from; va < end; va += PAGE_SIZE) {
		struct pa pa;
		enum hyp_kind kind;
		if (hypmap_find(root, va, &pa, &kind) == OK)
			continue; /* shared with the neighbour range */
		u64 page = take_page(r);
		if (!page)
			panic("boot: memory range at %llx is too small for its own frame records",
			      (unsigned long long)r->start);
		page_zero(pa_va(pa_of(page)));
		must(hypmap_map(root, va, pa_of(page), PAGE_SIZE, HYP_DATA), "frame table");
	}
}

void nodes_early(void)
{
	struct memory_range *r = image_range();
	/* Near the image: that GiB is mapped. */
	if (r->next < ALIGN_DOWN(image_pa, 1ull << 30))
		r->next = ALIGN_DOWN(image_pa, 1ull << 30);
	struct pfn (*later)(u32 node) = hypmap_table_source;
	hypmap_table_source = early_table;
	must(hypmap_root(r->node, 0, &first_root), "first root");
	map_devices(first_root);
	for (u32 i = 0; i < machine.range_count; i++)
		must(hypmap_map(first_root, machine.ranges[i].start,
				pa_of(machine.ranges[i].start),
				machine.ranges[i].end - machine.ranges[i].start, HYP_DATA),
		     "direct map");
	map_image(first_root, image_pa);
	hypmap_use(first_root);
	for (u32 i = 0; i < machine.range_count; i++) {
		r = &machine.ranges[i];
		map_frames(first_root, r, frame_page(r->start),
			   frame_page(r->end - 1) + PAGE_SIZE);
	}
	hypmap_table_source = later;
}

/* The first reserved piece at or after `from`, cut to the range. */
static bool next_reserved(const struct memory_range *r, u64 from, u64 *start, u64 *end)
{
	*start = r->end;
	for (u32 i = 0; i < machine.reserved_count; i++) {
		u64 s = MAX(machine.reserved[i].start, from);
		if (machine.reserved[i].end > from && s < *start) {
			*start = s;
			*end = MIN(machine.reserved[i].end, r->end);
		}
	}
	return *start < r->end;
}

/* A node keeps its own record in the first frame it is given: so what is free comes first. */
static void give_range(struct memory_range *r, bool free)
{
	u64 from = r->next;
	u64 start, end = 0;
	while (next_reserved(r, from, &start, &end)) {
		if (free && start > from)
			must(node_add(r->node, pa_pfn(pa_of(from)), (start - from) >> PAGE_SHIFT),
			     "memory");
		if (!free)
			must(node_reserve(r->node, pa_pfn(pa_of(start)),
					  (end - start) >> PAGE_SHIFT),
			     "reserved memory");
		from = end;
	}
	if (free && r->end > from)
		must(node_add(r->node, pa_pfn(pa_of(from)), (r->end - from) >> PAGE_SHIFT),
		     "memory");
	if (!free && r->next > r->start)
		must(node_reserve(r->node, pa_pfn(pa_of(r->start)),
				  (r->next - r->start) >> PAGE_SHIFT),
		     "first pages");
}

void nodes_memory(void)
{
	node_count = machine.node_count;
	for (u32 a = 0; a < machine.node_count; a++)
		for (u32 b = 0; b < machine.node_count; b++)
			if (machine.distances[a][b])
				node_set_distance(a, b, machine.distances[a][b]);
	for (u32 i = 0; i < machine.range_count; i++)
		give_range(&machine.ranges[i], true);
	for (u32 i = 0; i < machine.range_count; i++)
		give_range(&machine.ranges[i], false);
	node_order();
}

/* A stack of HYP_STACK_SIZE on `node`; the part of its slot below it is never mapped. */
static u64 make_stack(u32 slot, u32 node)
{
	u64 top = HYP_STACK_BASE + (slot + 1) * HYP_STACK_STRIDE;
	void *p = monitor_alloc(node, HYP_STACK_SIZE);
	if (!p)
		panic("boot: no memory for a stack on node %u", node);
	must(hypmap_map(first_root, top - HYP_STACK_SIZE, va_pa(p), HYP_STACK_SIZE, HYP_DATA),
	     "stack");
	return top;
}

void nodes_cpus(void)
{
	cpu_count = machine.cpu_count;
	for (u32 i = 0; i < cpu_count; i++) {
		u32 node = machine.cpus[i].node;
		struct cpu *c = monitor_alloc(node, sizeof(*c));
		if (!c)
			panic("boot: no memory for the record of CPU %u", i);
		c->id = i;
		c->node = node;
		c->mpidr = machine.cpus[i].mpidr;
		c->stack_top = make_stack(2 * i, node);
		c->panic_stack_top = make_stack(2 * i + 1, node);
		cpus[i] = c;
	}
}

/* Text and read-only data copied to a node, and a root that maps the copy. */
static u64 text_copy(u32 node)
{
	size_t size = (size_t)(rodata_end - image_start);
	void *copy = monitor_alloc(node, size);
	u64 root;
	if (!copy)
		panic("boot: no memory for the monitor's text on node %u", node);
	memcpy(copy, image_start, size);
	for (u64 a = (u64)copy; a < (u64)copy + size; a += 64)
		dc_clean_pou((void *)a);
	must(hypmap_root(node, first_root, &root), "root");
	/* The image's part of the top level is the node's own. */
	((u64 *)pa_va(pa_of(root & PTE_OUTPUT)))[PT_INDEX(HYP_IMAGE_BASE, 0)] = 0;
	map_image(root, va_pa(copy).v);
	must(hypmap_protect_direct(va_pa(copy), size), "read-only text");
	return root;
}

void nodes_texts(void)
{
	for (u32 i = 0; i < cpu_count; i++) {
		u32 node = cpus[i]->node;
		if (!node_roots[node])
			node_roots[node] = text_copy(node);
		cpus[i]->hyp_root = node_roots[node];
	}
	must(hypmap_protect_direct(pa_of(image_pa), (u64)(rodata_end - image_start)),
	     "read-only text");
	dsb_ish();
	ic_inval_all_is();
	dsb_ish();
	isb();
	hypmap_use(cpus[0]->hyp_root);
}
