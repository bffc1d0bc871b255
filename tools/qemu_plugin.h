/* SPDX-License-Identifier: Apache-2.0 */
/* What our QEMU plugins use of the interface of version 1, which QEMU 7.2 has: its package has no header for it.
 * [qemu-7.2 docs/devel/tcg-plugins.rst] */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define PUBLIC __attribute__((visibility("default")))

typedef uint64_t plugin_id;
struct qemu_info;
struct block;
struct instruction;
enum inline_operation { ADD_U64 };
enum register_use { NO_REGISTERS };

size_t qemu_plugin_tb_n_insns(const struct block *block);
uint64_t qemu_plugin_tb_vaddr(const struct block *block);
struct instruction *qemu_plugin_tb_get_insn(const struct block *block, size_t index);
size_t qemu_plugin_insn_size(const struct instruction *instruction);
const void *qemu_plugin_insn_data(const struct instruction *instruction);

typedef void (*executed)(unsigned cpu, void *context);
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, void (*callback)(plugin_id, struct block *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct block *block, executed callback, enum register_use use,
                                          void *context);
void qemu_plugin_register_vcpu_tb_exec_inline(struct block *block, enum inline_operation operation, void *at,
                                              uint64_t operand);
void qemu_plugin_register_vcpu_insn_exec_cb(struct instruction *instruction, executed callback,
                                            enum register_use use, void *context);
void qemu_plugin_register_atexit_cb(plugin_id id, void (*callback)(plugin_id, void *), void *context);

PUBLIC extern const int qemu_plugin_version;
PUBLIC int qemu_plugin_install(plugin_id id, const struct qemu_info *info, int argc, char **argv);
