/* SPDX-License-Identifier: Apache-2.0 */
/* A good PVH start info and a good multiboot2 information; every malformed one is one of them with a
 * little damage. */
#include "boot/boot.h"
#include "lib/bits.h"
#include "tests/fakes/fake_memory.h"
#include "tests/harness/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB 0x100000ull

enum {
    START_INFO_AT = 0x1000,
    MAP_AT = 0x2000,
    CMDLINE_AT = 0x3000,
    MODULES_AT = 0x8000,
    MB2_AT = 0x9000,
    INITRD_AT = 0x4000000,
    IMAGE_AT = 0x100000,
    IMAGE_BYTES = 0x40000,
};

struct map_entry {
    uint64_t base, bytes;
    uint32_t type, reserved;
};

static struct pvh {
    uint8_t start_info[56];
    struct map_entry map[2 * BOOT_RANGES_MAX + 1];
    char cmdline[0x3000]; /* longer than is taken */
    uint64_t modules[4];
    struct fake_memory memory;
} pvh;

static struct boot_info info;
static const char *why;
static int refused;

/* What QEMU's microvm says with 128 MiB. */
static void build_pvh(void)
{
    memset(&pvh, 0, sizeof pvh);
    store_u32(pvh.start_info, 0x336ec578);
    store_u32(pvh.start_info + 4, 1);
    store_u32(pvh.start_info + 12, 1);
    store_u64(pvh.start_info + 16, MODULES_AT);
    store_u64(pvh.start_info + 24, CMDLINE_AT);
    store_u64(pvh.start_info + 32, 0xf3490);
    store_u64(pvh.start_info + 40, MAP_AT);
    store_u32(pvh.start_info + 48, 4);
    pvh.map[0] = (struct map_entry){ 0, 0x9fc00, 1, 0 };
    pvh.map[1] = (struct map_entry){ 0x9fc00, 0x400, 2, 0 };
    pvh.map[2] = (struct map_entry){ 0xf0000, 0x10000, 2, 0 };
    pvh.map[3] = (struct map_entry){ MIB, 127 * MIB, 1, 0 };
    strcpy(pvh.cmdline, "log=info -- /init");
    pvh.modules[0] = INITRD_AT;
    pvh.modules[1] = 0x5123;
    fake_memory_init(&pvh.memory);
    fake_memory_add(&pvh.memory, START_INFO_AT, pvh.start_info, sizeof pvh.start_info);
    fake_memory_add(&pvh.memory, MAP_AT, pvh.map, sizeof pvh.map);
    fake_memory_add(&pvh.memory, CMDLINE_AT, pvh.cmdline, sizeof pvh.cmdline);
    fake_memory_add(&pvh.memory, MODULES_AT, pvh.modules, sizeof pvh.modules);
}

static err_t parse_pvh_at(uint64_t at)
{
    why = "";
    return boot_parse(&pvh.memory.view, BOOT_MAGIC_PVH, PADDR(at), PADDR(IMAGE_AT), IMAGE_BYTES, &info, &why);
}
static err_t parse_pvh(void) { return parse_pvh_at(START_INFO_AT); }

static void expect_refused(err_t e, const char *reason)
{
    EXPECT_ERR(e, ERR_INVALID);
    EXPECT_STR(why, reason);
    refused++;
}

static void expect_pvh_refused(const char *reason) { expect_refused(parse_pvh(), reason); }

TEST(pvh_facts_of_a_microvm_come_through)
{
    build_pvh();
    EXPECT_OK(parse_pvh());
    EXPECT_STR(info.protocol, "PVH");
    EXPECT_EQ(info.range_count, 4);
    EXPECT_EQ(info.ranges[3].base.raw, MIB);
    EXPECT_EQ(info.ranges[3].bytes, 127 * MIB);
    EXPECT_EQ(info.ranges[3].kind, BOOT_RANGE_RAM);
    EXPECT_EQ(info.ranges[2].kind, BOOT_RANGE_RESERVED);
    EXPECT_STR(info.cmdline, "log=info -- /init");
    EXPECT_EQ(info.initrd.raw, INITRD_AT);
    EXPECT_EQ(info.initrd_bytes, 0x5123);
    EXPECT_EQ(info.acpi_rsdp.raw, 0xf3490);
    EXPECT_EQ(info.framebuffer.base.raw, 0);
}

