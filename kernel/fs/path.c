/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/path.h"

#include "abi/linux/fcntl.h"
#include "fs/made.h"
#include "fs/permission.h"
#include "lib/string.h"

enum { SYMLINKS_MAX = 40 }; /* in one walk. [linux include/linux/namei.h] */

struct text {
    const char *at, *end;
};

struct walk {
    const struct path_from *from;
    struct path_result *result;
    struct vnode *directory;         /* the next name is looked up here */
    struct text text;                /* what is left of the path or the link being read */
    struct text outer[SYMLINKS_MAX]; /* what is left of those around it; never only slashes */
    uint32_t depth;
    uint32_t links_followed;
    uint32_t flags;
    bool searches_all; /* no directory on the way can refuse */
};

/* What became of one component. */
enum step { STEP_ON, STEP_DONE };

static void release_held(struct path_result *r)
{
    vnode_put(r->held_vnode);
    dir_entry_put(r->held_entry);
    r->held_vnode = NULL;
    r->held_entry = NULL;
}

static void skip_slashes(struct text *text)
{
    while (text->at < text->end && *text->at == '/') text->at++;
}

/* True when there is a component to take; the link's text is left behind when it is used up. */
static bool has_component(struct walk *w)
{
    for (;;) {
        skip_slashes(&w->text);
        if (w->text.at < w->text.end) return true;
        if (w->depth == 0) return false;
        w->text = w->outer[--w->depth];
    }
}

static void finish_at(struct walk *w, struct vnode *vnode, struct dir_entry *entry, enum path_last last)
{
    w->result->vnode = vnode;
    w->result->entry = entry;
    w->result->last = last;
}

/* Reads the link's target next, and what follows the link after that. */
static void enter_symlink(struct walk *w, const struct vnode *link)
{
    struct text rest = w->text;
    skip_slashes(&rest);
    if (rest.at < rest.end) w->outer[w->depth++] = rest;
    w->text = (struct text){ link->symlink.target, link->symlink.target + link->size };
    if (link->symlink.target[0] == '/') w->directory = w->from->context->root;
}

/* A link of /proc/PID leads to a file, not to a path. */
static err_t jump_magic(struct walk *w, const struct vnode *link, bool is_final, enum step *step)
    REQUIRES(fs_queue.lock)
{
    struct path_result *r = w->result;
    struct vnode *vnode;
    struct dir_entry *entry;
    err_t e = made_resolve_locked(link, w->directory, &vnode, &entry);
    if (failed(e)) return e;
    release_held(r);
    r->held_vnode = vnode;
    r->held_entry = entry;
    w->directory = vnode;
    if (!is_final) return OK;

    *step = STEP_DONE;
    finish_at(w, vnode, entry, PATH_MAGIC);
    bool must_be_directory = (w->flags & WALK_DIRECTORY) || r->has_trailing_slash;
    return must_be_directory && !vnode_is_directory(vnode) ? ERR_NOT_DIRECTORY : OK;
}

static err_t follow(struct walk *w, const struct vnode *link, bool is_final, enum step *step)
    REQUIRES(fs_queue.lock)
{
    if (w->links_followed++ >= SYMLINKS_MAX) return ERR_LOOP;
    if (link->made && link->made->row->kind == MADE_LINK) return jump_magic(w, link, is_final, step);
    enter_symlink(w, link);
    return OK;
}

static err_t find(struct walk *w, const char *name, size_t bytes, struct dir_entry **out)
    REQUIRES(fs_queue.lock)
{
    *out = NULL;
    /* A removed directory has no names, whatever their length. */
    if (bytes > LINUX_NAME_MAX) return w->directory->links == 0 ? ERR_NOT_FOUND : ERR_NAME_TOO_LONG;
    if (w->directory->made) return made_find_locked(w->directory, name, bytes, out);
    *out = directory_find_locked(w->directory, name, bytes);
    return OK;
}

