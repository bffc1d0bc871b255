/* SPDX-License-Identifier: Apache-2.0 */
/* Each attached line gets a vector of its own, so a handler is found by one array access.
 *
 * Locking: irq_lock guards attaching, which includes the I/O APICs' index registers. An interrupt
 * reads its slot without the lock: the slot is complete before its pin is opened. */
#include "core/irq.h"

#include "arch/cpu.h"
#include "arch/ioapic.h"
#include "arch/lapic.h"
#include "arch/pic.h"
#include "arch/trap.h"
#include "config.h"
#include "core/lock.h"
#include "core/log.h"

enum {
    IRQ_SLOTS = 64, /* vectors from VECTOR_IRQ_BASE */
    ISA_IRQS = 16,
    PIC_SPURIOUS_MASTER = 7,
    PIC_SPURIOUS_SLAVE = 15,
};
#define NO_LINE UINT32_MAX       /* of a message */
#define FREE    (UINT32_MAX - 1) /* of a message that was taken back */
_Static_assert(VECTOR_IRQ_BASE + IRQ_SLOTS <= VECTOR_TIMER, "device vectors end below the timer's");

struct irq_slot {
    irq_handler_t handler;
    void *context;
    uint64_t count;
    uint32_t gsi;
    bool is_running; /* atomic */
};

/* Where a line arrives and how it is driven. */
struct irq_line {
    uint32_t gsi;
    bool is_level, is_active_low;
};

static struct spinlock irq_lock = SPINLOCK_INIT;
static struct irq_slot slots[IRQ_SLOTS];
static uint32_t slot_count GUARDED_BY(irq_lock);
static struct ioapic ioapics[ACPI_IOAPICS_MAX]; /* fixed after init, as are the next two */
static uint32_t ioapic_count;
static const struct acpi_madt *irq_madt;
static uint32_t irq_lapic_id;   /* the boot CPU's: all lines lead to it. Fixed after init */
static uint64_t spurious_count; /* atomic */

static void handle_irq(struct trap_frame *frame)
{
    struct irq_slot *slot = &slots[frame->vector - VECTOR_IRQ_BASE];
    slot->count++;
    /* Before the handler is read: who takes it back sees either this, or nobody who has read it. */
    __atomic_store_n(&slot->is_running, true, __ATOMIC_SEQ_CST);
    __atomic_load_n(&slot->handler, __ATOMIC_SEQ_CST)(slot->context);
    __atomic_store_n(&slot->is_running, false, __ATOMIC_RELEASE);
    lapic_end_of_interrupt();
}

static void count_spurious(void *context)
{
    (void)context;
    __atomic_add_fetch(&spurious_count, 1, __ATOMIC_RELAXED);
}

/* Neither kind wants an end of interrupt. [intel-sdm3 11.9] [intel-8259a] */
static void handle_spurious(struct trap_frame *frame)
{
    (void)frame;
    count_spurious(NULL);
}

void irq_init(const struct acpi_madt *madt, struct mmio lapic, const struct mmio *ioapic_regs)
{
    irq_madt = madt;
    if (madt->has_pic || madt->why) pic_mask_all(VECTOR_PIC_BASE);
    trap_set_handler(VECTOR_PIC_BASE + PIC_SPURIOUS_MASTER, handle_spurious);
    trap_set_handler(VECTOR_PIC_BASE + PIC_SPURIOUS_SLAVE, handle_spurious);
    trap_set_handler(VECTOR_SPURIOUS, handle_spurious);

    err_t e = lapic_init(lapic, VECTOR_SPURIOUS);
    if (failed(e)) {
        log_error("irq: no interrupts at all: the local APIC is not mapped");
        return;
    }
    irq_lapic_id = lapic_id();
    if (madt->why) log_error("irq: no device interrupts: the ACPI table MADT: %s", madt->why);
    for (uint32_t i = 0; i < madt->ioapic_count; i++) {
        e = ioapic_init(&ioapics[ioapic_count], ioapic_regs[i], madt->ioapics[i].gsi_base);
        if (failed(e))
            log_error("irq: I/O APIC %u does not answer", (unsigned)madt->ioapics[i].id);
        else
            ioapic_count++;
    }
}

