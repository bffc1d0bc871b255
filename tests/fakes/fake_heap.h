/* SPDX-License-Identifier: Apache-2.0 */
/* Heap and frames of a host test: the C library's, counted, and failing on request. Frames come from
 * ranges that the sanitizer watches, so a use after free or past the end is seen. */
#pragma once
#include "lib/base.h"

/* The n-th allocation from now on fails (1 is the next), of blocks and frames alike; 0: none does. */
void fake_heap_fail_at(uint64_t n);
/* True when the failure asked for has happened. */
bool fake_heap_has_failed(void);

uint64_t fake_heap_blocks(void); /* blocks in use */
uint64_t fake_heap_frames(void); /* frames in use */

/* What frame_total_count says; there is no other limit. */
extern uint64_t fake_heap_total_frames;
