/* SPDX-License-Identifier: Apache-2.0 */
/* Facts of [vt-d]: registers (11.4), structures in memory (9), descriptors of the queue (6.5.2). Of the two modes of
 * translation this is the legacy one: root and context tables, second-level page tables. */
#pragma once
#include "lib/base.h"

/* ---- registers [vt-d 11.4] ---- */
enum {
    VTD_VER = 0x00,
    VTD_CAP = 0x08,
    VTD_ECAP = 0x10,
    VTD_GCMD = 0x18,
    VTD_GSTS = 0x1c,
    VTD_RTADDR = 0x20,
    VTD_FSTS = 0x34,
    VTD_FECTL = 0x38,
    VTD_FEDATA = 0x3c,
    VTD_FEADDR = 0x40,
    VTD_FEUADDR = 0x44,
    VTD_PMEN = 0x64,
    VTD_IQH = 0x80,
    VTD_IQT = 0x88,
    VTD_IQA = 0x90,
};

#define VTD_VER_MAJOR FIELD(7, 4)

#define VTD_CAP_ND         FIELD(2, 0) /* domains: 2^(4 + 2 ND) */
#define VTD_CAP_RWBF       FIELD(4, 4) /* its write buffer has to be flushed */
#define VTD_CAP_PLMR       FIELD(5, 5) /* protected memory, low and high */
#define VTD_CAP_PHMR       FIELD(6, 6)
#define VTD_CAP_CM         FIELD(7, 7) /* caching mode: keeps what is not present, too */
#define VTD_CAP_SAGAW      FIELD(12, 8)
#define VTD_CAP_SAGAW_39   FIELD(9, 9) /* three levels of tables */
#define VTD_CAP_SAGAW_48   FIELD(10, 10)
#define VTD_CAP_MGAW       FIELD(21, 16) /* address bits - 1 */
#define VTD_CAP_FRO        FIELD(33, 24) /* fault records, in 16 bytes */
#define VTD_CAP_SLLPS_2MIB FIELD(34, 34)
#define VTD_CAP_SLLPS_1GIB FIELD(35, 35)
#define VTD_CAP_PSI        FIELD(39, 39) /* invalidation by pages */
#define VTD_CAP_NFR        FIELD(47, 40) /* fault records - 1 */
#define VTD_CAP_MAMV       FIELD(53, 48) /* pages at once, as a power of two */
#define VTD_CAP_DWD        FIELD(54, 54) /* can wait for writes and reads under way */
#define VTD_CAP_DRD        FIELD(55, 55)

#define VTD_ECAP_C  FIELD(0, 0) /* its walks take part in coherence */
#define VTD_ECAP_QI FIELD(1, 1)
#define VTD_ECAP_IR FIELD(3, 3)
#define VTD_ECAP_PT FIELD(6, 6) /* pass-through */
#define VTD_ECAP_SC FIELD(7, 7) /* snoop control */

/* Of both GCMD and GSTS. Some bits of the command are orders for once: GSTS without them is what is to stay on.
 * [vt-d 11.4.4] */
#define VTD_TE      (1u << 31)
#define VTD_SRTP    (1u << 30)
#define VTD_WBF     (1u << 27)
#define VTD_QIE     (1u << 26)
#define VTD_IRE     (1u << 25)
#define VTD_GSTS_ON 0x96ffffffu

#define VTD_PMEN_EPM (1u << 31)
#define VTD_PMEN_PRS (1u << 0)

/* Bits that are cleared by writing them: all but PPF, which follows the records. [vt-d 11.4.9] */
#define VTD_FSTS_PFO FIELD(0, 0)
#define VTD_FSTS_PPF FIELD(1, 1)
#define VTD_FSTS_IQE FIELD(4, 4)
#define VTD_FSTS_ICE FIELD(5, 5)
#define VTD_FSTS_ITE FIELD(6, 6)
#define VTD_FSTS_FRI FIELD(15, 8)
#define VTD_FECTL_IM (1u << 31)

/* A fault record, the low and the high word. [vt-d 11.4.14] */
enum { VTD_FRCD_BYTES = 16, VTD_FRCD_F_OFFSET = 12 };
#define VTD_FRCD_FI    FIELD(63, 12)
#define VTD_FRCD_SID   FIELD(15, 0)
#define VTD_FRCD_FR    FIELD(39, 32)
#define VTD_FRCD_T     FIELD(62, 62) /* a read; else a write */
#define VTD_FRCD_F     FIELD(63, 63)
#define VTD_FRCD_CLEAR (1u << 31) /* in its last four bytes */

/* ---- structures in memory [vt-d 9] ---- */
struct vtd_entry { /* of root table and context table */
    uint64_t low, high;
};
enum { VTD_TABLE_ENTRIES = 256 };
_Static_assert(VTD_TABLE_ENTRIES * sizeof(struct vtd_entry) == PAGE_BYTES, "fixed by the unit");

#define VTD_PRESENT     (1ull << 0) /* root and context entries */
#define VTD_CONTEXT_FPD (1ull << 1) /* faults are not recorded */
#define VTD_CONTEXT_TT  FIELD(3, 2)
#define VTD_CONTEXT_AW  FIELD(2, 0) /* high: levels - 2 */
#define VTD_CONTEXT_DID FIELD(23, 8)
enum { VTD_TT_TABLES = 0, VTD_TT_PASS = 2 };

/* Second-level page tables. */
#define VTD_SL_READ    (1ull << 0)
#define VTD_SL_WRITE   (1ull << 1)
#define VTD_SL_LARGE   (1ull << 7)
#define VTD_SL_SNOOP   (1ull << 11)
#define VTD_SL_ADDRESS 0x000ffffffffff000ull

/* ---- descriptors of the invalidation queue [vt-d 6.5.2] ---- */
#define VTD_QI_TYPE        FIELD(3, 0)
#define VTD_QI_GRANULARITY FIELD(5, 4)
#define VTD_QI_DID         FIELD(31, 16)
enum { VTD_QI_CONTEXT = 1, VTD_QI_IOTLB = 2, VTD_QI_WAIT = 5 };
enum { VTD_QI_GLOBAL = 1, VTD_QI_DOMAIN = 2, VTD_QI_ENTRY = 3 /* a device, or pages */ };
#define VTD_QI_CONTEXT_SID FIELD(47, 32)
#define VTD_QI_IOTLB_DW    FIELD(6, 6)
#define VTD_QI_IOTLB_DR    FIELD(7, 7)
#define VTD_QI_WAIT_SW     FIELD(5, 5) /* writes a status */
#define VTD_QI_WAIT_FN     FIELD(6, 6) /* before what comes behind it begins */
#define VTD_QI_WAIT_STATUS FIELD(63, 32)
