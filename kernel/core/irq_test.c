/* SPDX-License-Identifier: Apache-2.0 */
#include "core/irq.h"

#include "arch/features.h"
#include "arch/ioapic.h"
#include "arch/lapic.h"
#include "arch/lapic_regs.h"
#include "config.h"
#include "tests/fakes/fake_apic.h"
#include "tests/fakes/fake_bus.h"
#include "tests/fakes/fake_kernel.h"
#include "tests/harness/test.h"

#include <string.h>

/* core/irq.c is brought up once, as in the kernel, on a machine with two I/O APICs: pins 0..23 and
 * 24..47. Line 0 arrives at 2 as usual; 9 is level, active low; 5 is moved to the second one. */
static struct fake_ioapic first, second;
static struct fake_lapic lapic;
static struct fake_pic pics[2];
static struct mmio regs[2], lapic_regs;
static struct acpi_madt madt;

static void set_up(void)
{
    static bool is_done;
    if (is_done) return;
    is_done = true;
    fake_bus_reset();
    fake_kernel_reset();
    madt = (struct acpi_madt){
        .has_pic = true,
        .ioapic_count = 2,
        .ioapics = { { .gsi_base = 0, .id = 0 }, { .gsi_base = 24, .id = 1 } },
        .override_count = 3,
        .overrides = {
            { .source = 0, .gsi = 2 },
            { .source = 9, .gsi = 9, .is_active_low = true, .is_level = true },
            { .source = 5, .gsi = 30 },
        },
    };
    regs[0] = fake_ioapic_add(&first, 24);
    regs[1] = fake_ioapic_add(&second, 24);
    lapic_regs = fake_lapic_add(&lapic, 7);
    fake_pics_add(pics);
    irq_init(&madt, lapic_regs, regs);
}

static int calls;
static void *last_context;
static void handler(void *context)
{
    calls++;
    last_context = context;
}

static uint8_t vector_of(uint64_t entry) { return entry & 0xff; }

TEST(irq_init_shuts_the_8259s_and_moves_them_off_the_exceptions)
{
    set_up();
    EXPECT_EQ(pics[0].words[0], VECTOR_PIC_BASE);
    EXPECT_EQ(pics[1].words[0], VECTOR_PIC_BASE + 8);
    EXPECT_EQ(pics[0].words[3], 0xff);
    EXPECT_EQ(pics[1].words[3], 0xff);
}

TEST(irq_init_masks_every_pin_nobody_asked_for)
{
    set_up();
    for (int pin = 10; pin < 24; pin++) EXPECT(first.entries[pin] & 1 << 16);
    EXPECT(second.entries[23] & 1 << 16);
}

TEST(irq_init_switches_the_local_apic_on)
{
    set_up();
    EXPECT_EQ(lapic.registers[LAPIC_SVR / 4], 0x100 | VECTOR_SPURIOUS);
    EXPECT_EQ(lapic.registers[LAPIC_LVT_LINT0 / 4], LAPIC_LVT_MASKED);
    EXPECT_EQ(lapic.registers[LAPIC_LVT_LINT1 / 4], LAPIC_LVT_NMI);
    EXPECT_EQ(lapic_id(), 7);
}

TEST(irq_attach_routes_an_isa_line_as_edge_to_this_cpu)
{
    set_up();
    int context;
    EXPECT_OK(irq_attach(4, handler, &context));
    EXPECT_EQ(first.entries[4] >> 8, 7ull << 48);
    EXPECT(vector_of(first.entries[4]) >= VECTOR_IRQ_BASE);

    calls = 0;
    uint32_t ends = lapic.ends;
    EXPECT(fake_trap(vector_of(first.entries[4])));
    EXPECT_EQ(calls, 1);
    EXPECT(last_context == &context);
    EXPECT_EQ(lapic.ends, ends + 1);
    EXPECT_EQ(irq_count(4), 1);
}

TEST(irq_attach_obeys_the_overrides_of_the_madt)
{
    set_up();
    EXPECT_OK(irq_attach(0, handler, NULL));
    EXPECT(!(first.entries[2] & 1 << 16));
    EXPECT(first.entries[0] & 1 << 16);
    EXPECT_OK(irq_attach(9, handler, NULL));
    EXPECT(first.entries[9] & 1 << 13);
    EXPECT(first.entries[9] & 1 << 15);
    EXPECT_OK(irq_attach(5, handler, NULL));
    EXPECT(!(second.entries[6] & 1 << 16));
    EXPECT(first.entries[5] & 1 << 16);
}

