/* SPDX-License-Identifier: Apache-2.0 */
/* A device that tells, answers and claims arbitrary things, in its rings and on its page. The input: what it does, one byte
 * each with what belongs to it; also while the kernel waits for it. Nothing of that reaches memory that it should not,
 * every wait ends, no lock stays held, and when an honest engine has followed, its answers count again. */
#include "gpu/paravirt/paravirt.h"

#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "gpu/memory.h"
#include "gpu/paravirt/paravirt_internal.h"
#include "mm/direct_map.h"
#include "mm/kernel_map.h"
#include "sched/thread.h"
#include "tests/fakes/fake_lock.h"
#include "tests/fakes/fake_wait.h"
#include "tests/harness/fuzz.h"
#include "tests/harness/test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
void test_fail(const char *file UNUSED, int line UNUSED, const char *format UNUSED, ...) { abort(); }

enum {
    COMMANDS = 8,
    EVENTS = 32,
    COMMANDS_AT = 0x1000,
    EVENTS_AT = 0x2000,
    SIGNALS_AT = 0xc000,
    WINDOW_BYTES = 4 << 20,
    VRAM_AT = 0x10000,
    CONTEXTS = 4,
};

static uint8_t *window;
static struct gpu_registers *registers;
static struct gpu_command *commands;
static struct gpu_event *events;
static struct gpu_link link_;
static struct paravirt *p;
static uint32_t generation; /* as the supervisor counts */
static bool is_reset_wanted, obeys;
static struct {
    const uint8_t *next, *end;
} input;

static uint8_t byte(void) { return input.next < input.end ? *input.next++ : 0; }

static void bytes(void *out, size_t count)
{
    size_t there = MIN(count, (size_t)(input.end - input.next));
    memset(out, 0, count);
    memcpy(out, input.next, there);
    input.next += there;
}

static uint64_t word(void)
{
    uint64_t value;
    bytes(&value, sizeof(value));
    return value;
}

/* ---- the kernel around it ---- */

err_t kernel_map_mmio(paddr_t base, uint64_t bytes_, uint32_t type, volatile void **out)
{
    (void)bytes_, (void)type;
    *out = direct_map(base);
    return OK;
}
struct thread *thread_create_stopped(const char *name, void (*entry)(void *), void *argument)
{
    (void)name, (void)entry, (void)argument;
    return (struct thread *)&link_; /* never looked into */
}
void thread_start(struct thread *thread) { (void)thread; }
void thread_detach(struct thread *thread) { (void)thread; }
void thread_destroy_stopped(struct thread *thread) { (void)thread; }
static void supervise(void);
void thread_sleep_until_ns(uint64_t deadline_ns)
{
    fake_wait_now_ns = deadline_ns;
    supervise();
}
void thread_yield(void) {}
err_t gpu_device_add(struct gpu_device *device UNUSED) { return OK; }

static void no_lock_is_held(void) { ASSERT(fake_lock_held_count() == 0); }

void gpu_tell_signal(struct gpu_device *device UNUSED, uint32_t context UNUSED,
                     const struct gpu_event_signal *signal UNUSED)
{
    fuzz_descriptors++;
}
void gpu_tell_fault(struct gpu_device *device, uint32_t number, const struct gpu_event_fault *fault)
{
    struct paravirt_context c = { .generation = p->generation };
    struct gpu_context context = { .device = device, .number = number, .backend_data = &c };
    no_lock_is_held();
    fuzz_descriptors++;
    if (number < CONTEXTS) device->backend->fault_reply(&context, fault->number, fault->number & 1);
}
void gpu_tell_stopped(struct gpu_device *device UNUSED, uint32_t context UNUSED,
                      const struct gpu_event_stopped *why UNUSED)
{
    no_lock_is_held();
    fuzz_descriptors++;
}
void gpu_tell_idle(struct gpu_device *device UNUSED)
{
    no_lock_is_held();
    fuzz_descriptors++;
}
void gpu_tell_lost(struct gpu_device *device UNUSED) { no_lock_is_held(); }

/* ---- the device ---- */

/* The supervisor, which does not lie. */
static void begin(void)
{
    generation++;
    memset(window + PAGE_BYTES, 0, VRAM_AT - PAGE_BYTES);
    *registers = (struct gpu_registers){ .magic = GPU_MAGIC,
                                         .version_major = GPU_VERSION_MAJOR,
                                         .window_bytes = WINDOW_BYTES,
                                         .commands = { COMMANDS_AT, PAGE_BYTES },
                                         .events = { EVENTS_AT, PAGE_BYTES },
                                         .doorbells = { 0x4000, 0x8000 },
                                         .signals = { SIGNALS_AT, PAGE_BYTES },
                                         .vram = { VRAM_AT, WINDOW_BYTES - VRAM_AT },
                                         .command_count = COMMANDS,
                                         .event_count = EVENTS,
                                         .context_max = CONTEXTS,
                                         .queue_max = 8,
                                         .doorbell_bytes = 0x2000,
                                         .address_bits = 47,
                                         .state = GPU_STATE_READY,
                                         .generation = generation };
}

static void interrupt(enum gpu_interrupt what)
{
    if (link_.interrupt) link_.interrupt(&link_, what);
}

