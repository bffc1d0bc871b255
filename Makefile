# SPDX-License-Identifier: Apache-2.0
# CloudKernel. `make` alone lists the targets.
#
# Layout of build/: kernel/<release|debug|ktest>-<compiler>/ objects and kernel.elf, host/ test and
# tool objects, guest/ programs for ring 3. Everything the build makes is under build/.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules
SHELL := /bin/bash

B := build
CC := gcc
CLANG := clang-19
HOSTCC := gcc

include mk/kernel.mk
include mk/host.mk
include mk/guest.mk
include mk/hip.mk
include mk/run.mk
include mk/bench.mk
include mk/peer.mk

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile mk/*.mk

.PHONY: clean
clean: ## remove everything the build made
	rm -rf $(B)
