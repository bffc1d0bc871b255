# SPDX-License-Identifier: Apache-2.0
# What a person asks for.

.PHONY: deps deps-run all run test ktest e2e e2e-large unit fail-nth stress fuzz check image FORCE
FUZZ_SECONDS ?= 300
FUZZ_CALLS ?= 1000000
FUZZ_DESCRIPTORS ?= 1000000
FUZZ_SEED ?= 1
STRESS_SECONDS ?= 600

deps: ## install everything the project uses (root), or print the line that does
	@tools/deps.sh test
deps-run:
	@tools/deps.sh run

all: deps-run ## kernel, ck, demo
	@$(MAKE) -s --no-print-directory $(B)/kernel.elf $(B)/ck $(B)/ckdev $(B)/demo/root.cpio

GPU ?= gfx900
run: deps-run ## boot the kernel and let a small language model write, on a GPU; GPU=none: on the CPU
ifeq ($(GPU),none)
	@$(MAKE) -s --no-print-directory $(B)/kernel.elf $(B)/ck $(B)/demo/root.cpio
	@$(B)/ck run --rootfs $(B)/demo/root.cpio /bin/llama --model /model --tokens 160
else
	@$(MAKE) -s --no-print-directory $(B)/kernel.elf $(B)/ck $(B)/ckdev $(B)/demo/gpu.cpio
	@$(B)/ck run --gpu $(GPU),vram=512M --memory 2G --rootfs $(B)/demo/gpu.cpio /app/llama --model /app --tokens 160
endif

image: deps ## build/cloudkernel.iso: boots on BIOS and UEFI, runs the demo
	@$(MAKE) -s --no-print-directory $(B)/cloudkernel.iso
$(B)/cloudkernel.iso: $(B)/kernel.elf $(B)/demo/root.cpio tools/make_iso.sh
	tools/make_iso.sh $(B)/kernel.elf $(B)/demo/root.cpio $@ on_exit=reset -- /bin/llama --model /model

# ---- tests ----
KTESTS := $(B)/kernel/ktest-gcc/kernel.elf $(B)/kernel/ktest-clang-19/kernel.elf
KERNELS := $(B)/kernel.elf $(B)/kernel/release-clang-19/kernel.elf $(B)/kernel/debug-gcc/kernel.elf
GUESTS := $(foreach n,$(GUEST_NAMES),$(addprefix $(GUEST)/$(n).,musl glibc pie)) $(GUEST)/openmp.glibc $(GUEST)/first $(GUEST)/llama
VDSO := $(B)/kernel/release-gcc/vdso.so $(B)/kernel/release-clang-19/vdso.so
FAKE_QEMU := $(B)/e2e/fake_qemu
CK_GUEST := $(B)/e2e/ck_guest.elf

$(FAKE_QEMU): tests/e2e/fake_qemu.c abi/channel.h
	@mkdir -p $(@D)
	@echo "  CC $@"; $(HOSTCC) $(HOST_FLAGS) -o $@ $<
$(CK_GUEST): tests/e2e/ck_guest.S
	@mkdir -p $(@D)
	@echo "  CC $@"; $(HOSTCC) -m32 -nostdlib -static -no-pie -Wl,-Ttext=0x100000,--build-id=none -o $@ $<

BOOT_SHIM := $(B)/e2e/boot_shim.elf
boot_entry = 0x$$(printf %x $$((0x$$(nm $(B)/kernel/release-gcc/kernel.elf | awk '$$3 == "$(1)" { print $$1 }') - 0xffffffff80000000)))
$(BOOT_SHIM): tests/e2e/boot_shim.S $(B)/kernel.elf
	@mkdir -p $(@D)
	@echo "  CC $@"; $(HOSTCC) -m32 -nostdlib -static -no-pie -Wl,-Ttext=0x4000000,--build-id=none \
		-Wl,--defsym=kernel_pvh=$(call boot_entry,pvh_entry) \
		-Wl,--defsym=kernel_multiboot2=$(call boot_entry,multiboot2_entry) -o $@ $<

$(B)/tests-unit.list: FORCE
	@mkdir -p $(@D)
	@( for t in $(UNIT_TESTS); do printf 'unit %s\t%s\n' "$$(basename $$(dirname $$t))" "$$t"; done; \
	   printf 'HIP on the processor\ttests/e2e/hip_host_test.sh $(GUEST) $(B)\n'; \
	   printf 'from CUDA to HIP\ttests/e2e/hipify_test.sh\n' ) > $@
$(B)/tests-fuzz.list: FORCE
	@( for f in $(FUZZERS); do printf 'fuzz %s\ttools/run_fuzz.sh %s 6\n' "$$(basename $$f)" "$$f"; done ) > $@
