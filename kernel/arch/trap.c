/* SPDX-License-Identifier: Apache-2.0 */
#include "arch/trap.h"

#include "arch/percpu.h"

/* Interrupt gate. [intel-sdm3 6.14.1] */
struct idt_gate {
    uint16_t offset_low, selector;
    uint8_t ist, type;
    uint16_t offset_middle;
    uint32_t offset_high, reserved;
};
_Static_assert(sizeof(struct idt_gate) == 16, "fixed by the CPU");

enum {
    GATE_INTERRUPT = 0x8e,      /* present, ring 0 only, interrupts off on entry */
    GATE_INTERRUPT_USER = 0xee, /* INT3 and INTO are allowed in ring 3 */
};

extern const uint8_t trap_stubs[256][16];
extern const uint64_t trap_fixups[][2], trap_fixups_end[][2];
void trap_dispatch(struct trap_frame *frame);

static struct idt_gate idt[256] ALIGNED(16);
static trap_handler_t handlers[256];
static trap_handler_t unhandled_trap;

static void no_user_work(void) {}
void (*trap_user_work)(void) = no_user_work;

/* The stacks of arch/segments.c, counted from 1. */
static uint8_t ist_of(uint8_t vector)
{
    switch (vector) {
    case TRAP_DOUBLE_FAULT: return 1;
    case TRAP_NMI: return 2;
    case TRAP_MACHINE_CHECK: return 3;
    case TRAP_DEBUG: return 4;
    }
    return 0;
}

static void set_gate(uint8_t vector)
{
    uint64_t stub = (uint64_t)trap_stubs[vector];
    bool user_may = vector == TRAP_BREAKPOINT || vector == TRAP_OVERFLOW;
    idt[vector] = (struct idt_gate){
        .offset_low = (uint16_t)stub,
        .selector = SEGMENT_KERNEL_CODE,
        .ist = ist_of(vector),
        .type = user_may ? GATE_INTERRUPT_USER : GATE_INTERRUPT,
        .offset_middle = (uint16_t)(stub >> 16),
        .offset_high = (uint32_t)(stub >> 32),
    };
}

void trap_init(trap_handler_t unhandled)
{
    unhandled_trap = unhandled;
    for (int vector = 0; vector < TRAP_COUNT; vector++) set_gate((uint8_t)vector);
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
    (handler ? handler : unhandled_trap)(frame);
}

uint64_t trap_fixup(uint64_t rip)
{
    for (const uint64_t(*f)[2] = trap_fixups; f < trap_fixups_end; f++)
        if ((*f)[0] == rip) return (*f)[1];
    return 0;
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
