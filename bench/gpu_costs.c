/* SPDX-License-Identifier: Apache-2.0 */
/* What launches, copies and sleeping waits cost the machine: a client of Debian's HSA runtime, which marks stretches
 * of itself for tools/qemu_phases.c. Usage: gpu_costs KERNELS.hsaco (bench/gpu_costs.cl) */
#include <fcntl.h>
#include <hsa/hsa.h>
#include <hsa/hsa_ext_amd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LAUNCHES = 101,
    COPIES = 3,
    COPY_BYTES = 64 << 20,
    WAITS = 21,
    TURNS = 1 << 16, /* a few milliseconds: longer than the runtime polls before it sleeps */
};

/* Numbers of the stretches: tools/bench/gpu.py knows them by these. */
#define MARK(number) __asm__ volatile("nopl 0x636b0000 + %c0(%%rax)" : : "i"(number) : "memory")
enum { OUTSIDE, LAUNCH, PINNED_POLLED, PINNED_ASLEEP, REGISTER, OWN_POLLED, OWN_ASLEEP, WAIT };

static void check(hsa_status_t status, const char *what)
{
    const char *text = "unknown";
    if (status == HSA_STATUS_SUCCESS || status == HSA_STATUS_INFO_BREAK) return;
    hsa_status_string(status, &text);
    fprintf(stderr, "gpu_costs: %s: %s\n", what, text);
    exit(1);
}
#define CHECK(call) check(call, #call)

struct kernel {
    uint64_t object;
    uint32_t group_bytes, private_bytes;
};

static hsa_agent_t cpu, gpu;
static hsa_amd_memory_pool_t arguments_pool, host_pool, vram_pool;
static hsa_queue_t *queue;
static hsa_signal_t done;
static uint32_t *arguments;

static hsa_status_t find_agent(hsa_agent_t agent, void *context)
{
    (void)context;
    hsa_device_type_t type;
    CHECK(hsa_agent_get_info(agent, HSA_AGENT_INFO_DEVICE, &type));
    *(type == HSA_DEVICE_TYPE_GPU ? &gpu : &cpu) = agent;
    return HSA_STATUS_SUCCESS;
}

static hsa_status_t find_pool(hsa_amd_memory_pool_t pool, void *is_gpu)
{
    hsa_amd_segment_t segment;
    uint32_t flags;
    CHECK(hsa_amd_memory_pool_get_info(pool, HSA_AMD_MEMORY_POOL_INFO_SEGMENT, &segment));
    if (segment != HSA_AMD_SEGMENT_GLOBAL) return HSA_STATUS_SUCCESS;
    CHECK(hsa_amd_memory_pool_get_info(pool, HSA_AMD_MEMORY_POOL_INFO_GLOBAL_FLAGS, &flags));
    if (is_gpu)
        vram_pool = pool;
    else if (flags & HSA_AMD_MEMORY_POOL_GLOBAL_FLAG_KERNARG_INIT)
        arguments_pool = pool;
    else if (flags & HSA_AMD_MEMORY_POOL_GLOBAL_FLAG_COARSE_GRAINED)
        host_pool = pool;
    return HSA_STATUS_SUCCESS;
}

static struct kernel find_kernel(hsa_executable_t executable, const char *name)
{
    struct kernel k;
    hsa_executable_symbol_t symbol;
    CHECK(hsa_executable_get_symbol_by_name(executable, name, &gpu, &symbol));
    CHECK(hsa_executable_symbol_get_info(symbol, HSA_EXECUTABLE_SYMBOL_INFO_KERNEL_OBJECT, &k.object));
    CHECK(hsa_executable_symbol_get_info(symbol, HSA_EXECUTABLE_SYMBOL_INFO_KERNEL_GROUP_SEGMENT_SIZE,
                                         &k.group_bytes));
    CHECK(hsa_executable_symbol_get_info(symbol, HSA_EXECUTABLE_SYMBOL_INFO_KERNEL_PRIVATE_SEGMENT_SIZE,
                                         &k.private_bytes));
    return k;
}

static hsa_executable_t load(const char *path)
{
    hsa_code_object_reader_t reader;
    hsa_executable_t executable;
    int fd = open(path, O_RDONLY);
    if (fd < 0) {
        perror(path);
        exit(1);
    }
    CHECK(hsa_code_object_reader_create_from_file(fd, &reader));
    CHECK(hsa_executable_create_alt(HSA_PROFILE_FULL, HSA_DEFAULT_FLOAT_ROUNDING_MODE_DEFAULT, NULL,
                                    &executable));
    CHECK(hsa_executable_load_agent_code_object(executable, gpu, reader, NULL, NULL));
    CHECK(hsa_executable_freeze(executable, NULL));
    return executable;
}

static void *allocate(hsa_amd_memory_pool_t pool, size_t bytes)
{
    void *at;
    hsa_agent_t both[] = { cpu, gpu };
    CHECK(hsa_amd_memory_pool_allocate(pool, bytes, 0, &at));
    if (pool.handle != vram_pool.handle) CHECK(hsa_amd_agents_allow_access(2, both, NULL, at));
    return at;
}

