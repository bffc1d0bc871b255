/* SPDX-License-Identifier: Apache-2.0 */
#include "checkpoint.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHARDS_MAX 1024u
#define WEIGHTS    "model.safetensors"
#define INDEX      "model.safetensors.index.json"

static bool open_shard(struct checkpoint *checkpoint, const char *directory, const char *name,
                       struct error *error)
{
    struct shard shard = { .path = path_join(directory, name) };
    if (!file_map(&shard.file, shard.path, error)) goto free_path;
    if (!safetensors_parse(&shard.tensors, shard.file.bytes, shard.file.size, error)) {
        fail_in(error, shard.path);
        goto unmap_file;
    }
    checkpoint->shards = reallocate(checkpoint->shards, checkpoint->count + 1, sizeof(shard));
    checkpoint->shards[checkpoint->count++] = shard;
    return true;

unmap_file:
    file_unmap(&shard.file);
free_path:
    free(shard.path);
    return false;
}

/* A shard lies beside its index: a name that leads elsewhere is refused. */
static bool is_plain_name(const struct json *name)
{
    return name->type == JSON_STRING && name->length > 0 && name->length < 256 &&
           strlen(name->string) == name->length && !strchr(name->string, '/') &&
           strcmp(name->string, ".") != 0 && strcmp(name->string, "..") != 0;
}

static const struct shard *find_shard(const struct checkpoint *checkpoint, const char *name)
{
    for (uint32_t i = 0; i < checkpoint->count; i++) {
        if (strcmp(strrchr(checkpoint->shards[i].path, '/') + 1, name) == 0) return &checkpoint->shards[i];
    }
    return NULL;
}

static bool open_shards(struct checkpoint *checkpoint, const char *directory, const struct json *index,
                        struct error *error)
{
    const struct json *map = json_get(index, "weight_map");
    if (!map || map->type != JSON_OBJECT || map->length == 0)
        return fail(error, "%s/%s: no weight_map", directory, INDEX);

    JSON_FOR_EACH(tensor, map)
    {
        const struct json *name = tensor + 1;
        if (!is_plain_name(name) || checkpoint->count > SHARDS_MAX)
            return fail(error, "%s/%s: %.80s: not a file beside the index, or too many", directory, INDEX,
                        tensor->string);
        if (!find_shard(checkpoint, name->string) && !open_shard(checkpoint, directory, name->string, error))
            return false;
        if (!safetensors_find(&find_shard(checkpoint, name->string)->tensors, tensor->string))
            return fail(error, "%s/%s: tensor %.80s is not in %.80s", directory, INDEX, tensor->string,
                        name->string);
    }
    return true;
}

static bool open_index(struct checkpoint *checkpoint, const char *directory, const char *path,
                       struct error *error)
{
    struct file file;
    struct json_document index;
    if (!file_map(&file, path, error)) return false;
    bool ok = json_parse(&index, (const char *)file.bytes, file.size, error) || fail_in(error, path);
    file_unmap(&file);
    if (!ok) return false;
    ok = open_shards(checkpoint, directory, index.root, error);
    json_free(&index);
    return ok;
}

bool checkpoint_open(struct checkpoint *checkpoint, const char *directory, struct error *error)
{
    *checkpoint = (struct checkpoint){ 0 };
    char *index = path_join(directory, INDEX);
    bool ok = access(index, F_OK) == 0 ? open_index(checkpoint, directory, index, error)
                                       : open_shard(checkpoint, directory, WEIGHTS, error);
    free(index);
    if (!ok) checkpoint_close(checkpoint);
    return ok;
}

void checkpoint_close(struct checkpoint *checkpoint)
{
    for (uint32_t i = 0; i < checkpoint->count; i++) {
        safetensors_free(&checkpoint->shards[i].tensors);
        file_unmap(&checkpoint->shards[i].file);
        free(checkpoint->shards[i].path);
    }
    free(checkpoint->shards);
    *checkpoint = (struct checkpoint){ 0 };
}

const struct tensor *checkpoint_find(const struct checkpoint *checkpoint, const char *name,
                                     const char **out_path)
{
    for (uint32_t i = 0; i < checkpoint->count; i++) {
        const struct tensor *tensor = safetensors_find(&checkpoint->shards[i].tensors, name);
        if (!tensor) continue;
        if (out_path) *out_path = checkpoint->shards[i].path;
        return tensor;
    }
    return NULL;
}
