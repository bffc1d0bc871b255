/* SPDX-License-Identifier: Apache-2.0 */
#include "host/ck/guest_cmdline.h"

#include <stdlib.h>
#include <string.h>

#include "abi/boot_info.h"
#include "host/ck/buffer.h"
#include "host/ck/report.h"
#include "host/ck/terminal.h"
#include "lib/cmdline.h"

/* Behind these bytes the code that loads us on a q35 keeps what it tells us. [qemu 7.2 pc-bios/optionrom/pvh_main.c] */
enum { PVH_ROM_CMDLINE_MAX = 4096 };

static void add_word(struct buffer *line, const char *word)
{
    if (buffer_bytes(line) > 0) buffer_append(line, " ", 1);
    size_t bytes = cmdline_quote(NULL, 0, word);
    cmdline_quote((char *)buffer_room(line, bytes + 1), bytes + 1, word);
    buffer_added(line, bytes);
}

static void add_option(struct buffer *line, const char *name, const char *value)
{
    char *word = must_format("%s=%s", name, value);
    add_word(line, word);
    free(word);
}

static void add_environment(struct buffer *line, const struct string_list *environment)
{
    for (size_t i = 0; i < environment->count; i++) add_option(line, "env", environment->items[i]);
}

char *guest_cmdline_create(const struct guest_cmdline *f)
{
    const struct run_options *o = f->options;
    struct buffer line = { 0 };
    add_word(&line, "ck.channel=com2");
    add_word(&line, "debug_exit=0xf4");
    add_word(&line, o->is_verbose || o->log_path ? "log=info" : "log=warning");
    char *rate = must_format("tsc_khz=%llu", (unsigned long long)f->tsc_khz);
    add_word(&line, rate);
    free(rate);
    if (o->wants_stats) add_word(&line, "ck.stats");
    if (o->has_terminal) {
        struct terminal_size size = terminal_size();
        char *text = must_format("%ux%u", size.rows, size.columns);
        add_option(&line, "ck.tty", text);
        free(text);
    }
    if (!f->has_stdin) add_word(&line, "ck.stdin=none");
    if (o->memory_limit_bytes) {
        char *limit = must_format("memory_limit=%llu", (unsigned long long)o->memory_limit_bytes);
        add_word(&line, limit);
        free(limit);
    }
    if (f->memory->archive_bytes) {
        char *place = must_format("%#llx,%llu", (unsigned long long)f->memory->archive_at,
                                  (unsigned long long)f->memory->archive_bytes);
        add_option(&line, "initrd", place);
        free(place);
    }
    char *net = network_word(&o->network);
    if (net) add_word(&line, net);
    free(net);
    if (o->gpu.is_given) add_word(&line, "gpu=on");
    if (o->network.hostname) add_option(&line, "hostname", o->network.hostname);
    if (f->launch->workdir) add_option(&line, "cwd", f->launch->workdir);
    if (f->launch->has_user) {
        char *user = must_format("%u:%u", f->launch->uid, f->launch->gid);
        add_option(&line, "user", user);
        free(user);
    }
    add_environment(&line, &f->launch->environment);
    buffer_append(&line, " --", 3); /* as a word it would be quoted, and separate nothing */
    for (size_t i = 0; i < f->launch->command.count; i++) add_word(&line, f->launch->command.items[i]);
    buffer_append(&line, "", 1);

    int room = o->machine == MACHINE_Q35 ? PVH_ROM_CMDLINE_MAX : BOOT_CMDLINE_MAX;
    if (buffer_bytes(&line) > (size_t)room) {
        report("the program's arguments and environment take %zu bytes of the kernel's command line; "
               "it has room for %d",
               buffer_bytes(&line), room);
        buffer_free(&line);
        return NULL;
    }
    return (char *)line.data;
}
