/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "gpu/memory.h"

/* ERR_NO_MEMORY. */
err_t gpu_memory_create_bell(struct gpu_device *device, uint32_t context, struct gpu_memory **out);
void gpu_memory_init_backing(struct gpu_memory *memory);

/* The piece that lies in a row from `offset` on, as long as it is; not of the kind USER. */
struct gpu_piece gpu_memory_piece(const struct gpu_memory *memory, uint64_t offset);
/* The frame that a program sees there. */
paddr_t gpu_memory_frame(const struct gpu_memory *memory, uint64_t offset);

/* For a map of the kind USER: what shows it, and what unmaps it. ERR_FAULT, ERR_NO_MEMORY. */
err_t gpu_mirror_begin(struct gpu_map *map);
void gpu_mirror_end(struct gpu_map *map);
