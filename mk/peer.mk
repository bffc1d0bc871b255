# SPDX-License-Identifier: Apache-2.0
# The peer: a minimal Linux that `make bench` compares with. docs/decisions/0009-the-peer.md

.PHONY: bench-peer
PEER := $(B)/peer

bench-peer: ## build the minimal Linux that `make bench` compares with; once, 5 to 20 minutes
	@tools/deps.sh peer
	@tools/peer/build_linux.sh $(PEER)
	@$(MAKE) -s --no-print-directory $(PEER)/init

# Its first program. The entry point reads the instruction counter before the C library runs.
$(PEER)/init: tools/peer/init.c
	@mkdir -p $(@D)
	@echo "  CC $@"; musl-gcc $(filter-out -O2,$(GUEST_FLAGS)) -Os -s -Wl,-e,peer_start -o $@ $<
