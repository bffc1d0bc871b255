/* SPDX-License-Identifier: Apache-2.0 */
/* The committed model against PyTorch's logits, see reference.py: the tokenizer, both forms of the
 * weights and the decoding must agree with an implementation that shares nothing with this one.
 *
 * fp32 differs from the float64 reference by rounding only. int8 changes every weight by up to
 * 0.4 % of the largest in its group; its bounds are twice what was measured. */
#include "decoder.h"
#include "sample.h"
#include "tests/harness/test.h"
#include "tokenizer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MODEL     "demos/llama/model"
#define REFERENCE "demos/llama/reference/"

#define FP32_DIFFERENCE_MAX 1e-4f
#define INT8_DIFFERENCE_MAX 0.6f /* these logits lie between -12 and 18 */
#define INT8_RMS_MAX        0.11

static struct error error;

/* What one prompt showed, summed over the positions that are kept. */
struct comparison {
    float largest;
    double squares;
    uint32_t values, positions, same_top;
};

static uint32_t find_top(const float *logits, uint32_t count)
{
    struct sampler greedy = { 0 };
    return sampler_next(&greedy, logits, count);
}

static void compare(const float *logits, const float *expected, uint32_t count, struct comparison *c)
{
    for (uint32_t i = 0; i < count; i++) {
        float difference = fabsf(logits[i] - expected[i]);
        if (!(difference <= c->largest)) c->largest = difference; /* NaN too */
        c->squares += (double)difference * difference;
    }
    c->values += count;
    c->positions++;
    c->same_top += find_top(logits, count) == find_top(expected, count);
}

static void compare_prompt(const struct model *model, const struct json *entry, int number,
                           struct comparison *c)
{
    char path[64];
    struct file file;
    struct decoder decoder;
    const struct json *ids = json_get(entry, "ids"), *kept = json_get(entry, "positions") + 1;
    uint32_t vocab = model->config.vocab_size, found = 0, position = 0;

    snprintf(path, sizeof(path), REFERENCE "prompt-%d.f32", number);
    EXPECT(file_map(&file, path, &error));
    const float *expected = (const float *)file.bytes;
    decoder_init(&decoder, model, ids->length);
    JSON_FOR_EACH(id, ids)
    {
        const float *logits = decoder_step(&decoder, (uint32_t)id->number, true);
        if (found < kept[-1].length && kept[found].number == position++)
            compare(logits, expected + (size_t)vocab * found++, vocab, c);
    }
    EXPECT(found == kept[-1].length && file.size == (size_t)found * vocab * sizeof(float));
    decoder_fini(&decoder);
    file_unmap(&file);
}

static bool open_prompts(struct json_document *prompts)
{
    struct file file;
    if (!file_map(&file, REFERENCE "prompts.json", &error)) return false;
    bool ok = json_parse(prompts, (const char *)file.bytes, file.size, &error);
    file_unmap(&file);
    return ok;
}

static struct comparison compare_all(bool int8)
{
    struct comparison c = { 0 };
    struct json_document prompts;
    struct model model;
    bool opened = open_prompts(&prompts) && model_load(&model, MODEL, int8, &error);
    EXPECT(opened);
    if (!opened) return c;

    int number = 0;
    JSON_FOR_EACH(entry, prompts.root) compare_prompt(&model, entry, number++, &c);
    model_free(&model);
    json_free(&prompts);
    test_note("%s: largest difference %.6f, rms %.6f, same top token at %u of %u positions",
              int8 ? "int8" : "fp32", c.largest, sqrt(c.squares / c.values), c.same_top, c.positions);
    return c;
}

TEST(llama_fp32_logits_equal_those_of_pytorch)
{
    struct comparison c = compare_all(false);
    EXPECT(c.positions > 0 && c.largest <= FP32_DIFFERENCE_MAX);
    EXPECT(c.same_top == c.positions);
}

TEST(llama_int8_logits_are_close_to_those_of_pytorch)
{
    struct comparison c = compare_all(true);
    EXPECT(c.positions > 0 && c.largest <= INT8_DIFFERENCE_MAX);
    EXPECT(sqrt(c.squares / c.values) <= INT8_RMS_MAX);
    EXPECT(c.same_top * 10 >= c.positions * 9);
}

TEST(llama_tokens_of_the_prompts_equal_those_of_the_reference)
{
    struct json_document prompts;
    struct tokenizer tokenizer;
    bool opened = open_prompts(&prompts) && tokenizer_load(&tokenizer, MODEL, &error);
    EXPECT(opened);
    if (!opened) return;
    JSON_FOR_EACH(entry, prompts.root)
    {
        const struct json *prompt = json_get(entry, "prompt"), *ids = json_get(entry, "ids");
        struct token_list list = { 0 };
        size_t i = 0;
        EXPECT(tokenizer_encode(&tokenizer, prompt->string, prompt->length, &list, &error));
        EXPECT(list.count == ids->length);
        JSON_FOR_EACH(id, ids) EXPECT(i < list.count && list.ids[i++] == id->number);
        token_list_free(&list);
    }
    tokenizer_free(&tokenizer);
    json_free(&prompts);
}

TEST(llama_greedy_text_equals_that_of_the_reference)
{
    struct json_document prompts;
    struct model model;
    bool opened = open_prompts(&prompts) && model_load(&model, MODEL, false, &error);
    EXPECT(opened);
    if (!opened) return;
    JSON_FOR_EACH(entry, prompts.root)
    {
        const struct json *ids = json_get(entry, "ids"), *greedy = json_get(entry, "greedy");
        struct decoder decoder;
        const float *logits = NULL;
        decoder_init(&decoder, &model, ids->length + greedy->length);
        JSON_FOR_EACH(id, ids) logits = decoder_step(&decoder, (uint32_t)id->number, true);
        JSON_FOR_EACH(expected, greedy)
        {
            uint32_t token = find_top(logits, model.config.vocab_size);
            EXPECT(token == expected->number);
            logits = decoder_step(&decoder, token, true);
        }
        decoder_fini(&decoder);
    }
    model_free(&model);
    json_free(&prompts);
}