TEST(pvh_without_modules_or_command_line_has_neither)
{
    build_pvh();
    store_u32(pvh.start_info + 12, 0);
    store_u64(pvh.start_info + 24, 0);
    EXPECT_OK(parse_pvh());
    EXPECT_EQ(info.initrd_bytes, 0);
    EXPECT_STR(info.cmdline, "");
}

/* The machine of build_pvh() without a module, and with these words. */
static void build_pvh_with_words(const char *words)
{
    build_pvh();
    store_u32(pvh.start_info + 12, 0);
    memset(pvh.cmdline, 0, sizeof pvh.cmdline);
    memcpy(pvh.cmdline, words, strlen(words));
}

TEST(an_initrd_that_no_loader_brought_is_where_the_command_line_says)
{
    build_pvh_with_words("log=info initrd=0x2000000,64K -- /init initrd=1,2");
    EXPECT_OK(parse_pvh());
    EXPECT_EQ(info.initrd.raw, 0x2000000);
    EXPECT_EQ(info.initrd_bytes, 65536);
    build_pvh_with_words("-- /init initrd=0x2000000,64K");
    EXPECT_OK(parse_pvh());
    EXPECT_EQ(info.initrd_bytes, 0);
    build_pvh();
    memcpy(pvh.cmdline, "initrd=0x2000000,64K", 21);
    EXPECT_OK(parse_pvh());
    EXPECT_EQ(info.initrd.raw, INITRD_AT);
}

TEST(an_initrd_that_the_command_line_misplaces_is_refused)
{
    static const char *const malformed[] = {
        "initrd",           "initrd=",
        "initrd=0x2000000", "initrd=,1",
        "initrd=1,",        "initrd=a,b",
        "initrd=1,2,3",     "initrd=-1,1",
        "initrd=1 1",       "initrd=1,999999999999999999999999999999999999999999999"
    };
    for (size_t i = 0; i < ARRAY_LENGTH(malformed); i++) {
        build_pvh_with_words(malformed[i]);
        expect_pvh_refused("initrd= on the command line is not ADDRESS,BYTES");
    }
    build_pvh_with_words("initrd=0x100000000,4096");
    expect_pvh_refused("the initrd lies outside RAM");
    build_pvh_with_words("initrd=0xffffffffffffffff,4096");
    expect_pvh_refused("the initrd wraps around the end of the address space");
}

TEST(malformed_pvh_start_infos_are_refused)
{
    refused = 0;
    for (int bit = 0; bit < 32; bit++) {
        build_pvh();
        store_u32(pvh.start_info, 0x336ec578 ^ 1u << bit);
        expect_pvh_refused("the PVH start info has a wrong magic number");
    }
    static const uint64_t wild[] = { 0, 0xfff, 0x1019, 0x500000, UINT64_MAX, UINT64_MAX - 55, 1ull << 52 };
    for (size_t i = 0; i < ARRAY_LENGTH(wild); i++) {
        build_pvh();
        expect_refused(parse_pvh_at(wild[i]), "the PVH start info lies outside memory");
        store_u64(pvh.start_info + 40, wild[i]);
        expect_pvh_refused(wild[i] ? "the memory map lies outside memory" : "no memory map");
        build_pvh();
        store_u64(pvh.start_info + 16, wild[i]);
        expect_pvh_refused(wild[i] ? "the module list lies outside memory"
                                   : "there are modules but no module list");
        build_pvh();
        store_u64(pvh.start_info + 24, wild[i]);
        if (wild[i] > 0) expect_pvh_refused("the command line lies outside memory");
    }
    build_pvh();
    store_u32(pvh.start_info + 4, 0); /* version 0 has no map */
    expect_pvh_refused("no memory map");
    build_pvh();
    store_u32(pvh.start_info + 48, 0);
    expect_pvh_refused("no memory map");
    static const uint32_t many[] = { 2 * BOOT_RANGES_MAX + 1, 1000, 0x7fffffff, 0x80000000, 0xffffffff };
    for (size_t i = 0; i < ARRAY_LENGTH(many); i++) {
        build_pvh();
        store_u32(pvh.start_info + 48, many[i]);
        expect_pvh_refused("the memory map has too many ranges");
    }
    build_pvh();
    store_u32(pvh.start_info + 48, BOOT_RANGES_MAX + 1);
    for (uint64_t i = 0; i < BOOT_RANGES_MAX + 1; i++) pvh.map[i] = (struct map_entry){ i * MIB, 4096, 1, 0 };
    expect_pvh_refused("the memory map has too many ranges");
    build_pvh();
    memset(pvh.cmdline, 'x', sizeof pvh.cmdline);
    expect_pvh_refused("the command line is too long");
    build_pvh();
    fake_memory_init(&pvh.memory); /* cut off inside version 1's part */
    fake_memory_add(&pvh.memory, START_INFO_AT, pvh.start_info, 48);
    expect_pvh_refused("the PVH start info lies outside memory");
    test_note("boot: %d malformed PVH start infos refused", refused);
}

