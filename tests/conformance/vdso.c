/* SPDX-License-Identifier: Apache-2.0 */
/* The vDSO: found by AT_SYSINFO_EHDR, read as an ELF file, called directly, and compared with the system calls
 * that it stands for. */
#include "tests/conformance/conformance.h"

#include <elf.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

enum { TURNS = 100000, PAGE = 4096 };

static struct {
    uintptr_t base; /* what its addresses are relative to */
    const Elf64_Sym *symbols;
    const char *strings;
    const uint32_t *hash, *gnu_hash;
    const uint16_t *versions;
    const char *verdef;
    size_t verdef_count;
} vdso;

static void read_dynamic(const Elf64_Dyn *d)
{
    bool has_relocations = false;
    for (; d->d_tag != DT_NULL; d++) {
        void *at = (void *)(vdso.base + d->d_un.d_ptr);
        switch (d->d_tag) {
        case DT_SYMTAB: vdso.symbols = at; break;
        case DT_STRTAB: vdso.strings = at; break;
        case DT_HASH: vdso.hash = at; break;
        case DT_GNU_HASH: vdso.gnu_hash = at; break;
        case DT_VERSYM: vdso.versions = at; break;
        case DT_VERDEF: vdso.verdef = at; break;
        case DT_VERDEFNUM: vdso.verdef_count = d->d_un.d_val; break;
        case DT_REL:
        case DT_RELA:
        case DT_JMPREL: has_relocations = true; break;
        }
    }
    CHECK(!has_relocations);
    CHECK(vdso.symbols && vdso.strings && vdso.gnu_hash && vdso.versions && vdso.verdef);
}

static void read_headers(void)
{
    const Elf64_Ehdr *file = (const Elf64_Ehdr *)getauxval(AT_SYSINFO_EHDR);
    CHECK(file != NULL);
    CHECK((uintptr_t)file % PAGE == 0);
    CHECK(!memcmp(file->e_ident, ELFMAG, SELFMAG));
    CHECK(file->e_type == ET_DYN && file->e_machine == EM_X86_64);
    const Elf64_Phdr *headers = (const Elf64_Phdr *)((uintptr_t)file + file->e_phoff);
    int loads = 0;
    for (int i = 0; i < file->e_phnum; i++) {
        if (headers[i].p_type != PT_LOAD) continue;
        loads++;
        vdso.base = (uintptr_t)file + headers[i].p_offset - headers[i].p_vaddr;
        CHECK(headers[i].p_flags == (PF_R | PF_X));
    }
    SHOW(loads);
    for (int i = 0; i < file->e_phnum; i++)
        if (headers[i].p_type == PT_DYNAMIC)
            read_dynamic((const Elf64_Dyn *)(vdso.base + headers[i].p_vaddr));
}

/* ---- looking up ---- */

static uint32_t gnu_hash_of(const char *name)
{
    uint32_t hash = 5381;
    for (; *name; name++) hash = hash * 33 + (uint8_t)*name;
    return hash;
}

static uint32_t hash_of(const char *name)
{
    uint32_t hash = 0;
    for (; *name; name++) {
        hash = (hash << 4) + (uint8_t)*name;
        hash = (hash ^ (hash >> 24 & 0xf0)) & 0x0fffffff;
    }
    return hash;
}

static bool is_named(uint32_t symbol, const char *name)
{
    const Elf64_Sym *s = &vdso.symbols[symbol];
    return s->st_shndx != SHN_UNDEF && !strcmp(vdso.strings + s->st_name, name);
}

static uint32_t find_gnu(const char *name)
{
    uint32_t buckets = vdso.gnu_hash[0], first = vdso.gnu_hash[1], words = vdso.gnu_hash[2];
    const uint64_t *bloom = (const uint64_t *)(vdso.gnu_hash + 4);
    const uint32_t *bucket = (const uint32_t *)(bloom + words), *chain = bucket + buckets;
    uint32_t hash = gnu_hash_of(name), i = bucket[hash % buckets];
    uint64_t word = bloom[hash / 64 % words], shift = vdso.gnu_hash[3];
    if (!(word >> hash % 64 & word >> (hash >> shift) % 64 & 1)) return 0;
    for (; i >= first; i++) {
        uint32_t found = chain[i - first];
        if ((found | 1) == (hash | 1) && is_named(i, name)) return i;
        if (found & 1) break;
    }
    return 0;
}

static uint32_t find_old(const char *name)
{
    uint32_t i = vdso.hash[2 + hash_of(name) % vdso.hash[0]];
    while (i && !is_named(i, name)) i = vdso.hash[2 + vdso.hash[0] + i];
    return i;
}

static const char *version_of(uint32_t symbol)
{
    const char *at = vdso.verdef;
    for (size_t i = 0; i < vdso.verdef_count; i++) {
        const Elf64_Verdef *v = (const Elf64_Verdef *)at;
        if (v->vd_ndx == (vdso.versions[symbol] & 0x7fff))
            return vdso.strings + ((const Elf64_Verdaux *)(at + v->vd_aux))->vda_name;
        at += v->vd_next;
    }
    return "none";
}

