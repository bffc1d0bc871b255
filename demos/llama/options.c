/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_MODEL  "model"
#define DEFAULT_PROMPT "CloudKernel is"
#define DEFAULT_TOKENS 96
#define TEXT(value)    #value
#define TEXT_OF(macro) TEXT(macro)

const char options_usage[] =
    "llama: run a Llama model\n"
    "  --model DIR       config.json, tokenizer.json, model.safetensors (\"" DEFAULT_MODEL "\")\n"
    "  --prompt TEXT     what the text begins with (\"" DEFAULT_PROMPT "\")\n"
    "  --tokens N        generate at most N tokens (" TEXT_OF(
        DEFAULT_TOKENS) ")\n"
                        "  --int8            quantise the weights to 8 bits\n"
                        "  --temperature T   0, the default, always takes the likeliest token\n"
                        "  --top-p P         sample from the likeliest tokens that together reach P (1)\n"
                        "  --seed S          of the sampling (1)\n"
                        "  --logits FILE     write the logits of each position of the prompt as float32, no "
                        "text\n"
                        "  --no-stats        leave out the line with times at the end\n";

static bool read_integer(const char *text, uint64_t max, uint64_t *out)
{
    char *end;
    errno = 0;
    *out = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && !*end && !errno && *out <= max;
}

static bool read_number(const char *text, float max, float *out)
{
    char *end;
    *out = strtof(text, &end);
    return *text && !*end && *out >= 0 && *out <= max;
}

static bool parse_value(struct options *o, const char *name, const char *value, struct error *error)
{
    uint64_t number = 0;
    bool ok = true;
    if (!strcmp(name, "--model"))
        o->model = value;
    else if (!strcmp(name, "--prompt"))
        o->prompt = value;
    else if (!strcmp(name, "--logits"))
        o->logits = value;
    else if (!strcmp(name, "--tokens"))
        ok = read_integer(value, 1u << 24, &number), o->tokens = (uint32_t)number;
    else if (!strcmp(name, "--seed"))
        ok = read_integer(value, UINT64_MAX, &o->seed);
    else if (!strcmp(name, "--temperature"))
        ok = read_number(value, 100, &o->temperature);
    else if (!strcmp(name, "--top-p"))
        ok = read_number(value, 1, &o->top_p);
    else
        return fail(error, "unknown option %s (--help lists them)", name);
    return ok || fail(error, "%s %s: not a number it can take", name, value);
}

bool options_parse(struct options *o, int argc, char **argv, struct error *error)
{
    *o = (struct options){ .model = DEFAULT_MODEL,
                           .prompt = DEFAULT_PROMPT,
                           .tokens = DEFAULT_TOKENS,
                           .stats = true,
                           .top_p = 1,
                           .seed = 1 };
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--int8"))
            o->int8 = true;
        else if (!strcmp(argv[i], "--stats"))
            o->stats = true;
        else if (!strcmp(argv[i], "--no-stats"))
            o->stats = false;
        else if (!strcmp(argv[i], "--help"))
            o->help = true;
        else if (i + 1 == argc)
            return fail(error, "%s: unknown, or its value is missing", argv[i]);
        else if (!parse_value(o, argv[i], argv[i + 1], error))
            return false;
        else
            i++;
    }
    return true;
}
