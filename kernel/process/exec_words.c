/* SPDX-License-Identifier: Apache-2.0 */
#include "process/exec_words.h"

#include "lib/script_line.h"
#include "lib/string.h"
#include "mm/heap.h"

struct exec_script {
    struct exec_script *next;
    char line[SCRIPT_LINE_BYTES];
};

void exec_words_init(struct exec_words *w, const struct exec_request *request)
{
    w->request = request;
    w->program = request->path;
    w->front_first = EXEC_FRONT_MAX;
    w->script_count = 0;
    w->scripts = NULL;
}

void exec_words_fini(struct exec_words *w)
{
    while (w->scripts) {
        struct exec_script *script = w->scripts;
        w->scripts = script->next;
        heap_free(script);
    }
}

static void push(struct exec_words *w, const char *word) { w->front[--w->front_first] = word; }

/* The interpreter of one script may be a script: what comes first then is this one's path. */
static void rewrite(struct exec_words *w, const struct script_line *line)
{
    if (w->script_count++) w->front_first++;
    push(w, w->program);
    if (line->argument) push(w, line->argument);
    push(w, line->interpreter);
    w->program = line->interpreter;
}

err_t exec_words_add_script(struct exec_words *w, const void *bytes, size_t size)
{
    const char *start = bytes;
    if (size < 2 || start[0] != '#' || start[1] != '!') return ERR_EXEC_FORMAT;
    struct exec_script *script = heap_alloc_zeroed(sizeof(*script));
    if (!script) return ERR_NO_MEMORY;
    script->next = w->scripts;
    w->scripts = script;
    memcpy(script->line, bytes, MIN(size, sizeof(script->line)));
    struct script_line line;
    err_t e = script_line_parse(script->line, &line);
    if (failed(e)) return e;
    if (w->request->is_lost_at_start) return ERR_NOT_FOUND;
    if (w->script_count == EXEC_SCRIPTS_MAX) return ERR_LOOP;
    rewrite(w, &line);
    return OK;
}

static uint32_t front_count(const struct exec_words *w) { return EXEC_FRONT_MAX - w->front_first; }

uint32_t exec_words_count(const struct exec_words *w)
{
    uint32_t replaced = w->script_count && w->request->argument_count ? 1 : 0;
    return front_count(w) + w->request->argument_count - replaced;
}

const char *exec_word(const struct exec_words *w, uint32_t index)
{
    uint32_t front = front_count(w);
    if (!front) return w->request->arguments[index];
    return index < front ? w->front[w->front_first + index] : w->request->arguments[index - front + 1];
}
