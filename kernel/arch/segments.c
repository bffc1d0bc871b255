/* SPDX-License-Identifier: Apache-2.0 */
#include "arch/segments.h"

#include "arch/cpu.h"
#include "arch/trap.h"
#include "config.h"

#define MSR_GS_BASE        0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102

/* Task-state segment, 64-bit form. [intel-sdm3 8.7] */
struct tss {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7]; /* IST n is ist[n - 1] */
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_map_base;
} PACKED;
_Static_assert(sizeof(struct tss) == 104, "fixed by the CPU");

/* One stack each, so that a machine check during an NMI finds an unused one. The last word holds
 * the percpu pointer that trap_careful loads. */
enum { IST_DOUBLE_FAULT, IST_NMI, IST_MACHINE_CHECK, IST_DEBUG, IST_COUNT };
static const char *const ist_names[IST_COUNT] = { "double-fault", "NMI", "machine-check", "debug" };

struct cpu_segments {
    uint64_t gdt[8];
    struct tss tss;
};

static struct cpu_segments boot_segments = {
    .gdt = {
        [SEGMENT_KERNEL_CODE / 8] = 0x00af9b000000ffff,
        [SEGMENT_KERNEL_DATA / 8] = 0x00cf93000000ffff,
        /* At SEGMENT_SYSRET_BASE would be 32-bit user code. Without it ring 3 cannot leave 64-bit mode,
         * where SYSCALL would enter the kernel by another register on some CPUs. [intel-sdm2 SYSCALL] */
        [SEGMENT_USER_DATA / 8] = 0x00cff3000000ffff,
        [SEGMENT_USER_CODE / 8] = 0x00affb000000ffff,
    },
};
static uint8_t ist_stacks[IST_COUNT][CONFIG_IST_STACK_BYTES] ALIGNED(CONFIG_IST_STACK_BYTES);

static void set_tss_descriptor(uint64_t *slot, const struct tss *tss)
{
    uint64_t base = (uint64_t)tss, limit = sizeof(*tss) - 1;
    slot[0] = limit | (base & 0xffffff) << 16 | 0x89ull << 40 | (base >> 24 & 0xff) << 56;
    slot[1] = base >> 32;
}

void segments_init(struct percpu *percpu)
{
    struct cpu_segments *s = &boot_segments;
    for (int i = 0; i < IST_COUNT; i++) {
        uint8_t *top = ist_stacks[i] + CONFIG_IST_STACK_BYTES;
        ((struct percpu **)top)[-1] = percpu;
        s->tss.ist[i] = (uint64_t)top - 16;
    }
    s->tss.io_map_base = sizeof(struct tss); /* no I/O ports for ring 3 */
    set_tss_descriptor(&s->gdt[SEGMENT_TSS / 8], &s->tss);

    struct {
        uint16_t limit;
        uint64_t base;
    } PACKED pointer = { sizeof(s->gdt) - 1, (uint64_t)s->gdt };
    /* CS and SS already hold the same selectors with the same meaning (arch/boot.S). */
    __asm__ volatile("lgdt %0; lldt %w2; ltr %w1" : : "m"(pointer), "r"(SEGMENT_TSS), "r"(0) : "memory");
    msr_write(MSR_GS_BASE, (uint64_t)percpu);
    msr_write(MSR_KERNEL_GS_BASE, 0);
}

void segments_set_kernel_stack(uint64_t stack_top)
{
    boot_segments.tss.rsp[0] = stack_top;
    percpu()->kernel_stack = stack_top;
}

const char *segments_stack_name(uint64_t address, uint64_t *low, uint64_t *high)
{
    for (int i = 0; i < IST_COUNT; i++) {
        *low = (uint64_t)ist_stacks[i];
        *high = *low + CONFIG_IST_STACK_BYTES;
        if (address >= *low && address < *high) return ist_names[i];
    }
    return NULL;
}
