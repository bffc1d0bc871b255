/* SPDX-License-Identifier: Apache-2.0 */
/* Frames with more than one holder: what address spaces share after a clone until one of them writes.
 *
 * A frame without a count has one holder. Counts exist only for blocks of which something is shared, so
 * that memory nobody shares costs nothing. Holders of a whole 2 MiB block and holders of single frames of
 * it are counted apart: a block can be shared whole by some and in pieces by others.
 *
 * A holder marks its leaf PAGE_SHARED. The mark may outlive the other holders: frame_is_shared knows.
 * Any context. `leaf_shift` is that of the holder's leaf; a 1 GiB leaf holds 512 blocks. */
#pragma once
#include "lib/base.h"

/* One holder more. ERR_NO_MEMORY: nothing has changed. */
err_t frame_share(paddr_t frame, uint8_t leaf_shift);
bool frame_is_shared(paddr_t frame, uint8_t leaf_shift);
/* Of one frame; 1 where nothing is counted. */
uint32_t frame_share_holders(paddr_t frame);
/* One holder fewer; what nobody holds any more is freed. Returns the number of frames freed. */
uint64_t frame_share_drop(paddr_t frame, uint8_t leaf_shift);
/* A holder of a whole block holds its 512 frames one by one from now on. ERR_NO_MEMORY. */
err_t frame_share_split(paddr_t block);

/* Blocks that have counts. */
uint64_t frame_share_count(void);
