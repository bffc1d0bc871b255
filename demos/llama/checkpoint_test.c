/* SPDX-License-Identifier: Apache-2.0 */
#include "checkpoint.h"

#include "config.h"
#include "tests/harness/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INDEX "model.safetensors.index.json"

static struct checkpoint checkpoint;
static struct error error;
static char directory[] = "/tmp/llama-test-XXXXXX";

static void write_file(const char *name, const void *bytes, size_t size)
{
    char *path = path_join(directory, name);
    FILE *file = fopen(path, "wb");
    EXPECT(file && fwrite(bytes, 1, size, file) == size);
    if (file) fclose(file);
    free(path);
}

/* A file of one U8 tensor of four bytes, cut off after `size` bytes. */
static void write_shard(const char *name, const char *tensor, size_t size)
{
    char bytes[128] = { 0 };
    int length = snprintf(bytes + 8, sizeof(bytes) - 8,
                          "{\"%s\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}", tensor);
    bytes[0] = (char)length;
    size_t whole = 8 + (size_t)length + 4;
    write_file(name, bytes, size < whole ? size : whole);
}

static void write_index(const char *map)
{
    char text[256];
    int length = snprintf(text, sizeof(text), "{\"metadata\":{},\"weight_map\":{%s}}", map);
    write_file(INDEX, text, (size_t)length);
}

static void make_directory(void)
{
    strcpy(directory + sizeof(directory) - 7, "XXXXXX");
    EXPECT(mkdtemp(directory) != NULL);
}

static void remove_directory(void)
{
    static const char *const names[] = { INDEX, "model.safetensors", "a.safetensors", "b.safetensors" };
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        char *path = path_join(directory, names[i]);
        unlink(path);
        free(path);
    }
    EXPECT(rmdir(directory) == 0);
}

TEST(checkpoint_opens_one_file)
{
    const char *path = NULL;
    make_directory();
    write_shard("model.safetensors", "w", SIZE_MAX);
    EXPECT(checkpoint_open(&checkpoint, directory, &error));
    EXPECT(checkpoint_find(&checkpoint, "w", &path) && strstr(path, "/model.safetensors"));
    EXPECT(!checkpoint_find(&checkpoint, "v", NULL));
    checkpoint_close(&checkpoint);
    remove_directory();
}

TEST(checkpoint_opens_the_shards_of_an_index)
{
    const char *path = NULL;
    make_directory();
    write_shard("a.safetensors", "v", SIZE_MAX);
    write_shard("b.safetensors", "w", SIZE_MAX);
    write_index("\"w\":\"b.safetensors\",\"v\":\"a.safetensors\"");
    EXPECT(checkpoint_open(&checkpoint, directory, &error));
    EXPECT(checkpoint.count == 2 && checkpoint_find(&checkpoint, "v", &path));
    EXPECT(path && strstr(path, "/a.safetensors"));
    checkpoint_close(&checkpoint);
    remove_directory();
}

static void expect_refused(const char *map, const char *why)
{
    write_index(map);
    EXPECT(!checkpoint_open(&checkpoint, directory, &error));
    EXPECT(strstr(error.text, why));
    EXPECT(strstr(error.text, directory));
}

TEST(checkpoint_refuses_an_index_that_leads_elsewhere_or_nowhere)
{
    make_directory();
    write_shard("a.safetensors", "v", SIZE_MAX);
    expect_refused("\"v\":\"../a.safetensors\"", "not a file beside the index");
    expect_refused("\"v\":\"/etc/passwd\"", "not a file beside the index");
    expect_refused("\"v\":\"a.safetensors\\u0000\"", "not a file beside the index");
    expect_refused("\"v\":1", "not a file beside the index");
    expect_refused("\"v\":\"b.safetensors\"", "No such file");
    expect_refused("\"w\":\"a.safetensors\"", "tensor w is not in a.safetensors");
    expect_refused("", "no weight_map");
    remove_directory();
}

TEST(checkpoint_names_the_file_that_is_torn)
{
    make_directory();
    for (size_t size = 1; size < 60; size++) {
        write_shard("model.safetensors", "w", size);
        EXPECT(!checkpoint_open(&checkpoint, directory, &error));
        EXPECT(strstr(error.text, "/model.safetensors: "));
    }
    write_file("model.safetensors", "", 0);
    EXPECT(!checkpoint_open(&checkpoint, directory, &error));
    EXPECT(strstr(error.text, "is empty"));
    remove_directory();
}

TEST(checkpoint_of_a_missing_directory_says_so)
{
    struct config config;
    EXPECT(!checkpoint_open(&checkpoint, "/nonexistent", &error));
    EXPECT_STR(error.text, "/nonexistent/model.safetensors: No such file or directory");
    EXPECT(!config_load(&config, "/nonexistent", &error));
    EXPECT_STR(error.text, "/nonexistent/config.json: No such file or directory");
}
