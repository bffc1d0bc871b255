/* SPDX-License-Identifier: Apache-2.0 */
#include "arch/segments.h"

#include "arch/cpu.h"
#include "arch/trap.h"
#include "config.h"

#define MSR_GS_BASE        0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102

/* One stack each, so that a machine check during an NMI finds an unused one. The last word holds
 * the percpu pointer that trap_careful loads. */
enum { IST_DOUBLE_FAULT, IST_NMI, IST_MACHINE_CHECK, IST_DEBUG, IST_COUNT };
static const char *const ist_names[IST_COUNT] = { "double-fault", "NMI", "machine-check", "debug" };
_Static_assert(IST_COUNT *CONFIG_IST_STACK_BYTES == SEGMENTS_STACK_BYTES, "segments.h");

static uint8_t boot_ist_stacks[SEGMENTS_STACK_BYTES] ALIGNED(CONFIG_IST_STACK_BYTES);

static void set_tss_descriptor(uint64_t *slot, const struct tss *tss)
{
    uint64_t base = (uint64_t)tss, limit = sizeof(*tss) - 1;
    slot[0] = limit | (base & 0xffffff) << 16 | 0x89ull << 40 | (base >> 24 & 0xff) << 56;
    slot[1] = base >> 32;
}

static void fill_gdt(uint64_t *gdt, const struct tss *tss)
{
    gdt[SEGMENT_KERNEL_CODE / 8] = 0x00af9b000000ffff;
    gdt[SEGMENT_KERNEL_DATA / 8] = 0x00cf93000000ffff;
    /* At SEGMENT_SYSRET_BASE would be 32-bit user code. Without it ring 3 cannot leave 64-bit mode,
     * where SYSCALL would enter the kernel by another register on some CPUs. [intel-sdm2 SYSCALL] */
    gdt[SEGMENT_USER_DATA / 8] = 0x00cff3000000ffff;
    gdt[SEGMENT_USER_CODE / 8] = 0x00affb000000ffff;
    set_tss_descriptor(&gdt[SEGMENT_TSS / 8], tss);
}

void segments_init(struct percpu *p)
{
    if (!p->ist_stacks) p->ist_stacks = boot_ist_stacks;
    for (int i = 0; i < IST_COUNT; i++) {
        uint8_t *top = p->ist_stacks + (i + 1) * CONFIG_IST_STACK_BYTES;
        ((struct percpu **)top)[-1] = p;
        p->tss.ist[i] = (uint64_t)top - 16;
    }
    p->tss.io_map_base = sizeof(struct tss); /* no I/O ports for ring 3 */
    fill_gdt(p->gdt, &p->tss);

    struct {
        uint16_t limit;
        uint64_t base;
    } PACKED pointer = { sizeof(p->gdt) - 1, (uint64_t)p->gdt };
    /* CS and SS already hold the same selectors with the same meaning (arch/boot.S). */
    __asm__ volatile("lgdt %0; lldt %w2; ltr %w1" : : "m"(pointer), "r"(SEGMENT_TSS), "r"(0) : "memory");
    msr_write(MSR_GS_BASE, (uint64_t)p);
    msr_write(MSR_KERNEL_GS_BASE, 0);
}

const char *segments_stack_name(uint64_t address, uint64_t *low, uint64_t *high)
{
    for (uint32_t cpu = 0; cpu < CONFIG_CPUS_MAX; cpu++) {
        const struct percpu *p = percpu_of(cpu);
        for (int i = 0; p && i < IST_COUNT; i++) {
            *low = (uint64_t)p->ist_stacks + (uint64_t)i * CONFIG_IST_STACK_BYTES;
            *high = *low + CONFIG_IST_STACK_BYTES;
            if (address >= *low && address < *high) return ist_names[i];
        }
    }
    return NULL;
}
