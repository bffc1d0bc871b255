/* SPDX-License-Identifier: Apache-2.0 */
/* [linux uapi asm-generic/mman-common.h, mman.h] */
#pragma once

#define LINUX_PROT_READ      0x1
#define LINUX_PROT_WRITE     0x2
#define LINUX_PROT_EXEC      0x4
#define LINUX_PROT_SEM       0x8 /* means nothing on x86 */
#define LINUX_PROT_GROWSDOWN 0x01000000

#define LINUX_MAP_SHARED          0x01
#define LINUX_MAP_PRIVATE         0x02
#define LINUX_MAP_SHARED_VALIDATE 0x03
#define LINUX_MAP_TYPE            0x0f
#define LINUX_MAP_FIXED           0x10
#define LINUX_MAP_ANONYMOUS       0x20
#define LINUX_MAP_GROWSDOWN       0x0100
#define LINUX_MAP_LOCKED          0x2000
#define LINUX_MAP_NORESERVE       0x4000
#define LINUX_MAP_POPULATE        0x8000
#define LINUX_MAP_NONBLOCK        0x10000
#define LINUX_MAP_STACK           0x20000
#define LINUX_MAP_HUGETLB         0x40000
#define LINUX_MAP_FIXED_NOREPLACE 0x100000

/* What mapping calls may ask for since ever: MAP_SHARED_VALIDATE refuses the rest, FIXED_NOREPLACE as well.
 * Bits 26 to 30 are sizes of huge pages. [linux include/linux/mman.h, LEGACY_MAP_MASK] */
#define LINUX_MAP_LEGACY_MASK 0x7c07f9f3ull

/* The size of huge pages as a power of two, in these bits of the flags; 0: 2 MiB. */
#define LINUX_MAP_HUGE_SHIFT 26
#define LINUX_MAP_HUGE_MASK  0x3f

#define LINUX_MREMAP_MAYMOVE   1
#define LINUX_MREMAP_FIXED     2
#define LINUX_MREMAP_DONTUNMAP 4

#define LINUX_MCL_CURRENT 1
#define LINUX_MCL_FUTURE  2
#define LINUX_MCL_ONFAULT 4

#define LINUX_MLOCK_ONFAULT 1

#define LINUX_MS_ASYNC      1
#define LINUX_MS_INVALIDATE 2
#define LINUX_MS_SYNC       4

#define LINUX_MADV_NORMAL          0
#define LINUX_MADV_RANDOM          1
#define LINUX_MADV_SEQUENTIAL      2
#define LINUX_MADV_WILLNEED        3
#define LINUX_MADV_DONTNEED        4
#define LINUX_MADV_FREE            8
#define LINUX_MADV_REMOVE          9
#define LINUX_MADV_DONTFORK        10
#define LINUX_MADV_DOFORK          11
#define LINUX_MADV_HUGEPAGE        14
#define LINUX_MADV_NOHUGEPAGE      15
#define LINUX_MADV_DONTDUMP        16
#define LINUX_MADV_DODUMP          17
#define LINUX_MADV_WIPEONFORK      18
#define LINUX_MADV_KEEPONFORK      19
#define LINUX_MADV_COLD            20
#define LINUX_MADV_PAGEOUT         21
#define LINUX_MADV_POPULATE_READ   22
#define LINUX_MADV_POPULATE_WRITE  23
#define LINUX_MADV_DONTNEED_LOCKED 24
