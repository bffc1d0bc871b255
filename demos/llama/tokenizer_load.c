/* SPDX-License-Identifier: Apache-2.0 */
/* From tokenizer.json to the tables and steps of a tokenizer. What is not understood is refused
 * by name: a tokenizer that is almost right gives a model that is quietly wrong. */
#include "tokenizer.h"

#include "file.h"
#include "json.h"
#include "unicode.h"

#include <stdlib.h>
#include <string.h>

static bool is_true(const struct json *node) { return node && node->type == JSON_TRUE; }

static const char *type_of(const struct json *node)
{
    const struct json *type = json_get(node, "type");
    return type && type->type == JSON_STRING ? type->string : "without a type";
}

static bool refuse(struct error *error, const char *what, const struct json *node)
{
    return fail(error, "%s %.60s is not supported", what, type_of(node));
}

static struct step *add_step(struct step_list *list, enum step_kind kind, struct error *error)
{
    if (list->count == STEPS_MAX) {
        fail(error, "more than %d steps before the BPE", STEPS_MAX);
        return NULL;
    }
    struct step *step = &list->steps[list->count++];
    step->kind = kind;
    return step;
}

static bool add_text_step(struct step_list *list, enum step_kind kind, const struct json *from,
                          const struct json *to, struct error *error)
{
    bool ok = (kind != STEP_REPLACE || (from && from->type == JSON_STRING && from->length)) && to &&
              to->type == JSON_STRING;
    if (!ok) return fail(error, "a step without the texts it needs");
    struct step *step = add_step(list, kind, error);
    if (!step) return false;
    if (kind == STEP_REPLACE) text_append(&step->from, from->string, from->length);
    text_append(&step->to, to->string, to->length);
    return true;
}

static bool add_split(struct step_list *list, enum split_kind split, struct error *error)
{
    struct step *step = add_step(list, STEP_SPLIT, error);
    if (step) step->split = split;
    return step != NULL;
}

typedef bool (*load_step_fn)(struct tokenizer *t, const struct json *node, struct error *error);

/* A list of steps is written as one object, or as a Sequence of them under `member`. */
static bool load_sequence(struct tokenizer *t, const struct json *node, const char *member, load_step_fn load,
                          struct error *error)
{
    if (json_is_absent(node)) return true;
    if (!json_is(json_get(node, "type"), "Sequence")) return load(t, node, error);
    const struct json *list = json_get(node, member);
    if (!list || list->type != JSON_ARRAY) return fail(error, "a Sequence without %s", member);
    JSON_FOR_EACH(item, list)
    {
        if (!load(t, item, error)) return false;
    }
    return true;
}

static bool load_normaliser(struct tokenizer *t, const struct json *node, struct error *error)
{
    const struct json *type = json_get(node, "type");
    if (json_is(type, "Prepend"))
        return add_text_step(&t->normaliser, STEP_PREPEND, NULL, json_get(node, "prepend"), error);
    if (json_is(type, "Replace"))
        return add_text_step(&t->normaliser, STEP_REPLACE, json_get(json_get(node, "pattern"), "String"),
                             json_get(node, "content"), error);
    return refuse(error, "normalizer", node);
}

static bool load_byte_level(struct tokenizer *t, const struct json *node, struct error *error)
{
    static const struct json space = { .type = JSON_STRING, .length = 1, .string = " " };
    const struct json *regex = json_get(node, "use_regex");
    if (is_true(json_get(node, "add_prefix_space")) &&
        !add_text_step(&t->splitter, STEP_PREPEND_MISSING, NULL, &space, error))
        return false;
    if ((!regex || is_true(regex)) && !add_split(&t->splitter, SPLIT_GPT2, error)) return false;
    t->is_byte_level = true;
    return add_step(&t->splitter, STEP_BYTES, error) != NULL;
}

static bool load_metaspace(struct tokenizer *t, const struct json *node, struct error *error)
{
    static const struct json space = { .type = JSON_STRING, .length = 1, .string = " " };
    const struct json *replacement = json_get(node, "replacement");
    const struct json *scheme = json_get(node, "prepend_scheme"), *split = json_get(node, "split");
    const struct json *old = json_get(node, "add_prefix_space"); /* before there was a scheme */
    bool never = json_is(scheme, "never") || (!scheme && old && !is_true(old));
    enum step_kind prepend = json_is(scheme, "first") ? STEP_PREPEND_FIRST : STEP_PREPEND_MISSING;

    if (!json_is(replacement, "\xe2\x96\x81")) return fail(error, "Metaspace without U+2581");
    if (!add_text_step(&t->splitter, STEP_REPLACE, &space, replacement, error)) return false;
    if (!never && !add_text_step(&t->splitter, prepend, NULL, replacement, error)) return false;
    if (split && !is_true(split)) return true;
    return add_split(&t->splitter, SPLIT_METASPACE, error);
}

