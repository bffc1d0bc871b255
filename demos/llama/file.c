/* SPDX-License-Identifier: Apache-2.0 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static bool map_descriptor(struct file *file, int descriptor, struct error *error)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0) return fail(error, "%s", strerror(errno));
    if (!S_ISREG(status.st_mode)) return fail(error, "is not a regular file");
    if (status.st_size <= 0) return fail(error, "is empty");

    size_t size = (size_t)status.st_size;
    void *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (bytes == MAP_FAILED) return fail(error, "mmap: %s", strerror(errno));
    *file = (struct file){ .bytes = bytes, .size = size };
    return true;
}

bool file_map(struct file *file, const char *path, struct error *error)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return fail(error, "%s: %s", path, strerror(errno));
    bool mapped = map_descriptor(file, descriptor, error);
    close(descriptor); /* the mapping outlives it */
    return mapped || fail_in(error, path);
}

void file_unmap(struct file *file)
{
    if (file->bytes) munmap((void *)(uintptr_t)file->bytes, file->size);
    *file = (struct file){ 0 };
}

char *path_join(const char *directory, const char *name)
{
    size_t size = strlen(directory) + strlen(name) + 2;
    char *path = allocate(size, 1);
    snprintf(path, size, "%s/%s", directory, name);
    return path;
}
