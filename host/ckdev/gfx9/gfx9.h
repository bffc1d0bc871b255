/* SPDX-License-Identifier: Apache-2.0 */
/* The instruction engine of AMD's GFX9 (gfx900): runs compute kernels on the host's CPU.
 *
 * It knows nothing of queues, processes or the guest. The caller describes a dispatch, hands its
 * work-groups to as many host threads as it likes, and provides memory:
 *
 *     gfx9_dispatch_init(&dispatch, &launch, &error)           once
 *     per thread, for every number below dispatch.group_count taken from a shared counter:
 *         gfx9_group_start(worker, &dispatch, number, slot)
 *         while (gfx9_group_run(group, slice) == GFX9_RUNNING) ...
 *         gfx9_group_end(group)
 *
 * A worker belongs to one thread at a time. Groups of one worker may be run in turns. Inside a group
 * waves take turns in a fixed order, so a group computes the same each time as long as nobody else
 * writes what it reads. Nothing here blocks; every loop ends after the caller's budget. */
#pragma once
#include "lib/base.h"

enum {
    GFX9_WAVE_LANES = 64,
    GFX9_GROUP_ITEMS_MAX = 1024,
    GFX9_GROUP_WAVES_MAX = GFX9_GROUP_ITEMS_MAX / GFX9_WAVE_LANES,
    GFX9_LDS_BYTES_MAX = 64 << 10,
    GFX9_SGPRS = 102,
    GFX9_VGPRS = 256,
};

/* ---- memory ---- */

enum gfx9_access { GFX9_READ = 1, GFX9_WRITE = 2, GFX9_EXECUTE = 4 };

/* A GPU address space. The engine keeps what translate() answered until it has seen `epoch` change. */
struct gfx9_memory {
    /* A host pointer to `va` that may be used for `access` (one bit, or READ | WRITE), and how many
     * bytes from there on (at least 1); NULL when the access faults. Called from every thread that
     * runs a worker. A pointer must have the alignment of its address up to 4096 bytes. */
    void *(*translate)(struct gfx9_memory *memory, uint64_t va, unsigned access, uint64_t *span_bytes);

    /* To take a mapping away: make translate() refuse it, call gfx9_memory_changed(), and wait until
     * gfx9_worker_has_seen() holds for every worker. Atomic. */
    uint64_t epoch;
    uint64_t id; /* of no other address space there ever was */
};

void gfx9_memory_init(struct gfx9_memory *memory,
                      void *(*translate)(struct gfx9_memory *, uint64_t, unsigned, uint64_t *));

/* Everything translated before is forgotten at each worker's next quiescent point. The new epoch. */
uint64_t gfx9_memory_changed(struct gfx9_memory *memory);

/* ---- what is run ---- */

/* The kernel dispatch packet [hsa-sys 2.9.6] and what the queue knows. All addresses are the GPU's. */
struct gfx9_launch {
    struct gfx9_memory *memory;
    uint16_t dimensions;            /* setup bits 1:0; sizes above it count as 1 */
    uint16_t workgroup_size[3];     /* work-items */
    uint32_t grid_size[3];          /* work-items; the last group of a row may be partial */
    uint32_t private_segment_bytes; /* per work-item */
    uint32_t group_segment_bytes;   /* LDS per work-group, static and dynamic */
    uint64_t kernel_object;         /* kernel descriptor or amd_kernel_code_t: both are read alike */
    uint64_t kernarg;
    uint64_t packet;      /* the packet itself, for the dispatch pointer */
    uint64_t queue;       /* amd_queue_t, for the queue pointer */
    uint64_t dispatch_id; /* the packet's index in its queue */

    /* The queue's scratch memory, as amd_queue_t and COMPUTE_TMPRING_SIZE say. A group's waves use
     * slots [slot * waves, (slot + 1) * waves) of it; wave_bytes 0: there is none. */
    uint32_t scratch_resource[4]; /* the private segment buffer */
    uint64_t scratch_base;        /* flat scratch init */
    uint64_t scratch_bytes;       /* of the whole area */
    uint32_t scratch_wave_bytes;  /* per wave: 64 times a work-item's, a multiple of 1024 */

    uint64_t lds_aperture;     /* flat addresses [a, a + 4 GiB); 0: GFX9_LDS_APERTURE */
    uint64_t scratch_aperture; /* 0: GFX9_SCRATCH_APERTURE */