TEST(the_longest_command_line_fits_and_may_end_at_the_end_of_memory)
{
    build_pvh();
    static char text[BOOT_CMDLINE_MAX];
    memset(text, 'a', sizeof text - 1);
    fake_memory_add(&pvh.memory, 0x8000 - sizeof text, text, sizeof text);
    store_u64(pvh.start_info + 24, 0x8000 - sizeof text);
    EXPECT_OK(parse_pvh());
    EXPECT_EQ(strlen(info.cmdline), BOOT_CMDLINE_MAX - 1);
}

TEST(ranges_wrong_initrds_and_wrong_maps_are_refused)
{
    refused = 0;
    static const struct {
        uint64_t base, bytes;
        const char *why;
    } initrds[] = {
        { 0x9fc00, 16, "the initrd lies outside RAM" },
        { 0xf0000, 0x1000, "the initrd lies outside RAM" },
        { 0x9f000, 0x1000, "the initrd lies outside RAM" },
        { 128 * MIB - 16, 17, "the initrd lies outside RAM" },
        { 128 * MIB, 1, "the initrd lies outside RAM" },
        { 1ull << 40, 1, "the initrd lies outside RAM" },
        { 1ull << 63, 1ull << 62, "the initrd lies outside RAM" },
        { INITRD_AT, 1ull << 40, "the initrd lies outside RAM" },
        { INITRD_AT, UINT64_MAX, "the initrd wraps around the end of the address space" },
        { UINT64_MAX, 1, "the initrd wraps around the end of the address space" },
        { UINT64_MAX, UINT64_MAX, "the initrd wraps around the end of the address space" },
        { IMAGE_AT, 1, "the initrd overlaps the kernel's image" },
        { IMAGE_AT + IMAGE_BYTES - 1, 1, "the initrd overlaps the kernel's image" },
        { IMAGE_AT, 0x1000000, "the initrd overlaps the kernel's image" },
    };
    for (size_t i = 0; i < ARRAY_LENGTH(initrds); i++) {
        build_pvh();
        pvh.modules[0] = initrds[i].base;
        pvh.modules[1] = initrds[i].bytes;
        expect_pvh_refused(initrds[i].why);
    }
    static const struct {
        struct map_entry entry;
        const char *why;
    } maps[] = {
        { { UINT64_MAX, 2, 1, 0 }, "a memory range wraps around the end of the address space" },
        { { 1, UINT64_MAX, 1, 0 }, "a memory range wraps around the end of the address space" },
        { { MIB, UINT64_MAX - MIB + 1, 2, 0 }, "a memory range wraps around the end of the address space" },
        { { 1ull << 63, 1ull << 63, 2, 0 }, "a memory range wraps around the end of the address space" },
        { { 0, 1ull << 60, 2, 0 }, "the memory map has no usable RAM" },
        { { 0, 1ull << 60, 5, 0 }, "the memory map has no usable RAM" },
        { { MIB, 127 * MIB, 3, 0 }, "the kernel's own image lies outside RAM" },
        { { MIB, 127 * MIB, 4, 0 }, "the kernel's own image lies outside RAM" },
        { { IMAGE_AT, 4096, 2, 0 }, "the kernel's own image lies outside RAM" },
        { { IMAGE_AT + IMAGE_BYTES - 1, 1, 5, 0 }, "the kernel's own image lies outside RAM" },
        { { 0, 16 * MIB, 0, 0 }, "the kernel's own image lies outside RAM" },
        { { 0, 16 * MIB, 7, 0 }, "the kernel's own image lies outside RAM" },
        { { 0, 16 * MIB, 0xffffffff, 0 }, "the kernel's own image lies outside RAM" },
        { { INITRD_AT, 1, 2, 0 }, "the initrd lies outside RAM" },
        { { INITRD_AT + 0x5122, 1, 3, 0 }, "the initrd lies outside RAM" },
        { { INITRD_AT - MIB, 64 * MIB, 4, 0 }, "the initrd lies outside RAM" },
    };
    for (size_t i = 0; i < ARRAY_LENGTH(maps); i++) {
        build_pvh();
        pvh.map[4] = maps[i].entry;
        store_u32(pvh.start_info + 48, 5);
        expect_pvh_refused(maps[i].why);
    }
    test_note("boot: %d wrong initrds and maps refused", refused);
}

