/* SPDX-License-Identifier: Apache-2.0 */
/* The cases in testdata/ come from Hugging Face's tokenizers library, see testdata/make_cases.py. */
#include "tokenizer.h"

#include "file.h"
#include "json.h"
#include "tests/harness/test.h"

#include <stdio.h>
#include <string.h>

#define TESTDATA "demos/llama/testdata/"

static struct error error;

static bool parses(const char *text)
{
    struct tokenizer t;
    if (!tokenizer_parse(&t, text, strlen(text), &error)) return false;
    tokenizer_free(&t);
    return true;
}

static bool gives(const struct tokenizer *t, const struct json *text, const struct json *ids)
{
    struct token_list list = { 0 };
    size_t i = 0;
    bool same = tokenizer_encode(t, text->string, text->length, &list, &error) && list.count == ids->length;
    JSON_FOR_EACH(id, ids) same = same && list.ids[i++] == id->number;
    token_list_free(&list);
    if (!same) test_note("tokens differ for: %s", text->string);
    return same;
}

/* How many cases agree; -1 when a file cannot be read. */
static int count_agreeing(const char *name)
{
    char path[128];
    struct file tokenizer_file, cases_file;
    struct tokenizer t;
    struct json_document cases;
    snprintf(path, sizeof(path), TESTDATA "%s.tokenizer.json", name);
    if (!file_map(&tokenizer_file, path, &error)) return -1;
    snprintf(path, sizeof(path), TESTDATA "%s.cases.json", name);
    if (!file_map(&cases_file, path, &error)) return -1;
    bool ok = tokenizer_parse(&t, (const char *)tokenizer_file.bytes, tokenizer_file.size, &error);
    if (!ok || !json_parse(&cases, (const char *)cases_file.bytes, cases_file.size, &error)) return -1;

    int agreeing = 0;
    JSON_FOR_EACH(item, cases.root) agreeing += gives(&t, item + 1, item + 2);
    json_free(&cases);
    tokenizer_free(&t);
    file_unmap(&cases_file);
    file_unmap(&tokenizer_file);
    return agreeing;
}

TEST(tokenizer_of_the_llama_3_family_agrees_with_the_reference_library)
{
    EXPECT(count_agreeing("llama3") == 48);
}

TEST(tokenizer_of_the_llama_2_family_agrees_with_the_reference_library)
{
    EXPECT(count_agreeing("llama2") == 48);
}

/* Every text without special tokens comes back, byte for byte, but for the space that the Llama 2
 * normaliser puts in front. */
static void expect_round_trip(const char *name, const char *text, const char *expected)
{
    char path[128], out[64] = { 0 };
    struct file file;
    struct tokenizer t;
    struct token_list list = { 0 };
    struct text back = { 0 };
    snprintf(path, sizeof(path), TESTDATA "%s.tokenizer.json", name);
    EXPECT(file_map(&file, path, &error));
    EXPECT(tokenizer_parse(&t, (const char *)file.bytes, file.size, &error));
    EXPECT(tokenizer_encode(&t, text, strlen(text), &list, &error));
    for (size_t i = 0; i < list.count; i++) tokenizer_decode(&t, list.ids[i], &back);
    if (back.length < sizeof(out)) memcpy(out, back.bytes, back.length);
    EXPECT_STR(out, expected);
    text_free(&back);
    token_list_free(&list);
    tokenizer_free(&t);
    file_unmap(&file);
}

TEST(tokenizer_decodes_what_it_encoded)
{
    expect_round_trip("llama3", "caf\xc3\xa9 \x01 \xf0\x9f\x99\x82!\n",
                      "caf\xc3\xa9 \x01 \xf0\x9f\x99\x82!\n");
    expect_round_trip("llama2", "caf\xc3\xa9 \x01 \xf0\x9f\x99\x82!\n",
                      " caf\xc3\xa9 \x01 \xf0\x9f\x99\x82!\n");
}

