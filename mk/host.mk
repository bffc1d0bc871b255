# SPDX-License-Identifier: Apache-2.0
# Programs of this machine: ck, unit tests with sanitizers, fuzzers.

HOST_WARN := -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef -Wshadow
HOST_FLAGS := -std=gnu17 -O2 -g $(HOST_WARN) -Wno-unused-const-variable -I. -Ikernel
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

# ---- ck ----
CK_C := $(sort $(filter-out %_test.c %_fuzz.c,$(wildcard host/ck/*.c))) \
	$(addprefix lib/,base.c cmdline.c cpio.c cpio_write.c elf.c format.c lz4_frame.c xxh32.c)
CK_O := $(patsubst %.c,$(B)/host/ck/%.o,$(CK_C)) $(B)/host/ck/lz4.o

$(B)/host/ck/%.o: %.c | $(B)/lz4/lz4.c
	@mkdir -p $(@D)
	@echo "  CC $@"; $(HOSTCC) $(HOST_FLAGS) -MMD -MP -c -o $@ $<
$(B)/host/ck/lz4.o: $(B)/lz4/lz4.c
	@mkdir -p $(@D)
	@echo "  CC $@"; $(HOSTCC) -O2 -c -o $@ $<
$(B)/ck: $(CK_O)
	@echo "  LD $@"; $(HOSTCC) -o $@ $^
-include $(CK_O:.o=.d)
