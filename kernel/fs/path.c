/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/path.h"

#include "abi/linux/fcntl.h"
#include "fs/directory_internal.h"
#include "fs/made.h"
#include "fs/path_plain.h"
#include "fs/permission.h"
#include "lib/string.h"

enum { SYMLINKS_MAX = 40 }; /* in one walk. [linux include/linux/namei.h] */

struct text {
    const char *at, *end;
    const char *readable; /* bytes up to here can be looked at */
};

struct walk {
    const struct path_from *from;
    struct path_result *result;
    struct vnode *directory;         /* the next name is looked up here */
    struct vnode *root;              /* ".." ends here, and absolute links begin */
    uint32_t resolve;                /* LINUX_RESOLVE_ */
    struct text text;                /* what is left of the path or the link being read */
    struct text outer[SYMLINKS_MAX]; /* what is left of those around it; never only slashes */
    uint32_t depth;
    uint32_t links_followed;
    uint32_t flags;
    bool may_be_refused; /* directories on the way are asked for permission */
};

/* One component of the path. */
struct name {
    const char *at;
    size_t bytes;
    uint32_t hash; /* with the directory where it is looked up */
    bool is_final;
};

/* What became of it. */
enum step { STEP_ON, STEP_DONE };

void path_release_held(struct path_result *r)
{
    vnode_put(r->held_vnode);
    dir_entry_put(r->held_entry);
    r->held_vnode = NULL;
    r->held_entry = NULL;
}

static inline const char *skip_slashes(const char *at, const char *end)
{
    while (at < end && *at == '/') at++;
    return at;
}

/* False at the end of everything. A link's text is left behind when it is used up. */
static inline bool has_component(struct walk *w)
{
    w->text.at = skip_slashes(w->text.at, w->text.end);
    while (w->text.at == w->text.end) {
        if (w->depth == 0) return false;
        w->text = w->outer[--w->depth];
    }
    return true;
}

static void finish_at(struct walk *w, struct vnode *vnode, struct dir_entry *entry, enum path_last last)
{
    w->result->vnode = vnode;
    w->result->entry = entry;
    w->result->last = last;
}

static bool leaves_filesystem(const struct walk *w, const struct vnode *to)
{
    return (w->resolve & LINUX_RESOLVE_NO_XDEV) && w->directory->filesystem != to->filesystem;
}

/* Reads the link's target next, and what follows the link after that. */
static err_t enter_symlink(struct walk *w, const struct vnode *link)
{
    bool is_absolute = link->symlink.target[0] == '/';
    if (is_absolute && ((w->resolve & LINUX_RESOLVE_BENEATH) || leaves_filesystem(w, w->root)))
        return ERR_CROSS_DEVICE;
    if (w->text.at < w->text.end) w->outer[w->depth++] = w->text;
    const char *end = link->symlink.target + link->size;
    w->text = (struct text){ link->symlink.target, end, end };
    if (is_absolute) w->directory = w->root;
    return OK;
}

/* Both end a walk at where it began. */
enum { SCOPES = LINUX_RESOLVE_BENEATH | LINUX_RESOLVE_IN_ROOT };

/* A link of /proc/PID leads to a file, not to a path. */
static err_t jump_magic(struct walk *w, const struct vnode *link, bool is_final, enum step *step)
    REQUIRES(fs_queue.lock)
{
    struct path_result *r = w->result;
    struct vnode *vnode;
    struct dir_entry *entry;
    bool is_magic = !link->made->row->link->is_path;
    if (is_magic && (w->resolve & LINUX_RESOLVE_NO_MAGICLINKS)) return ERR_LOOP;
    err_t e = made_resolve_locked(link, w->directory, &vnode, &entry);
    if (failed(e)) return e;
    path_release_held(r);
    r->held_vnode = vnode;
    r->held_entry = entry;
    if ((is_magic && (w->resolve & SCOPES)) || leaves_filesystem(w, vnode)) return ERR_CROSS_DEVICE;
    w->directory = vnode;
    if (!is_final) return vnode_is_directory(vnode) ? OK : ERR_NOT_DIRECTORY;

    *step = STEP_DONE;
    finish_at(w, vnode, entry, PATH_MAGIC);
    bool must_be_directory = (w->flags & WALK_DIRECTORY) || r->has_trailing_slash;
    return must_be_directory && !vnode_is_directory(vnode) ? ERR_NOT_DIRECTORY : OK;
}

static err_t follow(struct walk *w, const struct vnode *link, bool is_final, enum step *step)
    REQUIRES(fs_queue.lock)
{
    if (w->links_followed++ >= SYMLINKS_MAX || (w->resolve & LINUX_RESOLVE_NO_SYMLINKS)) return ERR_LOOP;
    if (link->made && link->made->row->kind == MADE_LINK) return jump_magic(w, link, is_final, step);
    return enter_symlink(w, link);
}

