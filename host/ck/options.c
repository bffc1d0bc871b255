/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "host/ck/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/ck/gpu.h"
#include "host/ck/option_cursor.h"
#include "host/ck/report.h"

enum {
    MEMORY_MIN_BYTES = 1 << 20,
    MEMORY_LIMIT_MIN_BYTES = 64 << 10, /* as the kernel's CONFIG_MEMORY_LIMIT_MIN_BYTES */
    CPUS_MAX = 255,                    /* what the APIC ids of one byte can name */
};
static const uint64_t memory_max_bytes = 1ull << 40;

bool parse_size(const char *name, const char *text, uint64_t *out_bytes)
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

static bool parse_memory(struct run_options *o, const char *text)
{
    uint64_t *out_bytes = &o->memory_bytes;
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
static bool parse_memory_limit(struct run_options *o, const char *text)
{
    if (!parse_size("--memory-limit", text, &o->memory_limit_bytes)) return false;
    o->memory_limit_text = text;
    if (o->memory_limit_bytes > memory_max_bytes) {
        report("--memory-limit %s: no machine has more than 1T", text);
        return false;
    }
    if (o->memory_limit_bytes >= MEMORY_LIMIT_MIN_BYTES) return true;
    report("--memory-limit %s: no program can run with less than %uK", text, MEMORY_LIMIT_MIN_BYTES >> 10);
    return false;
}

static bool parse_seconds(struct run_options *o, const char *text)
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
    o->timeout_ns = ns;
    return true;

malformed:
    report("--timeout %s: not a number of seconds such as 10 or 0.5", text);
    return false;
}

static bool parse_cpus(struct run_options *o, const char *text)
{
    uint64_t number;
    const char *rest;
    if (!parse_digits(text, &number, &rest) || *rest || number < 1 || number > CPUS_MAX) {
        report("--cpus %s: not a number from 1 to %d", text, (int)CPUS_MAX);
        return false;
    }
    o->cpus = (uint32_t)number;
    return true;
}

static bool parse_machine(struct run_options *o, const char *text)
{
    bool is_microvm = strcmp(text, "microvm") == 0;
    if (!is_microvm && strcmp(text, "q35") != 0) {
        report("--machine %s: neither microvm nor q35", text);
        return false;
    }
    o->machine = is_microvm ? MACHINE_MICROVM : MACHINE_Q35;
    return true;
}

/* NAME=VALUE, or NAME alone for the value ck itself was started with. */
static bool parse_environment(struct run_options *o, const char *text)
{
    if (text[0] == '\0' || text[0] == '=') {
        report("--env %s: has no name", text);
        return false;
    }
    if (strchr(text, '=')) {
        string_list_add(&o->environment, text);
        return true;
    }
    const char *value = getenv(text);
    if (!value) return true;
    char *pair = must_format("%s=%s", text, value);
    string_list_add(&o->environment, pair);
    free(pair);
    return true;
}

/* Lines of NAME=VALUE or NAME; blank ones and those that begin with # say nothing. */
static bool parse_env_file(struct run_options *o, const char *path)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        report_errno("--env-file %s", path);
        return false;
    }
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    bool is_good = true;
    while (is_good && (length = getline(&line, &capacity, file)) >= 0) {
        line[strcspn(line, "\r\n")] = '\0';
        const char *text = line + strspn(line, " \t");
        if (*text && *text != '#') is_good = parse_environment(o, text);
    }
    if (is_good && ferror(file)) {
        report_errno("--env-file %s", path);
        is_good = false;
    }
    free(line);
    fclose(file);
    return is_good;
}

static bool parse_path(const char *option, const char *text, const char **out)
{
    *out = text;
    if (*text == '\0') report("%s: the file name is empty", option);
    return *text != '\0';
}

static bool parse_rootfs(struct run_options *o, const char *text)
{
    return parse_path("--rootfs", text, &o->rootfs);
}
static bool parse_log(struct run_options *o, const char *text)
{
    return parse_path("--log", text, &o->log_path);
}

