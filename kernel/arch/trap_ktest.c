/* SPDX-License-Identifier: Apache-2.0 */
#include "arch/trap.h"

#include "arch/cpu.h"
#include "arch/features.h"
#include "arch/percpu.h"
#include "arch/usercopy.h"
#include "tests/harness/test.h"

static uint64_t seen_rip;
static void note_breakpoint(struct trap_frame *frame) { seen_rip = frame->rip; }

TEST(a_breakpoint_in_the_kernel_resumes_behind_it_with_all_registers)
{
    trap_handler_t before = trap_get_handler(TRAP_BREAKPOINT);
    trap_set_handler(TRAP_BREAKPOINT, note_breakpoint);
    uint64_t after, a = 1, b = 2, c = 3, d = 4;
    __asm__ volatile("int3\n1: leaq 1b(%%rip), %0" : "=r"(after), "+r"(a), "+r"(b), "+r"(c), "+r"(d));
    trap_set_handler(TRAP_BREAKPOINT, before);
    EXPECT_EQ(seen_rip, after);
    EXPECT(a == 1 && b == 2 && c == 3 && d == 4);
}

static uint64_t seen_rsp, seen_vector;
static void note_nmi(struct trap_frame *frame)
{
    seen_vector = frame->vector;
    seen_rsp = (uint64_t)frame;
}

TEST(an_nmi_runs_on_a_stack_of_its_own)
{
    trap_handler_t before = trap_get_handler(TRAP_NMI);
    trap_set_handler(TRAP_NMI, note_nmi);
    seen_vector = 0;
    __asm__ volatile("int $2" : : : "memory"); /* takes the gate and its IST as a real one would */
    trap_set_handler(TRAP_NMI, before);
    EXPECT_EQ(seen_vector, TRAP_NMI);
    uint64_t here = (uint64_t)__builtin_frame_address(0);
    EXPECT(seen_rsp > here ? seen_rsp - here > 65536 : here - seen_rsp > 65536);
}

static struct percpu *seen_percpu;
static void note_percpu(struct trap_frame *frame)
{
    (void)frame;
    seen_percpu = percpu();
}

/* As between SYSCALL and SWAPGS: ring 0, the program's GS and the program's stack pointer. */
TEST(a_careful_trap_finds_its_own_data_whatever_gs_and_rsp_hold_and_puts_them_back)
{
    const uint64_t bases[] = { 0, 1, 0x7fffffffffff, 0xffff800000000000, UINT64_MAX };
    const uint32_t msr_gs_base = 0xc0000101;
    trap_handler_t before = trap_get_handler(TRAP_NMI);
    trap_set_handler(TRAP_NMI, note_percpu);
    for (size_t i = 0; i < ARRAY_LENGTH(bases); i++) {
        uint64_t parked = user_gs_base_read(), after_low, after_high, rsp = 0x800000000000;
        seen_percpu = NULL;
        interrupts_off();
        user_gs_base_write(bases[i]);
        __asm__ volatile("swapgs\n xchg %%rsp, %2\n int $2\n xchg %%rsp, %2\n rdmsr\n swapgs"
                         : "=a"(after_low), "=d"(after_high), "+r"(rsp)
                         : "c"(msr_gs_base)
                         : "memory");
        user_gs_base_write(parked);
        interrupts_on();
        EXPECT_EQ(after_high << 32 | after_low, bases[i]);
        EXPECT_EQ(rsp, 0x800000000000);
        EXPECT(seen_percpu == percpu());
    }
    trap_set_handler(TRAP_NMI, before);
}

TEST(ring_3_has_no_way_into_32_bit_code_and_no_local_descriptors)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } PACKED gdt;
    uint16_t ldt;
    __asm__ volatile("sgdt %0; sldt %1" : "=m"(gdt), "=r"(ldt));
    const uint64_t code = 1ull << 43 | 1ull << 44, is_64_bit = 1ull << 53;
    for (int i = 1; i * 8 < gdt.limit; i++) {
        uint64_t descriptor = ((const uint64_t *)gdt.base)[i];
        if (i != SEGMENT_TSS / 8 && i != SEGMENT_TSS / 8 + 1 && (descriptor & code) == code)
            EXPECT(descriptor & is_64_bit);
    }
    EXPECT_EQ(ldt, 0);
}

TEST(protections_the_cpu_has_are_on)
{
    const uint64_t wp = 1 << 16, umip = 1 << 11, smep = 1 << 20, smap = 1 << 21;
    EXPECT(cr0_read() & wp);
    EXPECT_EQ(!!(cr4_read() & umip), cpu_features.umip);
    EXPECT_EQ(!!(cr4_read() & smep), cpu_features.smep);
    EXPECT_EQ(!!(cr4_read() & smap), cpu_features.smap);
    EXPECT(msr_read(0xc0000080) & 1 << 11); /* EFER.NXE */
}

TEST(a_copy_from_nowhere_says_how_much_is_missing)
{
    char buffer[16];
    EXPECT_EQ(arch_user_copy(buffer, (const void *)0x1000, 16), 16);
    EXPECT_EQ(arch_user_copy((void *)0x1000, buffer, 13), 13);
    EXPECT_EQ(arch_user_zero((void *)0x1000, 7), 7);
    EXPECT_EQ((uint64_t)arch_user_string(buffer, (const char *)0x1000, 16), UINT64_MAX);
}
