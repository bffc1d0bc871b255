/* SPDX-License-Identifier: Apache-2.0 */
#include "host/ck/options.h"

#include <stdlib.h>
#include <string.h>

#include "host/ck/report.h"

enum {
    MEMORY_MIN_BYTES = 1 << 20,
    MEMORY_LIMIT_MIN_BYTES = 64 << 10, /* as the kernel's CONFIG_MEMORY_LIMIT_MIN_BYTES */
    CPUS_MAX = 255,                    /* what the APIC ids of one byte can name */
};
static const uint64_t memory_max_bytes = 1ull << 40;

void string_list_add(struct string_list *list, const char *text)
{
    list->items = must_realloc(list->items, (list->count + 1) * sizeof *list->items);
    list->items[list->count++] = must_copy_string(text);
}

void string_list_free(struct string_list *list)
{
    for (size_t i = 0; i < list->count; i++) free(list->items[i]);
    free(list->items);
    *list = (struct string_list){ 0 };
}

const char *option_next(struct option_cursor *c)
{
    if (c->at >= c->count) return NULL;
    const char *word = c->arguments[c->at];
    if (word[0] != '-' || word[1] == '\0') return NULL;
    c->at++;
    if (strcmp(word, "--") == 0) return NULL;

    const char *equals = strncmp(word, "--", 2) == 0 ? strchr(word, '=') : NULL;
    c->attached = equals ? equals + 1 : NULL;
    static char name[64];
    size_t length = equals ? (size_t)(equals - word) : strlen(word);
    length = MIN(length, sizeof name - 1);
    memcpy(name, word, length);
    name[length] = '\0';
    c->name = name;
    return name;
}

const char *option_value(struct option_cursor *c)
{
    const char *value = c->attached;
    c->attached = NULL;
    if (!value && c->at < c->count) value = c->arguments[c->at++];
    if (!value) report("%s needs a value; see ck --help", c->name);
    return value;
}

bool option_done(const struct option_cursor *c)
{
    if (c->attached) report("%s takes no value", c->name);
    return !c->attached;
}

/* Digits at the front of `text`; *out_rest is what follows them. */
static bool parse_digits(const char *text, uint64_t *out_value, const char **out_rest)
{
    if (*text < '0' || *text > '9') return false;
    uint64_t value = 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        if (__builtin_mul_overflow(value, 10, &value)) return false;
        if (__builtin_add_overflow(value, (uint64_t)(*text - '0'), &value)) return false;
    }
    *out_value = value;
    *out_rest = text;
    return true;
}

/* A size with its suffix; UINT64_MAX when it is too large for a number. */
static bool parse_size(const char *name, const char *text, uint64_t *out_bytes)
{
    static const char suffixes[] = "KMGT";
    uint64_t number;
    const char *rest;
    if (!parse_digits(text, &number, &rest) || !*rest || rest[1]) goto malformed;
    const char *suffix = strchr(suffixes, *rest & ~0x20);
    if (!suffix) goto malformed;
    if (__builtin_mul_overflow(number, 1ull << (10 * (suffix - suffixes + 1)), out_bytes))
        *out_bytes = UINT64_MAX;
    return true;

malformed:
    report("%s %s: not a size such as 64M or 2G", name, text);
    return false;
}

bool parse_memory(const char *text, uint64_t *out_bytes)
{
    if (!parse_size("--memory", text, out_bytes)) return false;
    if (*out_bytes > memory_max_bytes || *out_bytes < MEMORY_MIN_BYTES) {
        report("--memory %s: the machine may have 1M to 1T", text);
        return false;
    }
    if (!is_aligned(*out_bytes, 8192)) { /* what QEMU's -m keeps of a size */
        report("--memory %s: not a multiple of 8K", text);
        return false;
    }
    return true;
}

/* Whether it fits the machine is looked at when all options are known. */
static bool parse_memory_limit(const char *text, struct run_options *o)
{
    if (!parse_size("--memory-limit", text, &o->memory_limit_bytes)) return false;
    o->memory_limit_text = text;
    if (o->memory_limit_bytes >= MEMORY_LIMIT_MIN_BYTES) return true;
    report("--memory-limit %s: no program can run with less than %uK", text, MEMORY_LIMIT_MIN_BYTES >> 10);
    return false;
}

bool parse_seconds(const char *text, uint64_t *out_ns)
{
    static const uint64_t second_ns = 1000000000, seconds_max = 1000000000;
    uint64_t seconds;
    const char *rest;
    if (!parse_digits(text, &seconds, &rest) || seconds > seconds_max) goto malformed;
    uint64_t ns = seconds * second_ns;
    if (*rest == '.') {
        uint64_t digit_ns = second_ns / 10;
        for (rest++; *rest >= '0' && *rest <= '9'; rest++, digit_ns /= 10)
            ns += (uint64_t)(*rest - '0') * digit_ns;
    }
    if (*rest != '\0' || ns == 0) goto malformed;
    *out_ns = ns;
    return true;

malformed:
    report("--timeout %s: not a number of seconds such as 10 or 0.5", text);
    return false;
}