TEST(an_unknown_magic_is_refused)
{
    static const uint32_t magics[] = { 1, 0x2badb002, 0x336ec578, 0xe85250d6, 0xffffffff };
    build_pvh();
    for (size_t i = 0; i < ARRAY_LENGTH(magics); i++) {
        why = "";
        EXPECT_ERR(boot_parse(&pvh.memory.view, magics[i], PADDR(START_INFO_AT), PADDR(IMAGE_AT), IMAGE_BYTES,
                              &info, &why),
                   ERR_NOT_SUPPORTED);
        EXPECT_STR(why, "unknown boot magic: neither PVH nor multiboot2");
    }
}

/* ---- order ---- */

static void add(uint64_t base, uint64_t bytes, enum boot_range_kind kind)
{
    info.ranges[info.range_count++] = (struct boot_range){ PADDR(base), bytes, kind };
}

static void expect_range(uint32_t i, uint64_t base, uint64_t bytes, enum boot_range_kind kind)
{
    EXPECT_EQ(info.ranges[i].base.raw, base);
    EXPECT_EQ(info.ranges[i].bytes, bytes);
    EXPECT_EQ(info.ranges[i].kind, kind);
}

TEST(ranges_are_sorted_and_neighbours_of_one_kind_merged)
{
    info.range_count = 0;
    add(0x3000, 0x1000, BOOT_RANGE_RAM);
    add(0x1000, 0x1000, BOOT_RANGE_RAM);
    add(0x9000, 0x1000, BOOT_RANGE_RESERVED);
    add(0x2000, 0x1000, BOOT_RANGE_RAM);
    EXPECT_OK(boot_info_normalise(&info, &why));
    EXPECT_EQ(info.range_count, 2);
    expect_range(0, 0x1000, 0x3000, BOOT_RANGE_RAM);
    expect_range(1, 0x9000, 0x1000, BOOT_RANGE_RESERVED);
}

TEST(a_reserved_hole_splits_the_ram_around_it)
{
    info.range_count = 0;
    add(0, 0x10000, BOOT_RANGE_RAM);
    add(0x4000, 0x1000, BOOT_RANGE_RESERVED);
    EXPECT_OK(boot_info_normalise(&info, &why));
    EXPECT_EQ(info.range_count, 3);
    expect_range(0, 0, 0x4000, BOOT_RANGE_RAM);
    expect_range(1, 0x4000, 0x1000, BOOT_RANGE_RESERVED);
    expect_range(2, 0x5000, 0xb000, BOOT_RANGE_RAM);
}

TEST(ram_claimed_inside_a_reserved_range_stays_reserved)
{
    info.range_count = 0;
    add(0x4000, 0x1000, BOOT_RANGE_RAM);
    add(0, 0x10000, BOOT_RANGE_RESERVED);
    EXPECT_OK(boot_info_normalise(&info, &why));
    EXPECT_EQ(info.range_count, 1);
    expect_range(0, 0, 0x10000, BOOT_RANGE_RESERVED);
}

TEST(of_two_overlapping_kinds_the_stricter_keeps_the_overlap)
{
    static const enum boot_range_kind order[] = { BOOT_RANGE_RAM, BOOT_RANGE_ACPI_RECLAIM,
                                                  BOOT_RANGE_RESERVED, BOOT_RANGE_ACPI_NVS, BOOT_RANGE_BAD };
    for (size_t weak = 0; weak < ARRAY_LENGTH(order); weak++) {
        for (size_t strict = weak + 1; strict < ARRAY_LENGTH(order); strict++) {
            info.range_count = 0;
            add(0x1000, 0x2000, order[weak]);
            add(0x2000, 0x2000, order[strict]);
            EXPECT_OK(boot_info_normalise(&info, &why));
            EXPECT_EQ(info.range_count, 2);
            expect_range(0, 0x1000, 0x1000, order[weak]);
            expect_range(1, 0x2000, 0x2000, order[strict]);
            info.range_count = 0;
            add(0x2000, 0x2000, order[weak]);
            add(0x1000, 0x2000, order[strict]);
            EXPECT_OK(boot_info_normalise(&info, &why));
            EXPECT_EQ(info.range_count, 2);
            expect_range(0, 0x1000, 0x2000, order[strict]);
            expect_range(1, 0x3000, 0x1000, order[weak]);
        }
    }
}

