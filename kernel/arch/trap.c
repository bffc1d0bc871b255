/* SPDX-License-Identifier: Apache-2.0 */
#include "arch/trap.h"

#include "arch/percpu.h"
#include "config.h"

/* Interrupt gate: two words, because fields one at a time are slow to fill in. [intel-sdm3 6.14.1] */
#define GATE_INTERRUPT (0x8eull << 40) /* present, ring 0 only, interrupts off on entry */
#define GATE_USER      (0x60ull << 40) /* ring 3 may raise it with an instruction */
#define GATE_SELECTOR  ((uint64_t)SEGMENT_KERNEL_CODE << 16)
#define GATE_IST(n)    ((uint64_t)(n) << 32)

extern const uint8_t trap_stubs[VECTOR_COUNT][8];
extern const uint64_t trap_fixups[][2], trap_fixups_at_once[][2], trap_fixups_end[][2];
void trap_dispatch(struct trap_frame *frame);

static uint64_t idt[VECTOR_COUNT][2] ALIGNED(16);
static trap_handler_t handlers[VECTOR_COUNT];
static trap_handler_t unhandled_trap;

static void no_user_work(struct trap_frame *frame) { (void)frame; }
void (*trap_user_work)(struct trap_frame *frame) = no_user_work;

static bool not_resolved(uint64_t address, uint32_t error)
{
    (void)address, (void)error;
    return false;
}
bool (*trap_user_page_fault)(uint64_t address, uint32_t error) = not_resolved;

static void set_gate(uint8_t vector)
{
    uint64_t stub = (uint64_t)trap_stubs[vector];
    idt[vector][0] = (stub & 0xffff) | (stub & 0xffff0000) << 32 | GATE_SELECTOR | GATE_INTERRUPT;
    idt[vector][1] = stub >> 32;
}

void trap_init(trap_handler_t unhandled)
{
    unhandled_trap = unhandled;
    for (int vector = 0; vector < TRAP_COUNT; vector++) set_gate((uint8_t)vector);
    idt[TRAP_DOUBLE_FAULT][0] |= GATE_IST(1); /* the stacks of arch/segments.c, counted from 1 */
    idt[TRAP_NMI][0] |= GATE_IST(2);
    idt[TRAP_MACHINE_CHECK][0] |= GATE_IST(3);
    idt[TRAP_DEBUG][0] |= GATE_IST(4);
    idt[TRAP_BREAKPOINT][0] |= GATE_USER;
    idt[TRAP_OVERFLOW][0] |= GATE_USER;
    trap_init_other();
}

void trap_init_other(void)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } PACKED pointer = { sizeof(idt) - 1, (uint64_t)idt };
    __asm__ volatile("lidt %0" : : "m"(pointer) : "memory");
}

void trap_set_handler(uint8_t vector, trap_handler_t handler)
{
    handlers[vector] = handler;
    if (vector >= TRAP_COUNT) set_gate(vector);
}

trap_handler_t trap_get_handler(uint8_t vector) { return handlers[vector]; }

void trap_dispatch(struct trap_frame *frame)
{
    trap_handler_t handler = handlers[frame->vector];
    bool is_interrupt = CONFIG_DEBUG && frame->vector >= TRAP_COUNT;
    if (frame->vector >= TRAP_COUNT)
        percpu_count(CPU_INTERRUPTS);
    else
        percpu_count(CPU_FAULTS);
    if (is_interrupt) percpu()->interrupt_depth[0]++;
    (handler ? handler : unhandled_trap)(frame);
    if (is_interrupt) percpu()->interrupt_depth[0]--;
}

static uint64_t fixup_from(const uint64_t (*f)[2], uint64_t rip)
{
    for (; f < trap_fixups_end; f++)
        if ((*f)[0] == rip) return (*f)[1];
    return 0;
}

uint64_t trap_fixup(uint64_t rip) { return fixup_from(trap_fixups, rip); }
uint64_t trap_fixup_at_once(uint64_t rip) { return fixup_from(trap_fixups_at_once, rip); }
bool trap_continue_at_fixup(struct trap_frame *frame)
{
    uint64_t fixup = trap_is_from_user(frame) ? 0 : trap_fixup(frame->rip);
    if (fixup) frame->rip = fixup;
    return fixup;
}

const char *trap_name(uint64_t vector)
{
    static const char *const names[TRAP_COUNT] = {
        "divide error",
        "debug exception",
        "NMI",
        "breakpoint",
        "overflow",
        "bound range exceeded",
        "invalid opcode",
        "no FPU",
        "double fault",
        "coprocessor overrun",
        "invalid TSS",
        "segment not present",
        "stack fault",
        "general protection fault",
        "page fault",
        "reserved",
        "x87 error",
        "alignment check",
        "machine check",
        "SIMD error",
        "virtualization exception",
        "control protection",
    };
    if (vector >= TRAP_COUNT) return "interrupt";
    return names[vector] ? names[vector] : "reserved exception";
}
