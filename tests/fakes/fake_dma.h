/* SPDX-License-Identifier: Apache-2.0 */
/* DMA of a host test: addresses are the memory's plus an offset, mappings are counted, and mapping fails on request. */
#pragma once
#include "lib/base.h"

#define FAKE_DMA_OFFSET 0x700000000000ull
extern uint64_t fake_dma_mapped;  /* bytes at present */
extern uint32_t fake_dma_fail_in; /* the n-th mapping from now on fails; 0: none */
