/* SPDX-License-Identifier: Apache-2.0 */
#include "host/ckdev/options.h"

#include "host/ckdev/device.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char options_usage[] =
    "usage: ckdev --engine NAME --vram BYTES --server-fd FD --ram ADDRESS:BYTES:FD:OFFSET[:ro]...\n"
    "             [--log-fd FD] [--threads N]\n"
    "The device process of a GPU; `ck run --gpu` starts it. Numbers are decimal, or hexadecimal after 0x.\n"
    "  --engine NAME   what kind of GPU: gfx900\n"
    "  --vram BYTES    memory of the GPU; a multiple of 2 MiB\n"
    "  --server-fd FD  a connected unix socket, whose other end is the chardev of QEMU's\n"
    "                  `-device ivshmem-doorbell,vectors=2`; BAR 2 of that becomes the window\n"
    "  --ram ...       RAM of the machine: physical address, size, and where it lies in a shared file\n"
    "  --log-fd FD     for lines about what goes wrong\n"
    "  --threads N     that execute code; otherwise one for each processor\n"
    "It ends when the other end of the socket is closed.\n";

static bool complain(const char *what, const char *value)
{
    fprintf(stderr, "ckdev: %s: %s\n", what, value);
    return false;
}

static bool parse_number(const char *text, char **end, uint64_t *out)
{
    errno = 0;
    *out = strtoull(text, end, 0);
    return *end != text && errno == 0 && text[0] >= '0' && text[0] <= '9';
}

static bool parse_whole(const char *option, const char *text, uint64_t maximum, uint64_t *out)
{
    char *end;
    if (!parse_number(text, &end, out) || *end || *out > maximum) return complain(option, text);
    return true;
}

static bool parse_fd(const char *option, const char *text, int *out)
{
    uint64_t number;
    if (!parse_whole(option, text, INT32_MAX, &number)) return false;
    *out = (int)number;
    return true;
}

static bool parse_ram(const char *text, struct options *out)
{
    uint64_t numbers[4];
    char *at = (char *)(uintptr_t)text;
    if (out->ram_count == MEMORY_PIECES_MAX) return complain("too many pieces of --ram", text);
    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
        if (i && *at++ != ':') return complain("--ram", text);
        if (!parse_number(at, &at, &numbers[i])) return complain("--ram", text);
    }
    struct options_piece piece = { numbers[0], numbers[1], numbers[3], (int)numbers[2],
                                   strcmp(at, ":ro") == 0 };
    uint64_t end;
    if ((*at && !piece.is_read_only) || numbers[2] > INT32_MAX || !piece.bytes ||
        !is_aligned(piece.address | piece.bytes | piece.offset, PAGE_BYTES) ||
        add_overflows(piece.address, piece.bytes, &end))
        return complain("--ram", text);
    out->ram[out->ram_count++] = piece;
    return true;
}

static bool parse_option(const char *name, const char *value, struct options *out)
{
    uint64_t number;
    if (strcmp(name, "--engine") == 0) {
        out->engine = value;
        return true;
    }
    if (strcmp(name, "--vram") == 0) {
        if (!parse_whole(name, value, UINT64_MAX, &out->vram_bytes)) return false;
        return (out->vram_bytes && is_aligned(out->vram_bytes, HUGE_BYTES)) || complain(name, value);
    }
    if (strcmp(name, "--server-fd") == 0) return parse_fd(name, value, &out->server_fd);
    if (strcmp(name, "--log-fd") == 0) return parse_fd(name, value, &out->log_fd);
    if (strcmp(name, "--ram") == 0) return parse_ram(value, out);
    if (strcmp(name, "--threads") == 0) {
        if (!parse_whole(name, value, DEVICE_THREADS_MAX, &number)) return false;
        out->threads = (uint32_t)number;
        return number || complain(name, value);
    }
    return complain("unknown option", name);
}

bool options_parse(int argc, char **argv, struct options *out)
{
    long found = sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t processors = found > 0 ? (uint32_t)found : 1;
    *out = (struct options){ .server_fd = -1, .log_fd = -1 };
    out->threads = MIN(processors, (uint32_t)DEVICE_THREADS_MAX);
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc) return complain("a value is missing behind", argv[i]);
        if (!parse_option(argv[i], argv[i + 1], out)) return false;
    }
    if (!out->engine || !out->vram_bytes || out->server_fd < 0 || !out->ram_count)
        return complain("needed", "--engine, --vram, --server-fd and --ram");
    return true;
}
