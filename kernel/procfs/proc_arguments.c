/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/PID/cmdline, environ, auxv: what the program was started with, as it has it in memory now; and comm. */
#include "lib/string.h"
#include "procfs/proc_text.h"

enum { CHUNK_BYTES = 1024, NAME_MAX_BYTES = 15 };

/* A piece of [from, end) at the cursor, read from the program. */
static void add_memory(struct text *text, uint64_t *cursor, struct space *space, uint64_t from, uint64_t end)
{
    uint64_t left = end - from - MIN(*cursor, end - from);
    size_t bytes = MIN(left, (uint64_t)CHUNK_BYTES);
    char *to = bytes ? text_reserve(text, bytes) : NULL;
    if (!to) return;
    size_t got = space_read(space, from + *cursor, to, bytes);
    text->used += got;
    *cursor += got;
}

enum range { ARGUMENTS, ENVIRONMENT, AUXILIARY };

static void write_range(struct text *text, uint64_t *cursor, enum range range)
{
    struct proc_process p;
    text->error = proc_process_get(&text->node->subject, &p);
    if (failed(text->error)) return;
    if (p.space) {
        const struct space *s = p.space;
        const uint64_t ends[][2] = {
            [ARGUMENTS] = { s->start.arguments, s->start.environment },
            [ENVIRONMENT] = { s->start.environment, s->start.strings_end },
            [AUXILIARY] = { s->start.auxiliary, s->start.auxiliary_end },
        };
        add_memory(text, cursor, p.space, ends[range][0], ends[range][1]);
    }
    proc_process_put(&p);
}

static void write_cmdline(struct text *text, uint64_t *cursor) { write_range(text, cursor, ARGUMENTS); }
static void write_environ(struct text *text, uint64_t *cursor) { write_range(text, cursor, ENVIRONMENT); }
static void write_auxv(struct text *text, uint64_t *cursor) { write_range(text, cursor, AUXILIARY); }

static void write_comm(struct text *text, uint64_t *cursor)
{
    struct proc_process p;
    if (!proc_begin(text, cursor, &p)) return;
    text_add(text, "%s\n", p.name);
    proc_process_put(&p);
}

/* Of one's own process alone, as on Linux. */
static err_t store_comm(const struct made_node *node, const char *bytes, size_t count)
{
    char name[NAME_MAX_BYTES + 1];
    if (node->subject.number != proc_own_process()) return ERR_INVALID;
    count = MIN(count, (size_t)NAME_MAX_BYTES);
    memcpy(name, bytes, count);
    name[count] = '\0';
    return proc_set_name(&node->subject, name);
}

const struct text_source proc_cmdline = { .write = write_cmdline };
const struct text_source proc_environ = { .write = write_environ, .open = proc_open_looking };
const struct text_source proc_auxv = { .write = write_auxv, .open = proc_open_looking };
const struct text_source proc_comm = { .write = write_comm, .store = store_comm };
