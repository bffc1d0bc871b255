/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "host/ck/folder.h"

#include <dirent.h>
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "host/ck/report.h"
#include "host/ck/status.h"

/* A file with several names, by what the host knows it as. */
struct known_file {
    dev_t device;
    ino_t inode;
    char *path; /* in the tree */
};

struct walk {
    struct tree *tree;
    void *known_files; /* tsearch() */
};

static bool read_folder(struct walk *w, const char *host_path, const char *path);

static int compare_files(const void *a, const void *b)
{
    const struct known_file *left = a, *right = b;
    if (left->device != right->device) return left->device < right->device ? -1 : 1;
    if (left->inode != right->inode) return left->inode < right->inode ? -1 : 1;
    return 0;
}

static void free_file(void *node)
{
    struct known_file *file = node;
    free(file->path);
    free(file);
}

/* The path under which this file is in the tree already; NULL, and remembered, when it is not. */
static const char *known_path(struct walk *w, const struct stat *st, const char *path)
{
    struct known_file *file = must_calloc(sizeof *file);
    file->device = st->st_dev;
    file->inode = st->st_ino;
    void *slot = tsearch(file, &w->known_files, compare_files);
    if (!slot) {
        report("out of memory");
        exit(STATUS_CK_FAILED);
    }
    struct known_file *found = *(struct known_file **)slot;
    if (found == file) {
        file->path = must_copy_string(path);
        return NULL;
    }
    free(file);
    return found->path;
}

/* The image's root user is whoever packs it. */
static uint32_t image_owner(uint32_t host_id, uint32_t own_id) { return host_id == own_id ? 0 : host_id; }

struct tree_inode folder_inode(const char *host_path, const struct stat *st)
{
    struct tree_inode inode = { .mode = st->st_mode,
                                .uid = image_owner(st->st_uid, geteuid()),
                                .gid = image_owner(st->st_gid, getegid()),
                                .mtime_s = st->st_mtime > 0 ? (uint64_t)st->st_mtime : 0 };
    if (S_ISREG(st->st_mode)) {
        inode.bytes = (uint64_t)st->st_size;
        inode.host_path = must_copy_string(host_path);
    }
    if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) {
        inode.device_major = major(st->st_rdev);
        inode.device_minor = minor(st->st_rdev);
    }
    return inode;
}

static bool read_target(const char *host_path, char **out)
{
    char target[TREE_PATH_MAX];
    ssize_t length = readlink(host_path, target, sizeof target);
    if (length < 0 || length == (ssize_t)sizeof target) {
        if (length >= 0) errno = ENAMETOOLONG;
        report_errno("%s: cannot read the symbolic link", host_path);
        return false;
    }
    target[length] = '\0';
    *out = must_copy_string(target);
    return true;
}

static bool put(struct walk *w, const char *host_path, const char *path, const struct stat *st)
{
    if (S_ISSOCK(st->st_mode) || S_ISFIFO(st->st_mode)) {
        report("%s: left out, it is a %s", host_path, S_ISSOCK(st->st_mode) ? "socket" : "FIFO");
        return true;
    }
    const char *why, *known = NULL;
    if (!S_ISDIR(st->st_mode) && st->st_nlink > 1) known = known_path(w, st, path);
    if (known) {
        why = tree_link(w->tree, path, known);
    } else {
        struct tree_inode inode = folder_inode(host_path, st);
        if (S_ISLNK(st->st_mode) && !read_target(host_path, &inode.target)) return false;
        why = tree_put(w->tree, path, &inode);
    }
    if (why) report("%s: %s", host_path, why);
    return !why;
}

static bool read_entry(struct walk *w, const char *host_path, const char *path)
{
    struct stat st;
    if (lstat(host_path, &st) < 0) {
        report_errno("%s", host_path);
        return false;
    }
    if (!put(w, host_path, path, &st)) return false;
    return !S_ISDIR(st.st_mode) || read_folder(w, host_path, path);
}

static bool read_folder(struct walk *w, const char *host_path, const char *path)
{
    DIR *folder = opendir(host_path);
    if (!folder) {
        report_errno("%s: cannot read the folder", host_path);
        return false;
    }
    bool is_good = true;
    while (is_good) {
        errno = 0;
        struct dirent *entry = readdir(folder);
        if (!entry) {
            is_good = errno == 0;
            if (!is_good) report_errno("%s: cannot read the folder", host_path);
            break;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        char *below = must_format("%s/%s", host_path, entry->d_name);
        char *below_path = must_format("%s%s%s", path, *path ? "/" : "", entry->d_name);
        is_good = read_entry(w, below, below_path);
        free(below);
        free(below_path);
    }
    closedir(folder);
    return is_good;
}

bool folder_read(struct tree *tree, const char *folder)
{
    struct stat st;
    if (stat(folder, &st) < 0) {
        report_errno("%s", folder);
        return false;
    }
    struct walk w = { .tree = tree };
    struct tree_inode root = folder_inode(folder, &st);
    const char *why = tree_put(tree, "", &root);
    bool is_good = !why && read_folder(&w, folder, "");
    if (why) report("%s: %s", folder, why);
    tdestroy(w.known_files, free_file);
    return is_good;
}
