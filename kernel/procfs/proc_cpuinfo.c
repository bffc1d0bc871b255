/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/cpuinfo, a piece for each CPU: what CPUID says, by Linux's names. [linux arch/x86/include/asm/cpufeatures.h]
 * All CPUs are of the same kind, so the one that runs speaks for all. */
#include "arch/cpu.h"
#include "arch/topology.h"
#include "core/cpus.h"
#include "core/time.h"
#include "lib/string.h"
#include "procfs/proc_text.h"

enum { EAX, EBX, ECX, EDX, BASE = 0x80000000 };

/* A word for each bit from 0 on; `-` where Linux shows nothing. */
struct register_names {
    uint32_t leaf, subleaf;
    uint8_t which;
    const char *names;
};
static const struct register_names registers[] = {
    { 1, 0, EDX,
      "fpu vme de pse tsc msr pae mce cx8 apic - sep mtrr pge mca cmov pat pse36 pn clflush - dts acpi mmx "
      "fxsr "
      "sse sse2 ss ht tm ia64 pbe" },
    { BASE + 1, 0, EDX,
      "- - - - - - - - - - - syscall - - - - - - - mp nx - mmxext - - fxsr_opt pdpe1gb rdtscp - lm 3dnowext "
      "3dnow" },
    { 1, 0, ECX,
      "pni pclmulqdq dtes64 monitor ds_cpl vmx smx est tm2 ssse3 cid sdbg fma cx16 xtpr pdcm - pcid dca "
      "sse4_1 "
      "sse4_2 x2apic movbe popcnt tsc_deadline_timer aes xsave - avx f16c rdrand hypervisor" },
    { BASE + 1, 0, ECX,
      "lahf_lm cmp_legacy svm extapic cr8_legacy abm sse4a misalignsse 3dnowprefetch osvw ibs xop skinit wdt "
      "- "
      "lwp fma4 tce - nodeid_msr - tbm topoext perfctr_core perfctr_nb - bpext ptsc perfctr_llc mwaitx" },
    { 7, 0, EBX,
      "fsgsbase tsc_adjust sgx bmi1 hle avx2 - smep bmi2 erms invpcid rtm cqm - mpx rdt_a avx512f avx512dq "
      "rdseed adx smap avx512ifma - clflushopt clwb intel_pt avx512pf avx512er avx512cd sha_ni avx512bw "
      "avx512vl" },
    { 0xd, 1, EAX, "xsaveopt xsavec xgetbv1 xsaves" },
    { 7, 1, EAX,
      "- - - - avx_vnni avx512_bf16 - cmpccxadd - - fzrm fsrs fsrc - - - - - - - - amx_fp16 - avx_ifma" },
    { BASE + 8, 0, EBX, "clzero irperf xsaveerptr - rdpru - - - - wbnoinvd" },
    { 6, 0, EAX, "dtherm ida arat - pln - pts hwp" },
    { 7, 0, ECX,
      "- avx512vbmi umip - ospke waitpkg avx512_vbmi2 - gfni vaes vpclmulqdq avx512_vnni avx512_bitalg tme "
      "avx512_vpopcntdq - - - - - - - rdpid - bus_lock_detect cldemote - movdiri movdir64b enqcmd" },
    { 7, 0, EDX,
      "- - avx512_4vnniw avx512_4fmaps fsrm - - - avx512_vp2intersect - md_clear - - - serialize - tsxldtrk "
      "- "
      "pconfig arch_lbr ibt - amx_bf16 avx512_fp16 amx_tile amx_int8 - - flush_l1d arch_capabilities" },
};

static uint32_t highest_of(uint32_t leaf) { return cpuid_read(leaf & BASE, 0).eax; }

static uint32_t register_value(const struct register_names *r)
{
    if (r->leaf > highest_of(r->leaf)) return 0;
    if (r->leaf == 7 && r->subleaf > cpuid_read(7, 0).eax) return 0;
    struct cpuid c = cpuid_read(r->leaf, r->subleaf);
    const uint32_t values[] = { c.eax, c.ebx, c.ecx, c.edx };
    return values[r->which];
}

static void add_flags(struct text *text)
{
    text_add(text, "flags\t\t:");
    for (size_t i = 0; i < ARRAY_LENGTH(registers); i++) {
        uint32_t value = register_value(&registers[i]);
        for (const char *name = registers[i].names; *name; value >>= 1) {
            const char *end = name;
            while (*end && *end != ' ') end++;
            if ((value & 1) && *name != '-') text_add(text, " %.*s", (int)(end - name), name);
            name = *end ? end + 1 : end;
        }
    }
    text_add(text, "\n");
}

/* ---- who it is ---- */

