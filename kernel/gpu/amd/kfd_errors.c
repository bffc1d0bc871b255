/* SPDX-License-Identifier: Apache-2.0 */
/* What goes wrong on a GPU, as events that ROCm knows. It prints what a memory exception says and aborts the program. An
 * engine tells a queue's own errors, such as a bad packet, to the program directly, through the queue's signal. */
#include "core/log.h"
#include "gpu/amd/kfd.h"
#include "lib/string.h"
#include "process/process.h"

static struct kfd_binding *binding_of(struct gpu_owner *owner)
{
    return CONTAINER_OF(owner, struct kfd_binding, owner);
}

/* By the interrupt, once for each packet that somebody waits for. Code of the program's tells only the low bits of a
 * number: then all events that it may mean are raised, and who waits looks at the value that it waits for. */
static void on_signal(struct gpu_owner *owner, const struct gpu_event_signal *signal)
{
    struct kfd_events *events = &binding_of(owner)->process->events;
    uint32_t bits = signal->known_bits, step = bits && bits < 32 ? 1u << bits : GPU_SIGNALS_MAX;
    for (uint32_t id = signal->number; id < GPU_SIGNALS_MAX; id += step) kfd_event_signal(events, id);
}

static void on_fault(struct gpu_owner *owner, const struct gpu_event_fault *fault)
{
    struct kfd_binding *b = binding_of(owner);
    bool is_forbidden = fault->reason == GPU_FAULT_FORBIDDEN;
    struct linux_kfd_hsa_memory_exception_data data = {
        .failure = {
            .NotPresent = !is_forbidden,
            .ReadOnly = is_forbidden && fault->access == GPU_ACCESS_WRITE,
            .NoExecute = is_forbidden && fault->access == GPU_ACCESS_EXECUTE,
        },
        .va = align_down(fault->address, PAGE_BYTES),
        .gpu_id = b->gpu->id,
        .ErrorType = LINUX_KFD_MEM_ERR_NO_RAS,
    };
    if (!kfd_events_tell_memory(&b->process->events, &data))
        log_warning("kfd: GPU %u: memory access fault at %llx, and the program does not wait for one",
                    b->gpu->index, (unsigned long long)fault->address);
}

static void tell_hang(struct kfd_binding *b, bool is_device)
{
    struct linux_kfd_hsa_hw_exception_data data = {
        .reset_type =
            is_device ? LINUX_KFD_HW_EXCEPTION_WHOLE_GPU_RESET : LINUX_KFD_HW_EXCEPTION_PER_ENGINE_RESET,
        .reset_cause = LINUX_KFD_HW_EXCEPTION_GPU_HANG,
        .memory_lost = is_device,
        .gpu_id = b->gpu->id,
    };
    kfd_events_tell_hardware(&b->process->events, &data);
}

/* What a fault stops has been told by on_fault. */
static void on_stopped(struct gpu_owner *owner, const struct gpu_event_stopped *why)
{
    if (why->reason == GPU_STOP_FAULT || why->reason == GPU_STOP_CONTEXT) return;
    tell_hang(binding_of(owner), false);
}

static void on_lost(struct gpu_owner *owner)
{
    struct kfd_binding *b = binding_of(owner);
    struct linux_kfd_hsa_memory_exception_data data = {
        .failure = { .imprecise = 1 },
        .gpu_id = b->gpu->id,
        .ErrorType = LINUX_KFD_MEM_ERR_GPU_HANG,
    };
    tell_hang(b, true);
    kfd_events_tell_memory(&b->process->events, &data);
}

const struct gpu_owner kfd_owner = { on_signal, on_fault, on_stopped, on_lost };
