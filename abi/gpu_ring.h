/* SPDX-License-Identifier: Apache-2.0 */
/* The paravirtual GPU: what the kernel and a device process have in common. docs/gpu-protocol.md tells how it is used.
 *
 * All of it is memory, little endian, naturally aligned. The *window* is memory of the device that the kernel maps:
 * this page of registers, two rings, doorbells, and the GPU's own memory (VRAM). Map tables lie in the machine's RAM,
 * of which the device sees all but touches only what a map table names. How the window and two signals, a kick to the
 * device and an interrupt from it, come about is a transport's: by ivshmem the window is BAR 2, a kick is a write to
 * the Doorbell register, an interrupt is an MSI-X vector.
 *
 * Each side treats what the other writes as hostile: it is read once, checked, and then used. */
#pragma once
#include <stdint.h>

enum {
    GPU_MAGIC = 0x55504743, /* "CGPU" */
    GPU_VERSION_MAJOR = 1,  /* the kernel refuses another one */
    GPU_VERSION_MINOR = 0,  /* a higher one only adds; each side ignores what it does not know */
    GPU_CONTEXTS_MAX = 256, /* numbers of contexts are below registers.context_max, at most that */
    GPU_QUEUES_MAX = 1024,  /* the same for queues */
    GPU_RING_ENTRIES_MAX = 4096,
    GPU_SIGNALS_MAX = 4096, /* numbers of signals in a context are below that */
};

/* Signals of the transport. To the device: */
enum gpu_kick {
    GPU_KICK_WORK = 0,  /* there are commands, or a doorbell was rung, and the device sleeps */
    GPU_KICK_RESET = 1, /* registers.reset_request has changed; heard also when the engine hangs or is dead */
    GPU_KICK_COUNT,
};
/* And from it: */
enum gpu_interrupt {
    GPU_INTERRUPT_EVENTS = 0, /* new events, or a command with GPU_COMMAND_NOTIFY is done */
    GPU_INTERRUPT_STATE = 1,  /* registers.state has changed */
    GPU_INTERRUPT_COUNT,
};
/* Who they are by ivshmem: a kick is a write of GPU_IVSHMEM_DEVICE << 16 | number to Doorbell. */
enum gpu_ivshmem_peer { GPU_IVSHMEM_DEVICE = 0, GPU_IVSHMEM_MACHINE = 1 };

/* ---- registers: the first page of the window ---- */

struct gpu_extent {
    uint64_t offset, bytes; /* in the window; multiples of 4096 */
};

/* Each change comes with GPU_INTERRUPT_STATE. A new `generation` begins with STARTING; nothing of an older one is left
 * then: no context, no queue, no command, no event, and VRAM is zero. */
enum gpu_state {
    GPU_STATE_ABSENT = 0, /* nobody has written the page yet */
    GPU_STATE_STARTING = 1,
    GPU_STATE_READY = 2,
    /* The engine has ended or was ended, and touches nothing any more: neither RAM nor the window. Only a reset leads
     * out of this. `failure` says why. */
    GPU_STATE_LOST = 3,
};

enum gpu_failure {
    GPU_FAILURE_NONE = 0,
    GPU_FAILURE_CRASHED = 1,  /* the engine's process died */
    GPU_FAILURE_PROTOCOL = 2, /* the kernel wrote what makes no sense: a ring's index, a command */
    GPU_FAILURE_RESET = 3,    /* the kernel asked for a reset, which begins with the end of the engine */
};