static bool parse_workdir(struct run_options *o, const char *text)
{
    if (text[0] != '/') report("--workdir %s: not an absolute path", text);
    o->workdir = text;
    return text[0] == '/';
}

static bool parse_user(struct run_options *o, const char *text)
{
    if (text[0] == '\0' || text[0] == ':') report("--user %s: not USER, USER:GROUP, or their numbers", text);
    o->user = text;
    return text[0] != '\0' && text[0] != ':';
}

static bool parse_qemu(struct run_options *o, const char *text)
{
    if (split_words(text, &o->qemu_extra)) return true;
    report("--qemu %s: a quote is not closed", text);
    return false;
}

static bool parse_net(struct run_options *o, const char *text) { return network_parse(&o->network, text); }
static bool parse_publish(struct run_options *o, const char *text)
{
    return network_publish(&o->network, text);
}
static bool parse_dns(struct run_options *o, const char *text) { return network_set_dns(&o->network, text); }
static bool parse_hostname(struct run_options *o, const char *text)
{
    return network_set_hostname(&o->network, text);
}

static bool parse_gpu(struct run_options *o, const char *text) { return gpu_parse(&o->gpu, text); }

static const struct option {
    const char *name, *short_name;
    size_t flag; /* of those without a value: which bool of run_options they set */
    bool (*parse)(struct run_options *options, const char *value);
} options[] = {
#define FLAG(field) offsetof(struct run_options, field), NULL
    { "--help", "-h", FLAG(wants_help) },    { "--icount", NULL, FLAG(is_counting) },
    { "--stats", NULL, FLAG(wants_stats) },  { "--tty", "-t", FLAG(has_terminal) },
    { "--user", "-u", 0, parse_user },       { "--verbose", "-v", FLAG(is_verbose) },
    { "--cpus", NULL, 0, parse_cpus },       { "--dns", NULL, 0, parse_dns },
    { "--env", "-e", 0, parse_environment }, { "--env-file", NULL, 0, parse_env_file },
    { "--gpu", NULL, 0, parse_gpu },         { "--hostname", NULL, 0, parse_hostname },
    { "--log", NULL, 0, parse_log },         { "--machine", NULL, 0, parse_machine },
    { "--memory", NULL, 0, parse_memory },   { "--memory-limit", NULL, 0, parse_memory_limit },
    { "--net", NULL, 0, parse_net },         { "--publish", "-p", 0, parse_publish },
    { "--qemu", NULL, 0, parse_qemu },       { "--rootfs", NULL, 0, parse_rootfs },
    { "--timeout", NULL, 0, parse_seconds }, { "--workdir", "-w", 0, parse_workdir },
};

static bool parse_option(struct run_options *o, struct option_cursor *c, const char *name)
{
    for (const struct option *option = options; option < options + ARRAY_LENGTH(options); option++) {
        bool is_short = option->short_name && strcmp(name, option->short_name) == 0;
        if (!is_short && strcmp(name, option->name) != 0) continue;
        if (!option->parse) return *(bool *)((char *)o + option->flag) = true;
        const char *value = option_value(c);
        return value && option->parse(o, value);
    }
    report("run: unknown option %s; see ck run --help", name);
    return false;
}

static bool check_together(struct run_options *o)
{
    if (!o->rootfs && o->argument_count == 0) {
        report("run: which program? See ck run --help");
        return false;
    }
    if (o->argument_count > 0 && o->arguments[0][0] == '\0') {
        report("run: the program's name is empty");
        return false;
    }
    if (o->memory_bytes && o->memory_limit_bytes > o->memory_bytes) {
        report("--memory-limit %s: more than the machine has; see --memory, which gives it %lluK",
               o->memory_limit_text, (unsigned long long)(o->memory_bytes >> 10));
        return false;
    }
    if (o->is_counting && o->cpus != 1) {
        report("--icount counts the instructions of one CPU; --cpus %u does not go with it", o->cpus);
        return false;
    }
    return network_check(&o->network);
}

bool run_options_parse(struct run_options *out, int count, char *const *arguments)
{
    *out = (struct run_options){ .cpus = 1, .machine = MACHINE_MICROVM };
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
    network_free(&o->network);
}
