/* SPDX-License-Identifier: Apache-2.0 */
/* ckdev: the device process of a GPU. `ck run --gpu` starts it beside QEMU. docs/gpu-protocol.md tells what it speaks. */
#define _GNU_SOURCE
#include "host/ckdev/log.h"
#include "host/ckdev/options.h"
#include "host/ckdev/supervisor.h"
#include "host/ckdev/window.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static uint8_t *map_shared(int fd, uint64_t offset, uint64_t bytes, bool is_read_only)
{
    int protection = is_read_only ? PROT_READ : PROT_READ | PROT_WRITE;
    void *at = mmap(NULL, bytes, protection, MAP_SHARED, fd, (off_t)offset);
    return at == MAP_FAILED ? NULL : at;
}

static bool complain(const char *what)
{
    fprintf(stderr, "ckdev: %s: %s\n", what, strerror(errno));
    return false;
}

/* The window and the machine's RAM become memory of this process, and of the engines. */
static bool map_all(const struct options *options, struct supervisor_config *out)
{
    struct memory *memory = &out->device.memory;
    uint64_t bytes = window_bytes(options->vram_bytes);
    out->window_fd = memfd_create("window", MFD_CLOEXEC);
    if (!bytes || out->window_fd < 0 || ftruncate(out->window_fd, (off_t)bytes) != 0)
        return complain("the window");
    out->device.window = map_shared(out->window_fd, 0, bytes, false);
    if (!out->device.window) return complain("the window");
    memory->vram_bytes = options->vram_bytes;
    memory->vram = out->device.window + window_vram_offset();
    for (uint32_t i = 0; i < options->ram_count; i++) {
        const struct options_piece *piece = &options->ram[i];
        uint8_t *host = map_shared(piece->fd, piece->offset, piece->bytes, piece->is_read_only);
        if (!host) return complain("RAM");
        memory->ram[memory->ram_count++] =
            (struct memory_piece){ piece->address, piece->bytes, host, piece->is_read_only };
    }
    return true;
}

int main(int argc, char **argv)
{
    struct options options;
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(options_usage, stdout);
        return EXIT_SUCCESS;
    }
    if (!options_parse(argc, argv, &options)) {
        fputs(options_usage, stderr);
        return EXIT_FAILURE;
    }
    struct supervisor_config config = {
        .device.threads = options.threads,
        .connection = options.server_fd,
    };
    if (!window_identity(options.engine, &config.identity)) {
        fprintf(stderr, "ckdev: there is no engine '%s'\n", options.engine);
        return EXIT_FAILURE;
    }
    log_open(options.log_fd);
    return map_all(&options, &config) ? supervisor_run(&config) : EXIT_FAILURE;
}