/* What kind of GPU there is; names and meaning of the numbers are those of the vendor's driver interface. */
struct gpu_identity {
    uint32_t engine;         /* enum gpu_engine */
    uint32_t target;         /* gfx9: gfx_target_version, 90000 for gfx900 */
    uint32_t vendor, device; /* PCI's numbers of a card like this */
    uint32_t compute_units;
    uint32_t simds_per_unit, waves_per_simd, lanes_per_wave;
    uint32_t shader_engines, arrays_per_engine;
    uint32_t local_bytes; /* LDS of a work-group, at most */
    uint32_t scratch_waves_per_unit;
    uint32_t clock_mhz;                            /* told to programs; nothing here runs at it */
    uint32_t counter_hz;                           /* of the clock that timestamps count */
    uint32_t compute_queues;                       /* rings of AQL or PM4 that there may be at once */
    uint32_t copy_engines, copy_queues_per_engine; /* SDMA */
    uint32_t firmware, copy_firmware;              /* versions */
    char name[52];                                 /* ends with a NUL */
};
_Static_assert(sizeof(struct gpu_identity) == 128, "on the wire");

enum gpu_engine {
    GPU_ENGINE_GFX9 = 1, /* AQL, PM4 and SDMA queues, GCN code of the ninth generation */
};

struct gpu_registers {
    /* 0x000 the device's; these do not change while `state` is READY */
    uint32_t magic;
    uint16_t version_major, version_minor;
    uint64_t window_bytes;
    struct gpu_extent commands, events, doorbells, vram;
    uint32_t command_count, event_count; /* entries of the rings; powers of two */
    uint32_t context_max, queue_max;
    uint32_t doorbell_bytes;   /* of one context: a piece of `doorbells`; a multiple of 4096 */
    uint32_t address_bits;     /* of a GPU virtual address */
    struct gpu_extent signals; /* a struct gpu_signals for each context */
    uint8_t reserved0[8];
    /* 0x080 */
    struct gpu_identity identity;
    /* 0x100 the device's, changing */
    uint32_t state;      /* enum gpu_state */
    uint32_t generation; /* from 1 on */
    uint32_t failure;    /* enum gpu_failure */
    /* 1: the engine looks at no ring and at no doorbell until it is kicked, or has napped. Set before the last look. */
    uint32_t is_sleeping;
    /* Counts how often the engine has asked for the doorbells to be armed, with an event: struct gpu_event_arm. */
    uint32_t arm_request;
    uint32_t reserved1;
    uint64_t retired_waves, retired_lanes; /* instructions since STARTING: of waves, and of their lanes */
    uint8_t reserved2[24];
    /* 0x140 */
    uint64_t command_head; /* commands done since STARTING; entry n is commands[n % command_count] */
    uint8_t reserved3[56];
    /* 0x180 */
    uint64_t event_tail; /* events told since STARTING */
    uint8_t reserved4[56];
    /* 0x1c0 the kernel's; zeroed by the device with STARTING, when the kernel writes nothing */
    uint64_t command_tail;
    uint8_t reserved5[56];
    /* 0x200 */
    uint64_t event_head;
    uint8_t reserved6[56];
    /* 0x240 */
    uint32_t reset_request; /* the generation that the kernel wants to be over */
    /* The arm_request for which no program can ring a doorbell without the kernel's noticing, or 0. The first one that
     * tries makes it 0, kicks the device, and rings. */
    uint32_t armed;
    uint8_t reserved7[56];
};
_Static_assert(sizeof(struct gpu_registers) == 0x280, "on the wire");

/* ---- signals ---- */

/* Signals of a context: numbers that a program chose, and packets raise. Raising one is setting its bit, by an atomic
 * instruction; the kernel clears bits in the same way. If the bit was clear and the one of `awaited` is set, read after
 * that, the device tells GPU_EVENT_SIGNAL, too. The kernel sets that one, then a full fence, then looks at `raised`: so
 * one of the two sees the other, and signals that nobody sleeps for cost no interrupt. Zeroed by the kernel before it
 * creates the context. */
struct gpu_signals {
    uint64_t raised[GPU_SIGNALS_MAX / 64];
    uint64_t awaited[GPU_SIGNALS_MAX / 64]; /* the kernel's */
};
_Static_assert(sizeof(struct gpu_signals) == 1024, "on the wire");

