# SPDX-License-Identifier: Apache-2.0
# HIP programs: for a gfx900, compiled by Debian's hipcc, and the same sources for this machine's processor.

HIP := $(B)/hip
HIP_FLAGS := --offload-arch=gfx900 -O2 -std=c++17 -ffp-contract=off -Wall -Wextra -Werror
HIP_NAMES := $(filter-out module_kernels,$(basename $(notdir $(wildcard tests/hip/*.hip))))
# In one process, see tests/hip/together.cpp; and each in one of its own.
HIP_TOGETHER := $(filter-out errors module two_processes sum_of_squares,$(HIP_NAMES))
HIP_PROGRAMS := $(addprefix $(HIP)/,together errors module module_kernels.hsaco two_processes sum_of_squares vector_add streams llama)

$(HIP)/%: tests/hip/%.hip tests/hip/hip_test.hpp
	@mkdir -p $(@D)
	@echo "  HIP $@"; hipcc $(HIP_FLAGS) -o $@ $<
$(HIP)/%.hsaco: tests/hip/%.hip tests/hip/hip_test.hpp
	@mkdir -p $(@D)
	@echo "  HIP $@"; hipcc --genco $(HIP_FLAGS) -o $@ $<

$(HIP)/together.o/%.o: tests/hip/%.hip tests/hip/hip_test.hpp
	@mkdir -p $(@D)
	@echo "  HIP $@"; hipcc $(HIP_FLAGS) -Dmain=main_$* -c -o $@ $<
$(HIP)/together.o/together.o: tests/hip/together.cpp mk/hip.mk $(wildcard tests/hip/*.hip)
	@mkdir -p $(@D)
	@$(CLANG) -x c++ -std=c++17 -O2 -Wall -Wextra -Werror '-DPROGRAMS=$(foreach n,$(HIP_TOGETHER),PROGRAM($n))' -c -o $@ $<
$(HIP)/together: $(HIP)/together.o/together.o $(patsubst %,$(HIP)/together.o/%.o,$(HIP_TOGETHER))
	@echo "  HIP $@"; hipcc --offload-arch=gfx900 -o $@ $^

# Without a device: tests/hip/host_hip.hpp stands for hip/hip_runtime.h, which is empty here.
HIP_HOST_FLAGS := -x c++ -std=c++20 -O1 -g -ffp-contract=off -Wall -Wextra -Werror -fsanitize=undefined \
	-fno-sanitize-recover=all -include tests/hip/host_hip.hpp -I$(HIP)/include
HIP_ON_HOST := $(addprefix $(HIP)/host/,$(filter-out errors module printing sum_of_squares,$(HIP_NAMES)))
$(HIP)/include/hip/hip_runtime.h:
	@mkdir -p $(@D) && touch $@
$(HIP)/host/%: tests/hip/%.hip tests/hip/hip_test.hpp tests/hip/host_hip.hpp $(HIP)/include/hip/hip_runtime.h
	@mkdir -p $(@D)
	@echo "  CC $@"; $(CLANG) $(HIP_HOST_FLAGS) -o $@ $< -lstdc++ -lm

# The text generator with its forward pass on the GPU: all of demos/llama but decoder.c.
LLAMA_HIP_C := $(filter-out demos/llama/decoder.c,$(LLAMA_SRC))
LLAMA_HIP_O := $(patsubst demos/llama/%.c,$(HIP)/llama.o/%.o,$(LLAMA_HIP_C))
$(HIP)/llama.o/%.o: demos/llama/%.c $(wildcard demos/llama/*.h)
	@mkdir -p $(@D)
	@$(HOSTCC) $(filter-out -static,$(GUEST_FLAGS)) -c -o $@ $<
$(HIP)/llama.o/decoder_on_gpu.o: demos/llama_hip/decoder.hip $(wildcard demos/llama/*.h)
	@mkdir -p $(@D)
	@hipcc $(HIP_FLAGS) -Idemos/llama -c -o $@ $<
$(HIP)/llama: $(HIP)/llama.o/decoder_on_gpu.o $(LLAMA_HIP_O)
	@echo "  HIP $@"; hipcc --offload-arch=gfx900 -o $@ $^

# Its root file system: Debian's ROCm without what that brings along and nothing here uses, and in /app the program and
# the model.
$(B)/demo/gpu.cpio: $(HIP)/llama $(LLAMA_MODEL)
# What bench/gpu_costs.c counts, as a client of the HSA runtime.
$(B)/bench/gpu.cpio: $(B)/bench/gpu_costs $(B)/bench/gpu_costs.hsaco
$(B)/bench/gpu_costs: bench/gpu_costs.c
	@mkdir -p $(@D)
	@echo "  CC $@"; $(HOSTCC) $(HOST_FLAGS) -o $@ $< -lhsa-runtime64
$(B)/bench/gpu_costs.hsaco: bench/gpu_costs.cl
	@mkdir -p $(@D)
	@echo "  CL $@"; $(CLANG) $(CL_FLAGS) -O3 -o $@ $<
$(B)/demo/gpu.cpio $(B)/bench/gpu.cpio: $(ROOTS)/rocm.made $(B)/ck
	@rm -rf $(@:.cpio=) && mkdir -p $(@D) && cp -al $(ROOTS)/rocm $(@:.cpio=)
	@rm -rf $(@:.cpio=)/usr/lib/python3* $(@:.cpio=)/usr/bin/python3*
	@mkdir $(@:.cpio=)/app && cp $(filter-out %.made %/ck,$^) $(@:.cpio=)/app/
	@echo "  CPIO $@"; $(B)/ck build --rootfs $(@:.cpio=) -o $@; status=$$?; rm -rf $(@:.cpio=); exit $$status

# The same against host_hip.hpp.
$(HIP)/llama.o/decoder_on_host.o: demos/llama_hip/decoder.hip tests/hip/host_hip.hpp $(HIP)/include/hip/hip_runtime.h $(wildcard demos/llama/*.h)
	@mkdir -p $(@D)
	@$(CLANG) $(HIP_HOST_FLAGS) -Idemos/llama -c -o $@ $<
$(HIP)/llama_on_host: $(HIP)/llama.o/decoder_on_host.o $(LLAMA_HIP_O)
	@echo "  LD $@"; $(CLANG) -fsanitize=undefined -o $@ $^ -lstdc++ -lm