static inline err_t find(struct walk *w, const struct name *name, struct dir_entry **out)
    REQUIRES(fs_queue.lock)
{
    *out = NULL;
    /* A removed directory has no names, whatever their length. */
    if (unlikely(name->bytes > LINUX_NAME_MAX))
        return w->directory->links == 0 ? ERR_NOT_FOUND : ERR_NAME_TOO_LONG;
    if (unlikely(w->directory->made)) return made_find_locked(w->directory, name->at, name->bytes, out);
    *out = directory_look_up_locked(w->directory, name->at, name->bytes, name->hash);
    return *out && leaves_filesystem(w, (*out)->vnode) ? ERR_CROSS_DEVICE : OK;
}

static err_t step_final_name(struct walk *w, const struct name *name, enum step *step) REQUIRES(fs_queue.lock)
{
    struct path_result *r = w->result;
    if ((w->flags & WALK_CREATE) && r->has_trailing_slash) return ERR_IS_DIRECTORY;

    struct dir_entry *entry;
    err_t e = find(w, name, &entry);
    if (w->flags & WALK_PARENT)
        r->name_error = e;
    else if (failed(e))
        return e;
    bool follows = !(w->flags & WALK_PARENT) && ((w->flags & WALK_FOLLOW) || r->has_trailing_slash);
    if (entry && vnode_is_symlink(entry->vnode) && follows) return follow(w, entry->vnode, true, step);

    *step = STEP_DONE;
    r->parent = w->directory;
    r->name = name->at;
    r->name_bytes = name->bytes;
    finish_at(w, entry ? entry->vnode : NULL, entry, PATH_NAME);
    if (!entry) return w->flags & (WALK_CREATE | WALK_PARENT) ? OK : ERR_NOT_FOUND;
    if (w->flags & (WALK_CREATE | WALK_PARENT)) return OK;
    bool must_be_directory = (w->flags & WALK_DIRECTORY) || r->has_trailing_slash;
    return must_be_directory && !vnode_is_directory(entry->vnode) ? ERR_NOT_DIRECTORY : OK;
}

static inline err_t step_name(struct walk *w, const struct name *name, enum step *step)
    REQUIRES(fs_queue.lock)
{
    struct dir_entry *entry;
    err_t e = find(w, name, &entry);
    if (failed(e)) return e;
    if (!entry) return ERR_NOT_FOUND;
    if (unlikely(vnode_is_symlink(entry->vnode))) return follow(w, entry->vnode, false, step);
    w->directory = entry->vnode;
    return vnode_is_directory(w->directory) ? OK : ERR_NOT_DIRECTORY;
}

static err_t step_dots(struct walk *w, const struct name *name, enum step *step) REQUIRES(fs_queue.lock)
{
    bool is_dot = name->bytes == 1;
    if (!is_dot) {
        bool is_root = w->directory == w->root;
        struct vnode *parent = is_root ? w->directory : directory_parent_locked(w->directory);
        if ((is_root && (w->resolve & LINUX_RESOLVE_BENEATH)) || leaves_filesystem(w, parent))
            return ERR_CROSS_DEVICE;
        w->directory = parent;
    }
    if (name->is_final) {
        finish_at(w, w->directory, w->directory->directory.entry, is_dot ? PATH_DOT : PATH_DOTDOT);
        *step = STEP_DONE;
    }
    return OK;
}

/* Finds the next name. False at the end of everything. */
static bool next_name(struct walk *w, struct name *name)
{
    if (!has_component(w)) return false;
    name->at = w->text.at;
    const char *end = name_scan(w->directory, name->at, w->text.end, w->text.readable, &name->hash);
    name->bytes = (size_t)(end - name->at);
    w->text.at = skip_slashes(end, w->text.end);
    name->is_final = w->text.at == w->text.end && w->depth == 0;
    if (name->is_final && w->text.at != end) w->result->has_trailing_slash = true;
    return true;
}

/* Takes one component; everything before it was found, and is a directory. */
static inline err_t step_component(struct walk *w, const struct name *name, enum step *step)
    REQUIRES(fs_queue.lock)
{
    if (unlikely(w->may_be_refused)) {
        err_t e = permission_check(w->directory, MAY_SEARCH);
        if (failed(e)) return e;
    }
    bool is_dots = name->at[0] == '.' && (name->bytes == 1 || (name->bytes == 2 && name->at[1] == '.'));
    if (unlikely(is_dots)) return step_dots(w, name, step);
    return name->is_final ? step_final_name(w, name, step) : step_name(w, name, step);
}

/* ---- the whole walk ---- */

/* A scope's root is where the walk begins, and so do absolute paths then. */
static err_t begin_in_scope(struct walk *w, const char *path)
{
    if (!(w->resolve & SCOPES)) return OK;
    if (path[0] == '/' && (w->resolve & LINUX_RESOLVE_BENEATH)) return ERR_CROSS_DEVICE;
    w->root = w->directory = w->from->directory ? w->from->directory : w->from->context->cwd;
    return vnode_is_directory(w->root) ? OK : ERR_NOT_DIRECTORY;
}