/* ---- map tables ---- */

/* A context's map table translates GPU virtual addresses: four levels of 512 entries, as x86's, each table a page of
 * RAM. An entry is 0 or has VALID. Bits 47..12 are a physical address of RAM, or an offset in VRAM. Entries of the
 * second and third level may be LEAFs of 1 GiB and 2 MiB; those of the last level are leaves without saying so. The
 * kernel writes entries by single 64-bit stores, and may make an absent entry present at any time. Before it reuses
 * what an entry named it sends GPU_COMMAND_INVALIDATE. The device keeps translations, but not the absence of one.
 * A leaf out of RAM or VRAM is a fault of its own kind. */
enum {
    GPU_MAP_LEVELS = 4,
    GPU_MAP_VALID = 1 << 0,
    GPU_MAP_READ = 1 << 1,
    GPU_MAP_WRITE = 1 << 2,
    GPU_MAP_EXECUTE = 1 << 3,
    GPU_MAP_VRAM = 1 << 4, /* of a leaf; tables are always in RAM */
    GPU_MAP_LEAF = 1 << 5,
};
#define GPU_MAP_ADDRESS 0x0000fffffffff000ull

/* ---- commands: the kernel to the device ---- */

enum gpu_command_kind {
    GPU_COMMAND_NONE = 0,
    GPU_COMMAND_CONTEXT_CREATE = 1,  /* context */
    GPU_COMMAND_CONTEXT_DESTROY = 2, /* its queues are destroyed with it */
    GPU_COMMAND_CONTEXT_UPDATE = 3,  /* context: apertures and scratch may change while nothing runs */
    GPU_COMMAND_INVALIDATE = 4,      /* range: once done, no old translation of it is in use */
    GPU_COMMAND_QUEUE_CREATE = 5,    /* queue */
    GPU_COMMAND_QUEUE_UPDATE = 6,    /* queue: ring, its size, percent and priority */
    GPU_COMMAND_QUEUE_DESTROY = 7,   /* queue.number: once done, nothing of it runs or touches memory */
    GPU_COMMAND_CLEAR = 8,           /* clear: a piece of VRAM becomes zero */
    GPU_COMMAND_FAULT_REPLY = 9,     /* reply */
    GPU_COMMAND_CLOCK = 10,          /* words[0] becomes what the counter of timestamps shows */
};

enum {
    GPU_COMMAND_NOTIFY = 1 << 0, /* an interrupt once it is done */
};

/* Results, in an entry once command_head has passed it. */
enum gpu_result {
    GPU_RESULT_DONE = 0,
    GPU_RESULT_INVALID = 1,  /* makes no sense: a number out of range or in use, an unknown kind */
    GPU_RESULT_NO_SPACE = 2, /* the device has no room for it */
    GPU_RESULT_REFUSED = 3,  /* the engine has no such thing */
};

struct gpu_command_context {
    uint64_t map_table; /* physical address of the first level's page */
    /* Flat addresses from here on, in pieces of 4 GiB, are a work-group's local memory and a lane's scratch. */
    uint64_t local_base, scratch_base;
    uint64_t scratch_memory;            /* GPU address that scratch of PM4 dispatches lies at */
    uint64_t trap_handler, trap_memory; /* GPU addresses; 0: none */
};

enum gpu_queue_kind {
    GPU_QUEUE_AQL = 1, /* packets of 64 bytes [HSA runtime specification 1.1, 2.9] */
    GPU_QUEUE_PM4 = 2,
    GPU_QUEUE_SDMA = 3,
};

struct gpu_command_queue {
    uint32_t number;  /* below queue_max, not in use */
    uint16_t kind;    /* enum gpu_queue_kind */
    uint8_t percent;  /* 0 to 100 of its share; 0: it stands still */
    uint8_t priority; /* 0 to 15 */
    uint64_t ring;    /* GPU addresses; ring_bytes is a power of two from 1024 on */
    uint64_t read_pointer, write_pointer;
    uint32_t ring_bytes;
    uint32_t doorbell; /* offset in the context's doorbells; 8 bytes */
};

