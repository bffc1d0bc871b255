/* SPDX-License-Identifier: Apache-2.0 */
/* The back end with a device that is played here: one that does what it should, and some that lie, hang or die. It runs
 * while somebody waits for it, on the same stack. */
#include "gpu/paravirt/paravirt.h"

#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "gpu/memory.h"
#include "gpu/paravirt/paravirt_internal.h"
#include "gpu/queue.h"
#include "mm/direct_map.h"
#include "mm/heap.h"
#include "mm/kernel_map.h"
#include "sched/thread.h"
#include "tests/fakes/fake_heap.h"
#include "tests/fakes/fake_log.h"
#include "tests/fakes/fake_wait.h"
#include "tests/harness/test.h"

enum { COMMANDS = 8, EVENTS = 8, WINDOW_BYTES = 16 << 20, VRAM_AT = 8 << 20 };

static uint8_t *window;
static struct gpu_registers *registers;
static struct gpu_link link_;
static struct paravirt *p;
static struct {
    uint32_t done, work_kicks, reset_kicks;
    enum gpu_command_kind last;
    uint32_t result;       /* of all commands */
    bool is_deaf;          /* nobody hears a reset */
    bool is_dead, is_hung; /* it does nothing any more; only a reset ends that */
    bool resets_by_itself; /* the supervisor starts an engine anew when it was asked to */
    uint64_t head_lie;
} fake;
static struct {
    uint32_t signals, faults, stops, idles, losses, last_signal;
} told;

/* ---- the kernel around it ---- */

err_t kernel_map_mmio(paddr_t base, uint64_t bytes, uint32_t type, volatile void **out)
{
    (void)bytes, (void)type;
    *out = direct_map(base);
    return OK;
}
static struct thread *the_thread = (struct thread *)&link_; /* never looked into */
struct thread *thread_create_stopped(const char *name, void (*entry)(void *), void *argument)
{
    (void)name, (void)entry, (void)argument;
    return the_thread;
}
void thread_start(struct thread *thread) { (void)thread; }
void thread_detach(struct thread *thread) { (void)thread; }
void thread_destroy_stopped(struct thread *thread) { (void)thread; }
void thread_yield(void) {}
void thread_sleep_until_ns(uint64_t deadline_ns) { fake_wait_now_ns = deadline_ns; }
err_t gpu_device_add(struct gpu_device *device)
{
    (void)device;
    return OK;
}
static void tell(struct gpu_event event);
static bool tells_on; /* something new for each signal that is taken */
static const struct gpu_event short_signal = { .kind = GPU_EVENT_SIGNAL, .signal = { .known_bits = 8 } };
void gpu_tell_signal(struct gpu_device *device, uint32_t context, const struct gpu_event_signal *signal)
{
    (void)device, (void)context;
    told.signals++;
    told.last_signal = signal->number;
    if (tells_on) tell(short_signal);
}
void gpu_tell_fault(struct gpu_device *device, uint32_t number, const struct gpu_event_fault *fault)
{
    struct paravirt_context c = { .generation = p->generation };
    struct gpu_context context = { .device = device, .number = number, .backend_data = &c };
    told.faults++;
    device->backend->fault_reply(&context, fault->number, true);
}
void gpu_tell_stopped(struct gpu_device *device, uint32_t context, const struct gpu_event_stopped *why)
{
    (void)device, (void)context, (void)why;
    told.stops++;
}
static bool rings_meanwhile;
void gpu_tell_idle(struct gpu_device *device)
{
    told.idles++;
    if (rings_meanwhile) device->backend->wake(device);
}
void gpu_tell_lost(struct gpu_device *device)
{
    (void)device;
    told.losses++;
}

/* ---- the device ---- */

static void interrupt(enum gpu_interrupt what)
{
    if (link_.interrupt) link_.interrupt(&link_, what);
}