static struct irq_line line_of(uint32_t irq)
{
    if (irq >= ISA_IRQS) return (struct irq_line){ .gsi = irq, .is_level = true, .is_active_low = true };
    for (uint32_t i = 0; irq_madt && i < irq_madt->override_count; i++) {
        const struct acpi_override *o = &irq_madt->overrides[i];
        if (o->source == irq) return (struct irq_line){ o->gsi, o->is_level, o->is_active_low };
    }
    return (struct irq_line){ .gsi = irq };
}

static const struct ioapic *ioapic_of(uint32_t gsi)
{
    for (uint32_t i = 0; i < ioapic_count; i++) {
        if (gsi >= ioapics[i].gsi_base && gsi - ioapics[i].gsi_base < ioapics[i].pin_count)
            return &ioapics[i];
    }
    return NULL;
}

static struct irq_slot *slot_of_locked(uint32_t gsi) REQUIRES(irq_lock)
{
    for (uint32_t i = 0; i < slot_count; i++) {
        if (slots[i].gsi == gsi) return &slots[i];
    }
    return NULL;
}

static err_t attach_locked(const struct ioapic *io, struct irq_line line, irq_handler_t handler,
                           void *context) REQUIRES(irq_lock)
{
    if (slot_of_locked(line.gsi)) return ERR_BUSY;
    if (slot_count == IRQ_SLOTS) return ERR_NO_SPACE;

    uint8_t vector = (uint8_t)(VECTOR_IRQ_BASE + slot_count);
    slots[slot_count++] = (struct irq_slot){ .handler = handler, .context = context, .gsi = line.gsi };
    trap_set_handler(vector, handle_irq);
    ioapic_open(io, line.gsi - io->gsi_base,
                (struct ioapic_route){ .vector = vector,
                                       .lapic_id = (uint8_t)irq_lapic_id,
                                       .is_level = line.is_level,
                                       .is_active_low = line.is_active_low });
    return OK;
}

err_t irq_attach(uint32_t irq, irq_handler_t handler, void *context)
{
    struct irq_line line = line_of(irq);
    const struct ioapic *io = ioapic_of(line.gsi);
    if (!io) return ERR_NO_DEVICE;
    if (irq_lapic_id > UINT8_MAX) return ERR_NOT_SUPPORTED;

    spin_lock(&irq_lock);
    err_t e = attach_locked(io, line, handler, context);
    spin_unlock(&irq_lock);
    return e;
}

static err_t take_vector_locked(irq_handler_t handler, void *context, uint8_t *vector) REQUIRES(irq_lock)
{
    struct irq_slot *slot = slot_of_locked(FREE);
    if (!slot && slot_count == IRQ_SLOTS) return ERR_NO_SPACE;
    if (!slot) slot = &slots[slot_count++];
    slot->context = context;
    slot->gsi = NO_LINE;
    __atomic_store_n(&slot->handler, handler, __ATOMIC_RELEASE);
    *vector = (uint8_t)(VECTOR_IRQ_BASE + (slot - slots));
    trap_set_handler(*vector, handle_irq);
    return OK;
}

void irq_detach_message(uint8_t vector)
{
    struct irq_slot *slot = &slots[vector - VECTOR_IRQ_BASE];
    __atomic_store_n(&slot->handler, count_spurious, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&slot->is_running, __ATOMIC_SEQ_CST)) cpu_relax();
    spin_lock(&irq_lock);
    slot->gsi = FREE;
    spin_unlock(&irq_lock);
}

/* Physical destination, fixed delivery, edge. [intel-sdm3 11.11.1, 11.11.2] */
err_t irq_attach_message(uint32_t apic_id, irq_handler_t handler, void *context, struct irq_message *out)
{
    const uint64_t address_base = 0xfee00000;
    uint8_t vector;
    if (apic_id > UINT8_MAX || !lapic_is_ready()) return ERR_NOT_SUPPORTED;
    spin_lock(&irq_lock);
    err_t e = take_vector_locked(handler, context, &vector);
    spin_unlock(&irq_lock);
    if (failed(e)) return e;
    *out = (struct irq_message){ address_base | (uint64_t)apic_id << 12, vector };
    return OK;
}

uint64_t irq_count(uint32_t irq)
{
    spin_lock(&irq_lock);
    const struct irq_slot *slot = slot_of_locked(line_of(irq).gsi);
    uint64_t count = slot ? slot->count : 0;
    spin_unlock(&irq_lock);
    return count;
}

uint64_t irq_spurious_count(void) { return __atomic_load_n(&spurious_count, __ATOMIC_RELAXED); }