struct gpu_command_range {
    uint64_t address, bytes; /* multiples of 4096; the whole context: 0, 1 << address_bits */
};

struct gpu_command_clear {
    uint64_t offset, bytes; /* in VRAM; multiples of 4096 */
};

struct gpu_command_reply {
    uint64_t fault;    /* event.fault.number */
    uint32_t is_fixed; /* 1: the access is tried again. 0: the context's queues stop with an error */
};

struct gpu_command {
    uint32_t kind;  /* enum gpu_command_kind */
    uint32_t flags; /* GPU_COMMAND_NOTIFY */
    uint32_t context;
    uint32_t result; /* the device's: enum gpu_result */
    union {
        struct gpu_command_context create;
        struct gpu_command_queue queue;
        struct gpu_command_range range;
        struct gpu_command_clear clear;
        struct gpu_command_reply reply;
        uint64_t words[6];
    };
};
_Static_assert(sizeof(struct gpu_command) == 64, "on the wire");

/* ---- events: the device to the kernel ---- */

enum gpu_event_kind {
    GPU_EVENT_SIGNAL = 1,  /* signal: a program's number, see struct gpu_signals */
    GPU_EVENT_FAULT = 2,   /* fault: the access waits for GPU_COMMAND_FAULT_REPLY */
    GPU_EVENT_STOPPED = 3, /* stopped: a queue does nothing more until it is destroyed */
    GPU_EVENT_ARM = 4,     /* arm: the device would like to sleep */
};

enum gpu_access { GPU_ACCESS_READ = 1, GPU_ACCESS_WRITE = 2, GPU_ACCESS_EXECUTE = 3 };

enum gpu_fault {
    GPU_FAULT_ABSENT = 1,    /* no entry */
    GPU_FAULT_FORBIDDEN = 2, /* an entry without the access's bit */
    GPU_FAULT_BEYOND = 3,    /* an entry that names neither RAM nor VRAM, or an address too large */
};

/* Why a queue stopped. */
enum gpu_stop {
    GPU_STOP_FAULT = 1,       /* detail: the address */
    GPU_STOP_PACKET = 2,      /* a packet that the queue does not know or that is wrong; detail: its index */
    GPU_STOP_INSTRUCTION = 3, /* unknown or not allowed; detail: its address, words: what is there */
    GPU_STOP_TRAP = 4,        /* s_trap without a handler; detail: its address, words: its number */
    GPU_STOP_DISPATCH = 5, /* a dispatch that cannot be: too large, no scratch; detail: the packet's index */
    GPU_STOP_CONTEXT = 6,  /* another queue of the context failed */
};

struct gpu_event_signal {
    uint32_t number;     /* below GPU_SIGNALS_MAX */
    uint32_t known_bits; /* of it, the low ones: what code tells an interrupt is short. 0: all */
};

struct gpu_event_fault {
    uint64_t number; /* for the reply */
    uint64_t address;
    uint32_t queue;
    uint16_t access; /* enum gpu_access */
    uint16_t reason; /* enum gpu_fault */
};

struct gpu_event_stopped {
    uint32_t queue;
    uint32_t reason; /* enum gpu_stop */
    uint64_t detail;
    uint64_t words;
};

struct gpu_event_arm {
    uint32_t request; /* registers.arm_request */
};

struct gpu_event {
    uint32_t kind; /* enum gpu_event_kind */
    uint32_t context;
    union {
        struct gpu_event_signal signal;
        struct gpu_event_fault fault;
        struct gpu_event_stopped stopped;
        struct gpu_event_arm arm;
        uint64_t words[3];
    };
};
_Static_assert(sizeof(struct gpu_event) == 32, "on the wire");