bool split_words(const char *text, struct string_list *out)
{
    char *word = must_calloc(strlen(text) + 1);
    size_t length = 0;
    bool has_word = false;
    char quote = '\0';
    for (; *text; text++) {
        bool is_blank = *text == ' ' || *text == '\t' || *text == '\n';
        if (!quote && is_blank) {
            if (has_word) string_list_add(out, word);
            memset(word, 0, length);
            length = 0;
            has_word = false;
            continue;
        }
        has_word = true;
        if (*text == quote)
            quote = '\0';
        else if (!quote && (*text == '"' || *text == '\''))
            quote = *text;
        else if (*text == '\\' && quote != '\'' && text[1])
            word[length++] = *++text;
        else
            word[length++] = *text;
    }
    if (has_word) string_list_add(out, word);
    free(word);
    return quote == '\0';
}

static bool parse_cpus(const char *text, uint32_t *out_cpus)
{
    uint64_t number;
    const char *rest;
    if (!parse_digits(text, &number, &rest) || *rest || number < 1 || number > CPUS_MAX) {
        report("--cpus %s: not a number from 1 to %d", text, (int)CPUS_MAX);
        return false;
    }
    *out_cpus = (uint32_t)number;
    return true;
}

static bool parse_machine(const char *text, enum machine_kind *out_machine)
{
    bool is_microvm = strcmp(text, "microvm") == 0;
    if (!is_microvm && strcmp(text, "q35") != 0) {
        report("--machine %s: neither microvm nor q35", text);
        return false;
    }
    *out_machine = is_microvm ? MACHINE_MICROVM : MACHINE_Q35;
    return true;
}

/* NAME=VALUE, or NAME alone for the value ck itself was started with. */
static bool add_environment(struct string_list *list, const char *text)
{
    if (text[0] == '\0' || text[0] == '=') {
        report("--env %s: has no name", text);
        return false;
    }
    if (strchr(text, '=')) {
        string_list_add(list, text);
        return true;
    }
    const char *value = getenv(text);
    if (!value) return true;
    char *pair = must_format("%s=%s", text, value);
    string_list_add(list, pair);
    free(pair);
    return true;
}

static bool parse_option(struct run_options *o, struct option_cursor *c, const char *name)
{
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) return o->wants_help = true;
    if (strcmp(name, "--icount") == 0) return o->is_counting = true;
    if (strcmp(name, "-v") == 0 || strcmp(name, "--verbose") == 0) return o->is_verbose = true;

    static const char *const with_value[] = {
        "--memory", "--memory-limit", "--cpus",    "--rootfs", "--env",
        "-e",       "--machine",      "--timeout", "--qemu",   "--log"
    };
    bool is_known = false;
    for (size_t i = 0; i < ARRAY_LENGTH(with_value); i++) is_known |= strcmp(name, with_value[i]) == 0;
    if (!is_known) {
        report("run: unknown option %s; see ck run --help", name);
        return false;
    }
    const char *value = option_value(c);
    if (!value) return false;
    if (strcmp(name, "--memory") == 0) return parse_memory(value, &o->memory_bytes);
    if (strcmp(name, "--memory-limit") == 0) return parse_memory_limit(value, o);
    if (strcmp(name, "--cpus") == 0) return parse_cpus(value, &o->cpus);
    if (strcmp(name, "--machine") == 0) return parse_machine(value, &o->machine);
    if (strcmp(name, "--timeout") == 0) return parse_seconds(value, &o->timeout_ns);
    if (strcmp(name, "--env") == 0 || strcmp(name, "-e") == 0) return add_environment(&o->environment, value);
    if (strcmp(name, "--qemu") == 0) {
        if (split_words(value, &o->qemu_extra)) return true;
        report("--qemu %s: a quote is not closed", value);
        return false;
    }
    if (value[0] == '\0') {
        report("%s: the file name is empty", name);
        return false;
    }
    if (strcmp(name, "--rootfs") == 0)
        o->rootfs = value;
    else
        o->log_path = value;
    return true;
}

static bool check_together(const struct run_options *o)
{
    if (o->argument_count == 0 || o->arguments[0][0] == '\0') {
        report("run: which program? See ck run --help");
        return false;
    }
    if (o->memory_limit_bytes > o->memory_bytes) {
        report("--memory-limit %s: more than the machine has; see --memory, which gives it %lluK",
               o->memory_limit_text, (unsigned long long)(o->memory_bytes >> 10));
        return false;
    }
    if (o->is_counting && o->cpus != 1) {
        report("--icount counts the instructions of one CPU; --cpus %u does not go with it", o->cpus);
        return false;
    }
    return true;
}

bool run_options_parse(struct run_options *out, int count, char *const *arguments)
{
    *out = (struct run_options){ .memory_bytes = 512ull << 20, .cpus = 1, .machine = MACHINE_MICROVM };
    struct option_cursor cursor = { .count = count, .arguments = arguments };
    for (const char *name; (name = option_next(&cursor));) {
        if (!parse_option(out, &cursor, name) || !option_done(&cursor)) goto fail;
        if (out->wants_help) return true;
    }
    out->arguments = arguments + cursor.at;
    out->argument_count = (size_t)(count - cursor.at);
    if (!check_together(out)) goto fail;
    return true;

fail:
    run_options_free(out);
    return false;
}

void run_options_free(struct run_options *o)
{
    string_list_free(&o->environment);
    string_list_free(&o->qemu_extra);
}