static void add_vendor(struct text *text)
{
    struct cpuid c = cpuid_read(0, 0);
    uint32_t words[] = { c.ebx, c.edx, c.ecx };
    text_add(text, "vendor_id\t: %.12s\n", (const char *)words);
}

/* [intel-sdm2 CPUID 01H] */
static void add_model(struct text *text)
{
    uint32_t version = cpuid_read(1, 0).eax, words[12];
    uint32_t family = version >> 8 & 15, model = version >> 4 & 15;
    if (family == 6 || family == 15) model |= version >> 12 & 0xf0;
    if (family == 15) family += version >> 20 & 0xff;
    for (uint32_t i = 0; i < 3; i++) {
        struct cpuid c = cpuid_read(BASE + 2 + i, 0);
        const uint32_t four[] = { c.eax, c.ebx, c.ecx, c.edx };
        memcpy(words + 4 * i, four, sizeof(four));
    }
    const char *name = highest_of(BASE) >= BASE + 4 ? (const char *)words : "unknown";
    int left = highest_of(BASE) >= BASE + 4 ? (int)sizeof(words) : 7;
    for (; left > 0 && *name == ' '; left--) name++;
    text_add(text, "cpu family\t: %u\nmodel\t\t: %u\nmodel name\t: %.*s\nstepping\t: %u\n", family, model,
             left, name, version & 15);
}

static uint64_t cache_bytes(void)
{
    struct cpu_cache c;
    uint64_t bytes = 0;
    for (uint32_t i = 0; cpu_cache_of(i, &c); i++) bytes = MAX(bytes, c.bytes);
    if (bytes || highest_of(BASE) < BASE + 6) return bytes;
    return (uint64_t)(cpuid_read(BASE + 6, 0).ecx >> 16) << 10; /* AMD's second level. [amd-apm3 E.4.5] */
}

struct neighbours {
    uint32_t siblings, cores; /* of the same package */
};

static struct neighbours count_neighbours(uint32_t package)
{
    struct neighbours n = { 0 };
    for (uint64_t left = cpus_online_set().bits; left; left &= left - 1) {
        struct cpu_place at = cpu_place_of(percpu_of(cpu_set_first((cpu_set){ left }))->apic_id);
        if (at.package != package) continue;
        n.siblings++;
        n.cores += at.thread == 0;
    }
    n.cores = MAX(n.cores, 1u);
    return n;
}

static void add_sizes(struct text *text)
{
    uint32_t line = (cpuid_read(1, 0).ebx >> 8 & 0xff) * 8;
    uint32_t widths = highest_of(BASE) >= BASE + 8 ? cpuid_read(BASE + 8, 0).eax : 0x3024;
    text_add(text, "clflush size\t: %u\ncache_alignment\t: %u\n", line, line);
    text_add(text, "address sizes\t: %u bits physical, %u bits virtual\npower management:\n\n", widths & 0xff,
             widths >> 8 & 0xff);
}

static void add_cpu(struct text *text, uint32_t cpu)
{
    uint64_t khz = time_tsc_khz();
    uint32_t apic_id = percpu_of(cpu)->apic_id;
    struct cpu_place at = cpu_place_of(apic_id);
    struct neighbours n = count_neighbours(at.package);
    text_add(text, "processor\t: %u\n", cpu);
    add_vendor(text);
    add_model(text);
    text_add(text, "cpu MHz\t\t: %lu.%03lu\ncache size\t: %lu KB\n", khz / 1000, khz % 1000,
             cache_bytes() >> 10);
    text_add(text, "physical id\t: %u\nsiblings\t: %u\ncore id\t\t: %u\ncpu cores\t: %u\n", at.package,
             n.siblings, at.core, n.cores);
    text_add(text, "apicid\t\t: %u\ninitial apicid\t: %u\nfpu\t\t: yes\nfpu_exception\t: yes\n", apic_id,
             apic_id);
    text_add(text, "cpuid level\t: %u\nwp\t\t: yes\n", highest_of(0));
    add_flags(text);
    text_add(text, "bugs\t\t:\nbogomips\t: %lu.%02lu\n", khz / 500, khz / 5 % 100);
    add_sizes(text);
}

/* The cursor is the number of the next CPU. */
static void write_cpuinfo(struct text *text, uint64_t *cursor)
{
    uint64_t left = *cursor < 64 ? cpus_online_set().bits >> *cursor << *cursor : 0;
    if (!left) return;
    uint32_t cpu = cpu_set_first((cpu_set){ left });
    add_cpu(text, cpu);
    *cursor = cpu + 1;
}

const struct text_source proc_cpuinfo = { .write = write_cpuinfo };