static void begin(uint32_t generation)
{
    memset(window, 0, VRAM_AT);
    *registers = (struct gpu_registers){ .magic = GPU_MAGIC,
                                         .version_major = GPU_VERSION_MAJOR,
                                         .window_bytes = WINDOW_BYTES,
                                         .commands = { 0x1000, 0x1000 },
                                         .events = { 0x2000, 0x1000 },
                                         .doorbells = { 0x4000, 0x8000 },
                                         .signals = { 0xc000, 0x1000 },
                                         .vram = { VRAM_AT, WINDOW_BYTES - VRAM_AT },
                                         .command_count = COMMANDS,
                                         .event_count = EVENTS,
                                         .context_max = 4,
                                         .queue_max = 8,
                                         .doorbell_bytes = 0x2000,
                                         .address_bits = 47,
                                         .identity = { .name = "test" },
                                         .state = GPU_STATE_READY,
                                         .generation = generation,
                                         .is_sleeping = 1 };
}

static void do_commands(void)
{
    if (fake.is_dead || fake.is_hung) return;
    struct gpu_command *ring = (struct gpu_command *)(window + 0x1000);
    uint32_t notify = 0;
    while (registers->command_head != registers->command_tail) {
        struct gpu_command *command = &ring[registers->command_head % COMMANDS];
        fake.last = command->kind;
        command->result = fake.result;
        if (command->kind == GPU_COMMAND_CLOCK) command->words[0] = 12345;
        notify |= command->flags;
        fake.done++;
        registers->command_head++;
    }
    registers->command_head += fake.head_lie;
    if (notify) interrupt(GPU_INTERRUPT_EVENTS);
}

static void supervise(void)
{
    if (fake.resets_by_itself && registers->reset_request == registers->generation) {
        fake.is_dead = fake.is_hung = false;
        fake.head_lie = 0;
        begin(registers->generation + 1);
        if (p) interrupt(GPU_INTERRUPT_STATE);
    }
}

static void run_device(void)
{
    supervise();
    do_commands();
    paravirt_pass_news(p);
}

static void tell(struct gpu_event event)
{
    struct gpu_event *ring = (struct gpu_event *)(window + 0x2000);
    ring[registers->event_tail++ % EVENTS] = event;
}

/* Perhaps with a lock held by the caller: then the device runs when that sleeps. */
static bool kick_runs_supervisor;
static void kick(struct gpu_link *link, enum gpu_kick what)
{
    (void)link;
    if (what == GPU_KICK_WORK) fake.work_kicks++;
    if (what != GPU_KICK_RESET) return;
    fake.reset_kicks++;
    if (fake.is_deaf) return;
    fake_wait_meanwhile = run_device;
    if (kick_runs_supervisor) supervise();
}

static void start(void)
{
    kick_runs_supervisor = false;
    memset(&fake, 0, sizeof(fake));
    memset(&told, 0, sizeof(told));
    rings_meanwhile = tells_on = false;
    fake_wait_meanwhile = run_device;
    window = aligned_alloc(PAGE_BYTES, WINDOW_BYTES);
    registers = (struct gpu_registers *)window;
    begin(1);
    link_ = (struct gpu_link){ "test", direct_map_to_paddr(window), WINDOW_BYTES, kick, NULL, NULL };
    EXPECT_OK(paravirt_attach(&link_));
    p = link_.owner;
}

static void stop(void)
{
    heap_free(p);
    free(window);
    EXPECT_EQ(fake_heap_blocks(), 0);
    EXPECT_EQ(fake_heap_frames(), 0);
}

static err_t clear(void) { return p->device.backend->clear(&p->device, 0, PAGE_BYTES); }

/* ---- tests ---- */

TEST(a_command_is_done_when_it_returns_and_says_how_it_went)
{
    uint64_t now;
    start();
    for (int i = 0; i < 3 * COMMANDS; i++) EXPECT_OK(clear());
    EXPECT(fake.done == 3 * COMMANDS && fake.last == GPU_COMMAND_CLEAR && fake.work_kicks == 3 * COMMANDS);
    EXPECT_OK(p->device.backend->read_clock(&p->device, &now));
    EXPECT_EQ(now, 12345);
    fake.result = GPU_RESULT_NO_SPACE;
    EXPECT(clear().code == ERR_NO_SPACE.code);
    fake.result = 77;
    EXPECT(clear().code == ERR_INVALID.code);
    stop();
}