TEST(irq_attach_takes_a_pci_line_as_level_and_active_low)
{
    set_up();
    EXPECT_OK(irq_attach(40, handler, NULL));
    EXPECT_EQ(second.entries[16] & ~0xffull, 7ull << 56 | 1 << 15 | 1 << 13);
}

TEST(irq_attach_refuses_a_line_that_somebody_has)
{
    set_up();
    EXPECT_OK(irq_attach(12, handler, NULL));
    EXPECT_ERR(irq_attach(12, handler, NULL), ERR_BUSY);
    /* GSI 30 is ISA line 5 by another name; attach it first where tests run in another order. */
    (void)irq_attach(5, handler, NULL).code;
    EXPECT_ERR(irq_attach(30, handler, NULL), ERR_BUSY);
}

TEST(irq_attach_refuses_a_line_that_leads_nowhere)
{
    set_up();
    EXPECT_ERR(irq_attach(48, handler, NULL), ERR_NO_DEVICE);
    EXPECT_ERR(irq_attach(UINT32_MAX, handler, NULL), ERR_NO_DEVICE);
}

TEST(irq_messages_have_an_address_for_the_cpu_and_a_vector_of_their_own)
{
    struct irq_message one, two;
    int mine;
    set_up();
    EXPECT_OK(irq_attach_message(5, handler, &mine, &one));
    EXPECT_OK(irq_attach_message(0, handler, NULL, &two));
    EXPECT_EQ(one.address, 0xfee05000);
    EXPECT_EQ(two.address, 0xfee00000);
    EXPECT(one.data != two.data && one.data >= VECTOR_IRQ_BASE && one.data < VECTOR_TIMER);
    calls = 0;
    EXPECT(fake_trap((uint8_t)one.data) && calls == 1 && last_context == &mine);
    EXPECT_ERR(irq_attach_message(256, handler, NULL, &one), ERR_NOT_SUPPORTED);
}

TEST(a_message_that_was_taken_back_calls_nobody_and_its_vector_is_given_out_again)
{
    struct irq_message message, again;
    int mine, yours;
    set_up();
    EXPECT_OK(irq_attach_message(5, handler, &mine, &message));
    irq_detach_message((uint8_t)message.data);
    uint64_t before = irq_spurious_count();
    calls = 0;
    EXPECT(fake_trap((uint8_t)message.data) && calls == 0);
    EXPECT_EQ(irq_spurious_count(), before + 1);
    EXPECT_OK(irq_attach_message(5, handler, &yours, &again));
    EXPECT_EQ(again.data, message.data);
    EXPECT(fake_trap((uint8_t)again.data) && calls == 1 && last_context == &yours);
}

TEST(irq_spurious_interrupts_are_counted_and_not_ended)
{
    set_up();
    uint32_t ends = lapic.ends;
    uint64_t before = irq_spurious_count();
    EXPECT(fake_trap(VECTOR_SPURIOUS));
    EXPECT(fake_trap(VECTOR_PIC_BASE + 7));
    EXPECT(fake_trap(VECTOR_PIC_BASE + 15));
    EXPECT_EQ(irq_spurious_count(), before + 3);
    EXPECT_EQ(lapic.ends, ends);
}

TEST(ioapic_init_finds_nothing_where_nothing_answers)
{
    set_up();
    static struct fake_ioapic absent;
    struct ioapic io;
    EXPECT_ERR(ioapic_init(&io, fake_ioapic_add(&absent, 0), 0), ERR_NO_DEVICE);
    EXPECT_ERR(ioapic_init(&io, (struct mmio){ 0 }, 0), ERR_NO_DEVICE);
}

TEST(lapic_init_refuses_to_write_to_registers_that_are_not_mapped)
{
    set_up();
    EXPECT_ERR(lapic_init((struct mmio){ 0 }, VECTOR_SPURIOUS), ERR_NO_DEVICE);
    EXPECT_EQ(lapic_id(), 7);
}