#define MODEL(vocab, merges) "\"model\":{\"type\":\"BPE\",\"vocab\":{" vocab "},\"merges\":[" merges "]}"

TEST(tokenizer_refuses_tables_that_contradict_themselves)
{
    EXPECT(parses("{" MODEL("\"a\":0,\"b\":1,\"ab\":2", "\"a b\"") "}"));
    EXPECT(!parses("{" MODEL("\"a\":0,\"b\":1", "\"a b\"") "}"));
    EXPECT_STR(error.text, "merge 0: it or a part of it is no token");
    EXPECT(!parses("{" MODEL("\"a\":0,\"b\":0", "") "}"));
    EXPECT(!parses("{" MODEL("\"a\":0,\"a\":1", "") "}"));
    EXPECT(!parses("{" MODEL("\"a\":-1", "") "}"));
    EXPECT(!parses("{" MODEL("\"a\":1e15", "") "}"));
    EXPECT(!parses("{" MODEL("\"\":1", "") "}"));
    EXPECT(!parses("{" MODEL("\"a\":0", "\"a\"") "}"));
    EXPECT(!parses("{" MODEL("\"a\":0", "[\"a\"]") "}"));
    EXPECT(!parses("{" MODEL("", "") "}"));
    EXPECT(!parses("{}") && !parses("[]") && !parses("{\"model\":{\"type\":\"Unigram\"}}"));
    EXPECT_STR(error.text, "model Unigram is not supported");
}

TEST(tokenizer_refuses_steps_it_does_not_know)
{
    EXPECT(!parses("{\"normalizer\":{\"type\":\"NFC\"}," MODEL("\"a\":0", "") "}"));
    EXPECT_STR(error.text, "normalizer NFC is not supported");
    EXPECT(!parses("{\"pre_tokenizer\":{\"type\":\"Split\",\"behavior\":\"Isolated\",\"pattern\":"
                   "{\"Regex\":\"a+\"}}," MODEL("\"a\":0", "") "}"));
    EXPECT(!parses("{\"pre_tokenizer\":{\"type\":\"Whitespace\"}," MODEL("\"a\":0", "") "}"));
    EXPECT(!parses("{\"post_processor\":{\"type\":\"BertProcessing\"}," MODEL("\"a\":0", "") "}"));
    EXPECT(!parses("{\"added_tokens\":[{\"id\":0,\"content\":\"b\"}]," MODEL("\"a\":0", "") "}"));
    EXPECT(!parses("{\"added_tokens\":[{\"id\":1,\"content\":\"\"}]," MODEL("\"a\":0", "") "}"));
}

TEST(tokenizer_refuses_a_text_that_is_not_utf8)
{
    struct tokenizer t;
    struct token_list list = { 0 };
    const char *text = "{" MODEL("\"a\":0", "") "}";
    EXPECT(tokenizer_parse(&t, text, strlen(text), &error));
    EXPECT(!tokenizer_encode(&t, "a\xff", 2, &list, &error));
    EXPECT(tokenizer_encode(&t, "aba", 3, &list, &error));
    EXPECT(list.count == 2); /* b is unknown, and without an unknown token it is dropped */
    token_list_free(&list);
    tokenizer_free(&t);
}

/* All equal characters give as many stale candidates as there can be. */
TEST(bpe_merges_a_long_word_from_the_left)
{
    struct tokenizer t;
    struct token_list list = { 0 };
    char word[1001];
    const char *text = "{" MODEL("\"a\":0,\"aa\":1,\"aaaa\":2", "\"a a\",\"aa aa\"") "}";
    memset(word, 'a', sizeof(word));
    EXPECT(tokenizer_parse(&t, text, strlen(text), &error));
    EXPECT(tokenizer_encode(&t, word, 999, &list, &error));
    EXPECT(list.count == 251 && list.ids[0] == 2 && list.ids[249] == 1 && list.ids[250] == 0);
    token_list_free(&list);
    tokenizer_free(&t);
}
