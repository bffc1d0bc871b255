/* SPDX-License-Identifier: Apache-2.0 */
/* A QEMU plugin that counts guest instructions from outside: from reset to the end of the machine,
 * whatever the guest does. Use: -plugin FILE.so,out=RESULT; RESULT then holds one decimal number.
 *
 * A block is counted when it is entered, so what is left of it when an instruction faults counts again
 * when that is retried: totals are a little above those of RDTSC, and repeat as exactly. */
#include "tools/qemu_plugin.h"

#include <stdio.h>
#include <string.h>

const int qemu_plugin_version = 1;

static uint64_t count; /* by the only CPU */
static const char *result_path;

static void block_translated(plugin_id id, struct block *block)
{
    (void)id;
    qemu_plugin_register_vcpu_tb_exec_inline(block, ADD_U64, &count, qemu_plugin_tb_n_insns(block));
}

static void machine_ended(plugin_id id, void *context)
{
    (void)id;
    (void)context;
    FILE *result = fopen(result_path, "w");
    if (!result) {
        perror(result_path);
        return;
    }
    fprintf(result, "%llu\n", (unsigned long long)count);
    fclose(result);
}

int qemu_plugin_install(plugin_id id, const struct qemu_info *info, int argc, char **argv)
{
    (void)info;
    if (argc != 1 || strncmp(argv[0], "out=", 4) != 0) {
        fprintf(stderr, "qemu_count: needs out=FILE\n");
        return 1;
    }
    static char path[4096]; /* argv is gone after this */
    snprintf(path, sizeof path, "%s", argv[0] + 4);
    result_path = path;
    qemu_plugin_register_vcpu_tb_trans_cb(id, block_translated);
    qemu_plugin_register_atexit_cb(id, machine_ended, NULL);
    return 0;
}