TEST(a_device_that_is_awake_is_not_kicked)
{
    start();
    registers->is_sleeping = 0;
    EXPECT_OK(clear());
    EXPECT_EQ(fake.work_kicks, 0);
    stop();
}

TEST(what_is_unmapped_is_out_of_use_when_that_returns_and_what_was_not_mapped_costs_nothing)
{
    struct gpu_context context = { .device = &p->device, .number = 1 };
    struct gpu_piece piece = { true, 0, HUGE_BYTES };
    start();
    context.device = &p->device;
    const struct gpu_backend *backend = p->device.backend;
    EXPECT_OK(backend->context_create(&context));
    EXPECT_OK(backend->map(&context, GPU_VA(HUGE_BYTES), &piece, GPU_READABLE));
    uint32_t before = fake.done;
    backend->unmap(&context, GPU_VA(0), HUGE_BYTES);
    EXPECT_EQ(fake.done, before);
    backend->unmap(&context, GPU_VA(HUGE_BYTES), PAGE_BYTES);
    EXPECT(fake.done == before + 1 && fake.last == GPU_COMMAND_INVALIDATE);
    backend->context_stop(&context);
    EXPECT(fake.last == GPU_COMMAND_CONTEXT_DESTROY);
    backend->context_free(&context);
    stop();
}

static struct gpu_signals *signals_of(uint32_t context)
{
    return (struct gpu_signals *)(window + registers->signals.offset) + context;
}

TEST(a_signal_that_somebody_has_taken_is_not_passed_on_and_one_out_of_range_is_none)
{
    start();
    struct gpu_context context = { .device = &p->device, .number = 1 };
    const struct gpu_backend *backend = p->device.backend;
    signals_of(1)->raised[3] = 1ull << 9 | 1ull << 10;
    EXPECT(backend->take_signal(&context, 3 * 64 + 9));
    EXPECT(!backend->take_signal(&context, 3 * 64 + 9));
    for (uint32_t number = 3 * 64 + 9; number <= 3 * 64 + 10; number++)
        tell((struct gpu_event){ .kind = GPU_EVENT_SIGNAL, .context = 1, .signal = { .number = number } });
    tell((struct gpu_event){ .kind = GPU_EVENT_SIGNAL, .context = 4, .signal = { .number = 1 } });
    tell((struct gpu_event){ .kind = GPU_EVENT_SIGNAL, .signal = { .number = GPU_SIGNALS_MAX } });
    tell((struct gpu_event){ .kind = GPU_EVENT_SIGNAL, .signal = { .number = 3, .known_bits = 8 } });
    interrupt(GPU_INTERRUPT_EVENTS);
    EXPECT_EQ(told.signals, 2);
    EXPECT_EQ(registers->event_head, 5);
    backend->await_signal(&context, 65, true);
    backend->await_signal(&context, 66, true);
    backend->await_signal(&context, 65, false);
    EXPECT_EQ(signals_of(1)->awaited[1], 4);
    signals_of(1)->raised[5] = 1;
    EXPECT_OK(backend->context_create(&context)); /* and begins with none of them */
    EXPECT(!signals_of(1)->raised[5] && !signals_of(1)->awaited[1]);
    backend->context_stop(&context);
    backend->context_free(&context);
    stop();
}

