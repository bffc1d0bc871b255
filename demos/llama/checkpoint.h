/* SPDX-License-Identifier: Apache-2.0 */
/* The tensors of a model directory: model.safetensors, or the shards that
 * model.safetensors.index.json names. */
#pragma once
#include "file.h"
#include "safetensors.h"

struct shard {
    char *path;
    struct file file;
    struct safetensors tensors;
};

struct checkpoint {
    struct shard *shards;
    uint32_t count;
};

/* Map every file and check its header. Nothing is left on failure. */
bool checkpoint_open(struct checkpoint *checkpoint, const char *directory, struct error *error);
void checkpoint_close(struct checkpoint *checkpoint);

/* The tensor of that name, or NULL; `out_path` (may be NULL) is the file it lies in. */
const struct tensor *checkpoint_find(const struct checkpoint *checkpoint, const char *name,
                                     const char **out_path);
