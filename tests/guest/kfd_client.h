/* SPDX-License-Identifier: Apache-2.0 */
/* /dev/kfd as a program without ROCm uses it: memory, events, AQL queues, and two kernels. The packets are those of HSA;
 * the device answers them. What is not as it should be is said, and counted. */
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "abi/linux/kfd.h"

enum {
    PAGE = 4096,
    RING_BYTES = 4096,
    DOORBELL_BYTES = 8192,
    EVENT_PAGE_BYTES = 32768,
    PACKET_BYTES = 64,
    FENCES = 2 << 9 | 2 << 11, /* of a packet's header: everybody sees it */
    DISPATCH_HEADER = 2 | FENCES,
    BARRIER_HEADER = 3 | FENCES, /* barrier-and */
};
#define FLAG(name) LINUX_KFD_IOC_ALLOC_MEM_FLAGS_##name

static int kfd, render;
static uint32_t gpu;
static unsigned checks, failures;

static inline void check(bool is_right, const char *what)
{
    checks++;
    if (is_right) return;
    failures++;
    printf("wrong: %s (errno %d)\n", what, errno);
}

/* The result, or a negated errno. */
static inline int request(uint32_t number, void *arguments, size_t bytes)
{
    int result = ioctl(kfd, 3u << 30 | (uint32_t)bytes << 16 | 'K' << 8 | number, arguments);
    return result < 0 ? -errno : result;
}
#define REQUEST(number, arguments) request((number), &(arguments), sizeof(arguments))

/* 0, or a negated errno. */
static inline int try_to_open_all(void)
{
    struct linux_kfd_process_device_apertures apertures[8];
    struct linux_kfd_get_process_apertures_new_args a = { (uint64_t)apertures, 8, 0 };
    kfd = open("/dev/kfd", O_RDWR | O_CLOEXEC);
    render = open("/dev/dri/renderD128", O_RDWR | O_CLOEXEC);
    if (kfd < 0 || render < 0) return -errno;
    int e = REQUEST(0x14, a);
    gpu = apertures[0].gpu_id;
    struct linux_kfd_acquire_vm_args vm = { (uint32_t)render, gpu };
    return e ? e : REQUEST(0x15, vm);
}

static inline void open_all(void) { check(try_to_open_all() == 0, "the GPU can be used"); }

static inline int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

static inline int status_of(pid_t pid)
{
    int status = -1;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    return status;
}

/* ---- memory ---- */

struct buffer {
    uint64_t handle, bytes, offset;
    uint8_t *at; /* of the program's, and the GPU's */
};

static inline int map_buffer(const struct buffer *b)
{
    struct linux_kfd_map_memory_to_gpu_args m = { b->handle, (uint64_t)&gpu, 1, 0 };
    return REQUEST(0x18, m);
}

