/* SPDX-License-Identifier: Apache-2.0 */
/* The texts of the topology, whose tree is in topology_tree.c. */
#pragma once
#include "lib/base.h"

struct text;

enum { TOPOLOGY_GPU_CACHES = 2 };

/* struct text_source's `write`. */
void topology_write_node(struct text *text, uint64_t *cursor);
void topology_write_gpu_id(struct text *text, uint64_t *cursor);
void topology_write_name(struct text *text, uint64_t *cursor);
void topology_write_memory(struct text *text, uint64_t *cursor);
void topology_write_cache(struct text *text, uint64_t *cursor);
void topology_write_link(struct text *text, uint64_t *cursor);

bool topology_has_cache(uint32_t node, uint32_t index);
bool topology_has_link(uint32_t node, uint32_t index);