/* One wave, by the packet and the doorbell alone. */
static void launch(const struct kernel *k)
{
    hsa_signal_store_relaxed(done, 1);
    uint64_t index = hsa_queue_add_write_index_relaxed(queue, 1);
    hsa_kernel_dispatch_packet_t *p =
        (hsa_kernel_dispatch_packet_t *)queue->base_address + (index & (queue->size - 1));
    *p = (hsa_kernel_dispatch_packet_t){
        .header = HSA_PACKET_TYPE_INVALID,
        .setup = 1 << HSA_KERNEL_DISPATCH_PACKET_SETUP_DIMENSIONS,
        .workgroup_size_x = 64,
        .workgroup_size_y = 1,
        .workgroup_size_z = 1,
        .grid_size_x = 64,
        .grid_size_y = 1,
        .grid_size_z = 1,
        .private_segment_size = k->private_bytes,
        .group_segment_size = k->group_bytes,
        .kernel_object = k->object,
        .kernarg_address = arguments,
        .completion_signal = done,
    };
    uint16_t header = HSA_PACKET_TYPE_KERNEL_DISPATCH << HSA_PACKET_HEADER_TYPE |
                      HSA_FENCE_SCOPE_SYSTEM << HSA_PACKET_HEADER_SCACQUIRE_FENCE_SCOPE |
                      HSA_FENCE_SCOPE_SYSTEM << HSA_PACKET_HEADER_SCRELEASE_FENCE_SCOPE;
    __atomic_store_n(&p->header, header, __ATOMIC_RELEASE);
    hsa_signal_store_screlease(queue->doorbell_signal, (hsa_signal_value_t)index);
}

static void wait_for(hsa_wait_state_t how)
{
    if (hsa_signal_wait_scacquire(done, HSA_SIGNAL_CONDITION_LT, 1, UINT64_MAX, how) == 0) return;
    fprintf(stderr, "gpu_costs: the device reports an error\n");
    exit(1);
}

static void count_launches(const struct kernel *nothing)
{
    for (int i = 0; i < LAUNCHES; i++) {
        MARK(LAUNCH);
        launch(nothing);
        wait_for(HSA_WAIT_STATE_ACTIVE);
        MARK(OUTSIDE);
    }
}

static void copy(void *to, const void *from, hsa_wait_state_t how)
{
    hsa_signal_store_relaxed(done, 1);
    CHECK(hsa_amd_memory_async_copy(to, gpu, from, cpu, COPY_BYTES, 0, NULL, done));
    wait_for(how);
}

/* That what arrived is what was sent. */
static void compare(const void *sent, const void *vram)
{
    static unsigned char *back;
    if (!back) back = allocate(host_pool, COPY_BYTES);
    memset(back, 0, COPY_BYTES);
    hsa_signal_store_relaxed(done, 1);
    CHECK(hsa_amd_memory_async_copy(back, cpu, vram, gpu, COPY_BYTES, 0, NULL, done));
    wait_for(HSA_WAIT_STATE_BLOCKED);
    if (memcmp(back, sent, COPY_BYTES) == 0) return;
    fprintf(stderr, "gpu_costs: a copy is not what was copied\n");
    exit(1);
}

static void count_copies(void)
{
    void *vram = allocate(vram_pool, COPY_BYTES), *seen;
    unsigned char *pinned = allocate(host_pool, COPY_BYTES), *own = malloc(COPY_BYTES);
    for (int i = 0; i < COPIES; i++) {
        memset(pinned, i + 1, COPY_BYTES);
        MARK(PINNED_POLLED);
        copy(vram, pinned, HSA_WAIT_STATE_ACTIVE);
        MARK(PINNED_ASLEEP);
        copy(vram, pinned, HSA_WAIT_STATE_BLOCKED);
        MARK(OUTSIDE);
        compare(pinned, vram);

        memset(own, i + 101, COPY_BYTES);
        MARK(REGISTER);
        CHECK(hsa_amd_memory_lock(own, COPY_BYTES, &gpu, 1, &seen));
        MARK(OWN_POLLED);
        copy(vram, seen, HSA_WAIT_STATE_ACTIVE);
        MARK(OWN_ASLEEP);
        copy(vram, seen, HSA_WAIT_STATE_BLOCKED);
        MARK(OUTSIDE);
        compare(own, vram);
        CHECK(hsa_amd_memory_unlock(own));
    }
}

static void count_waits(const struct kernel *take_turns)
{
    *arguments = TURNS;
    for (int i = 0; i < WAITS; i++) {
        MARK(WAIT);
        launch(take_turns);
        wait_for(HSA_WAIT_STATE_BLOCKED);
        MARK(OUTSIDE);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: gpu_costs KERNELS.hsaco\n", stderr);
        return 2;
    }
    CHECK(hsa_init());
    CHECK(hsa_iterate_agents(find_agent, NULL));
    CHECK(hsa_amd_agent_iterate_memory_pools(cpu, find_pool, NULL));
    CHECK(hsa_amd_agent_iterate_memory_pools(gpu, find_pool, &gpu));
    CHECK(hsa_queue_create(gpu, 1024, HSA_QUEUE_TYPE_SINGLE, NULL, NULL, UINT32_MAX, UINT32_MAX, &queue));
    CHECK(hsa_signal_create(1, 0, NULL, &done));
    arguments = allocate(arguments_pool, 4096);

    hsa_executable_t executable = load(argv[1]);
    struct kernel nothing = find_kernel(executable, "nothing.kd"),
                  take_turns = find_kernel(executable, "take_turns.kd");
    count_launches(&nothing);
    count_copies();
    count_waits(&take_turns);
    CHECK(hsa_queue_destroy(queue));
    CHECK(hsa_signal_destroy(done));
    CHECK(hsa_executable_destroy(executable));
    puts("done");
    CHECK(hsa_shut_down());
    return 0;
}
