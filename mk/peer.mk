# SPDX-License-Identifier: Apache-2.0
# The peer: a minimal Linux that `make bench` compares with. docs/decisions/0009-the-peer.md

.PHONY: bench-peer cloud-peer
PEER := $(B)/peer
PEER_SMP := $(B)/peer-smp

bench-peer: ## build the minimal Linux that `make bench` compares with; once, 10 to 40 minutes
	@tools/deps.sh peer
	@tools/peer/build_linux.sh $(PEER)
	@tools/peer/build_linux.sh $(PEER_SMP) tools/peer/linux-smp.config
	@$(MAKE) -s --no-print-directory $(PEER)/init $(PEER_SMP)/init

# Debian's cloud kernel, for what needs a network: docs/decisions/0009-the-peer.md
CLOUD := $(B)/cloud
$(CLOUD)/version: tools/peer/fetch_cloud.sh
	@tools/peer/fetch_cloud.sh $(CLOUD) && touch $@
cloud-peer: $(CLOUD)/version $(CLOUD)/init ## unpack Debian's cloud kernel, with which `make bench` compares whole programs

# Its first program. The entry point reads the instruction counter before the C library runs.
$(PEER)/init $(PEER_SMP)/init $(CLOUD)/init: tools/peer/init.c tools/peer/init_devices.c tools/peer/init_devices.h
	@mkdir -p $(@D)
	@echo "  CC $@"; musl-gcc $(filter-out -O2,$(GUEST_FLAGS)) -Os -s -idirafter /usr/include -idirafter /usr/include/x86_64-linux-gnu \
	  -Wl,-e,peer_start -o $@ $(filter %.c,$^)