static err_t step_final_name(struct walk *w, const char *name, size_t bytes, enum step *step)
    REQUIRES(fs_queue.lock)
{
    struct path_result *r = w->result;
    if ((w->flags & WALK_CREATE) && r->has_trailing_slash) return ERR_IS_DIRECTORY;

    struct dir_entry *entry;
    err_t e = find(w, name, bytes, &entry);
    if (w->flags & WALK_PARENT)
        r->name_error = e;
    else if (failed(e))
        return e;
    bool follows = !(w->flags & WALK_PARENT) && ((w->flags & WALK_FOLLOW) || r->has_trailing_slash);
    if (entry && vnode_is_symlink(entry->vnode) && follows) return follow(w, entry->vnode, true, step);

    *step = STEP_DONE;
    r->parent = w->directory;
    r->name = name;
    r->name_bytes = bytes;
    finish_at(w, entry ? entry->vnode : NULL, entry, PATH_NAME);
    if (!entry) return w->flags & (WALK_CREATE | WALK_PARENT) ? OK : ERR_NOT_FOUND;
    if (w->flags & (WALK_CREATE | WALK_PARENT)) return OK;
    bool must_be_directory = (w->flags & WALK_DIRECTORY) || r->has_trailing_slash;
    return must_be_directory && !vnode_is_directory(entry->vnode) ? ERR_NOT_DIRECTORY : OK;
}

static err_t step_name(struct walk *w, const char *name, size_t bytes, enum step *step)
    REQUIRES(fs_queue.lock)
{
    struct dir_entry *entry;
    err_t e = find(w, name, bytes, &entry);
    if (failed(e)) return e;
    if (!entry) return ERR_NOT_FOUND;
    if (vnode_is_symlink(entry->vnode)) return follow(w, entry->vnode, false, step);
    w->directory = entry->vnode;
    return OK;
}

/* Takes one component; everything before it was found. */
static err_t step_component(struct walk *w, enum step *step) REQUIRES(fs_queue.lock)
{
    const char *name = w->text.at;
    while (w->text.at < w->text.end && *w->text.at != '/') w->text.at++;
    size_t bytes = (size_t)(w->text.at - name);

    struct text rest = w->text;
    skip_slashes(&rest);
    bool is_final = w->depth == 0 && rest.at == rest.end;
    if (is_final && rest.at != w->text.at) w->result->has_trailing_slash = true;

    if (!vnode_is_directory(w->directory)) return ERR_NOT_DIRECTORY;
    if (!w->searches_all) {
        err_t e = permission_check(w->directory, MAY_SEARCH);
        if (failed(e)) return e;
    }
    bool is_dot = bytes == 1 && name[0] == '.';
    bool is_dotdot = bytes == 2 && name[0] == '.' && name[1] == '.';
    if (!is_dot && !is_dotdot)
        return is_final ? step_final_name(w, name, bytes, step) : step_name(w, name, bytes, step);

    if (is_dotdot && w->directory != w->from->context->root)
        w->directory = directory_parent_locked(w->directory);
    if (is_final) {
        finish_at(w, w->directory, w->directory->directory.entry, is_dot ? PATH_DOT : PATH_DOTDOT);
        *step = STEP_DONE;
    }
    return OK;
}

err_t path_walk_locked(const struct path_from *from, const char *path, uint32_t flags,
                       struct path_result *out)
{
    *out = (struct path_result){ 0 };
    struct walk w;
    w.from = from;
    w.result = out;
    w.text = (struct text){ path, path + strlen(path) };
    w.depth = w.links_followed = 0;
    w.flags = flags;
    w.searches_all = permission_searches_all();
    struct vnode *start = from->directory ? from->directory : from->context->cwd;
    w.directory = path[0] == '/' ? from->context->root : start;

    enum step step = STEP_ON;
    while (step == STEP_ON && has_component(&w)) {
        err_t e = step_component(&w, &step);
        if (failed(e)) return e;
    }
    if (step == STEP_ON) finish_at(&w, w.directory, w.directory->directory.entry, PATH_ROOT);
    return OK;
}

void path_finish(struct path_result *result) { release_held(result); }

err_t path_check_parent(const struct path_from *from, const char *path)
{
    struct path_result found;
    fs_lock();
    err_t e = path_walk_locked(from, path, WALK_PARENT, &found);
    fs_unlock();
    path_finish(&found);
    return e;
}

err_t path_get_vnode(const struct path_from *from, const char *path, uint32_t flags, struct vnode **out)
{
    struct path_result found = { 0 };
    err_t e = OK;
    fs_lock();
    if (path[0])
        e = path_walk_locked(from, path, flags, &found);
    else
        found.vnode = from->directory ? from->directory : from->context->cwd;
    if (!failed(e)) *out = vnode_get(found.vnode);
    fs_unlock();
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
