/* SPDX-License-Identifier: Apache-2.0 */
/* llama: run a Llama model, print what it says, then one line about how long it took.
 *
 * A plain Linux program: nothing in it knows where it runs, except that the time since power-on
 * is worth printing only where the machine was started for this program. */
#include "decoder.h"
#include "options.h"
#include "sample.h"
#include "tokenizer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

static double read_clock(clockid_t clock)
{
    struct timespec now = { 0 };
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static bool is_cloudkernel(void)
{
    struct utsname system;
    return uname(&system) == 0 && strstr(system.release, "cloudkernel");
}

struct run {
    struct options options;
    struct model model;
    struct tokenizer tokenizer;
    struct decoder decoder;
    struct token_list prompt;
    double boot_s, load_s, generate_s;
    uint32_t generated;
};

static bool encode_prompt(struct run *run, struct error *error)
{
    const char *prompt = run->options.prompt;
    const struct config *config = &run->model.config;
    if (!tokenizer_encode(&run->tokenizer, prompt, strlen(prompt), &run->prompt, error))
        return fail_in(error, "--prompt");
    if (run->prompt.count == 0) return fail(error, "--prompt: no tokens to begin with");
    if (run->prompt.count > config->max_position_embeddings)
        return fail(error, "--prompt: %zu tokens, the model takes %u", run->prompt.count,
                    config->max_position_embeddings);
    for (size_t i = 0; i < run->prompt.count; i++) {
        if (run->prompt.ids[i] >= config->vocab_size)
            return fail(error, "tokenizer.json: token %u is not in the model's vocabulary of %u",
                        run->prompt.ids[i], config->vocab_size);
    }
    return true;
}

static bool load(struct run *run, struct error *error)
{
    double begin_s = read_clock(CLOCK_MONOTONIC);
    const struct options *options = &run->options;
    if (!tokenizer_load(&run->tokenizer, options->model, error)) return false;
    if (!model_load(&run->model, options->model, options->int8, error)) return false;
    if (!encode_prompt(run, error)) return false;

    size_t capacity = run->prompt.count + (options->logits ? 0 : options->tokens);
    if (capacity > run->model.config.max_position_embeddings)
        capacity = run->model.config.max_position_embeddings;
    decoder_init(&run->decoder, &run->model, (uint32_t)capacity);
    run->load_s = read_clock(CLOCK_MONOTONIC) - begin_s;
    return true;
}

/* Teacher-forced: the logits after each token of the prompt, whatever the model would have said. */
static bool write_logits(struct run *run, struct error *error)
{
    const char *path = run->options.logits;
    FILE *file = strcmp(path, "-") == 0 ? stdout : fopen(path, "wb");
    if (!file) return fail(error, "%s: %s", path, strerror(errno));

    size_t vocab = run->model.config.vocab_size;
    bool ok = true;
    for (size_t i = 0; i < run->prompt.count && ok; i++)
        ok = fwrite(decoder_step(&run->decoder, run->prompt.ids[i], true), sizeof(float), vocab, file) ==
             vocab;
    ok = fflush(file) == 0 && ok;
    if (file != stdout) fclose(file);
    return ok || fail(error, "%s: could not be written", path);
}

/* A token goes out as soon as it is known: the reader sees the model think. */
static void print_token(const struct run *run, uint32_t token)
{
    struct text text = { 0 };
    tokenizer_decode(&run->tokenizer, token, &text);
    fwrite(text.bytes, 1, text.length, stdout);
    fflush(stdout);
    text_free(&text);
}

static bool generate(struct run *run, struct error *error)
{
    const struct config *config = &run->model.config;
    struct sampler sampler;
    sampler_init(&sampler, run->options.temperature, run->options.top_p, run->options.seed);

    fputs(run->options.prompt, stdout);
    fflush(stdout);
    size_t last = run->prompt.count - 1;
    for (size_t i = 0; i < last; i++) decoder_step(&run->decoder, run->prompt.ids[i], false);

    /* Each turn is one forward pass and one token, so their ratio is what is measured. */
    double begin_s = read_clock(CLOCK_MONOTONIC);
    uint32_t token = run->prompt.ids[last];
    while (run->generated < run->options.tokens && run->decoder.position < run->decoder.capacity) {
        token = sampler_next(&sampler, decoder_step(&run->decoder, token, true), config->vocab_size);
        run->generated++;
        if (config_is_eos(config, token)) break;
        print_token(run, token);
    }
    run->generate_s = read_clock(CLOCK_MONOTONIC) - begin_s;
    putchar('\n');
    fflush(stdout);
    return !ferror(stdout) || fail(error, "standard output: could not be written");
}

static void print_stats(const struct run *run)
{
    if (is_cloudkernel()) fprintf(stderr, "boot %.1f ms · ", run->boot_s * 1e3);
    fprintf(stderr, "load %.1f ms", run->load_s * 1e3);
    if (!run->options.logits)
        fprintf(stderr, " · %u tokens in %.2f s (%.1f tokens/s)", run->generated, run->generate_s,
                run->generate_s > 0 ? run->generated / run->generate_s : 0);
    fprintf(stderr, " · on %s\n", decoder_device());
}

static void unload(struct run *run)
{
    decoder_fini(&run->decoder);
    token_list_free(&run->prompt);
    model_free(&run->model);
    tokenizer_free(&run->tokenizer);
}

int main(int argc, char **argv)
{
    struct run run = { .boot_s = read_clock(CLOCK_BOOTTIME) };
    struct error error = { 0 };

    bool ok = options_parse(&run.options, argc, argv, &error);
    if (ok && run.options.help) {
        fputs(options_usage, stdout);
        return 0;
    }
    ok = ok && load(&run, &error);
    if (ok) ok = run.options.logits ? write_logits(&run, &error) : generate(&run, &error);
    if (ok && run.options.stats) print_stats(&run);
    if (!ok) fprintf(stderr, "llama: %s\n", error.text);
    unload(&run);
    return ok ? 0 : 1;
}