/* At an address that is reserved first, as ROCm does; `backed` by the program's own pages for USERPTR. */
static inline bool make_buffer(struct buffer *b, uint32_t flags, uint64_t bytes)
{
    bool is_own = flags & FLAG(USERPTR);
    b->at =
        mmap(NULL, bytes, is_own ? PROT_READ | PROT_WRITE : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    b->bytes = bytes;
    struct linux_kfd_alloc_memory_of_gpu_args a = { (uint64_t)b->at, bytes, 0,
                                                    (uint64_t)b->at, gpu,   flags | FLAG(WRITABLE) };
    if (REQUEST(0x16, a) != 0) return false;
    b->handle = a.handle;
    b->offset = a.mmap_offset;
    if (map_buffer(b) != 0) return false;
    if (is_own) return true;
    int fd = flags & (FLAG(DOORBELL) | FLAG(MMIO_REMAP)) ? kfd : render;
    return mmap(b->at, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, (off_t)b->offset) == b->at;
}

static inline int unmap_buffer(const struct buffer *b)
{
    struct linux_kfd_unmap_memory_from_gpu_args u = { b->handle, (uint64_t)&gpu, 1, 0 };
    return REQUEST(0x19, u);
}

static inline int free_buffer(const struct buffer *b, bool unmaps)
{
    struct linux_kfd_free_memory_of_gpu_args f = { b->handle };
    if (unmaps) check(unmap_buffer(b) == 0, "memory is unmapped");
    return REQUEST(0x17, f);
}

static inline uint64_t free_vram(void)
{
    struct linux_kfd_get_available_memory_args a = { .gpu_id = gpu };
    check(REQUEST(0x23, a) == 0, "free memory is told");
    return a.available;
}

static inline bool is_zero(const uint8_t *at, uint64_t bytes)
{
    return at[0] == 0 && !memcmp(at, at + 1, bytes - 1);
}

/* ---- events ---- */

static inline uint32_t make_event_of(uint64_t page, uint32_t type)
{
    struct linux_kfd_create_event_args a = {
        .event_page_offset = page,
        .event_type = type,
        .auto_reset = 1,
        .node_id = type == LINUX_KFD_IOC_EVENT_SIGNAL ? 0 : 1,
    };
    check(REQUEST(0x08, a) == 0, "an event");
    return a.event_id;
}

static inline uint32_t make_event(uint64_t page) { return make_event_of(page, LINUX_KFD_IOC_EVENT_SIGNAL); }

static inline int wait_for_some(struct linux_kfd_event_data *data, uint32_t count, uint32_t timeout_ms,
                                uint32_t *result)
{
    struct linux_kfd_wait_events_args a = { (uint64_t)data, count, 0, timeout_ms, 77 };
    int e = REQUEST(0x0c, a);
    *result = a.wait_result;
    return e;
}

static inline int wait_for(uint32_t event, uint32_t timeout_ms, uint32_t *result)
{
    struct linux_kfd_event_data data = { .event_id = event };
    return wait_for_some(&data, 1, timeout_ms, result);
}

/* ---- queues ---- */

struct amd_signal { /* [HSA runtime's amd_hsa_signal.h, as docs/kfd-clients.md tells it] */
    int64_t kind, value;
    uint64_t mailbox;
    uint32_t event, pad;
    uint64_t start, end, queue, reserved[2];
};

struct kernel_packet { /* [hsa-runtime 2.9.6] */
    uint16_t header, setup, group[3], reserved0;
    uint32_t grid[3], private_bytes, group_bytes;
    uint64_t kernel, arguments, reserved1, completion;
};

struct queue {
    struct buffer ring, pages, bell;
    volatile uint64_t *doorbell, *write_index;
    uint32_t id;
};

/* The bell is the process's, not the queue's. */
static inline bool make_bell(struct buffer *bell)
{
    return make_buffer(bell, FLAG(DOORBELL), DOORBELL_BYTES);
}

static inline bool make_queue_of(struct queue *q, uint32_t type)
{
    struct linux_kfd_create_queue_args a = {
        .ring_size = RING_BYTES,
        .gpu_id = gpu,
        .queue_type = type,
        .queue_percentage = 100,
        .queue_priority = 7,
    };
    if (!make_buffer(&q->ring, FLAG(USERPTR) | FLAG(COHERENT) | FLAG(EXECUTABLE), RING_BYTES)) return false;
    if (!make_buffer(&q->pages, FLAG(USERPTR) | FLAG(COHERENT), PAGE)) return false;
    if (!q->bell.at && !make_bell(&q->bell)) return false;
    for (unsigned i = 0; i < RING_BYTES; i += PACKET_BYTES) q->ring.at[i] = 1; /* not written yet */
    a.ring_base_address = (uint64_t)q->ring.at;
    a.write_pointer_address = (uint64_t)q->pages.at + 56;
    a.read_pointer_address = (uint64_t)q->pages.at + 128;
    if (REQUEST(0x02, a) != 0) return false;
    q->id = a.queue_id;
    q->write_index = (uint64_t *)(q->pages.at + 56);
    q->doorbell = (uint64_t *)(q->bell.at + (a.doorbell_offset & (DOORBELL_BYTES - 1)));
    return true;
}

static inline bool make_queue(struct queue *q)
{
    return make_queue_of(q, LINUX_KFD_IOC_QUEUE_TYPE_COMPUTE_AQL);
}

static inline int end_queue(const struct queue *q)
{
    struct linux_kfd_destroy_queue_args d = { q->id, 0 };
    return REQUEST(0x03, d);
}

static inline void put_packet(struct queue *q, const void *packet)
{
    uint64_t index = (*q->write_index)++;
    uint8_t *at = q->ring.at + index % (RING_BYTES / PACKET_BYTES) * PACKET_BYTES;
    memcpy(at + 2, (const uint8_t *)packet + 2, PACKET_BYTES - 2);
    __atomic_store_n((uint16_t *)at, *(const uint16_t *)packet, __ATOMIC_RELEASE);
    __atomic_store_n(q->doorbell, index, __ATOMIC_RELEASE);
}

/* A packet that does nothing but tell that it was there. */
static inline void submit(struct queue *q, struct amd_signal *completion)
{
    struct kernel_packet packet = { .header = BARRIER_HEADER, .completion = (uint64_t)completion };
    put_packet(q, &packet);
}

/* ---- kernels, for gfx900 ---- */

/* Begins at a multiple of 256 bytes. [llvm-amdgpu "Kernel Descriptor"] */
struct kernel {
    uint32_t group_bytes, private_bytes, argument_bytes, reserved0;
    uint64_t entry; /* from here */
    uint32_t reserved1[6], resources[2];
    uint16_t properties, reserved2[3 + 96];
    uint32_t code[64];
};
_Static_assert(offsetof(struct kernel, code) == 256, "code begins there");

/* store(uint32_t *at, uint32_t value): at[i] = value + i for each of 64 work-items */
static const uint32_t code_that_stores[] = {
    0xc0020082, 0x00000008, /* s_load_dword s2, s[4:5], 0x8 */
    0xc0060002, 0x00000000, /* s_load_dwordx2 s[0:1], s[4:5], 0x0 */
    0xbf8cc07f,             /* s_waitcnt lgkmcnt(0) */
    0x68020002,             /* v_add_u32 v1, s2, v0 */
    0x24000082,             /* v_lshlrev_b32 v0, 2, v0 */
    0xdc708000, 0x00000100, /* global_store_dword v0, v1, s[0:1] */
    0xbf8c0f70,             /* s_waitcnt vmcnt(0) */
    0xbf810000,             /* s_endpgm */
};
static const uint32_t code_that_never_ends[] = { 0xbf82ffff /* s_branch to itself */ };

struct store_arguments {
    uint64_t at;
    uint32_t value, pad;
};

static inline void make_kernel(struct kernel *k, const uint32_t *code, size_t bytes)
{
    *k = (struct kernel){ .argument_bytes = sizeof(struct store_arguments),
                          .entry = offsetof(struct kernel, code),
                          .resources = { 0x00af0040, 0x8c }, /* as clang has them for such kernels */
                          .properties = 9 };
    memcpy(k->code, code, bytes);
}

static inline void launch(struct queue *q, const struct kernel *kernel,
                          const struct store_arguments *arguments, struct amd_signal *completion)
{
    struct kernel_packet packet = { .header = DISPATCH_HEADER,
                                    .setup = 1,
                                    .group = { 64, 1, 1 },
                                    .grid = { 64, 1, 1 },
                                    .kernel = (uint64_t)kernel,
                                    .arguments = (uint64_t)arguments,
                                    .completion = (uint64_t)completion };
    put_packet(q, &packet);
}

/* ---- work: a process that waits for one kernel after the other, as ROCm does ---- */

enum { PATIENCE_MS = 30000, VALUES = 64 };

struct work {
    struct buffer events, memory;
    struct queue queue, endless_queue;
    uint32_t done, broken[2]; /* events: of packets; of memory and hardware that goes wrong */
};

/* What the GPU and the program share, in one buffer. */
struct work_memory {
    struct kernel store, endless;
    struct amd_signal signals[2];
    struct store_arguments arguments;
    uint32_t out[VALUES];
};

static inline struct work_memory *memory_of(const struct work *w)
{
    return (struct work_memory *)w->memory.at;
}

static inline bool begin_work(struct work *w)
{
    bool is_good = try_to_open_all() == 0 && make_buffer(&w->events, FLAG(GTT), EVENT_PAGE_BYTES) &&
                   make_queue(&w->queue) &&
                   make_buffer(&w->memory, FLAG(USERPTR) | FLAG(COHERENT) | FLAG(EXECUTABLE), 4 * PAGE);
    if (!is_good) return false;
    w->endless_queue.bell = w->queue.bell;
    if (!make_queue(&w->endless_queue)) return false;
    w->done = make_event(w->events.handle);
    w->broken[0] = make_event_of(0, LINUX_KFD_IOC_EVENT_MEMORY);
    w->broken[1] = make_event_of(0, LINUX_KFD_IOC_EVENT_HW_EXCEPTION);
    struct work_memory *m = memory_of(w);
    make_kernel(&m->store, code_that_stores, sizeof(code_that_stores));
    make_kernel(&m->endless, code_that_never_ends, sizeof(code_that_never_ends));
    m->signals[0] =
        (struct amd_signal){ .kind = 1, .mailbox = (uint64_t)w->events.at + w->done * 8, .event = w->done };
    return failures == 0;
}

static inline bool is_right(const struct work_memory *m, uint32_t value)
{
    for (uint32_t i = 0; i < VALUES; i++)
        if (m->out[i] != value + i) return false;
    return true;
}

/* Waits for a packet as ROCm does. False: what came was the end of the GPU, or nothing. */
static inline bool wait_for_packet(struct work *w)
{
    const volatile int64_t *value = &memory_of(w)->signals[0].value;
    int64_t end = now_ms() + PATIENCE_MS;
    while (*value && now_ms() < end) {
        uint32_t result;
        struct linux_kfd_event_data data[] = { { .event_id = w->done },
                                               { .event_id = w->broken[0] },
                                               { .event_id = w->broken[1] } };
        if (wait_for_some(data, 3, 1000, &result) != 0) return false;
        if (data[1].memory_exception_data.ErrorType || data[2].hw_exception_data.memory_lost) return false;
    }
    check(*value == 0, "a packet is done, or somebody says why not");
    return *value == 0;
}

static inline bool store_once(struct work *w, uint32_t value)
{
    struct work_memory *m = memory_of(w);
    m->arguments = (struct store_arguments){ .at = (uint64_t)m->out, .value = value };
    m->signals[0].value = 1;
    launch(&w->queue, &m->store, &m->arguments, &m->signals[0]);
    if (!wait_for_packet(w)) return false;
    check(is_right(m, value), "what the GPU computed is right");
    return true;
}