static bool load_split(struct tokenizer *t, const struct json *node, struct error *error)
{
    const struct json *pattern = json_get(json_get(node, "pattern"), "Regex");
    enum split_kind split;
    if (!json_is(json_get(node, "behavior"), "Isolated") || is_true(json_get(node, "invert")))
        return fail(error, "pre_tokenizer Split: only the behavior Isolated is supported");
    if (!pattern || pattern->type != JSON_STRING ||
        !split_recognise(pattern->string, pattern->length, &split))
        return fail(error, "pre_tokenizer Split: the pattern is none of GPT-2's, Llama 3's, Qwen 2's");
    return add_split(&t->splitter, split, error);
}

static bool load_pre_tokenizer(struct tokenizer *t, const struct json *node, struct error *error)
{
    const struct json *type = json_get(node, "type");
    if (json_is(type, "ByteLevel")) return load_byte_level(t, node, error);
    if (json_is(type, "Metaspace")) return load_metaspace(t, node, error);
    if (json_is(type, "Split")) return load_split(t, node, error);
    if (json_is(type, "Digits"))
        return add_split(&t->splitter,
                         is_true(json_get(node, "individual_digits")) ? SPLIT_DIGITS : SPLIT_NUMBERS, error);
    return refuse(error, "pre_tokenizer", node);
}

static bool load_vocabulary(struct tokenizer *t, const struct json *vocab, const struct json *merges,
                            struct error *error)
{
    if (!vocab || vocab->type != JSON_OBJECT || vocab->length == 0 || vocab->length > TOKENS_MAX)
        return fail(error, "model: vocab is missing or too large");
    if (!merges || merges->type != JSON_ARRAY || merges->length > 4 * TOKENS_MAX)
        return fail(error, "model: merges is missing or too large");

    vocabulary_init(&t->vocabulary, vocab->length, merges->length);
    JSON_FOR_EACH(name, vocab)
    {
        uint64_t id;
        if (!json_integer(name + 1, TOKENS_MAX, &id))
            return fail(error, "token \"%.40s\": its id is no integer up to %u", name->string, TOKENS_MAX);
        if (!vocabulary_add(&t->vocabulary, (uint32_t)id, name->string, name->length, TOKEN_NORMAL, error))
            return false;
    }
    return true;
}

/* ["a", "b"], or "a b" as older files have it. */
static bool load_merge(struct tokenizer *t, const struct json *merge, struct error *error)
{
    if (merge->type == JSON_ARRAY && merge->length == 2 && merge[1].type == JSON_STRING &&
        merge[2].type == JSON_STRING)
        return vocabulary_add_merge(&t->vocabulary, merge[1].string, merge[1].length, merge[2].string,
                                    merge[2].length, error);
    const char *space = merge->type == JSON_STRING ? memchr(merge->string, ' ', merge->length) : NULL;
    if (!space) return fail(error, "merge %u is no pair", t->vocabulary.merge_count);
    uint32_t left = (uint32_t)(space - merge->string);
    return vocabulary_add_merge(&t->vocabulary, merge->string, left, space + 1, merge->length - left - 1,
                                error);
}

static bool is_empty(const struct json *node)
{
    return json_is_absent(node) || json_is(node, "") || (node->type == JSON_NUMBER && node->number == 0);
}

static bool load_model(struct tokenizer *t, const struct json *model, struct error *error)
{
    static const char *const refused[] = { "dropout", "continuing_subword_prefix", "end_of_word_suffix" };
    if (!json_is(json_get(model, "type"), "BPE")) return refuse(error, "model", model);
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        if (!is_empty(json_get(model, refused[i])))
            return fail(error, "model: %s is not supported", refused[i]);
    }
    const struct json *merges = json_get(model, "merges"), *unknown = json_get(model, "unk_token");
    if (!load_vocabulary(t, json_get(model, "vocab"), merges, error)) return false;
    JSON_FOR_EACH(merge, merges)
    {
        if (!load_merge(t, merge, error)) return false;
    }
    t->bpe = (struct bpe_options){ .byte_fallback = is_true(json_get(model, "byte_fallback")),
                                   .fuse_unknown = is_true(json_get(model, "fuse_unk")),
                                   .ignore_merges = is_true(json_get(model, "ignore_merges")),
                                   .unknown = NO_TOKEN };
    if (unknown && unknown->type == JSON_STRING)
        t->bpe.unknown = vocabulary_find(&t->vocabulary, unknown->string, unknown->length);
    return true;
}

