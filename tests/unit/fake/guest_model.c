/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake/guest_model.h"

#include "arm64/pte.h"
#include "lib/string.h"
#include "mem/fault.h"
#include "mem/stage2.h"

u32 model_faults;

struct tlb {
	u64 entry[MODEL_PAGES]; /* pfn << 2 | writable << 1 | valid */
};
static struct tlb stage2_tlb[MODEL_CPUS][MODEL_VMS], combined_tlb[MODEL_CPUS][MODEL_VMS];
static struct p2m *vms[MODEL_VMS];

/* What an invalidation takes: of one CPU or all. */
static void on_op(enum fake_op op, u64 argument, u64 vttbr)
{
	u64 vm = (vttbr >> 48) - 1, page = (argument >> 12) - MODEL_FIRST;
	bool local = op == OP_TLBI_VM_LOCAL || op == OP_TLBI_VM_S1_LOCAL;

	if (vm >= MODEL_VMS)
		return;
	for (u32 c = 0; c < MODEL_CPUS; c++) {
		if (local && c != fake_cpu->id)
			continue;
		if (op == OP_TLBI_IPA_IS && page < MODEL_PAGES)
			stage2_tlb[c][vm].entry[page] = 0;
		if (op == OP_TLBI_VM_IS || op == OP_TLBI_VM_LOCAL)
			memset(&stage2_tlb[c][vm], 0, sizeof(struct tlb));
		if (op == OP_TLBI_VM_IS || op == OP_TLBI_VM_LOCAL || op == OP_TLBI_VM_S1_IS ||
		    op == OP_TLBI_VM_S1_LOCAL)
			memset(&combined_tlb[c][vm], 0, sizeof(struct tlb));
	}
}

void model_init(void)
{
	memset(stage2_tlb, 0, sizeof(stage2_tlb));
	memset(combined_tlb, 0, sizeof(combined_tlb));
	fake_op_hook = on_op;
}

void model_vm(struct p2m *m)
{
	vms[m->vmid - 1] = m;
}

/* The translation that CPU `cpu` has or makes: as in struct tlb. */
static u64 translate(struct p2m *m, u32 cpu, u64 page)
{
	u64 *combined = &combined_tlb[cpu][m->vmid - 1].entry[page];
	u64 *stage2 = &stage2_tlb[cpu][m->vmid - 1].entry[page];
	struct gfn g = gfn_of(MODEL_FIRST + page);
	bool block;

	if (*combined)
		return *combined;
	if (!*stage2) {
		u64 e = stage2_entry(m, cpus[cpu]->node, g, &block);
		if (!(e & PTE_VALID))
			return 0;
		u64 pfn = (e & PTE_OUTPUT) >> 12;
		if (block)
			pfn += g.v % 512;
		*stage2 = pfn << 2 | ((e & S2_WRITE) ? 3 : 1);
	}
	return *combined = *stage2;
}

struct pfn model_access(struct p2m *m, u32 cpu, struct gfn g, bool write, enum err *error)
{
	struct wait w;
	u32 what;

	fake_run_on(cpu);
	u64 v = m->trees[cpus[cpu]->node].vttbr;
	*fake_sysreg("VTTBR_EL2") = cpus[cpu]->loaded_vttbr = v;
	for (model_faults = 0; model_faults < 4; model_faults++) {
		u64 e = translate(m, cpu, g.v - MODEL_FIRST);
		if (e && (!write || (e & 2)))
			return pfn_of(e >> 2);
		*error = mem_fault(m, cpus[cpu]->node, gfn_ipa(g),
				   write ? ACCESS_WRITE : ACCESS_READ, &w, &what);
		if (*error != OK)
			return PFN_NONE;
	}
	fail_msg("CPU %u faults for ever on gfn %llx", cpu, (unsigned long long)g.v);
	return PFN_NONE;
}

/* One TLB entry against the slot. */
static void verify_entry(u32 cpu, struct p2m *m, u64 page, u64 e)
{
	struct frame *leaf = p2m_leaf(m, gfn_of(MODEL_FIRST + page));
	u64 slot = leaf ? leaf_slots(leaf)[page % 512] : 0;

	if (SLOT_PFN(slot).v != e >> 2 || SLOT_KIND(slot) == SLOT_EMPTY ||
	    ((e & 2) && SLOT_KIND(slot) != SLOT_PRIVATE))
		fail_msg("CPU %u still maps VMID %u page %llx to frame %llx%s, slot %llx", cpu,
			 m->vmid, (unsigned long long)page, (unsigned long long)(e >> 2),
			 (e & 2) ? " writable" : "", (unsigned long long)slot);
}

void model_verify(void)
{
	for (u32 c = 0; c < MODEL_CPUS; c++)
		for (u32 v = 0; v < MODEL_VMS; v++)
			for (u64 p = 0; vms[v] && p < MODEL_PAGES; p++) {
				if (stage2_tlb[c][v].entry[p])
					verify_entry(c, vms[v], p, stage2_tlb[c][v].entry[p]);
				if (combined_tlb[c][v].entry[p])
					verify_entry(c, vms[v], p, combined_tlb[c][v].entry[p]);
			}
}