TEST(lapic_uses_msrs_where_firmware_switched_to_x2apic)
{
    set_up();
    uint64_t xapic_base = fake_msr(MSR_APIC_BASE);
    fake_msr_set(MSR_APIC_BASE, xapic_base | MSR_APIC_BASE_X2APIC);
    fake_msr_set(0x802, 300);
    EXPECT_OK(lapic_init((struct mmio){ 0 }, VECTOR_SPURIOUS));
    EXPECT(lapic_is_ready());
    EXPECT_EQ(fake_msr(0x80f), 0x100 | VECTOR_SPURIOUS);
    EXPECT_EQ(lapic_id(), 300);

    fake_msr_set(MSR_APIC_BASE, xapic_base);
    EXPECT_OK(lapic_init(lapic_regs, VECTOR_SPURIOUS));
    EXPECT_EQ(lapic_id(), 7);
}

TEST(lapic_becomes_an_x2apic_where_the_cpu_has_one_in_two_steps)
{
    set_up();
    uint64_t xapic_base = fake_msr(MSR_APIC_BASE);
    cpu_features.x2apic = true;
    fake_msr_set(MSR_APIC_BASE, xapic_base & ~MSR_APIC_BASE_ENABLE);
    EXPECT_OK(lapic_init((struct mmio){ 0 }, VECTOR_SPURIOUS));
    EXPECT_EQ(fake_msr(MSR_APIC_BASE), xapic_base | MSR_APIC_BASE_X2APIC);
    EXPECT_EQ(lapic_id_max(), UINT32_MAX - 1);
    cpu_features.x2apic = false;
    fake_msr_set(MSR_APIC_BASE, xapic_base);
    EXPECT_OK(lapic_init(lapic_regs, VECTOR_SPURIOUS));
}

TEST(lapic_sends_by_one_msr_write_as_an_x2apic_and_by_destination_and_command_otherwise)
{
    set_up();
    uint64_t xapic_base = fake_msr(MSR_APIC_BASE);
    fake_msr_set(MSR_APIC_BASE, xapic_base | MSR_APIC_BASE_X2APIC);
    EXPECT_OK(lapic_init(lapic_regs, VECTOR_SPURIOUS));
    lapic_send(300, 0x71);
    EXPECT_EQ(fake_msr(0x830), 300ull << 32 | 0x4071);
    lapic_send_startup(301, 1);
    EXPECT_EQ(fake_msr(0x830), 301ull << 32 | 0x4601);

    fake_msr_set(MSR_APIC_BASE, xapic_base);
    EXPECT_OK(lapic_init(lapic_regs, VECTOR_SPURIOUS));
    EXPECT_EQ(lapic_id_max(), 254);
    lapic_send_init(9);
    EXPECT_EQ(lapic.registers[LAPIC_ICR_HIGH / 4], 9u << 24);
    EXPECT_EQ(lapic.registers[LAPIC_ICR / 4], 0x4500);
    lapic_send_nmi(10);
    EXPECT_EQ(lapic.registers[LAPIC_ICR_HIGH / 4], 10u << 24);
    EXPECT_EQ(lapic.registers[LAPIC_ICR / 4], 0x4400);
}

TEST(lapic_timer_modes_program_what_the_manual_says)
{
    set_up();
    lapic_timer_use_one_shot(VECTOR_TIMER);
    lapic_timer_set_count(1000);
    EXPECT_EQ(lapic.registers[LAPIC_LVT_TIMER / 4], VECTOR_TIMER);
    EXPECT_EQ(lapic.registers[LAPIC_TIMER_DIVIDE / 4], 0x0b);
    EXPECT_EQ(lapic.registers[LAPIC_TIMER_INITIAL / 4], 1000);
    lapic_timer_use_deadline(VECTOR_TIMER);
    EXPECT_EQ(lapic.registers[LAPIC_LVT_TIMER / 4], 0x40000 | VECTOR_TIMER);
    EXPECT_EQ(fake_msr(MSR_TSC_DEADLINE), 0);
    lapic_timer_set_deadline(123456789);
    EXPECT_EQ(fake_msr(MSR_TSC_DEADLINE), 123456789);
}
