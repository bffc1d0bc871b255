/* SPDX-License-Identifier: Apache-2.0 */
/* Trees that nobody fills: tables say which directories, texts and links there are, and what is looked for is made
 * then: /proc, /sys, /dev/pts.
 *
 * A node is a row of a table and a subject, which says whom the row is shown for: a process, a CPU. Names lead to the
 * same vnode as long as their subject lives, and made_forget() takes them away when it ends. The functions of tables
 * are called under fs_queue.lock where their names end in _locked, else without any lock. */
#pragma once
#include "fs/file.h"
#include "fs/fs_context.h"

/* What the numbers mean is agreed between the tables of one tree. All zeros: the machine. */
struct made_subject {
    uint64_t birth; /* tells it from others that had the number before */
    uint32_t number, index;
};

struct made_owner {
    uint32_t uid, gid;
};

enum made_kind { MADE_TABLE, MADE_TEXT, MADE_PATH, MADE_LINK, MADE_DEVICE };

struct made_row {
    const char *name; /* lives for ever, as the row does */
    uint16_t mode;
    uint8_t kind; /* enum made_kind */
    union {
        const struct made_table *table;
        const struct text_source *text; /* fs/text_file.h */
        const char *path;               /* of a symbolic link */
        const struct made_link *link;
        uint64_t device;
    };
    uintptr_t argument; /* for the text or the link */
};
#define MADE_DIRECTORY(name_, permissions, table_) \
    { .name = (name_), .mode = LINUX_S_IFDIR | (permissions), .kind = MADE_TABLE, .table = (table_) }
#define MADE_FILE(name_, permissions, text_, argument_) \
    { .name = (name_),                                  \
      .mode = LINUX_S_IFREG | (permissions),            \
      .kind = MADE_TEXT,                                \
      .text = (text_),                                  \
      .argument = (uintptr_t)(argument_) }
#define MADE_SYMLINK(name_, path_) \
    { .name = (name_), .mode = LINUX_S_IFLNK | 0777, .kind = MADE_PATH, .path = (path_) }
#define MADE_MAGIC(name_, link_, argument_) \
    { .name = (name_),                      \
      .mode = LINUX_S_IFLNK | 0777,         \
      .kind = MADE_LINK,                    \
      .link = (link_),                      \
      .argument = (uintptr_t)(argument_) }

struct made_node {
    const struct made_row *row;
    struct made_subject subject;
};

/* A link that leads to a file and not to a path, or whose text depends on who reads it. */
struct made_link {
    /* The text, without NUL, cut to `capacity`. NOT_FOUND; NO_MEMORY. */
    err_t (*read)(const struct made_node *node, struct fs_context *reader, char *text, size_t capacity,
                  size_t *length);
    /* Where it leads, counted; *entry may be NULL. `directory` is the one it was found in. NOT_FOUND. */
    err_t (*resolve_locked)(const struct made_node *node, struct vnode *directory, struct vnode **vnode,
                            struct dir_entry **entry);
    /* Its permissions when it is looked up, if they are not the row's. May be NULL. As the functions of a series. */
    uint32_t (*permissions)(const struct made_node *node);
    uint32_t size; /* st_size */
    bool is_path;  /* leads where its text says, so it is no magic to openat2 */
};

/* Names that are a number, perhaps behind a prefix. Either may be under fs_queue.lock or not, and takes what locks it
 * needs below that. */
struct made_series {
    const char *prefix;
    bool (*find)(const struct made_subject *parent, uint32_t number, struct made_subject *child);
    /* The first number from `from` on. */
    bool (*next)(const struct made_subject *parent, uint32_t from, uint32_t *number);
    struct made_row row; /* of each of them; its name is not used */
};

struct made_table {
    const char *path; /* by which made_add() knows it, such as "proc/net"; NULL: takes nothing */
    const struct made_row *rows;
    uint32_t count;
    const struct made_series *series; /* NULL: none */
    /* False: the subject is gone. NULL: it is for ever, and root's. As the functions of a series. */
    bool (*look)(const struct made_subject *subject, struct made_owner *owner);
};

/* Rows that a table of that path has, too; they live for ever. Any context, also long after boot. */
struct made_addition {
    const char *path;
    const struct made_row *rows;
    uint32_t count;
    struct made_addition *next; /* ours */
};
void made_add(struct made_addition *addition);

/* The root of a new tree, not attached yet. `root` describes a directory. NO_MEMORY. */
err_t made_create(const struct made_row *root, enum filesystem filesystem, int64_t time_ns,
                  struct vnode **out);

/* A name in a made directory; *out is NULL when there is none. NO_MEMORY. */
err_t made_find_locked(struct vnode *directory, const char *name, size_t bytes, struct dir_entry **out)
    REQUIRES(fs_queue.lock);

/* What a link of kind MADE_LINK leads to, counted. */
err_t made_resolve_locked(const struct vnode *link, struct vnode *directory, struct vnode **vnode,
                          struct dir_entry **entry) REQUIRES(fs_queue.lock);

/* The subject of that name, which is the last one of the path that begins at `directory`, has ended: the names below
 * it go. What is open stays open. Costs a look-up; nothing where nobody has looked. */
void made_forget(struct vnode *directory, const char *const *path, uint32_t depth) EXCLUDES(fs_queue.lock);

/* Listing a made directory. */
extern const struct file_ops made_directory_ops;
