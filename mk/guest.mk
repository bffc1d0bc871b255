# SPDX-License-Identifier: Apache-2.0
# Programs for ring 3: ordinary static Linux programs, built with Debian's musl-gcc and gcc.

GUEST := $(B)/guest
GUEST_FLAGS := -std=gnu17 -O2 -g0 -Wall -Wextra -Werror -static -ffp-contract=off -march=x86-64 -I.

# One source, several ways of linking: name.musl, name.glibc, name.pie (static-PIE).
GUEST_C := $(sort $(wildcard tests/conformance/*.c) $(filter-out tests/guest/openmp.c,$(wildcard tests/guest/*.c)) $(filter-out bench/first.c bench/gfx9_gemm.c bench/gpu_costs.c bench/buddy.c bench/%_test.c bench/%_ktest.c,$(wildcard bench/*.c)))
GUEST_NAMES := $(basename $(notdir $(GUEST_C)))
vpath %.c tests/conformance tests/guest bench

$(GUEST)/%.musl: %.c
	@mkdir -p $(@D)
	@echo "  CC $@"; musl-gcc $(GUEST_FLAGS) -idirafter /usr/include -idirafter /usr/include/x86_64-linux-gnu -MMD -MP -MF $@.d -o $@ $< -lm
$(GUEST)/%.glibc: %.c
	@mkdir -p $(@D)
	@echo "  CC $@"; $(HOSTCC) $(GUEST_FLAGS) -MMD -MP -MF $@.d -o $@ $< -lm
$(GUEST)/%.pie: %.c
	@mkdir -p $(@D)
	@echo "  CC $@"; $(HOSTCC) $(filter-out -static,$(GUEST_FLAGS)) -static-pie -MMD -MP -MF $@.d -o $@ $< -lm
# GNU's OpenMP is made for glibc only. Its library opens others for machines with accelerators, which a static
# program cannot; the linker would say so each time.
$(GUEST)/openmp.glibc: GUEST_FLAGS += -fopenmp -Wl,--no-warnings
$(GUEST)/openmp.glibc: tests/guest/openmp.c
# Without a C library: its first instruction is the first of ring 3.
$(GUEST)/first: bench/first.c
	@mkdir -p $(@D)
	@echo "  CC $@"; $(HOSTCC) $(GUEST_FLAGS) -nostdlib -o $@ $<
-include $(wildcard $(GUEST)/*.d)

# ---- roots of Debian's packages, which need its mirrors once: tools/roots.txt ----
ROOTS := $(B)/roots
$(ROOTS)/%.made: tools/make_root.py tools/roots.txt
	@mkdir -p $(@D)
	@echo "  ROOT $*"; flock $(ROOTS)/.lock tools/make_root.py $* $(ROOTS)/$*
	@touch $@

# ---- the demo: the same binary runs on the host and in the guest ----
include demos/llama/sources.mk
$(GUEST)/llama: $(LLAMA_SRC) $(wildcard demos/llama/*.h)
	@mkdir -p $(@D)
	@echo "  CC $@"; musl-gcc $(GUEST_FLAGS) -o $@ $(LLAMA_SRC) -lm

# Its root file system, as `ck build` packs it: the program and the model.
LLAMA_MODEL := $(wildcard demos/llama/model/*.json demos/llama/model/*.safetensors)
$(B)/demo/root/.made: $(GUEST)/llama $(LLAMA_MODEL)
	@rm -rf $(B)/demo/root && mkdir -p $(B)/demo/root/bin $(B)/demo/root/model $(B)/demo/root/tmp
	@cp $(GUEST)/llama $(B)/demo/root/bin/ && cp $(LLAMA_MODEL) $(B)/demo/root/model/
	@touch $@
$(B)/demo/root.cpio: $(B)/demo/root/.made $(B)/ck
	$(B)/ck build --rootfs $(B)/demo/root -o $@
