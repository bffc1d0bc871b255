# SPDX-License-Identifier: Apache-2.0
# Programs of this machine: ck, unit tests with sanitizers, fuzzers.

HOST_WARN := -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef -Wshadow
HOST_FLAGS := -std=gnu17 -O2 -g $(HOST_WARN) -Wno-unused-const-variable -I. -Ikernel
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

# ---- ck ----
CK_C := $(sort $(filter-out %_test.c %_fuzz.c,$(wildcard host/ck/*.c))) \
	$(addprefix lib/,base.c cmdline.c cpio.c cpio_write.c elf.c format.c lz4_block.c lz4_frame.c xxh32.c)
CK_O := $(patsubst %.c,$(B)/host/ck/%.o,$(CK_C))

$(B)/host/ck/%.o: %.c | $(B)/lz4/lz4.c
	@mkdir -p $(@D)
	@echo "  CC $@"; $(HOSTCC) $(HOST_FLAGS) -MMD -MP -c -o $@ $<
$(B)/ck: $(CK_O)
	@echo "  LD $@"; $(HOSTCC) -o $@ $^ -lcjson -lz -lzstd
-include $(CK_O:.o=.d)

# ---- ckdev's instruction engine: a library. A sum and a product are rounded apart unless the table says fma. ----
GFX9_C := $(sort $(filter-out %_test.c %_fuzz.c,$(wildcard host/ckdev/gfx9/*.c)))
GFX9_FLAGS := -O3 -ffp-contract=off -fno-math-errno -fno-trapping-math
GFX9_O := $(patsubst %.c,$(B)/%.o,$(GFX9_C))

$(B)/host/ckdev/gfx9/%.o: host/ckdev/gfx9/%.c
	@mkdir -p $(@D)
	@echo "  CC $@"; $(HOSTCC) $(HOST_FLAGS) $(GFX9_FLAGS) -MMD -MP -c -o $@ $<
$(B)/host/ckdev/libgfx9.a: $(GFX9_O)
	@echo "  AR $@"; rm -f $@; ar rcs $@ $^
-include $(GFX9_O:.o=.d)

# ---- ckdev ----
CKDEV_O := $(patsubst %.c,$(B)/%.o,$(sort $(filter-out %_test.c %_fuzz.c,$(wildcard host/ckdev/*.c)))) $(B)/host/ck/lib/base.o

$(B)/host/ckdev/%.o: host/ckdev/%.c
	@mkdir -p $(@D)
	@echo "  CC $@"; $(HOSTCC) $(HOST_FLAGS) -MMD -MP -c -o $@ $<
$(B)/ckdev: $(CKDEV_O) $(B)/host/ckdev/libgfx9.a
	@echo "  LD $@"; $(HOSTCC) -pthread -o $@ $^ -lm
-include $(CKDEV_O:.o=.d)

# ---- unit tests: one binary per line below, clang with sanitizers ----
# $(call unit_test,name,test sources,sources under test,flags,instead of those sanitizers)
UNIT_TESTS :=
define unit_test
UNIT_TESTS += $(B)/unit/$(1)/test
U_$(1) := $$(patsubst %.c,$(B)/unit/$(1)/%.o,$(2) $(3) tests/harness/main.c lib/base.c)
$(B)/unit/$(1)/%.o: %.c | $(B)/lz4/lz4.c
	@mkdir -p $$(@D)
	@echo "  CC $$@"; $(CLANG) $(filter-out -O2,$(HOST_FLAGS)) -O1 $(or $(5),$(SANITIZE)) $(4) -MMD -MP -c -o $$@ $$<
$(B)/unit/$(1)/test: $$(U_$(1))
	@echo "  LD $$@"; $(CLANG) $(or $(5),$(SANITIZE)) -o $$@ $$^ -lm $(if $(filter ck,$(1)),-lcjson) $(if $(filter gfx9,$(1)),-ldl)
-include $$(U_$(1):.o=.d)
endef

tests_in = $(sort $(wildcard $(addsuffix /*_test.c,$(1))))
code_in = $(sort $(filter-out %_test.c %_fuzz.c %_ktest.c,$(wildcard $(addsuffix /*.c,$(1)))))
fakes = $(patsubst %,tests/fakes/fake_%.c,$(1))

LIB_C := $(filter-out lib/base.c lib/string.c,$(call code_in,lib))
$(eval $(call unit_test,lib,$(call tests_in,lib kernel/boot),$(LIB_C) $(call code_in,kernel/boot) $(call fakes,memory)))

MM_C := $(filter-out kernel/mm/tlb.c kernel/mm/kernel_map.c,$(call code_in,kernel/mm)) kernel/arch/zero.c $(call fakes,panic lock log mm)
$(eval $(call unit_test,mm,$(call tests_in,kernel/mm),$(MM_C)))
$(eval $(call unit_test,mm-debug,$(call tests_in,kernel/mm),$(MM_C),-DCK_DEBUG))
THREADS_C := $(wildcard kernel/mm/frame*.c) kernel/mm/charge.c kernel/mm/alloc_fail.c kernel/arch/zero.c $(call fakes,panic lock_threads log mm)
$(eval $(call unit_test,frame-threads,tests/stress/frame_threads_test.c,$(filter-out %_test.c %_ktest.c %/frame_share.c,$(THREADS_C)),,-fsanitize=thread -g))
$(eval $(call unit_test,charge-threads,tests/stress/charge_threads_test.c,kernel/mm/charge.c $(call fakes,panic lock_threads),,-fsanitize=thread -g))
$(eval $(call unit_test,heap-threads,tests/stress/heap_threads_test.c,$(filter-out %_test.c %_ktest.c %/frame_share.c,$(THREADS_C) $(wildcard kernel/mm/heap*.c) $(call fakes,stacks)),,-fsanitize=thread -g))

$(eval $(call unit_test,executor,$(call tests_in,kernel/sched),kernel/sched/executor.c lib/format.c $(call fakes,lock wait)))
$(eval $(call unit_test,executor-threads,tests/stress/executor_threads_test.c,kernel/sched/executor.c lib/format.c $(call fakes,lock_threads sched_threads),,-fsanitize=thread -g))

FUTEX_C := $(addprefix kernel/process/,futex.c futex_requeue.c futex_pi.c futex_exit.c) kernel/vm/identity.c
$(eval $(call unit_test,futex-threads,tests/stress/futex_threads_test.c,$(FUTEX_C) $(call fakes,lock_threads futex_threads),,-fsanitize=thread -g))

$(eval $(call unit_test,zero,kernel/arch/zero_test.c,kernel/arch/zero.c $(call fakes,panic lock)))

$(eval $(call unit_test,fpu-layout,kernel/arch/fpu_layout_test.c,kernel/arch/fpu_layout.c lib/random.c))

# Ten million steps: built for speed instead.
$(eval $(call unit_test,fragmentation,bench/fragmentation_test.c,bench/buddy.c $(MM_C),-O2 -g0,-O2))

DEVICE_FAKES := $(call fakes,bus kernel)
INPUT_C := kernel/device/console.c
$(eval $(call unit_test,tsc,kernel/core/tsc_rate_test.c,kernel/core/tsc_rate.c kernel/core/tsc_reference.c $(DEVICE_FAKES) $(call fakes,clocks)))
$(eval $(call unit_test,lock-graph,kernel/core/lock_graph_test.c,kernel/core/lock_graph.c))
$(eval $(call unit_test,time-page,kernel/core/time_page_test.c,lib/random.c))
$(eval $(call unit_test,rtc,kernel/core/rtc_test.c,kernel/core/rtc.c $(DEVICE_FAKES) $(call fakes,clocks)))
$(eval $(call unit_test,irq,kernel/core/irq_test.c,kernel/core/irq.c kernel/arch/ioapic.c kernel/arch/lapic.c kernel/arch/pic.c $(DEVICE_FAKES) $(call fakes,apic)))
$(eval $(call unit_test,line-discipline,kernel/terminal/line_discipline_test.c,kernel/terminal/line_discipline.c kernel/terminal/line_output.c $(DEVICE_FAKES)))
$(eval $(call unit_test,text-grid,kernel/device/text_grid_test.c,kernel/device/text_grid.c $(DEVICE_FAKES)))
$(eval $(call unit_test,console,kernel/device/console_test.c,$(INPUT_C) $(DEVICE_FAKES)))
$(eval $(call unit_test,uart,kernel/drivers/uart/uart_test.c,kernel/drivers/uart/uart.c kernel/drivers/uart/uart_isa.c $(INPUT_C) $(DEVICE_FAKES) $(call fakes,uart)))
$(eval $(call unit_test,ps2,kernel/drivers/ps2/ps2_test.c,kernel/drivers/ps2/ps2.c kernel/drivers/ps2/keymap.c $(INPUT_C) $(DEVICE_FAKES) $(call fakes,ps2)))
$(eval $(call unit_test,keymap,kernel/drivers/ps2/keymap_test.c,kernel/drivers/ps2/keymap.c $(DEVICE_FAKES)))
$(eval $(call unit_test,vga,kernel/drivers/vga/vga_test.c,kernel/drivers/vga/vga.c $(INPUT_C) kernel/device/text_grid.c $(DEVICE_FAKES)))
$(eval $(call unit_test,framebuffer,kernel/drivers/framebuffer/framebuffer_test.c,kernel/drivers/framebuffer/framebuffer.c kernel/drivers/framebuffer/font.c $(INPUT_C) kernel/device/text_grid.c $(DEVICE_FAKES)))

FS_C := $(call code_in,kernel/fs) $(call code_in,kernel/syscall)
FS_C := $(filter kernel/fs/%.c kernel/syscall/io_pieces.c kernel/syscall/sys_file%.c kernel/syscall/sys_path%.c,$(FS_C)) \
	$(filter-out %/proc_process.c,$(call code_in,kernel/procfs)) kernel/arch/topology.c kernel/core/machine_name.c \
	kernel/core/unsupported.c kernel/core/log.c kernel/core/log_records.c kernel/mm/page_tree.c kernel/mm/charge.c kernel/mm/frame_charged.c $(filter-out lib/lz4_%,$(LIB_C)) $(call fakes,heap vm wait process proc lock mutex space)
$(eval $(call unit_test,fs,$(call tests_in,kernel/fs kernel/procfs) kernel/syscall/sys_file_test.c kernel/syscall/sys_file_linux_test.c,$(FS_C)))
EPOLL_C := $(addprefix kernel/fs/,epoll.c epoll_wait.c epoll_nesting.c readiness.c) lib/tree.c
$(eval $(call unit_test,epoll-threads,tests/stress/epoll_threads_test.c,$(EPOLL_C) $(call fakes,mutex lock_threads sched_threads),,-fsanitize=thread -g))
$(eval $(call unit_test,process,$(call tests_in,kernel/process),kernel/process/signal_queue.c kernel/process/signal_restart.c $(call fakes,heap)))
$(eval $(call unit_test,abi,kernel/syscall/file_abi_test.c))

$(eval $(call unit_test,ck,$(call tests_in,host/ck),$(addprefix host/ck/,tar.c tar_tree.c channel.c buffer.c tree.c tree_walk.c layer.c oci_json.c option_cursor.c sha256.c report.c)))
$(eval $(call unit_test,llama,$(call tests_in,demos/llama),$(filter-out demos/llama/main.c,$(call code_in,demos/llama))))

# ---- ckdev's engine; its test kernels come from clang ----
GFX9_UNIT := $(GFX9_C) $(wildcard tests/gfx9/*.c)
$(eval $(call unit_test,gfx9,$(call tests_in,host/ckdev/gfx9),$(GFX9_UNIT),$(GFX9_FLAGS) -O1))
CL_FLAGS := -x cl -cl-std=CL2.0 -target amdgcn-amd-amdhsa -mcpu=gfx900 -nogpulib -mcode-object-version=4
GFX9_KERNELS := $(foreach o,O0 O3,$(B)/gfx9/kernels-$(o).hsaco)
$(B)/unit/gfx9/test: | $(GFX9_KERNELS)
$(B)/gfx9/kernels-%.hsaco: tests/gfx9/kernels.cl
	@mkdir -p $(@D)
	@echo "  CL $@"; $(CLANG) $(CL_FLAGS) -$* -o $@ $<

# ---- ckdev: the device, around a small engine ----
CKDEV_FAKES := tests/fakes/fake_gfx9.c tests/fakes/fake_gpu_kernel.c
CKDEV_DEVICE_C := $(filter-out host/ckdev/main.c host/ckdev/supervisor.c,$(call code_in,host/ckdev))
$(eval $(call unit_test,ckdev,$(call tests_in,host/ckdev),$(CKDEV_DEVICE_C) $(CKDEV_FAKES)))
$(eval $(call unit_test,ckdev-threads,$(call tests_in,host/ckdev),$(CKDEV_DEVICE_C) $(CKDEV_FAKES),,-fsanitize=thread -g))

# ---- GPUs ----
PARAVIRT_C := $(call code_in,kernel/gpu/paravirt) kernel/mm/charge.c kernel/mm/frame_charged.c lib/tree.c lib/random.c $(call fakes,heap lock log wait)
$(eval $(call unit_test,gpu,$(call tests_in,kernel/gpu kernel/gpu/paravirt),kernel/gpu/vram.c $(PARAVIRT_C)))

# /dev/kfd by its system calls, on the core and a fake back end.
KFD_C := $(FS_C) $(call code_in,kernel/gpu/amd) $(filter-out %/mirror.c,$(call code_in,kernel/gpu)) $(call fakes,gpu kfd)
KFD_FLAGS := -isystem tests/harness/include
$(eval $(call unit_test,kfd,$(call tests_in,kernel/gpu/amd),$(KFD_C),$(KFD_FLAGS)))
KFD_EVENTS_C := $(addprefix kernel/gpu/amd/,kfd_events.c kfd_wait.c id_table.c)
$(eval $(call unit_test,kfd-events-threads,tests/stress/kfd_events_threads_test.c,$(KFD_EVENTS_C) $(call fakes,lock_threads sched_threads),,-fsanitize=thread -g))

# ---- network ----
$(eval $(call unit_test,checksum,kernel/net/checksum_test.c,kernel/net/checksum.c kernel/arch/checksum.c))
$(eval $(call unit_test,virtqueue,kernel/drivers/virtio/virtqueue_test.c,kernel/drivers/virtio/virtqueue.c $(call fakes,dma virtqueue)))
$(eval $(call unit_test,vtd-table,kernel/drivers/vtd/vtd_table_test.c,kernel/drivers/vtd/vtd_table.c kernel/mm/charge.c kernel/mm/frame_charged.c $(call fakes,heap)))
$(eval $(call unit_test,dma,kernel/device/dma_test.c,kernel/device/dma.c kernel/device/iommu.c kernel/mm/charge.c kernel/mm/frame_charged.c $(DEVICE_FAKES) $(call fakes,heap)))
$(eval $(call unit_test,pci,kernel/device/pci_test.c,kernel/device/pci.c kernel/device/pci_bar.c kernel/device/pci_assign.c $(DEVICE_FAKES) $(call fakes,kernel_map)))

# The whole stack below sockets, with lwIP, but without a kernel.
NET_C := $(filter-out kernel/net/stack.c kernel/net/ticks.c,$(call code_in,kernel/net kernel/net/lwip)) $(LWIP_C) \
	kernel/arch/checksum.c kernel/fs/io_buffer.c lib/format.c lib/random.c tests/fakes/fake_net_stack.c
NET_FLAGS := $(LWIP_INCLUDES) $(LWIP_WARN) $(LWIP_WARN_clang-19)
$(eval $(call unit_test,listen,kernel/net/endpoint_listen_test.c,$(NET_C),$(NET_FLAGS)))

# ---- fuzzers: every *_fuzz.c, with the code it drives; `make test` runs each for a few seconds ----
FUZZ_C := $(sort $(wildcard lib/*_fuzz.c kernel/boot/*_fuzz.c kernel/gpu/amd/*_fuzz.c kernel/gpu/paravirt/*_fuzz.c kernel/net/*_fuzz.c kernel/syscall/*_fuzz.c host/ck/*_fuzz.c host/ckdev/*_fuzz.c host/ckdev/gfx9/*_fuzz.c demos/llama/*_fuzz.c))
FUZZERS := $(patsubst %.c,$(B)/fuzz/%,$(FUZZ_C))
FUZZ_FLAGS := $(filter-out -O2,$(HOST_FLAGS)) -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
fuzz_code = $(if $(filter demos/%,$(1)),$(filter-out demos/llama/main.c,$(call code_in,demos/llama)),\
	$(if $(filter host/%,$(1)),$(addprefix host/ck/,buffer.c layer.c oci_json.c option_cursor.c report.c tar.c tar_tree.c tree.c tree_walk.c) lib/base.c,lib/base.c $(LIB_C) $(call code_in,kernel/boot) $(call fakes,memory)))

.SECONDEXPANSION:
$(B)/fuzz/%: %.c tests/harness/fuzz.c $$(call fuzz_code,%.c) | $(B)/lz4/lz4.c
	@mkdir -p $(@D)
	@echo "  CC $@"; $(CLANG) $(FUZZ_FLAGS) -o $@ $^ -lm $(if $(filter host/%,$*),-lcjson)

$(B)/fuzz/host/ckdev/gfx9/%: host/ckdev/gfx9/%.c tests/harness/fuzz.c lib/base.c $(GFX9_C)
	@mkdir -p $(@D)
	@echo "  CC $@"; $(CLANG) $(FUZZ_FLAGS) -ffp-contract=off -fno-math-errno -o $@ $^ -lm

$(B)/fuzz/kernel/net/%: kernel/net/%.c tests/harness/fuzz.c lib/base.c $(NET_C)
	@mkdir -p $(@D)
	@echo "  CC $@"; $(CLANG) $(FUZZ_FLAGS) $(NET_FLAGS) -o $@ $^ -lm

# The calls for files, on what the unit tests of fs/ run on.
$(B)/fuzz/kernel/syscall/%: kernel/syscall/%.c tests/harness/fuzz.c $(FS_C)
	@mkdir -p $(@D)
	@echo "  CC $@"; $(CLANG) $(FUZZ_FLAGS) -o $@ $^ lib/base.c -lm

# The device around the engine that the unit tests have.
$(B)/fuzz/host/ckdev/%: host/ckdev/%.c tests/harness/fuzz.c lib/base.c $(CKDEV_DEVICE_C) $(CKDEV_FAKES)
	@mkdir -p $(@D)
	@echo "  CC $@"; $(CLANG) $(FUZZ_FLAGS) -o $@ $^ -lm

# The back end with a device that is played.
$(B)/fuzz/kernel/gpu/paravirt/%: kernel/gpu/paravirt/%.c tests/harness/fuzz.c $(PARAVIRT_C)
	@mkdir -p $(@D)
	@echo "  CC $@"; $(CLANG) $(FUZZ_FLAGS) -o $@ $^ lib/base.c -lm

# Requests of /dev/kfd, on what its unit tests run on.
$(B)/fuzz/kernel/gpu/amd/%: kernel/gpu/amd/%.c tests/harness/fuzz.c $(KFD_C)
	@mkdir -p $(@D)
	@echo "  CC $@"; $(CLANG) $(FUZZ_FLAGS) -o $@ $^ lib/base.c -lm