static bool load_added_token(struct tokenizer *t, const struct json *node, struct error *error)
{
    static const char *const refused[] = { "single_word", "lstrip", "rstrip" };
    const struct json *content = json_get(node, "content");
    uint64_t id;
    if (!content || content->type != JSON_STRING || !json_integer(json_get(node, "id"), TOKENS_MAX, &id))
        return fail(error, "an added token without content or id");
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        if (is_true(json_get(node, refused[i])))
            return fail(error, "added token \"%.40s\": %s is not supported", content->string, refused[i]);
    }
    enum token_kind kind = is_true(json_get(node, "special")) ? TOKEN_SPECIAL : TOKEN_ADDED;
    if (!vocabulary_add(&t->vocabulary, (uint32_t)id, content->string, content->length, kind, error))
        return false;

    struct added_token *added = &t->added[t->added_count++];
    *added = (struct added_token){ .id = (uint32_t)id, .normalised = is_true(json_get(node, "normalized")) };
    if (added->normalised)
        tokenizer_normalise(t, content->string, content->length, &added->text);
    else
        text_append(&added->text, content->string, content->length);
    return added->text.length || fail(error, "added token %u is empty once normalised", added->id);
}

static bool load_added_tokens(struct tokenizer *t, const struct json *list, struct error *error)
{
    if (json_is_absent(list)) return true;
    if (list->type != JSON_ARRAY) return fail(error, "added_tokens is no list");
    t->added = allocate(list->length, sizeof(*t->added));
    JSON_FOR_EACH(node, list)
    {
        if (!load_added_token(t, node, error)) return false;
    }
    return true;
}

/* The ids of one special token of a template. */
static bool add_template_ids(const struct json *ids, uint32_t *out, uint32_t *count, struct error *error)
{
    if (!ids || ids->type != JSON_ARRAY) return fail(error, "post_processor: token without ids");
    JSON_FOR_EACH(node, ids)
    {
        uint64_t id;
        if (*count == TEMPLATE_MAX || !json_integer(node, TOKENS_MAX, &id))
            return fail(error, "post_processor: too many ids, or one that is none");
        out[(*count)++] = (uint32_t)id;
    }
    return true;
}

/* "single": what stands before and after a text that is alone. */
static bool load_template(struct tokenizer *t, const struct json *node, struct error *error)
{
    const struct json *single = json_get(node, "single"), *tokens = json_get(node, "special_tokens");
    bool after = false;
    if (!single || single->type != JSON_ARRAY) return fail(error, "post_processor without single");
    JSON_FOR_EACH(item, single)
    {
        const struct json *special = json_get(item, "SpecialToken");
        const struct json *name = json_get(special, "id");
        if (!special) {
            after = true;
            continue;
        }
        if (!name || name->type != JSON_STRING) return fail(error, "post_processor: token without id");
        const struct json *ids = json_get(json_get(tokens, name->string), "ids");
        if (!add_template_ids(ids, after ? t->suffix : t->prefix, after ? &t->suffix_count : &t->prefix_count,
                              error))
            return false;
    }
    return true;
}

static bool load_post_processor(struct tokenizer *t, const struct json *node, struct error *error)
{
    const struct json *type = json_get(node, "type");
    if (json_is(type, "ByteLevel")) return true; /* trims offsets, which nobody asks for here */
    if (json_is(type, "TemplateProcessing")) return load_template(t, node, error);
    return refuse(error, "post_processor", node);
}

static bool load_all(struct tokenizer *t, const struct json *root, struct error *error)
{
    t->bpe.unknown = NO_TOKEN;
    return load_sequence(t, json_get(root, "normalizer"), "normalizers", load_normaliser, error) &&
           load_sequence(t, json_get(root, "pre_tokenizer"), "pretokenizers", load_pre_tokenizer, error) &&
           load_sequence(t, json_get(root, "post_processor"), "processors", load_post_processor, error) &&
           load_model(t, json_get(root, "model"), error) &&
           load_added_tokens(t, json_get(root, "added_tokens"), error);
}

bool tokenizer_parse(struct tokenizer *t, const char *text, size_t size, struct error *error)
{
    struct json_document document;
    *t = (struct tokenizer){ 0 };
    if (!json_parse(&document, text, size, error)) return false;
    bool ok = load_all(t, document.root, error);
    json_free(&document);
    if (!ok) tokenizer_free(t);
    return ok;
}

bool tokenizer_load(struct tokenizer *t, const char *directory, struct error *error)
{
    char *path = path_join(directory, "tokenizer.json");
    struct file file;
    bool ok = file_map(&file, path, error);
    if (ok) {
        ok = tokenizer_parse(t, (const char *)file.bytes, file.size, error) || fail_in(error, path);
        file_unmap(&file);
    }
    free(path);
    return ok;
}

static void step_list_fini(struct step_list *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        text_free(&list->steps[i].from);
        text_free(&list->steps[i].to);
    }
}

void tokenizer_free(struct tokenizer *t)
{
    for (uint32_t i = 0; i < t->added_count; i++) text_free(&t->added[i].text);
    free(t->added);
    step_list_fini(&t->normaliser);
    step_list_fini(&t->splitter);
    vocabulary_fini(&t->vocabulary);
    *t = (struct tokenizer){ 0 };
}
