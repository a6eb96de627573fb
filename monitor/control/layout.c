/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The boot protocol of arm64 Linux (Documentation/arch/arm64/booting.rst): the Image lies
 * `text_offset` bytes behind a 2 MiB boundary of RAM, `image_size` bytes from there are its
 * own; the initrd lies in the same 32 GiB; the device tree is at most 2 MiB, aligned to 8,
 * in no 2 MiB part with anything of other attributes.
 *
 * As on QEMU's `virt`: kernel at the start of RAM, initrd 128 MiB (or half the memory)
 * behind it, so that a kernel that unpacks itself has room, device tree behind that:
 *
 *   0x40000000        first 2 MiB: free when text_offset is 0 (kernels since 5.8)
 *   0x40200000        kernel
 *   0x48000000        initrd
 *   next 2 MiB        device tree
 */
#include "control/layout.h"

#include "lib/string.h"

#define IMAGE_HEADER 64u
#define IMAGE_MAGIC 0x644d5241u /* "ARM\x64", at byte 56 */
#define IMAGE_BIG_ENDIAN 1u
#define IMAGE_PAGES(flags) (((flags) >> 1) & 3) /* 0: not told, 1: 4 KiB, 2: 16, 3: 64 */
#define FLAT_OFFSET 0x80000u                    /* where `virt` puts a kernel without the header */
#define INITRD_GAP (128ull << 20)

static u64 load64(const u8 *p)
{
	u64 v = 0;

	for (u32 i = 8; i-- > 0;)
		v = v << 8 | p[i];
	return v;
}

/* A file without the header: a bare binary, unless it is plainly something else. */
static const char *read_flat(const struct file *kernel, u64 *text_offset, u64 *image_size)
{
	if (kernel->size >= 4 && memcmp(kernel->data, "\177ELF", 4) == 0)
		return "an ELF file; wanted: an arm64 Image";
	if (kernel->size >= 2 && memcmp(kernel->data, "\x1f\x8b", 2) == 0)
		return "compressed by gzip; wanted: an arm64 Image";
	if (kernel->size >= 2 && memcmp(kernel->data, "MZ", 2) == 0)
		return "an EFI program (a compressed kernel?); wanted: an arm64 Image";
	if (kernel->size < 4)
		return "too short for a kernel";
	*text_offset = FLAT_OFFSET;
	*image_size = kernel->size;
	return NULL;
}

const char *layout_read_kernel(const struct file *kernel, u64 *text_offset, u64 *image_size)
{
	u64 flags;

	if (kernel->size < IMAGE_HEADER || (u32)load64(kernel->data + 56) != IMAGE_MAGIC)
		return read_flat(kernel, text_offset, image_size);
	*text_offset = load64(kernel->data + 8);
	*image_size = load64(kernel->data + 16);
	flags = load64(kernel->data + 24);
	if (flags & IMAGE_BIG_ENDIAN)
		return "a big-endian kernel";
	if (IMAGE_PAGES(flags) > 1)
		return "a kernel for pages larger than 4 KiB";
	if (*text_offset >= BLOCK_SIZE || !IS_ALIGNED(*text_offset, PAGE_SIZE))
		return "the kernel's header has a bad text_offset";
	if (*image_size > CFG_MEMORY_MAX)
		return "the kernel's header has a bad image_size";
	/* Kernels before 3.17 tell no size: the file is what is known. */
	*image_size = MAX(*image_size, (u64)kernel->size);
	return NULL;
}

bool layout_place(const struct vm_config *vm, struct layout *to)
{
	u64 base = VDEV_RAM_BASE, top = base + vm->memory, end, apart;

	if (vm->text_offset < PAGE_SIZE)
		base += BLOCK_SIZE;
	to->kernel = ipa_of(base + vm->text_offset);
	end = ALIGN_UP(to->kernel.v + vm->image_size, BLOCK_SIZE);

	apart = VDEV_RAM_BASE + ALIGN_DOWN(MIN(vm->memory / 2, INITRD_GAP), BLOCK_SIZE);
	if (apart > end && apart + vm->initrd.size + BLOCK_SIZE <= top)
		end = apart;
	to->initrd = ipa_of(end);
	end = ALIGN_UP(end + vm->initrd.size, BLOCK_SIZE);

	to->dtb = ipa_of(end);
	return end + DTB_MAX <= top;
}