TEST(a_map_that_fails_is_forgotten_by_the_device_which_may_have_used_its_beginning)
{
    struct gpu_context context = { .number = 1 };
    struct gpu_piece piece = { true, 0, 4ull * HUGE_BYTES };
    start();
    context.device = &p->device;
    const struct gpu_backend *backend = p->device.backend;
    EXPECT_OK(backend->context_create(&context));
    fake_heap_fail_at(5); /* three tables above, one with 511 pages, and no other */
    EXPECT(backend->map(&context, GPU_VA(PAGE_BYTES), &piece, GPU_READABLE).code == ERR_NO_MEMORY.code);
    fake_heap_fail_at(0);
    EXPECT_EQ(fake.last, GPU_COMMAND_INVALIDATE);
    backend->context_stop(&context);
    backend->context_free(&context);
    stop();
}

TEST(signals_are_passed_on_by_the_interrupt_and_the_rest_by_the_thread_in_order)
{
    start();
    for (uint32_t number = 5; number <= 7; number++) signals_of(0)->raised[0] |= 1u << number;
    tell((struct gpu_event){ .kind = GPU_EVENT_SIGNAL, .signal = { .number = 5 } });
    tell((struct gpu_event){ .kind = GPU_EVENT_SIGNAL, .signal = { .number = 6 } });
    tell((struct gpu_event){ .kind = GPU_EVENT_FAULT, .fault = { .number = 9 } });
    tell((struct gpu_event){ .kind = GPU_EVENT_SIGNAL, .signal = { .number = 7 } });
    tell((struct gpu_event){ .kind = 99 });
    tell((struct gpu_event){ .kind = GPU_EVENT_STOPPED });
    interrupt(GPU_INTERRUPT_EVENTS);
    EXPECT(told.signals == 2 && told.last_signal == 6 && told.faults == 0 && p->has_news);
    paravirt_pass_news(p);
    EXPECT(told.signals == 3 && told.last_signal == 7 && told.faults == 1 && told.stops == 1);
    EXPECT_EQ(registers->event_head, 6);
    do_commands();
    EXPECT_EQ(fake.last, GPU_COMMAND_FAULT_REPLY);
    for (int i = 0; i < 100; i++) interrupt(GPU_INTERRUPT_EVENTS); /* of nothing */
    EXPECT_EQ(told.signals, 3);
    stop();
}

TEST(a_device_that_never_stops_telling_keeps_neither_an_interrupt_nor_the_thread_for_ever)
{
    start();
    tells_on = true;
    tell(short_signal);
    interrupt(GPU_INTERRUPT_EVENTS);
    EXPECT(told.signals == EVENTS && p->has_news);
    p->has_news = false;
    paravirt_pass_news(p);
    EXPECT(told.signals == 2 * EVENTS && p->has_news);
    tells_on = p->has_news = false;
    paravirt_pass_news(p);
    EXPECT(told.signals == 2 * EVENTS + 1 && !p->has_news);
    stop();
}

TEST(events_that_nobody_knows_do_not_fill_the_log)
{
    start();
    uint64_t before = fake_log_lines;
    for (int i = 0; i < 1000; i++) {
        tell((struct gpu_event){ .kind = 99 });
        paravirt_pass_news(p);
    }
    EXPECT_EQ(fake_log_lines - before, 10);
    stop();
}

/* The interrupt wakes no thread for it, but a timer does. */
static void ask_to_sleep(uint32_t request)
{
    uint32_t idles = told.idles;
    tell((struct gpu_event){ .kind = GPU_EVENT_ARM, .arm = { request } });
    interrupt(GPU_INTERRUPT_EVENTS);
    EXPECT(!p->has_news && registers->event_head == registers->event_tail);
    paravirt_pass_news(p);
    EXPECT_EQ(told.idles, idles);
    fake_wait_fire_timer();
    EXPECT(p->has_news);
    p->has_news = false;
    paravirt_pass_news(p);
}

TEST(a_device_may_sleep_when_no_program_rings_and_not_when_one_did_meanwhile)
{
    start();
    ask_to_sleep(3);
    EXPECT(told.idles == 1 && registers->armed == 3 && fake.work_kicks == 1);
    p->device.backend->wake(&p->device);
    EXPECT(registers->armed == 0 && fake.work_kicks == 2);
    rings_meanwhile = true;
    ask_to_sleep(4);
    EXPECT(told.idles == 2 && registers->armed == 0);
    stop();
}