/* Compared byte by byte with the plain definition of the result. */
TEST(random_overlaps_end_as_the_strictest_kind_per_byte)
{
    static const int strictness[] = { -1, 0, 2, 1, 3, 4 };
    srandom(7);
    for (int round = 0; round < 2000; round++) {
        enum { SPACE = 64 };
        uint8_t expected[SPACE] = { 0 };
        info.range_count = 0;
        int count = 1 + (int)(random() % 12);
        for (int i = 0; i < count; i++) {
            uint64_t base = (uint64_t)random() % SPACE, bytes = 1 + (uint64_t)random() % (SPACE - base);
            uint8_t kind = 1 + (uint8_t)(random() % 5);
            add(base, bytes, kind);
            for (uint64_t at = base; at < base + bytes; at++) {
                if (strictness[kind] > strictness[expected[at]] || !expected[at]) expected[at] = kind;
            }
        }
        EXPECT_OK(boot_info_normalise(&info, &why));
        uint8_t got[SPACE] = { 0 };
        for (uint32_t i = 0; i < info.range_count; i++) {
            uint64_t end = info.ranges[i].base.raw + info.ranges[i].bytes;
            if (i + 1 < info.range_count) EXPECT(end <= info.ranges[i + 1].base.raw);
            for (uint64_t at = info.ranges[i].base.raw; at < end; at++)
                got[at] = (uint8_t)info.ranges[i].kind;
        }
        EXPECT(memcmp(expected, got, SPACE) == 0);
    }
}

TEST(overlaps_that_split_into_too_many_ranges_are_refused)
{
    info.range_count = 0;
    add(0, 1ull << 40, BOOT_RANGE_RAM);
    for (uint64_t i = 1; i < BOOT_RANGES_MAX; i++) add(i * MIB, 4096, BOOT_RANGE_RESERVED);
    expect_refused(boot_info_normalise(&info, &why), "the memory map has too many ranges");
}

/* ---- multiboot2 ---- */

static struct {
    uint8_t bytes[0x2000] ALIGNED(8);
    uint32_t used;
    struct fake_memory memory;
} mb2;

static uint8_t *add_tag(uint32_t type, const void *payload, uint32_t payload_bytes)
{
    uint8_t *tag = mb2.bytes + mb2.used;
    store_u32(tag, type);
    store_u32(tag + 4, 8 + payload_bytes);
    if (payload) memcpy(tag + 8, payload, payload_bytes);
    mb2.used = (uint32_t)align_up(mb2.used + 8 + payload_bytes, 8);
    return tag;
}

static void begin_mb2(void)
{
    memset(&mb2, 0, sizeof mb2);
    mb2.used = 8;
}

static void end_mb2(void)
{
    add_tag(0, NULL, 0);
    store_u32(mb2.bytes, mb2.used);
    fake_memory_init(&mb2.memory);
    fake_memory_add(&mb2.memory, MB2_AT, mb2.bytes, mb2.used);
}

static const struct {
    uint32_t entry_bytes, version;
    struct map_entry entries[3];
} good_map = { 24, 0, { { 0, 0x9fc00, 1, 0 }, { MIB, 127 * MIB, 1, 0 }, { 0xfffc0000, 0x40000, 2, 0 } } };

struct framebuffer_payload {
    uint64_t base;
    uint32_t pitch, width, height;
    uint8_t bits, type, reserved[2];
    uint8_t red, red_bits, green, green_bits, blue, blue_bits;
} PACKED;
static const struct framebuffer_payload good_framebuffer = {
    0xfd000000, 1024 * 4, 1024, 768, 32, 1, { 0, 0 }, 16, 8, 8, 8, 0, 8,
};

static uint8_t *tag_map, *tag_module, *tag_framebuffer, *tag_cmdline;

