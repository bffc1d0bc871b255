/* SPDX-License-Identifier: Apache-2.0 */
/* A QEMU plugin for a machine with one CPU: it counts instructions of the kernel and of ring 3 apart, for each
 * stretch of a program that the program itself marks. Use: -plugin FILE.so,out=RESULT. RESULT then has, in their order,
 *
 *   phase NUMBER KERNEL USER   what was executed from one mark to the next; NUMBER is the first mark's
 *   wake NUMBER KERNEL         of the kernel, from the HLT that an interrupt ended to ring 3
 *
 * A mark is `nopl 0x636b0000 + NUMBER(%rax)`: bench/gpu_costs.c. Stretches of number 0 are not told, nor wakes in
 * them. A block is counted when it is entered, as in qemu_count.c. */
#include "tools/qemu_plugin.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

const int qemu_plugin_version = 1;

enum { MARK_BYTES = 7 };
static const uint8_t nopl[] = { 0x0f, 0x1f, 0x80 }, halt[] = { 0xf4 };

static uint64_t kernel_count, user_count;
static uint64_t phase, kernel_at_mark, user_at_mark, kernel_at_halt;
static bool is_halted;
static FILE *result;

static void marked(unsigned cpu, void *number)
{
    (void)cpu;
    if (phase)
        fprintf(result, "phase %llu %llu %llu\n", (unsigned long long)phase,
                (unsigned long long)(kernel_count - kernel_at_mark),
                (unsigned long long)(user_count - user_at_mark));
    phase = (uintptr_t)number;
    kernel_at_mark = kernel_count;
    user_at_mark = user_count;
    is_halted = false;
}

static void halted(unsigned cpu, void *context)
{
    (void)cpu;
    (void)context;
    is_halted = true;
    kernel_at_halt = kernel_count;
}

static void user_entered(unsigned cpu, void *context)
{
    (void)cpu;
    (void)context;
    if (is_halted && phase)
        fprintf(result, "wake %llu %llu\n", (unsigned long long)phase,
                (unsigned long long)(kernel_count - kernel_at_halt));
    is_halted = false;
}

/* The number of the mark that the instruction is; -1: none. */
static int64_t mark_of(const struct instruction *i)
{
    const uint8_t *bytes = qemu_plugin_insn_data(i);
    if (qemu_plugin_insn_size(i) != MARK_BYTES || memcmp(bytes, nopl, sizeof nopl) != 0) return -1;
    return bytes[5] == 0x6b && bytes[6] == 0x63 ? bytes[3] | bytes[4] << 8 : -1;
}

static void kernel_block(struct block *block, size_t count)
{
    qemu_plugin_register_vcpu_tb_exec_inline(block, ADD_U64, &kernel_count, count);
    const struct instruction *last = qemu_plugin_tb_get_insn(block, count - 1);
    if (qemu_plugin_insn_size(last) == sizeof halt &&
        memcmp(qemu_plugin_insn_data(last), halt, sizeof halt) == 0)
        qemu_plugin_register_vcpu_tb_exec_cb(block, halted, NO_REGISTERS, NULL);
}

static void user_block(struct block *block, size_t count)
{
    qemu_plugin_register_vcpu_tb_exec_cb(block, user_entered, NO_REGISTERS, NULL);
    qemu_plugin_register_vcpu_tb_exec_inline(block, ADD_U64, &user_count, count);
    for (size_t i = 0; i < count; i++) {
        struct instruction *instruction = qemu_plugin_tb_get_insn(block, i);
        int64_t number = mark_of(instruction);
        if (number >= 0)
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, marked, NO_REGISTERS,
                                                   (void *)(uintptr_t)number);
    }
}

static void block_translated(plugin_id id, struct block *block)
{
    (void)id;
    size_t count = qemu_plugin_tb_n_insns(block);
    if (qemu_plugin_tb_vaddr(block) >> 63)
        kernel_block(block, count);
    else
        user_block(block, count);
}

static void machine_ended(plugin_id id, void *context)
{
    (void)id;
    (void)context;
    fclose(result);
}

int qemu_plugin_install(plugin_id id, const struct qemu_info *info, int argc, char **argv)
{
    (void)info;
    if (argc != 1 || strncmp(argv[0], "out=", 4) != 0) {
        fprintf(stderr, "qemu_phases: needs out=FILE\n");
        return 1;
    }
    result = fopen(argv[0] + 4, "w");
    if (!result) {
        perror(argv[0] + 4);
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, block_translated);
    qemu_plugin_register_atexit_cb(id, machine_ended, NULL);
    return 0;
}
