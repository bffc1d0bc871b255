/* SPDX-License-Identifier: Apache-2.0 */
#include "host/ck/launch.h"

#include <stdlib.h>
#include <string.h>

#include "host/ck/report.h"
#include "host/ck/tree_file.h"
#include "host/ck/tree_walk.h"

enum { ID_MAX = INT32_MAX };

/* ---- users by name ---- */

/* The fields of a line of /etc/passwd or /etc/group. */
enum { FIELD_NAME = 0, FIELD_ID = 2, FIELD_GROUP = 3 };

static bool field_of(const char *line, size_t length, int wanted, const char **out, size_t *out_length)
{
    const char *end = line + length;
    for (int field = 0;; field++) {
        const char *colon = memchr(line, ':', (size_t)(end - line));
        *out = line;
        *out_length = (size_t)((colon ? colon : end) - line);
        if (field == wanted) return true;
        if (!colon) return false;
        line = colon + 1;
    }
}

static bool parse_id(const char *text, size_t length, uint32_t *out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9' || value > ID_MAX) return false;
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    *out = (uint32_t)value;
    return length > 0 && value <= ID_MAX;
}

/* The line of `path` whose field `key` is `text`, and the number in its field `wanted`. */
static bool look_up(const struct rootfs *rootfs, const char *path, int key, const char *text, int wanted,
                    uint32_t *out)
{
    const struct tree_node *node = rootfs ? tree_resolve(&rootfs->tree, path) : NULL;
    struct memory_file file;
    if (!node || tree_is_directory(node) || !tree_file_open(node, &file)) return false;
    const char *line = (const char *)file.bytes, *end = line + file.count;
    bool is_found = false;
    while (line && !is_found && line < end) {
        const char *newline = memchr(line, '\n', (size_t)(end - line)), *field;
        size_t length = (size_t)((newline ? newline : end) - line), field_length;
        is_found = field_of(line, length, key, &field, &field_length) && field_length == strlen(text) &&
                   memcmp(field, text, field_length) == 0 &&
                   field_of(line, length, wanted, &field, &field_length) &&
                   parse_id(field, field_length, out);
        line = newline ? newline + 1 : end;
    }
    tree_file_close(&file);
    return is_found;
}

/* USER or USER:GROUP. A user's group is that of /etc/passwd, or 0. */
static bool decide_user(struct launch *out, const char *text, const struct rootfs *rootfs)
{
    char *user = must_copy_string(text), *colon = strchr(user, ':');
    const char *group = colon ? colon + 1 : NULL;
    if (colon) *colon = '\0';
    bool is_number = parse_id(user, strlen(user), &out->uid);
    int key = is_number ? FIELD_ID : FIELD_NAME;
    bool is_good = is_number || look_up(rootfs, "etc/passwd", key, user, FIELD_ID, &out->uid);
    if (is_good && !look_up(rootfs, "etc/passwd", key, user, FIELD_GROUP, &out->gid)) out->gid = 0;
    if (is_good && group)
        is_good = parse_id(group, strlen(group), &out->gid) ||
                  look_up(rootfs, "etc/group", FIELD_NAME, group, FIELD_ID, &out->gid);
    if (!is_good)
        report("user %s: %s", text,
               rootfs ? "not in /etc/passwd or /etc/group of the root file system"
                      : "give numbers, such as 1000:1000");
    free(user);
    out->has_user = is_good;
    return is_good;
}

/* ---- the rest ---- */

/* A variable that is there already gets the new value. */
static void set_variable(struct string_list *list, const char *pair)
{
    size_t length = strcspn(pair, "=") + 1;
    for (size_t i = 0; i < list->count; i++) {
        if (strncmp(list->items[i], pair, length) != 0) continue;
        free(list->items[i]);
        list->items[i] = must_copy_string(pair);
        return;
    }
    string_list_add(list, pair);
}

static const char *variable(const struct string_list *list, const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < list->count; i++)
        if (strncmp(list->items[i], name, length) == 0 && list->items[i][length] == '=')
            return list->items[i] + length + 1;
    return NULL;
}

static bool decide_command(struct launch *out, const struct run_options *o, const struct rootfs *rootfs,
                           const struct oci_config *config)
{
    for (size_t i = 0; i < o->argument_count; i++) string_list_add(&out->command, o->arguments[i]);
    for (size_t i = 0; o->argument_count == 0 && config && i < config->command.count; i++)
        string_list_add(&out->command, config->command.items[i]);
    if (out->command.count == 0 || out->command.items[0][0] == '\0') {
        report("run: which program?%s See ck run --help", config ? " The image names none." : "");
        return false;
    }
    if (!rootfs) return true;
    char *found =
        tree_find_program(&rootfs->tree, out->command.items[0], variable(&out->environment, "PATH"));
    free(out->command.items[0]);
    out->command.items[0] = found;
    return true;
}

static bool decide_workdir(struct launch *out, const char *path, const struct rootfs *rootfs)
{
    out->workdir = must_copy_string(path);
    const struct tree_node *node = rootfs ? tree_resolve(&rootfs->tree, path) : NULL;
    if (path[0] == '/' && (!rootfs || (node && tree_is_directory(node)))) return true;
    report("the program cannot begin in %s: not a folder of the root file system", path);
    return false;
}

bool launch_decide(struct launch *out, const struct run_options *o, struct rootfs *rootfs)
{
    const struct oci_config *config = rootfs && rootfs->is_image ? &rootfs->image.config : NULL;
    *out = (struct launch){ 0 };
    for (size_t i = 0; config && i < config->environment.count; i++)
        set_variable(&out->environment, config->environment.items[i]);
    for (size_t i = 0; i < o->environment.count; i++)
        set_variable(&out->environment, o->environment.items[i]);
    const char *user = o->user ? o->user : config && config->user[0] ? config->user : NULL;
    if (config && config->workdir[0] == '/') tree_ensure_directory(&rootfs->tree, config->workdir, 0755);
    const char *workdir = o->workdir ? o->workdir : config && config->workdir[0] ? config->workdir : NULL;
    if (decide_command(out, o, rootfs, config) && (!user || decide_user(out, user, rootfs)) &&
        (!workdir || decide_workdir(out, workdir, rootfs)))
        return true;
    launch_free(out);
    return false;
}

void launch_free(struct launch *l)
{
    string_list_free(&l->command);
    string_list_free(&l->environment);
    free(l->workdir);
    *l = (struct launch){ 0 };
}