static void build_mb2(void)
{
    static const uint32_t module[] = { INITRD_AT, INITRD_AT + 0x1000, 0 };
    begin_mb2();
    tag_cmdline = add_tag(1, "quiet -- /init", 15);
    add_tag(2, "GRUB", 5);
    add_tag(4, (uint32_t[]){ 639, 129920 }, 8);
    tag_module = add_tag(3, module, sizeof module);
    tag_map = add_tag(6, &good_map, sizeof good_map);
    tag_framebuffer = add_tag(8, &good_framebuffer, sizeof good_framebuffer);
    add_tag(14, "RSD PTR old\0\0\0\0\0\0\0\0", 20);
    add_tag(15, "RSD PTR new\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 36);
    end_mb2();
}

static err_t parse_mb2(void)
{
    why = "";
    return boot_parse(&mb2.memory.view, BOOT_MAGIC_MULTIBOOT2, PADDR(MB2_AT), PADDR(IMAGE_AT), IMAGE_BYTES,
                      &info, &why);
}
static void expect_mb2_refused(const char *reason) { expect_refused(parse_mb2(), reason); }

TEST(multiboot2_facts_of_grub_come_through)
{
    build_mb2();
    EXPECT_OK(parse_mb2());
    EXPECT_STR(info.protocol, "multiboot2");
    EXPECT_STR(info.cmdline, "quiet -- /init");
    EXPECT_EQ(info.range_count, 3);
    EXPECT_EQ(info.ranges[1].bytes, 127 * MIB);
    EXPECT_EQ(info.initrd.raw, INITRD_AT);
    EXPECT_EQ(info.initrd_bytes, 0x1000);
    EXPECT_EQ(info.framebuffer.base.raw, 0xfd000000);
    EXPECT_EQ(info.framebuffer.width, 1024);
    EXPECT_EQ(info.framebuffer.height, 768);
    EXPECT_EQ(info.framebuffer.pitch_bytes, 4096);
    EXPECT_EQ(info.framebuffer.bits_per_pixel, 32);
    EXPECT_EQ(info.framebuffer.red_shift, 16);
    EXPECT_EQ(info.framebuffer.green_shift, 8);
    EXPECT_EQ(info.framebuffer.blue_shift, 0);
    EXPECT(!info.framebuffer.is_text);
    EXPECT_STR(phys_at(&mb2.memory.view, info.acpi_rsdp, 36), "RSD PTR new");
}

TEST(multiboot2_text_screen_and_palette_are_told_apart)
{
    struct framebuffer_payload screen = { 0xb8000, 160, 80, 25, 16, 2, { 0 }, 0, 0, 0, 0, 0, 0 };
    begin_mb2();
    add_tag(6, &good_map, sizeof good_map);
    add_tag(8, &screen, 24);
    end_mb2();
    EXPECT_OK(parse_mb2());
    EXPECT(info.framebuffer.is_text);
    EXPECT_EQ(info.framebuffer.base.raw, 0xb8000);

    screen.type = 0;
    begin_mb2();
    add_tag(6, &good_map, sizeof good_map);
    add_tag(8, &screen, 24);
    end_mb2();
    EXPECT_OK(parse_mb2());
    EXPECT_EQ(info.framebuffer.base.raw, 0);
}

TEST(multiboot2_without_a_map_falls_back_to_efi_and_then_to_basic_memory)
{
    struct {
        uint32_t entry_bytes, version;
        struct {
            uint32_t type, pad;
            uint64_t physical, virtual, pages, attributes;
        } entries[5];
    } efi = { 40,
              1,
              { { 7, 0, 0, 0, 0x9f, 0 },
                { 4, 0, MIB, 0, 0x1000, 0 },
                { 7, 0, 17 * MIB, 0, 0x7000, 0 },
                { 9, 0, 1ull << 30, 0, 16, 0 },
                { 0, 0, 2ull << 30, 0, 16, 0 } } };
    begin_mb2();
    add_tag(4, (uint32_t[]){ 639, 64 << 10 }, 8);
    add_tag(17, &efi, sizeof efi);
    end_mb2();
    EXPECT_OK(parse_mb2());
    EXPECT_EQ(info.range_count, 4);
    expect_range(1, MIB, 128 * MIB, BOOT_RANGE_RAM);
    expect_range(2, 1ull << 30, 0x10000, BOOT_RANGE_ACPI_RECLAIM);
    expect_range(3, 2ull << 30, 0x10000, BOOT_RANGE_RESERVED);

    begin_mb2();
    add_tag(4, (uint32_t[]){ 639, 64 << 10 }, 8);
    end_mb2();
    EXPECT_OK(parse_mb2());
    EXPECT_EQ(info.range_count, 2);
    expect_range(0, 0, 639 << 10, BOOT_RANGE_RAM);
    expect_range(1, MIB, 64 * MIB, BOOT_RANGE_RAM);
}

TEST(malformed_multiboot2_structures_are_refused)
{
    refused = 0;
    static const uint32_t totals[] = { 0, 8, 15, 0x100001, 0x7fffffff, 0xffffffff };
    for (size_t i = 0; i < ARRAY_LENGTH(totals); i++) {
        build_mb2();
        store_u32(mb2.bytes, totals[i]);
        expect_mb2_refused("the multiboot2 information has an absurd size");
    }
    build_mb2();
    store_u32(mb2.bytes, mb2.used + 8);
    expect_mb2_refused("the multiboot2 information lies outside memory");
    for (uint64_t shift = 1; shift < 8; shift++) {
        build_mb2();
        expect_refused(boot_parse(&mb2.memory.view, BOOT_MAGIC_MULTIBOOT2, PADDR(MB2_AT + shift),
                                  PADDR(IMAGE_AT), IMAGE_BYTES, &info, &why),
                       "the multiboot2 information is not aligned");
    }
    for (uint32_t size = 0; size < 8; size++) {
        build_mb2();
        store_u32(tag_map + 4, size);
        expect_mb2_refused("a multiboot2 tag is shorter than its header");
    }
    static const uint32_t long_sizes[] = { 0x2000, 0x7fffffff, 0xfffffff8, 0xffffffff };
    for (size_t i = 0; i < ARRAY_LENGTH(long_sizes); i++) {
        build_mb2();
        store_u32(tag_module + 4, long_sizes[i]);
        expect_mb2_refused("a multiboot2 tag is longer than the information");
    }
    build_mb2();
    store_u32(mb2.bytes, mb2.used - 8); /* the end tag is cut off */
    expect_mb2_refused("the multiboot2 tags lack their end tag");
    begin_mb2();
    end_mb2();
    expect_mb2_refused("no memory map");
    test_note("boot: %d malformed multiboot2 structures refused", refused);
}

TEST(malformed_multiboot2_tags_are_refused)
{
    refused = 0;
    build_mb2();
    store_u32(tag_map + 4, 12);
    expect_mb2_refused("a multiboot2 tag is shorter than its header"); /* what follows is no tag */
    static const uint32_t entry_sizes[] = { 0, 8, 23, 257, 0xffffffff };
    for (size_t i = 0; i < ARRAY_LENGTH(entry_sizes); i++) {
        build_mb2();
        store_u32(tag_map + 8, entry_sizes[i]);
        expect_mb2_refused("the multiboot2 memory map has an absurd entry size");
        begin_mb2();
        add_tag(17, (uint32_t[]){ entry_sizes[i] == 23 ? 39 : entry_sizes[i], 1 }, 8);
        end_mb2();
        expect_mb2_refused("the EFI memory map has an absurd entry size");
    }
    static const struct {
        uint32_t type;
        const char *why;
    } empty[] = { { 6, "the multiboot2 memory map is too short" },
                  { 17, "the EFI memory map is too short" },
                  { 4, "the multiboot2 memory tag is too short" } };
    for (size_t i = 0; i < ARRAY_LENGTH(empty); i++) {
        for (uint32_t bytes = 0; bytes < 8; bytes += 4) {
            begin_mb2();
            add_tag(empty[i].type, NULL, bytes);
            end_mb2();
            expect_mb2_refused(empty[i].why);
        }
    }
    begin_mb2();
    add_tag(4, (uint32_t[]){ 641, 1024 }, 8);
    end_mb2();
    expect_mb2_refused("the multiboot2 memory tag claims more than 640 KiB of low memory");
    build_mb2();
    store_u32(tag_module + 12, INITRD_AT - 1);
    expect_mb2_refused("the multiboot2 module ends before it starts");
    begin_mb2();
    add_tag(6, &good_map, sizeof good_map);
    add_tag(3, NULL, 7);
    end_mb2();
    expect_mb2_refused("the multiboot2 module tag is too short");
    begin_mb2();
    add_tag(6, &good_map, sizeof good_map);
    add_tag(8, NULL, 23);
    end_mb2();
    expect_mb2_refused("the multiboot2 framebuffer tag is too short");
    begin_mb2();
    add_tag(6, &good_map, sizeof good_map);
    add_tag(8, &good_framebuffer, 29);
    end_mb2();
    expect_mb2_refused("the multiboot2 framebuffer tag lacks its colours");
    for (uint32_t bytes = 0; bytes < 3; bytes++) {
        begin_mb2();
        add_tag(6, &good_map, sizeof good_map);
        add_tag(1, "xxx", bytes);
        end_mb2();
        expect_mb2_refused("the command line lacks its NUL");
    }
    uint64_t efi[] = { 40 | 1ull << 32, 7, 0, 0, 1ull << 52, 0 };
    begin_mb2();
    add_tag(17, efi, sizeof efi);
    end_mb2();
    expect_mb2_refused("a range of the EFI memory map is absurdly long");
    efi[4] = (1ull << 52) - 1, efi[2] = 0x1000;
    begin_mb2();
    add_tag(17, efi, sizeof efi);
    end_mb2();
    expect_mb2_refused("a memory range wraps around the end of the address space");
    test_note("boot: %d malformed multiboot2 tags refused", refused);
}

TEST(framebuffers_that_make_no_sense_are_refused)
{
    static const struct {
        struct framebuffer_payload fb;
        const char *why;
    } cases[] = {
        { { 0xfd000000, 4096, 0, 768, 32, 1, { 0 }, 16, 8, 8, 8, 0, 8 }, "the framebuffer is empty" },
        { { 0xfd000000, 4096, 1024, 0, 32, 1, { 0 }, 16, 8, 8, 8, 0, 8 }, "the framebuffer is empty" },
        { { 0xfd000000, 4096, 32769, 768, 32, 1, { 0 }, 16, 8, 8, 8, 0, 8 }, "the framebuffer is too large" },
        { { 0xfd000000, 4096, 1024, UINT32_MAX, 32, 1, { 0 }, 16, 8, 8, 8, 0, 8 },
          "the framebuffer is too large" },
        { { 0xfd000000, 4095, 1024, 768, 32, 1, { 0 }, 16, 8, 8, 8, 0, 8 },
          "the framebuffer's lines overlap" },
        { { 0xfd000000, 0, 1024, 768, 32, 1, { 0 }, 16, 8, 8, 8, 0, 8 }, "the framebuffer's lines overlap" },
        { { 0xfd000000, 4096, 1024, 768, 0, 1, { 0 }, 16, 8, 8, 8, 0, 8 },
          "the framebuffer has an unknown number of bits per pixel" },
        { { 0xfd000000, 4096, 1024, 768, 8, 1, { 0 }, 16, 8, 8, 8, 0, 8 },
          "the framebuffer has an unknown number of bits per pixel" },
        { { 0xfd000000, 4096, 80, 25, 24, 2, { 0 }, 16, 8, 8, 8, 0, 8 },
          "the framebuffer has an unknown number of bits per pixel" },
        { { 0xfd000000, 4096, 1024, 768, 32, 1, { 0 }, 32, 8, 8, 8, 0, 8 },
          "a colour of the framebuffer lies outside the pixel" },
        { { 0xfd000000, 4096, 1024, 768, 32, 1, { 0 }, 16, 8, 8, 8, 255, 8 },
          "a colour of the framebuffer lies outside the pixel" },
        { { UINT64_MAX - 4096, 4096, 1024, 768, 32, 1, { 0 }, 16, 8, 8, 8, 0, 8 },
          "the framebuffer wraps around the end of the address space" },
        { { 64 * MIB, 4096, 1024, 768, 32, 1, { 0 }, 16, 8, 8, 8, 0, 8 }, "the framebuffer overlaps RAM" },
        { { 128 * MIB - 1, 4096, 1024, 768, 32, 1, { 0 }, 16, 8, 8, 8, 0, 8 },
          "the framebuffer overlaps RAM" },
    };
    refused = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        build_mb2();
        memcpy(tag_framebuffer + 8, &cases[i].fb, sizeof cases[i].fb);
        expect_mb2_refused(cases[i].why);
    }
    test_note("boot: %d senseless framebuffers refused", refused);
}