static void *find(const char *name)
{
    uint32_t symbol = find_gnu(name);
    const Elf64_Sym *s = &vdso.symbols[symbol];
    printf("%s: %s, version %s, type %d, binding %d, by the old table as well: %d\n", name,
           symbol ? "there" : "missing", version_of(symbol), ELF64_ST_TYPE(s->st_info),
           ELF64_ST_BIND(s->st_info), !vdso.hash || find_old(name) == symbol);
    return symbol ? (void *)(vdso.base + s->st_value) : NULL;
}

/* ---- calling ---- */

static int (*get_time)(clockid_t clock, struct timespec *out);
static int (*get_resolution)(clockid_t clock, struct timespec *out);
static int (*get_day)(struct timeval *out, struct timezone *zone);
static time_t (*get_seconds)(time_t *out);
static int (*get_cpu)(unsigned *cpu, unsigned *node, void *cache);

static void symbols(void)
{
    static const char *const plain[] = { "clock_gettime", "gettimeofday", "time", "clock_getres", "getcpu" };
    get_time = find("__vdso_clock_gettime");
    get_resolution = find("__vdso_clock_getres");
    get_day = find("__vdso_gettimeofday");
    get_seconds = find("__vdso_time");
    get_cpu = find("__vdso_getcpu");
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) find(plain[i]);
    SHOW(find_gnu("__vdso_nothing"));
    SHOW(find_gnu(""));
}

static int64_t ns_of(const struct timespec *t) { return t->tv_sec * 1000000000ll + t->tv_nsec; }

/* By the vDSO and by system calls in turn: none may be before the last. */
static void mixed(clockid_t clock, const char *name)
{
    struct timespec t;
    int64_t last = 0;
    int wrong = 0;
    for (int turn = 0; turn < TURNS; turn++) {
        long e = turn % 3 ? get_time(clock, &t) : syscall(SYS_clock_gettime, clock, &t);
        int64_t now = ns_of(&t);
        wrong += e != 0 || now < last || (uint64_t)t.tv_nsec >= 1000000000;
        if (turn && now - last > 20000000000ll) wrong++;
        last = now;
    }
    printf("%s, by both in turn: %d wrong\n", name, wrong);
}

static void clocks(void)
{
    struct timespec t = { 0, 0 };
    mixed(CLOCK_REALTIME, "realtime");
    mixed(CLOCK_MONOTONIC, "monotonic");
    mixed(CLOCK_MONOTONIC_RAW, "raw");
    mixed(CLOCK_BOOTTIME, "boottime");
    mixed(CLOCK_REALTIME_COARSE, "realtime, coarse");
    mixed(CLOCK_MONOTONIC_COARSE, "monotonic, coarse");
    mixed(CLOCK_TAI, "tai");
    mixed(CLOCK_PROCESS_CPUTIME_ID, "process");
    static const clockid_t none[] = { 12, 13, 15, 77, 255, 0x10000000, 0x7fffffff };
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        printf("clock %d: %d, resolution %d\n", none[i], get_time(none[i], &t), get_resolution(none[i], &t));
    }
    SHOW(get_resolution(CLOCK_MONOTONIC, &t));
    SHOW(t.tv_sec * 1000000000 + t.tv_nsec);
    SHOW(get_resolution(CLOCK_REALTIME, NULL));
}

static void other_calls(void)
{
    struct timeval day = { 0, -1 };
    struct timezone zone = { 5, 5 };
    struct timespec before, after;
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &before);
    SHOW(get_day(&day, &zone));
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &after);
    int64_t us = day.tv_sec * 1000000ll + day.tv_usec;
    CHECK(us >= ns_of(&before) / 1000 && us <= ns_of(&after) / 1000);
    printf("zone %d %d\n", zone.tz_minuteswest, zone.tz_dsttime);
    SHOW(get_day(NULL, NULL));
    SHOW(get_day(NULL, &zone));
    time_t stored = 0, now = get_seconds(&stored);
    CHECK(now == stored);
    CHECK(now >= after.tv_sec - 1 && now <= after.tv_sec + 10);
    CHECK(get_seconds(NULL) >= now);
    unsigned cpu = 99, node = 99;
    SHOW(get_cpu(&cpu, &node, NULL));
    CHECK(cpu < 4096 && node == 0);
    SHOW(get_cpu(NULL, NULL, NULL));
}

/* ---- as memory ---- */

static bool has_line(const char *name, const char *access)
{
    char line[512];
    bool has = false;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof line, maps))
        has |= strstr(line, name) && strstr(line, access) && strstr(line, " 00000000 00:00 0 ");
    fclose(maps);
    return has;
}

static void memory(void)
{
    char *code = (char *)getauxval(AT_SYSINFO_EHDR);
    unsigned char present = 0;
    CHECK(has_line("[vdso]\n", " r-xp "));
    CHECK(has_line("[vvar]\n", " r--p "));
    SHOW(mincore(code, PAGE, &present));
    SHOW(present & 1);
    SHOW(write(1, code, 4) == 4 ? puts(" is where it begins") > 0 : -1);
    SHOW(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, code)); /* it is not to be written */
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    setvbuf(stdout, NULL, _IONBF, 0);
    read_headers();
    symbols();
    clocks();
    other_calls();
    memory();
    return 0;
}
