/* SPDX-License-Identifier: Apache-2.0 */
#include "host/ckdev/options.h"
#include "host/ckdev/window.h"
#include "tests/harness/test.h"

#include <string.h>

static char *arguments[16];
static int split(char *line)
{
    int count = 0;
    for (char *word = strtok(line, " "); word && count < 16; word = strtok(NULL, " "))
        arguments[count++] = word;
    return count;
}

TEST(the_command_line_that_ck_writes_is_understood)
{
    char line[] = "ckdev --engine gfx900 --vram 0x10000000 --server-fd 5 --log-fd 2 --threads 3 "
                  "--ram 0:0x80000000:7:0 --ram 0x100000000:4096:8:0x1000:ro";
    struct options options;
    EXPECT(options_parse(split(line), arguments, &options));
    EXPECT_STR(options.engine, "gfx900");
    EXPECT_EQ(options.vram_bytes, 256 << 20);
    EXPECT_EQ(options.server_fd, 5);
    EXPECT_EQ(options.log_fd, 2);
    EXPECT_EQ(options.threads, 3);
    EXPECT_EQ(options.ram_count, 2);
    EXPECT_EQ(options.ram[0].bytes, 0x80000000);
    EXPECT_EQ(options.ram[1].address, 0x100000000);
    EXPECT_EQ(options.ram[1].offset, 0x1000);
    EXPECT_EQ(options.ram[1].fd, 8);
    EXPECT(options.ram[1].is_read_only && !options.ram[0].is_read_only);
}

TEST(a_command_line_that_makes_no_sense_is_refused)
{
    static const char *const lines[] = {
        "ckdev",
        "ckdev --engine",
        "ckdev --engine gfx900 --vram 2097152 --server-fd 5",
        "ckdev --engine gfx900 --vram 4096 --server-fd 5 --ram 0:4096:1:0",
        "ckdev --engine gfx900 --vram 0 --server-fd 5 --ram 0:4096:1:0",
        "ckdev --engine gfx900 --vram 2097152 --server-fd -5 --ram 0:4096:1:0",
        "ckdev --engine gfx900 --vram 2097152 --server-fd 5x --ram 0:4096:1:0",
        "ckdev --engine gfx900 --vram 2097152 --server-fd 5 --ram 0:4096:1",
        "ckdev --engine gfx900 --vram 2097152 --server-fd 5 --ram 0:4096:1:0:rw",
        "ckdev --engine gfx900 --vram 2097152 --server-fd 5 --ram 0:0:1:0",
        "ckdev --engine gfx900 --vram 2097152 --server-fd 5 --ram 1:4096:1:0",
        "ckdev --engine gfx900 --vram 2097152 --server-fd 5 --ram 0xfffffffffffff000:0x2000:1:0",
        "ckdev --engine gfx900 --vram 2097152 --server-fd 5 --ram 0:4096:1:0 --threads 0",
        "ckdev --engine gfx900 --vram 2097152 --server-fd 5 --ram 0:4096:1:0 --threads 65",
        "ckdev --engine gfx900 --vram 2097152 --server-fd 5 --ram 0:4096:1:0 --fast 1",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(lines); i++) {
        char line[200];
        struct options options;
        strcpy(line, lines[i]);
        if (options_parse(split(line), arguments, &options))
            test_fail(__FILE__, __LINE__, "taken: %s", lines[i]);
    }
}

TEST(the_window_has_room_for_all_and_is_a_power_of_two)
{
    static const uint64_t sizes[] = { 2ull << 20, 64ull << 20, 4ull << 30, 256ull << 30 };
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        struct gpu_registers r = { 0 };
        struct gpu_identity identity;
        EXPECT(window_identity("gfx900", &identity));
        window_lay_out(&r, &identity, sizes[i]);
        EXPECT(is_power_of_two(r.window_bytes));
        EXPECT_EQ(r.vram.bytes, sizes[i]);
        EXPECT(is_aligned(r.vram.offset, HUGE_BYTES));
        EXPECT(r.vram.offset + r.vram.bytes <= r.window_bytes);
        EXPECT(r.commands.offset >= sizeof r &&
               r.commands.bytes == r.command_count * sizeof(struct gpu_command));
        EXPECT(r.events.offset >= r.commands.offset + r.commands.bytes);
        EXPECT(r.doorbells.offset >= r.events.offset + r.events.bytes);
        EXPECT(r.doorbells.bytes >= (uint64_t)r.context_max * r.doorbell_bytes);
        EXPECT(r.vram.offset >= r.doorbells.offset + r.doorbells.bytes);
    }
    EXPECT_EQ(window_bytes(1ull << 41), 0);
}