TEST(a_device_that_claims_commands_or_events_there_were_not_is_reset)
{
    start();
    fake.resets_by_itself = true;
    fake.head_lie = 1000;
    EXPECT(clear().code == ERR_NO_DEVICE.code);
    EXPECT(fake.reset_kicks == 1 && told.losses == 1);
    EXPECT_OK(p->device.backend->reset(&p->device));
    EXPECT_OK(clear());
    registers->event_tail += EVENTS + 1;
    interrupt(GPU_INTERRUPT_EVENTS);
    EXPECT(fake.reset_kicks == 2 && told.signals == 0);
    EXPECT(clear().code == ERR_NO_DEVICE.code);
    EXPECT_OK(p->device.backend->reset(&p->device));
    EXPECT_OK(clear());
    stop();
}

TEST(a_device_that_hangs_is_reset_once_and_comes_back)
{
    start();
    fake.resets_by_itself = fake.is_hung = true;
    fake_wait_meanwhile = NULL; /* time passes */
    EXPECT(clear().code == ERR_NO_DEVICE.code);
    EXPECT(fake.reset_kicks == 1 && told.losses == 1 && p->is_down);
    EXPECT(clear().code == ERR_NO_DEVICE.code);
    EXPECT_OK(p->device.backend->reset(&p->device));
    EXPECT_OK(clear());
    EXPECT_EQ(p->generation, 2);
    stop();
}

/* What the timer does, a second later. */
static void watch(void)
{
    fake_wait_now_ns += CONFIG_GPU_WATCH_MS * 1000000ull;
    paravirt_watch(&p->watch);
    do_commands();
}

TEST(a_device_that_hangs_while_a_program_waits_for_a_packet_is_found_out_by_questions)
{
    start();
    p->device.backend->wake(&p->device);
    for (int i = 0; i < 20; i++) watch();
    EXPECT(fake.done == 20 && fake.last == GPU_COMMAND_CLOCK && fake.reset_kicks == 0);
    fake.is_hung = true;
    for (int i = 0; i < 5; i++) watch();
    EXPECT_EQ(fake.reset_kicks, 0);
    for (int i = 0; i < 2; i++) watch();
    EXPECT(fake.reset_kicks == 1 && !p->is_down);
    fake.resets_by_itself = true;
    supervise();
    EXPECT(p->is_down);
    paravirt_pass_news(p);
    EXPECT_EQ(told.losses, 1);
    EXPECT_OK(p->device.backend->reset(&p->device));
    EXPECT_OK(clear());
    stop();
}

TEST(a_device_that_sleeps_is_asked_nothing)
{
    start();
    p->device.backend->wake(&p->device);
    ask_to_sleep(3);
    for (int i = 0; i < 3; i++) watch();
    EXPECT_EQ(fake.done, 0);
    p->device.backend->wake(&p->device);
    watch();
    EXPECT_EQ(fake.done, 1);
    stop();
}

TEST(a_device_that_does_not_even_obey_a_reset_is_given_up_and_taken_back_when_it_did)
{
    start();
    fake.is_hung = fake.is_deaf = true;
    fake_wait_meanwhile = NULL; /* time passes */
    EXPECT(clear().code == ERR_NO_DEVICE.code);
    EXPECT(fake.reset_kicks == 1 && p->is_down && p->is_given_up);
    paravirt_pass_news(p);
    EXPECT_EQ(told.losses, 1);
    uint64_t before = fake_wait_now_ns;
    EXPECT(p->device.backend->reset(&p->device).code == ERR_NO_DEVICE.code);
    EXPECT(fake_wait_now_ns - before < CONFIG_GPU_PATIENCE_MS * 1000000ull);
    fake.is_deaf = false;
    fake.resets_by_itself = true;
    supervise();
    EXPECT_OK(p->device.backend->reset(&p->device));
    fake_wait_meanwhile = run_device;
    EXPECT_OK(clear());
    stop();
}