static void supervise(void)
{
    int32_t ahead = (int32_t)(registers->reset_request - generation);
    if (!is_reset_wanted || !obeys || ahead < 0) return;
    is_reset_wanted = false;
    generation = registers->reset_request;
    begin();
    interrupt(GPU_INTERRUPT_STATE);
}

static void kick(struct gpu_link *link UNUSED, enum gpu_kick what)
{
    if (what == GPU_KICK_RESET) is_reset_wanted = true;
}

static void tell(void)
{
    struct gpu_event *event = &events[registers->event_tail % EVENTS];
    bytes(event, sizeof(*event));
    if (event->words[2] & 1) event->signal.number %= GPU_SIGNALS_MAX;
    event->kind %= 6;
    event->context %= CONTEXTS + 1;
    /* Some signals are told with the bit that they need. */
    uint32_t number = event->signal.number;
    if (event->kind == GPU_EVENT_SIGNAL && number < GPU_SIGNALS_MAX && event->context < CONTEXTS)
        ((struct gpu_signals *)(window + SIGNALS_AT))[event->context].raised[number / 64] |= 1ull
                                                                                             << number % 64;
    registers->event_tail++;
}

static void answer(void)
{
    struct gpu_command *command = &commands[registers->command_head % COMMANDS];
    if (registers->command_head == registers->command_tail) return;
    command->result = byte() % 6;
    command->words[0] = word();
    registers->command_head++;
    fuzz_descriptors++;
}

static void lie(void)
{
    switch (byte() % 10) {
    case 0: registers->event_tail += byte(); break;
    case 1: registers->event_tail = word(); break;
    case 2: registers->command_head += byte(); break;
    case 3: registers->command_head = word(); break;
    case 4: registers->state = byte() % 5; break;
    case 5: registers->generation = byte(); break;
    case 6: registers->failure = byte(); break;
    case 7: registers->armed = byte(); break;
    case 8: bytes(commands, sizeof(struct gpu_command) * COMMANDS); break;
    default: bytes(events, sizeof(struct gpu_event) * EVENTS); break;
    }
}

/* Also in the midst of a wait of the kernel's. */
static void act(void)
{
    if (input.next >= input.end) fake_wait_meanwhile = NULL; /* time passes */
    switch (byte() % 8) {
    case 0:
    case 1:
        for (uint32_t left = byte() % EVENTS; left; left--) tell();
        break;
    case 2:
    case 3: answer(); break;
    case 4: interrupt(GPU_INTERRUPT_EVENTS); break;
    case 5: interrupt(GPU_INTERRUPT_STATE); break;
    case 6: supervise(); break;
    default: lie(); break;
    }
}

/* ---- what the kernel does meanwhile ---- */

static void work(void)
{
    struct gpu_device *device = &p->device;
    uint64_t clock;
    err_t e = OK;
    switch (byte() % 8) {
    case 0: e = device->backend->clear(device, 0, PAGE_BYTES); break;
    case 1: e = device->backend->read_clock(device, &clock); break;
    case 2: device->backend->wake(device); break;
    case 3:
        if (timer_is_armed(&p->watch)) paravirt_watch(&p->watch);
        break;
    case 4: fake_wait_now_ns += byte() * 100000000ull; break;
    case 5: e = p->is_down ? device->backend->reset(device) : OK; break;
    default: paravirt_pass_news(p); break;
    }
    (void)e; /* whatever it is */
    no_lock_is_held();
}

/* An engine that does what it should. */
static void be_honest(void)
{
    supervise();
    while (registers->command_head != registers->command_tail) {
        commands[registers->command_head % COMMANDS].result = GPU_RESULT_DONE;
        registers->command_head++;
    }
    interrupt(GPU_INTERRUPT_EVENTS);
    interrupt(GPU_INTERRUPT_STATE);
}

/* The engine is ended from outside, and an honest one follows. */
static void come_to_an_end(void)
{
    input.next = input.end;
    obeys = true;
    registers->state = GPU_STATE_LOST;
    registers->generation = generation;
    interrupt(GPU_INTERRUPT_STATE);
    paravirt_pass_news(p);
    ASSERT(p->is_down);
    fake_wait_meanwhile = be_honest;
    /* One that was given up is not waited for, the first time. */
    if (failed(p->device.backend->reset(&p->device))) {
        supervise();
        ASSERT(!failed(p->device.backend->reset(&p->device)));
    }
    ASSERT(!failed(p->device.backend->clear(&p->device, 0, PAGE_BYTES)));
    no_lock_is_held();
}

static void make_device(void)
{
    window = aligned_alloc(PAGE_BYTES, WINDOW_BYTES);
    ASSERT(window);
    registers = (struct gpu_registers *)window;
    commands = (struct gpu_command *)(window + COMMANDS_AT);
    events = (struct gpu_event *)(window + EVENTS_AT);
    begin();
    link_ = (struct gpu_link){ "fuzz", direct_map_to_paddr(window), WINDOW_BYTES, kick, NULL, NULL };
    ASSERT(!failed(paravirt_attach(&link_)));
    p = link_.owner;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!p) make_device();
    input.next = data;
    input.end = data + size;
    obeys = byte() & 1;
    while (input.next < input.end) {
        fake_wait_meanwhile = act;
        if (byte() & 1)
            work();
        else
            act();
    }
    come_to_an_end();
    return 0;
}