    /* Services. All may be NULL and are called from the thread that runs the group. */
    void *context;
    void (*interrupt)(void *context, uint32_t m0); /* s_sendmsg(MSG_INTERRUPT) */
    uint64_t (*clock)(void *context);              /* s_memtime */
    uint64_t (*realtime)(void *context);           /* s_memrealtime, 100 MHz */

    const bool *stop; /* atomic; true ends groups at their next quiescent point. May be NULL */
};

static const uint64_t GFX9_LDS_APERTURE = 0x1000000000000;
static const uint64_t GFX9_SCRATCH_APERTURE = 0x2000000000000;

/* ---- what went wrong ---- */

enum gfx9_error_kind {
    GFX9_ERROR_NONE,
    GFX9_ERROR_LAUNCH,      /* the dispatch cannot be started; `text` says why */
    GFX9_ERROR_INSTRUCTION, /* illegal, or one the engine lacks; words[] and `text` name it */
    GFX9_ERROR_MEMORY,      /* `address` may not be used for `access` */
    GFX9_ERROR_TRAP,        /* s_trap `trap` without a trap handler */
    GFX9_ERROR_STOPPED,     /* *stop was set */
    GFX9_ERROR_NO_MEMORY,   /* the host has none left */
};

struct gfx9_error {
    enum gfx9_error_kind kind;
    unsigned access;   /* enum gfx9_access */
    uint64_t pc;       /* of the instruction */
    uint64_t address;  /* what it accessed */
    uint32_t words[4]; /* the instruction */
    uint32_t trap;
    uint32_t group[3]; /* work-group that met it */
    char text[128];    /* a sentence for the log, always set */
};

/* ---- running ---- */

struct gfx9_worker;
struct gfx9_group;

/* NULL: no memory. */
struct gfx9_worker *gfx9_worker_create(void);
/* Its groups must have ended. */
void gfx9_worker_destroy(struct gfx9_worker *worker);
/* Drop all decoded instructions: code was written (AQL and PM4 invalidations). Any time between
 * gfx9_group_run() calls, by the worker's thread. */
void gfx9_worker_forget_code(struct gfx9_worker *worker);
/* True when the worker holds no translation of `memory` older than `epoch`. Any thread. */
bool gfx9_worker_has_seen(const struct gfx9_worker *worker, const struct gfx9_memory *memory, uint64_t epoch);

struct gfx9_dispatch {
    struct gfx9_launch launch;
    uint64_t group_count;
    uint32_t groups[3]; /* per dimension */
    uint32_t waves;     /* per full group */
    uint32_t vgprs, lds_bytes;
    uint64_t entry; /* first instruction */
    uint32_t pgm_rsrc1, pgm_rsrc2, properties;

    uint64_t wave_instructions; /* retired; atomic, added when a group ends */
    uint64_t lane_instructions; /* the same, counting active lanes; scalar ones count 1 */
};

/* Check a launch and read its kernel descriptor. False: *error says why. Keeps no memory of its own. */
bool gfx9_dispatch_init(struct gfx9_dispatch *dispatch, const struct gfx9_launch *launch,
                        struct gfx9_error *error);

enum gfx9_status { GFX9_RUNNING, GFX9_DONE, GFX9_FAILED };

/* Set up group `number` (below group_count). `slot` selects its part of the scratch memory and must
 * differ between groups in flight. The dispatch must stay until gfx9_group_end(). NULL: no memory. */
struct gfx9_group *gfx9_group_start(struct gfx9_worker *worker, struct gfx9_dispatch *dispatch,
                                    uint64_t number, uint32_t slot);
/* Retire about `budget` wave instructions. FAILED: see gfx9_group_error(). */
enum gfx9_status gfx9_group_run(struct gfx9_group *group, uint64_t budget);
/* True when the last run ended early because every wave slept or polled: others may be served first. */
bool gfx9_group_is_waiting(const struct gfx9_group *group);
const struct gfx9_error *gfx9_group_error(const struct gfx9_group *group);
void gfx9_group_end(struct gfx9_group *group);

/* ---- for tools and tests ---- */

enum { GFX9_TEXT_BYTES = 192 };
/* One instruction as LLVM prints it (comment-free). Its size in bytes, or 0 when it is illegal; `text`
 * then says "illegal". */
unsigned gfx9_disassemble(const uint32_t words[4], char text[GFX9_TEXT_BYTES]);
