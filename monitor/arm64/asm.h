/* SPDX-License-Identifier: BSD-2-Clause */
/* Constants of boot/entry.S: numbers that the assembler takes. */
#ifndef ARM64_ASM_H
#define ARM64_ASM_H

#define BLOCK_BYTES 0x200000
#define EARLY_NORMAL 0x741 /* block, AP1, inner shareable, AF, attribute 0 */
#define EARLY_DEVICE 0x445 /* block, AP1, AF, attribute 1 */
#define MAIR_VALUE 0x00ff
#define EARLY_TCR 0x80803510 /* RES1, SH0 inner, ORGN0 and IRGN0 write-back, T0SZ 16 */
#define EARLY_SCTLR 0x30c51835 /* RES1, M, C, I */

#endif