TEST(a_device_that_lies_about_its_generation_is_reset_and_lost_only_then)
{
    start();
    registers->generation = 77;
    interrupt(GPU_INTERRUPT_STATE);
    EXPECT(fake.reset_kicks == 1 && registers->reset_request == 1 && !p->is_down);
    registers->generation = 1;
    fake.resets_by_itself = true;
    supervise();
    EXPECT(p->is_down);
    EXPECT_OK(p->device.backend->reset(&p->device));
    EXPECT_OK(clear());
    EXPECT_EQ(p->generation, 2);
    stop();
}

TEST(a_device_that_died_stays_lost_until_somebody_wants_it_back)
{
    start();
    fake.is_dead = true;
    registers->state = GPU_STATE_LOST;
    registers->failure = GPU_FAILURE_CRASHED;
    interrupt(GPU_INTERRUPT_STATE);
    EXPECT(p->has_news && told.losses == 0);
    paravirt_pass_news(p);
    paravirt_pass_news(p);
    EXPECT(told.losses == 1 && clear().code == ERR_NO_DEVICE.code);
    EXPECT(p->device.backend->reset(&p->device).code == ERR_NO_DEVICE.code); /* nobody starts it */
    fake.resets_by_itself = true;
    supervise();
    EXPECT_OK(p->device.backend->reset(&p->device));
    EXPECT_OK(clear());
    stop();
}

/* The thread passes nothing on meanwhile: it waits for a lock of whoever waits for the device. */
static void die(void)
{
    fake.is_dead = true;
    registers->state = GPU_STATE_LOST;
    interrupt(GPU_INTERRUPT_STATE);
}

static void die_silently(void)
{
    registers->state = GPU_STATE_LOST;
    fake_wait_meanwhile = NULL;
}

TEST(a_device_that_dies_ends_all_waits_though_the_thread_that_tells_its_news_is_busy)
{
    start();
    fake_wait_meanwhile = die;
    EXPECT(clear().code == ERR_NO_DEVICE.code);
    EXPECT(told.losses == 0 && p->has_news);
    paravirt_pass_news(p);
    paravirt_pass_news(p);
    EXPECT_EQ(told.losses, 1);
    stop();
}

TEST(a_device_whose_end_interrupts_nobody_ends_waits_when_patience_is_out)
{
    start();
    fake_wait_meanwhile = die_silently;
    EXPECT(clear().code == ERR_NO_DEVICE.code);
    EXPECT_EQ(fake.reset_kicks, 0);
    stop();
}

TEST(a_device_that_dies_again_before_anybody_wanted_it_back_still_comes_back)
{
    start();
    registers->state = GPU_STATE_LOST;
    registers->generation = 2; /* it was reset, and that engine has ended as well */
    interrupt(GPU_INTERRUPT_STATE);
    paravirt_pass_news(p);
    fake.resets_by_itself = kick_runs_supervisor = true;
    EXPECT_OK(p->device.backend->reset(&p->device));
    EXPECT_EQ(p->generation, 3);
    EXPECT_OK(clear());
    stop();
}

/* All of that passes before the waiter runs again. */
static void die_and_come_back(void)
{
    fake_wait_meanwhile = run_device;
    die();
    begin(registers->generation + 1);
    fake.is_dead = false;
    EXPECT_OK(p->device.backend->reset(&p->device));
}

TEST(a_waiter_that_slept_through_the_end_and_the_next_beginning_does_not_wait_for_the_next_engine)
{
    start();
    EXPECT_OK(clear());
    fake_wait_meanwhile = die_and_come_back;
    EXPECT(clear().code == ERR_NO_DEVICE.code);
    EXPECT(p->generation == 2 && list_is_empty(&p->waits) && fake.reset_kicks == 0);
    EXPECT_OK(clear());
    stop();
}

