# SPDX-License-Identifier: Apache-2.0
# Measuring and looking closely: figures, sizes, gdb.

.PHONY: bench bench-frames size debug
SIZE_LIMIT := 131072
PROGRAM ?= $(GUEST)/hello.musl

# Counts guest instructions from outside. The other flags are those of a QEMU plugin.
$(B)/bench/qemu_count.so: tools/qemu_count.c
$(B)/bench/qemu_phases.so: tools/qemu_phases.c
$(B)/bench/qemu_count.so $(B)/bench/qemu_phases.so: tools/qemu_plugin.h
	@mkdir -p $(@D)
	@echo "  CC $@"; $(HOSTCC) -std=gnu17 -O2 $(HOST_WARN) -I. -shared -fPIC -fvisibility=hidden -o $@ $(filter %.c,$^)

# The roots of programs that are counted, with what counts them.
$(B)/bench/%.cpio: $(ROOTS)/%.made $(GUEST)/program_cost.musl $(B)/ck $(wildcard tests/software/*)
	@rm -rf $(B)/bench/$*.root && mkdir -p $(@D) && cp -al $(ROOTS)/$* $(B)/bench/$*.root
	@tests/software/fill_root.sh tests/software $(B)/bench/$*.root
	@mkdir $(B)/bench/$*.root/bench && cp $(GUEST)/program_cost.musl $(B)/bench/$*.root/bench/program_cost
	@echo "  CPIO $@"; $(B)/ck build --rootfs $(B)/bench/$*.root -o $@; status=$$?; rm -rf $(B)/bench/$*.root; exit $$status

# What tools/bench/servers.py runs in a machine: servers of Debian's, and one of our own.
$(B)/bench/servers.cpio: $(ROOTS)/servers.made bench/servers/nginx.conf $(GUEST)/receive_bulk.musl $(B)/ck
	@rm -rf $(B)/bench/servers.root && mkdir -p $(B)/bench && cp -al $(ROOTS)/servers $(B)/bench/servers.root
	@mkdir -p $(B)/bench/servers.root/bench $(B)/bench/servers.root/srv $(B)/bench/servers.root/var/lib/nginx $(B)/bench/servers.root/var/log/nginx
	@cp bench/servers/nginx.conf $(GUEST)/receive_bulk.musl $(B)/bench/servers.root/bench/
	@echo 'a page of a server, with a few words' > $(B)/bench/servers.root/srv/index.html
	$(B)/ck build --rootfs $(B)/bench/servers.root -o $@
	@rm -rf $(B)/bench/servers.root

BENCHED_ROOTS := $(addprefix $(B)/bench/,python.cpio torch.cpio servers.cpio gpu.cpio)

BENCHED_FRAMES := $(B)/kernel/kbench-$(CC)/kernel.elf $(B)/unit/fragmentation/test
BENCHED := $(B)/kernel.elf $(B)/ck $(GUEST)/first $(addprefix $(GUEST)/,operations.musl memory_costs.musl thread_costs.musl quiet.musl) $(addprefix $(GUEST)/hello.,musl glibc pie) \
	$(B)/demo/root.cpio $(B)/ckdev $(B)/bench/qemu_count.so $(B)/bench/qemu_phases.so $(B)/bench/gfx9_gemm $(B)/gfx9/kernels-O3.hsaco $(B)/hip/gemm.hsaco $(BENCHED_FRAMES) $(BENCHED_ROOTS)
bench: deps ## count guest instructions and print the figures
	@$(MAKE) -s --no-print-directory $(BENCHED)
	@tools/bench.py $(B)
	@$(B)/bench/gfx9_gemm $(B)/gfx9/kernels-O3.hsaco $(B)/hip/gemm.hsaco

$(B)/bench/gfx9_gemm: bench/gfx9_gemm.c tests/gfx9/machine.c lib/base.c $(B)/host/ckdev/libgfx9.a
	@mkdir -p $(@D)
	@echo "  CC $@"; $(HOSTCC) $(HOST_FLAGS) -o $@ $^ -lm

# The CPU is one without fast strings, or a REP STOS would count as one instruction.
COUNTING := -icount shift=0,sleep=off -rtc base=2024-01-01,clock=vm -m 1G
bench-frames: deps ## what the kernel's allocators cost, beside a buddy system
	@$(MAKE) -s --no-print-directory $(BENCHED_FRAMES)
	@tools/run_ktest.sh $(B)/kernel/kbench-$(CC)/kernel.elf microvm max $(COUNTING); status=$$?; \
	 $(B)/unit/fragmentation/test && exit $$status

# The same link once more, for its map.
$(B)/bench/kernel.map: $(K_release_gcc)/kernel.elf
	@mkdir -p $(@D)
	@gcc $(KERNEL_LDFLAGS) -Wl,-Map=$@ -o /dev/null $(O_release_gcc) $(K_release_gcc)/symbols.o
size: deps ## where the bytes of the kernel are, by section and folder
	@$(MAKE) -s --no-print-directory $(B)/kernel.elf $(B)/bench/kernel.map
	@tools/size.py $(B)/bench/kernel.map $(B)/kernel.elf $(SIZE_LIMIT)

debug: deps ## a halted machine under gdb, with helpers; PROGRAM=FILE and ARGS= say what it runs
	@$(MAKE) -s --no-print-directory $(B)/kernel/debug-gcc/kernel.elf $(B)/ck $(PROGRAM)
	@ARGS='$(ARGS)' tools/debug.sh $(B)/kernel/debug-gcc/kernel.elf $(B)/ck $(PROGRAM)
