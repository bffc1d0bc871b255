# SPDX-License-Identifier: Apache-2.0
# The kernel ELF: one rule set, instantiated for each flavour (release, debug, ktest) and compiler.
# kernel/LAYERS is the build list: every folder it names is compiled whole.

LAYERS := $(shell sed 's/\#.*//' kernel/LAYERS | tr -d '*')
KERNEL_DIRS := $(filter-out main.c lib abi,$(LAYERS))
KERNEL_C := kernel/main.c $(shell find $(addprefix kernel/,$(KERNEL_DIRS)) lib -name '*.c' \
	! -name '*_test.c' ! -name '*_ktest.c' ! -name '*_fuzz.c' ! -path kernel/arch/offsets.c ! -path 'kernel/vdso/program/*' ! -name cpio_write.c ! -name payload.c | sort -u)
# lwIP, fetched, with the kernel's flags. tcp_out.c is included by a file of ours.
LWIP_C := $(addprefix $(B)/lwip/,$(addprefix core/,def.c inet_chksum.c init.c ip.c mem.c memp.c netif.c pbuf.c raw.c stats.c tcp.c tcp_in.c udp.c \
	$(addprefix ipv4/,dhcp.c etharp.c icmp.c igmp.c ip4.c ip4_addr.c ip4_frag.c) \
	$(addprefix ipv6/,ethip6.c icmp6.c inet6.c ip6.c ip6_addr.c ip6_frag.c mld6.c nd6.c)) netif/ethernet.c)
KERNEL_C += $(LWIP_C)
LWIP_INCLUDES := -Ikernel/net/lwip -isystem $(B)/lwip/include
# Foreign code has its own idea of warnings.
LWIP_WARN := -Wno-undef -Wno-shadow -Wno-missing-prototypes -Wno-unused-parameter -Wno-address
LWIP_WARN_clang-19 := -Wno-tautological-constant-out-of-range-compare
KERNEL_S := $(sort $(wildcard kernel/arch/*.S))
KTEST_HARNESS := tests/harness/ktest.c tests/harness/crash.c tests/harness/crash_locks.c
KTEST_C := $(sort $(wildcard kernel/*/*_ktest.c kernel/*/*/*_ktest.c) $(KTEST_HARNESS))