$(B)/tests-ktest.list: FORCE
	@( for c in gcc clang-19; do k=$(B)/kernel/ktest-$$c/kernel.elf; \
	   printf '=ktest microvm %s\ttools/run_ktest.sh %s microvm max\n' $$c $$k; \
	   printf '=ktest microvm 2 CPUs %s\ttools/run_ktest.sh %s microvm max -smp 2\n' $$c $$k; \
	   printf '=ktest microvm 4 CPUs %s\ttools/run_ktest.sh %s microvm max -smp 4\n' $$c $$k; \
	   printf '=ktest q35 %s\ttools/run_ktest.sh %s q35 max\n' $$c $$k; \
	   printf '=ktest pc, old CPU, %s\ttools/run_ktest.sh %s pc qemu64\n' $$c $$k; \
	   printf '=ktest AVX without XSAVEOPT, %s\ttools/run_ktest.sh %s microvm max,xsaveopt=off -append "debug_exit=0xf4 ktest=fpu"\n' $$c $$k; \
	   printf 'ktest PCI, DMA, IOMMU, %s\ttools/run_iommu_ktest.sh %s\n' $$c $$k; \
	   printf 'panics %s\ttests/e2e/panic_test.sh %s\n' $$c $$k; done ) > $@
$(B)/tests-e2e.list: FORCE
	@( printf '=ck front\ttests/e2e/ck_front_test.sh $(B)/ck $(FAKE_QEMU)\n'; \
	   printf 'ck rootfs\ttests/e2e/ck_rootfs_test.sh $(B)/ck $(FAKE_QEMU)\n'; \
	   printf 'ck oci\ttests/e2e/ck_oci_test.sh $(B)/ck $(FAKE_QEMU)\n'; \
	   printf '=ck qemu\ttests/e2e/ck_qemu_test.sh $(B)/ck $(CK_GUEST)\n'; \
	   printf 'ckdev\ttests/e2e/ckdev_test.py $(B)/ckdev $(GFX9_KERNELS)\n'; \
	   printf 'GPU faults\ttests/e2e/gpu_faults_test.py $(B)/ck $(GUEST)\n'; \
	   printf '=conformance\ttests/e2e/conformance_test.sh $(B)/ck $(GUEST)\n'; \
	   printf 'programs\ttests/e2e/programs_test.sh $(B)/ck $(GUEST)\n'; \
	   printf 'initrd\ttests/e2e/initrd_test.sh $(B)/kernel.elf $(B)/ck $(GUEST)\n'; \
	   for t in python software net fail_nth hostile console demo debug leak memory_limit arenas peer shell kfd \
	     =boot =threads =vdso =bench =proc =servers; do \
	     printf '%s\ttests/e2e/%s_test.sh $(B)/ck $(GUEST) $(B)\n' $$t $${t#=}; done; \
	   for part in 'rocminfo absent llama costs' programs 'errors dead'; do \
	     printf 'ROCm: %s\ttests/e2e/rocm_test.sh $(B)/ck $(GUEST) $(B) %s\n' "$$part" "$$part"; done; \
	   printf 'iso\ttests/e2e/iso_test.sh $(B)/kernel.elf $(B)/demo/root.cpio "$$($(GUEST)/llama --model demos/llama/model --tokens 40 2>/dev/null | head -1)" /bin/llama --model /model\n' ) > $@

BUILD_UNIT = $(UNIT_TESTS) $(HIP_ON_HOST) $(HIP)/llama_on_host $(GUEST)/llama
BUILD_FUZZ = $(FUZZERS)
FAIL_NTH := $(B)/kernel/debug-gcc/kernel.elf $(B)/kernel/fail_nth-gcc/kernel.elf
BUILD_E2E = $(VDSO) $(ROOTS)/shell.made $(B)/ck $(B)/ckdev $(GFX9_KERNELS) $(KERNELS) $(B)/kernel/ktest-gcc/kernel.elf $(FAIL_NTH) $(GUESTS) $(FAKE_QEMU) $(CK_GUEST) $(BOOT_SHIM) $(B)/peer/init $(B)/demo/root.cpio $(B)/cloudkernel.iso

# Debian's programs, and those that only `make e2e-large` runs.
SOFTWARE_ROOTS := $(addprefix $(ROOTS)/,$(addsuffix .made,python numpy torch servers developer tools rocm))
LARGE_ROOTS := $(addprefix $(ROOTS)/,$(addsuffix .made,languages postgres ssh))
BUILD_E2E += $(SOFTWARE_ROOTS) $(HIP_PROGRAMS) $(addprefix $(B)/bench/,gpu_costs gpu_costs.hsaco qemu_phases.so)

unit: deps ## ring 1: unit tests on this machine, with sanitizers
	@$(MAKE) --no-print-directory -j2 tests-unit
ktest: deps ## ring 2: tests inside the kernel, in QEMU
	@$(MAKE) --no-print-directory -j2 tests-ktest
e2e: deps ## ring 3: programs and containers, end to end
	@$(MAKE) --no-print-directory -j2 tests-e2e
e2e-large: deps ## what of that takes long: all of CPython's tests that are compared, servers under load for minutes
	@$(MAKE) --no-print-directory -j2 $(SOFTWARE_ROOTS) $(LARGE_ROOTS) $(B)/ck $(B)/kernel.elf
	@printf 'python, all\ttests/e2e/python_test.sh $(B)/ck $(GUEST) $(B) full\nsoftware, more\ttests/e2e/software_test.sh $(B)/ck $(GUEST) $(B) node go java postgres ssh\n=servers\ttests/e2e/servers_test.sh $(B)/ck $(GUEST) $(B) 300\n' > $(B)/tests-large.list
	@RUN_LIMIT=7200 tools/run_tests.sh $(B)/tests-large.list
.PHONY: tests-unit tests-ktest tests-e2e tests-all
tests-unit: $(BUILD_UNIT) $(B)/tests-unit.list
	@tools/run_tests.sh $(B)/tests-unit.list
tests-ktest: $(KTESTS) $(B)/tests-ktest.list
	@tools/run_tests.sh $(B)/tests-ktest.list
tests-e2e: $(BUILD_E2E) $(B)/tests-e2e.list
	@tools/run_tests.sh $(B)/tests-e2e.list
tests-all: $(BUILD_UNIT) $(BUILD_FUZZ) $(KTESTS) $(BUILD_E2E) \
		$(B)/tests-unit.list $(B)/tests-fuzz.list $(B)/tests-ktest.list $(B)/tests-e2e.list
	@printf 'make check\ttools/tap.sh "make check is silent" env -u MAKEFLAGS -u MAKELEVEL make --no-print-directory check\n' > $(B)/tests.list
	@cat $(B)/tests-unit.list $(B)/tests-fuzz.list $(B)/tests-ktest.list $(B)/tests-e2e.list >> $(B)/tests.list
	@tools/run_tests.sh $(B)/tests.list

test: deps ## everything; ends with one line: N passed, N failed
	@$(MAKE) --no-print-directory -j2 tests-all

fail-nth: deps ## fail every allocation of 20 variants of each workload in turn, for ten minutes or so
	@$(MAKE) --no-print-directory -j2 $(FAIL_NTH) $(B)/ck $(GUEST)/hello.musl $(GUEST)/hello.pie
	@tests/e2e/fail_nth_test.sh $(B)/ck $(GUEST) $(B) campaign

STRESS := $(B)/kernel/release-gcc/kernel.elf $(B)/kernel/debug-gcc/kernel.elf
stress: deps ## threads, processes and signals under load on two CPUs, for STRESS_SECONDS (600)
	@$(MAKE) --no-print-directory -j2 $(STRESS) $(B)/ck $(GUEST)/openmp.glibc $(foreach n,stress pthreads,$(addprefix $(GUEST)/$(n).,musl glibc))
	@tests/e2e/stress_run.sh $(B)/ck $(GUEST) $(STRESS_SECONDS) $(STRESS)

CALL_STORMS := $(B)/kernel.elf $(B)/kernel/debug-gcc/kernel.elf $(B)/ck $(GUEST)/random_calls.musl $(GUEST)/racing_calls.musl
fuzz: deps ## FUZZ_CALLS (1000000) random system calls, then every fuzzer for FUZZ_SECONDS (300) seconds, those of rings for FUZZ_DESCRIPTORS (1000000) at least
	@$(MAKE) --no-print-directory -j2 $(FUZZERS) $(CALL_STORMS)
	@tests/e2e/call_storms_run.sh $(B)/ck $(GUEST) $(B) $(FUZZ_CALLS) $(FUZZ_SEED)
	@for f in $(FUZZERS); do tools/run_fuzz.sh $$f $(FUZZ_SECONDS) $(FUZZ_DESCRIPTORS) || exit 1; done

check: $(B)/lwip/version ## layers, headers, formatting, tidiness, generated documents; silent when all is well
	@python3 tools/check_layers.py kernel/LAYERS .
	@tools/check_headers.sh
	@python3 tools/check_tidy.py
	@tools/check_docs.sh
	@git ls-files '*.c' '*.h' | xargs clang-format-19 --dry-run -Werror