TEST(what_was_made_in_an_earlier_generation_is_no_business_of_the_next_one)
{
    struct gpu_context context = { .number = 1 };
    struct gpu_piece piece = { true, 0, HUGE_BYTES };
    start();
    context.device = &p->device;
    const struct gpu_backend *backend = p->device.backend;
    EXPECT_OK(backend->context_create(&context));
    EXPECT_OK(backend->map(&context, GPU_VA(0), &piece, GPU_READABLE));
    die_and_come_back();
    uint32_t before = fake.done;
    backend->unmap(&context, GPU_VA(0), PAGE_BYTES);
    EXPECT(backend->context_update(&context).code == ERR_NO_DEVICE.code);
    backend->context_stop(&context);
    EXPECT_EQ(fake.done, before);
    backend->context_free(&context);
    stop();
}

TEST(a_new_generation_that_is_met_before_its_interrupt_is_not_taken_for_a_lie)
{
    start();
    EXPECT_OK(clear());
    spin_lock(&p->done.lock);
    paravirt_ask_reset_locked(p);
    spin_unlock(&p->done.lock);
    begin(2); /* and the interrupt that says so is on its way */
    interrupt(GPU_INTERRUPT_EVENTS);
    EXPECT(fake.reset_kicks == 1 && told.losses == 0);
    interrupt(GPU_INTERRUPT_STATE);
    EXPECT(p->is_down && clear().code == ERR_NO_DEVICE.code);
    stop();
}

TEST(an_engine_that_says_it_is_the_next_one_is_ended_before_anybody_believes_that_it_has_ended)
{
    start();
    fake.resets_by_itself = true;
    registers->generation = 2;
    interrupt(GPU_INTERRUPT_STATE);
    EXPECT(!p->is_down && fake.reset_kicks == 1 && registers->reset_request == 1);
    stop();
}

TEST(a_device_that_another_kernel_has_used_begins_anew_first)
{
    start();
    heap_free(p);
    p = NULL;
    fake.resets_by_itself = true;
    registers->command_head = registers->command_tail = 5;
    kick_runs_supervisor = true;
    EXPECT_OK(paravirt_attach(&link_));
    p = link_.owner;
    EXPECT(fake.reset_kicks == 1 && p->generation == 2);
    EXPECT_OK(clear());
    stop();
}

TEST(a_device_that_describes_itself_wrongly_is_not_taken)
{
    static const struct {
        size_t offset;
        uint64_t value;
        uint8_t bytes;
    } wrongs[] = {
#define WRONG(field, value) { offsetof(struct gpu_registers, field), value, sizeof(registers->field) }
        WRONG(magic, 0),
        WRONG(version_major, GPU_VERSION_MAJOR + 1),
        WRONG(state, GPU_STATE_LOST),
        WRONG(command_count, 0),
        WRONG(command_count, 3),
        WRONG(command_count, 2 * GPU_RING_ENTRIES_MAX),
        WRONG(event_count, 1u << 31),
        WRONG(commands.offset, 0),
        WRONG(commands.bytes, 0),
        WRONG(events.offset, WINDOW_BYTES),
        WRONG(events.offset, 0ull - 0x1000),
        WRONG(doorbells.bytes, 0x1000),
        WRONG(doorbells.offset, 0x4001),
        WRONG(vram.bytes, WINDOW_BYTES),
        WRONG(vram.bytes, 0),
        WRONG(context_max, 0),
        WRONG(context_max, GPU_CONTEXTS_MAX + 1),
        WRONG(queue_max, UINT32_MAX),
        WRONG(doorbell_bytes, 8),
        WRONG(address_bits, 64),
    };
    for (size_t i = 0; i < ARRAY_LENGTH(wrongs); i++) {
        start();
        heap_free(p);
        memcpy((uint8_t *)registers + wrongs[i].offset, &wrongs[i].value, wrongs[i].bytes);
        EXPECT(paravirt_attach(&link_).code == ERR_NO_DEVICE.code);
        p = NULL;
        stop();
    }
}
