# SPDX-License-Identifier: Apache-2.0
# Looking closely: gdb.

.PHONY: debug
PROGRAM ?= $(GUEST)/hello.musl

debug: deps ## a halted machine under gdb, with helpers; PROGRAM=FILE ARGS=... runs another program
	@$(MAKE) -s --no-print-directory $(B)/kernel/debug-gcc/kernel.elf $(B)/ck $(PROGRAM)
	@ARGS='$(ARGS)' tools/debug.sh $(B)/kernel/debug-gcc/kernel.elf $(B)/ck $(PROGRAM)