# A release kernel that measures itself.
KBENCH_C := $(wildcard bench/*_ktest.c) bench/buddy.c $(KTEST_HARNESS)

# Workloads in which every allocation fails in turn, in the kernel that runs the tests.
FAIL_NTH_C := $(sort $(wildcard tests/fail_nth/*.c)) $(KTEST_HARNESS)

KERNEL_WARN := -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef -Wshadow
# Small by default; what runs at every system call, fault, allocation or boot is built for speed.
KERNEL_OPT := -Oz
KERNEL_HOT := kernel/core/lock kernel/mm/frame kernel/mm/frame_charged kernel/mm/frame_find kernel/mm/frame_kept kernel/mm/frame_pool kernel/mm/frame_region kernel/mm/heap kernel/mm/page_place kernel/mm/page_table \
	kernel/sched/thread kernel/sched/schedule kernel/sched/wake kernel/sched/wait kernel/sched/sleep kernel/process/futex kernel/process/futex_key kernel/syscall/sys_futex kernel/sched/mutex kernel/mm/tlb kernel/mm/page_table_range \
	kernel/vm/anonymous kernel/vm/areas kernel/vm/fault kernel/vm/in_place kernel/vm/pages kernel/vm/space kernel/vm/space_advice kernel/vm/usercopy \
	kernel/fs/directory kernel/fs/open kernel/fs/path kernel/fs/vnode kernel/fs/vnode_file kernel/fs/tmpfs kernel/fs/tmpfs_pages kernel/fs/epoll kernel/fs/epoll_wait kernel/fs/eventfd kernel/fs/fd_table kernel/fs/file kernel/fs/io_buffer kernel/fs/pipe kernel/fs/pipe_small kernel/fs/readiness \
	kernel/net/checksum kernel/net/endpoint kernel/net/endpoint_tcp kernel/net/endpoint_tcp_send kernel/net/interface kernel/net/loopback kernel/net/stack kernel/net/ticks kernel/net/lwip/tcp_out kernel/socket/inet kernel/socket/inet_message \
	$(addprefix $(B)/lwip/,$(addprefix core/,inet_chksum netif pbuf raw tcp tcp_in ipv4/etharp ipv4/ip4 ipv6/ip6) netif/ethernet) kernel/drivers/virtio/virtqueue kernel/drivers/virtio/virtio_net \
	kernel/socket/socket kernel/socket/unix kernel/socket/unix_piece kernel/socket/unix_stream kernel/syscall/io_pieces kernel/syscall/sys_socket_message kernel/syscall/sys_file_epoll kernel/syscall/sys_file_io kernel/syscall/sys_file_open kernel/syscall/sys_file_stat kernel/mm/page_tree kernel/syscall/sys_path lib/random lib/string lib/tree kernel/syscall/sys_memory kernel/syscall/sys_signal kernel/syscall/sys_signal_send \
	kernel/process/signal kernel/process/signal_act kernel/process/signal_frame kernel/process/signal_fpu kernel/process/signal_queue \
	kernel/process/signal_restart kernel/process/user_work kernel/arch/fpu lib/cpio lib/cmdline \
	kernel/gpu/amd/kfd kernel/gpu/amd/kfd_event_calls kernel/gpu/amd/kfd_events kernel/gpu/amd/kfd_wait
KERNEL_FLAGS := -std=gnu17 $(KERNEL_OPT) -g -ffreestanding -nostdinc -mcmodel=kernel -mno-red-zone -mgeneral-regs-only \
	-fno-pic -fno-strict-aliasing -fno-common -fno-omit-frame-pointer -momit-leaf-frame-pointer \
	-fno-asynchronous-unwind-tables -fcf-protection=none -ffunction-sections -fdata-sections \
	-fstack-protector-strong -mstack-protector-guard=global $(KERNEL_WARN) -I. -Ikernel -idirafter lib/include \
	-fmacro-prefix-map=$(CURDIR)/= -ffile-prefix-map=$(CURDIR)/=
KERNEL_LDFLAGS := -nostdlib -static -Wl,-no-pie -Wl,-T,kernel/arch/kernel.ld -Wl,--gc-sections \
	-Wl,-z,max-page-size=4096 -Wl,-z,noexecstack -Wl,--build-id=none -Wl,--orphan-handling=error
# Nothing is aligned for speed, not even code built for it, and no register needs more than 8 bytes of alignment.
# Then what -Oz still gives room for: tables of jumps, loops entered at a copy of their test, kept constants.
FLAGS_gcc := -Wno-unused-const-variable -fno-inline-small-functions -falign-functions=1 -falign-jumps=1 -falign-loops=1 \
	-malign-data=abi -mpreferred-stack-boundary=3 -fno-jump-tables -fno-tree-ch -fno-move-loop-invariants -fno-tree-loop-im
FLAGS_clang-19 := -Wthread-safety -Wno-gnu-statement-expression -mstack-alignment=8
LDFLAGS_clang-19 := -fuse-ld=lld-19
HOT_gcc := -finline-small-functions
FLAGS_debug := -DCK_DEBUG
PAYLOAD_ktest = $(KTEST_C)
PAYLOAD_kbench = $(KBENCH_C)
FLAGS_ktest := -DCK_DEBUG
PAYLOAD_fail_nth = $(FAIL_NTH_C)

# The shared object in every program: ring 3 like any other, but what it is asked for most must be quick.
VDSO_FLAGS := $(filter-out -O% -m% -fno-% -fcf% -fstack% -ffunction% -fdata%,$(KERNEL_FLAGS)) -O2 -fPIC -fno-stack-protector \
	-fno-strict-aliasing -fomit-frame-pointer -fasynchronous-unwind-tables -fcf-protection=none -mgeneral-regs-only
VDSO_LDFLAGS := -shared -nostdlib -Wl,-T,kernel/vdso/program/vdso.ld -Wl,-soname=linux-vdso.so.1 -Wl,--hash-style=both \
	-Wl,--eh-frame-hdr -Wl,-z,noexecstack -Wl,-z,norelro -Wl,-z,max-page-size=4096 -Wl,--build-id=none -Wl,--orphan-handling=error -Wl,-s

# $(call object_rules,flavour,compiler)
define object_rules
K_$(1)_$(2) := $(B)/kernel/$(1)-$(2)
F_$(1)_$(2) := $$(KERNEL_FLAGS) -isystem $$(shell $(2) -print-file-name=include) $$(FLAGS_$(1)) $$(FLAGS_$(2))

$$(K_$(1)_$(2))/offsets.h: kernel/arch/offsets.c $$(wildcard kernel/arch/*.h kernel/config.h abi/syscalls.def)
	@mkdir -p $$(@D)
	@echo "  CC $$@"; $(2) $$(F_$(1)_$(2)) -S -o $$(@D)/offsets.s $$<
	@sed -n 's/.*"->\([A-Z0-9_]*\) \(.*\)".*/#define \1 \2/p' $$(@D)/offsets.s > $$@
$$(K_$(1)_$(2))/%.o: %.c mk/kernel.mk | $(B)/lz4/lz4.c $(B)/lwip/version
	@mkdir -p $$(@D)
	@echo "  CC $$@"; $(2) $$(F_$(1)_$(2)) $$(if $$(filter $$(KERNEL_HOT),$$*),-O2 $$(HOT_$(2))) \
		$$(if $$(filter kernel/net/% $(B)/lwip/%,$$*),$$(LWIP_INCLUDES)) $$(if $$(filter %/lwip/tcp_out $(B)/lwip/%,$$*),$$(LWIP_WARN) $$(LWIP_WARN_$(2))) -MMD -MP -c -o $$@ $$<
# The compiler names no headers that lwIP's include, which count as the system's.
$$(LWIP_C:%.c=$$(K_$(1)_$(2))/%.o) $$(K_$(1)_$(2))/kernel/net/lwip/tcp_out.o: $$(wildcard kernel/net/lwip/*.h kernel/net/lwip/arch/*.h)
$$(K_$(1)_$(2))/%.S.o: %.S mk/kernel.mk $$(K_$(1)_$(2))/offsets.h
	@mkdir -p $$(@D)
	@echo "  CC $$@"; $(2) $$(F_$(1)_$(2)) -I$$(K_$(1)_$(2)) -MMD -MP -c -o $$@ $$<

$$(K_$(1)_$(2))/kernel/vdso/program/clock.o: kernel/vdso/program/clock.c mk/kernel.mk
	@mkdir -p $$(@D)
	@echo "  CC $$@"; $(2) $$(VDSO_FLAGS) -isystem $$(shell $(2) -print-file-name=include) -MMD -MP -c -o $$@ $$<
$$(K_$(1)_$(2))/vdso.so: $$(K_$(1)_$(2))/kernel/vdso/program/clock.o kernel/vdso/program/vdso.ld
	@echo "  LD $$@"; $(2) $$(LDFLAGS_$(2)) $$(VDSO_LDFLAGS) -o $$@ $$<
$$(K_$(1)_$(2))/kernel/arch/vdso_image.S.o: $$(K_$(1)_$(2))/vdso.so
-include $$(K_$(1)_$(2))/kernel/vdso/program/clock.d
endef

# $(call link_rules,name,compiler,flavour of its objects). Linked twice: the second link adds the symbol table
# made from the first.
define link_rules
O_$(1)_$(2) := $$(patsubst %.c,$$(K_$(3)_$(2))/%.o,$$(KERNEL_C) $$(or $$(PAYLOAD_$(1)),kernel/container/payload.c)) \
	$$(patsubst %.S,$$(K_$(3)_$(2))/%.S.o,$$(KERNEL_S))

$(B)/kernel/$(1)-$(2)/kernel.elf: $$(O_$(1)_$(2)) kernel/arch/kernel.ld tools/make_symbols.py
	@mkdir -p $$(@D)
	@echo "  LD $$@"; $(2) $$(LDFLAGS_$(2)) $$(KERNEL_LDFLAGS) -o $$(@D)/first.elf $$(O_$(1)_$(2))
	@nm -n $$(@D)/first.elf | python3 tools/make_symbols.py > $$(@D)/symbols.S
	@$(2) -c -o $$(@D)/symbols.o $$(@D)/symbols.S
	@echo "  LD $$@"; $(2) $$(LDFLAGS_$(2)) $$(KERNEL_LDFLAGS) -o $$@ $$(O_$(1)_$(2)) $$(@D)/symbols.o
-include $$(O_$(1)_$(2):.o=.d)
endef
$(foreach c,gcc clang-19,$(foreach f,release debug ktest kbench,\
	$(eval $(call object_rules,$(f),$(c)))$(eval $(call link_rules,$(f),$(c),$(f))))\
	$(eval $(call link_rules,fail_nth,$(c),ktest)))

$(B)/kernel.elf: $(B)/kernel/release-$(CC)/kernel.elf
	objcopy --strip-all $< $@
$(B)/lz4/lz4.c: tools/fetch_lz4.sh
	tools/fetch_lz4.sh $(B)
	@touch $@
$(LWIP_C): $(B)/lwip/version ;
$(B)/lwip/version: tools/fetch_lwip.sh
	tools/fetch_lwip.sh $(B)
	@touch $@