static NOINLINE err_t walk_on_locked(const struct path_from *from, const char *path,
                                     const struct path_position *p, uint32_t flags, struct path_result *out)
    REQUIRES(fs_queue.lock)
{
    struct walk w;
    struct name name;
    enum step step = STEP_ON;
    w.from = from;
    w.result = out;
    w.directory = p->directory;
    w.root = from->context->root;
    w.resolve = from->resolve;
    w.text.at = p->at;
    w.text.end = path + (from->path_bytes ? from->path_bytes : strlen(path));
    w.text.readable = w.text.end + (from->path_bytes ? PATH_SLACK_BYTES : 0);
    w.depth = w.links_followed = 0;
    w.flags = flags;
    w.may_be_refused = !permission_searches_all();
    err_t e = begin_in_scope(&w, path);
    while (!failed(e) && step == STEP_ON && next_name(&w, &name)) e = step_component(&w, &name, &step);
    if (failed(e)) return e;
    if (step == STEP_ON) finish_at(&w, w.directory, w.directory->directory.entry, PATH_ROOT);
    return OK;
}

static void result_init(struct path_result *out)
{
    out->vnode = NULL;
    out->entry = NULL;
    out->has_trailing_slash = false;
    out->name_error = OK;
    out->held_vnode = NULL;
    out->held_entry = NULL;
}

err_t path_walk_locked(const struct path_from *from, const char *path, uint32_t flags,
                       struct path_result *out)
{
    struct path_position p;
    err_t e;
    result_init(out);
    if (!path_begin_locked(from, path, &p)) return ERR_NOT_DIRECTORY;
    if (path_may_walk_plainly(from) && path_walk_plainly_locked(&p, flags, out, &e)) return e;
    return walk_on_locked(from, path, &p, flags, out);
}

err_t path_check_parent(const struct path_from *from, const char *path)
{
    struct path_result found;
    fs_lock();
    err_t e = path_walk_locked(from, path, WALK_PARENT, &found);
    fs_unlock();
    path_finish(&found);
    return e;
}

static inline err_t find_vnode_locked(const struct path_from *from, const char *path, uint32_t flags,
                                      struct path_result *found) REQUIRES(fs_queue.lock)
{
    if (likely(path[0])) return path_walk_locked(from, path, flags, found);
    *found = (struct path_result){ .vnode = from->directory ? from->directory : from->context->cwd };
    return OK;
}

err_t path_get_vnode(const struct path_from *from, const char *path, uint32_t flags, struct vnode **out)
{
    struct path_result found;
    fs_lock_short();
    err_t e = find_vnode_locked(from, path, flags, &found);
    if (!failed(e)) *out = vnode_get(found.vnode);
    fs_unlock_short();
    path_finish(&found);
    return e;
}

err_t path_get_named(const struct path_from *from, const char *path, uint32_t flags, struct vnode **vnode,
                     struct dir_entry **entry)
{
    struct path_result found;
    fs_lock();
    err_t e = find_vnode_locked(from, path, flags, &found);
    if (!failed(e)) {
        *vnode = vnode_get(found.vnode);
        *entry = found.entry ? dir_entry_get(found.entry) : NULL;
    }
    fs_unlock();
    path_finish(&found);
    return e;
}

err_t path_get_attributes(const struct path_from *from, const char *path, uint32_t flags,
                          struct vnode_attributes *out)
{
    struct path_result found;
    fs_lock_short();
    err_t e = find_vnode_locked(from, path, flags, &found);
    if (!failed(e)) vnode_get_attributes_locked(found.vnode, out);
    fs_unlock_short();
    path_finish(&found);
    return e;
}

err_t path_get_stat(const struct path_from *from, const char *path, uint32_t flags, struct linux_stat *out)
{
    struct path_result found;
    fs_lock_short();
    err_t e = find_vnode_locked(from, path, flags, &found);
    if (!failed(e)) vnode_get_stat_locked(found.vnode, out);
    fs_unlock_short();
    path_finish(&found);
    return e;
}

/* From the back, as names are found leaf first. */
err_t path_write_locked(const struct vnode *root, const struct dir_entry *entry, char *text, size_t capacity,
                        struct path_text *out)
{
    *out = (struct path_text){ .is_reachable = true };
    size_t at = capacity;
    const struct dir_entry *own_root = root->directory.entry;
    while (entry && entry != own_root) {
        if (at < (size_t)entry->name_bytes + 1) return ERR_RANGE;
        if (!entry->vnode) out->is_removed = true;
        at -= entry->name_bytes;
        memcpy(text + at, entry->name, entry->name_bytes);
        text[--at] = '/';
        entry = entry->parent->directory.entry;
    }
    out->is_reachable = entry == own_root;
    if (at == capacity) {
        if (at == 0) return ERR_RANGE;
        text[--at] = '/';
    }
    out->length = capacity - at;
    memmove(text, text + at, out->length);
    return OK;
}
