/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "host/ck/memory_plan.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/ck/report.h"

enum {
    MAP_FROM_BYTES = 32 << 20,      /* below that, copying takes less than the blink of an eye */
    KERNEL_ROOM_BYTES = 1 << 20,    /* beside the archive in any case: the kernel's image */
    PROGRAM_ROOM_BYTES = 512 << 20, /* beside the archive, when --memory is not given */
    BLOCK_BYTES = 2 << 20,          /* what the kernel hands out as a whole */
};
static const uint64_t gib = 1ull << 30;

/* Of a machine with more memory than `all_low`, `low` bytes lie below 4 GiB and the rest begins there. A machine with
 * less has all of it below; on a q35 firmware then puts its tables at the end, where the archive would be.
 * [qemu 7.2 hw/i386/microvm.c, hw/i386/pc_q35.c] */
static const struct split {
    uint64_t all_low, low;
    bool has_tables_on_top;
} splits[] = {
    [MACHINE_MICROVM] = { 0xc0000000, 0xc0000000, false },
    [MACHINE_Q35] = { 0xb0000000 - 1, 0x80000000, true },
};

/* Whether QEMU can map it: whole granules, and it opens the file for writing although it never writes. */
static bool is_mappable(int fd, uint64_t bytes)
{
    struct stat st;
    if (fstat(fd, &st) < 0 || (uint64_t)st.st_size < align_up(bytes, MEMORY_PLAN_GRANULE)) return false;
    char *path = must_format("/proc/self/fd/%d", fd);
    int again = open(path, O_RDWR | O_CLOEXEC);
    free(path);
    if (again >= 0) close(again);
    return again >= 0;
}

/* Behind `room` bytes for the program, in one piece: below the hole or above it. More room than was asked for costs
 * nothing; when the machine's size is given it has to come out right. False: no place. */
static bool place_archive(const struct split *split, uint64_t room, bool is_fixed, struct memory_plan *out)
{
    bool is_low = room + out->archive_bytes <= split->all_low;
    if (is_low ? split->has_tables_on_top : room < split->low) {
        if (is_fixed) return false;
        room = align_up(split->all_low, BLOCK_BYTES);
        is_low = false;
    }
    out->bytes = room + out->archive_bytes;
    out->archive_at = is_low ? room : 4 * gib + room - split->low;
    return true;
}

bool memory_plan_make(const struct run_options *o, int fd, uint64_t archive_bytes, const char *name,
                      struct memory_plan *out)
{
    const struct split *split = &splits[o->machine];
    uint64_t archive_room = align_up(archive_bytes, BLOCK_BYTES);
    uint64_t program_room = MAX(o->memory_limit_bytes, (uint64_t)PROGRAM_ROOM_BYTES);
    program_room = align_up(program_room, BLOCK_BYTES);
    *out = (struct memory_plan){ .bytes = o->memory_bytes ? o->memory_bytes : archive_room + program_room };
    if (archive_room + KERNEL_ROOM_BYTES > out->bytes) {
        report("%s: its archive of %llu MiB does not fit a machine of %llu MiB; without --memory it gets "
               "%llu MiB",
               name, (unsigned long long)(archive_room >> 20), (unsigned long long)(out->bytes >> 20),
               (unsigned long long)((archive_room + program_room) >> 20));
        return false;
    }
    if (archive_bytes >= MAP_FROM_BYTES && is_mappable(fd, archive_bytes)) {
        out->archive_bytes = align_up(archive_bytes, MEMORY_PLAN_GRANULE);
        uint64_t room = o->memory_bytes ? o->memory_bytes - out->archive_bytes : program_room;
        if (place_archive(split, room, o->memory_bytes != 0, out)) return true;
        out->archive_bytes = 0;
    }
    uint64_t below = out->bytes <= split->all_low ? out->bytes : split->low;
    if (archive_room + KERNEL_ROOM_BYTES <= below) return true;
    report("%s: its archive of %llu MiB has to be copied below 4 GiB, where this machine has %llu MiB; pack "
           "it with "
           "ck build, or leave out --memory",
           name, (unsigned long long)(archive_room >> 20), (unsigned long long)(below >> 20));
    return false;
}

uint32_t memory_plan_pieces(const struct memory_plan *plan, enum machine_kind machine,
                            struct memory_piece out[MEMORY_PIECES_MAX])
{
    const struct split *split = &splits[machine];
    uint64_t own = plan->bytes - plan->archive_bytes;
    uint64_t below = MIN(own, plan->bytes <= split->all_low ? plan->bytes : split->low);
    uint32_t count = 0;
    out[count++] = (struct memory_piece){ .bytes = below };
    if (below < own) out[count++] = (struct memory_piece){ 4 * gib, own - below, below, false };
    if (plan->archive_bytes)
        out[count++] = (struct memory_piece){ plan->archive_at, plan->archive_bytes, 0, true };
    return count;
}
