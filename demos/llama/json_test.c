/* SPDX-License-Identifier: Apache-2.0 */
#include "json.h"

#include "tests/harness/test.h"

#include <string.h>

static struct json_document document;
static struct error error;

static bool parses(const char *text)
{
    json_free(&document);
    return json_parse(&document, text, strlen(text), &error);
}

TEST(json_reads_values_in_the_order_of_the_text)
{
    EXPECT(parses(" {\"a\": [1, -2.5e1, true], \"b\": {\"c\": null}, \"\": \"x\"} "));
    const struct json *list = json_get(document.root, "a");
    EXPECT(list && list->type == JSON_ARRAY && list->length == 3);
    EXPECT(list[1].number == 1 && list[2].number == -25 && list[3].type == JSON_TRUE);
    EXPECT(json_get(json_get(document.root, "b"), "c")->type == JSON_NULL);
    EXPECT(json_is(json_get(document.root, ""), "x"));
    EXPECT(!json_get(document.root, "c") && !json_get(NULL, "a") && !json_get(list, "a"));
    json_free(&document);
}

TEST(json_for_each_visits_members_and_elements_but_nothing_inside_them)
{
    EXPECT(parses("{\"a\":[1,[2,3]],\"b\":{},\"c\":\"d\"}"));
    char names[8] = { 0 };
    int count = 0;
    JSON_FOR_EACH(name, document.root) names[count++] = name->string[0];
    EXPECT_STR(names, "abc");
    json_free(&document);
}

TEST(json_decodes_escapes_and_surrogate_pairs)
{
    EXPECT(parses("\"\\u00e9\\n\\\"\\/\\ud83d\\ude42\\u0000z\""));
    EXPECT(document.root->length == 11);
    EXPECT(memcmp(document.root->string, "\xc3\xa9\n\"/\xf0\x9f\x99\x82\0z", 11) == 0);
    json_free(&document);
}

TEST(json_refuses_what_the_grammar_does_not_have)
{
    static const char *const wrong[] = {
        "",
        " ",
        "{",
        "[1,]",
        "{\"a\":1,}",
        "{\"a\"}",
        "{a:1}",
        "{\"a\":1 \"b\":2}",
        "01",
        "1.",
        ".5",
        "+1",
        "-",
        "1e",
        "1e999",
        "0x10",
        "NaN",
        "Infinity",
        "tru",
        "nul",
        "'a'",
        "\"a",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"\\u12\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800\\u0041\"",
        "\"\t\"",
        "1 2",
        "[1] x",
        "//",
        "\"\xc3\"",
        "\"\xc0\x80\"",
        "\"\xed\xa0\x80\"",
        "\"\xf5\x80\x80\x80\"",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        EXPECT(!parses(wrong[i]));
        EXPECT(strncmp(error.text, "JSON, byte ", 11) == 0);
    }
}

TEST(json_nesting_is_bounded)
{
    char text[2 * JSON_DEPTH_MAX + 8] = { 0 };
    memset(text, '[', JSON_DEPTH_MAX);
    memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
    EXPECT(parses(text));
    json_free(&document);
    memset(text, '[', JSON_DEPTH_MAX + 1);
    EXPECT(!parses(text));
    EXPECT(strstr(error.text, "nested too deeply"));
}

TEST(json_integer_takes_exact_integers_only)
{
    uint64_t value;
    EXPECT(parses("[3, 3.0, 3.5, -1, 9007199254740993, 1e300, \"3\"]"));
    EXPECT(json_integer(document.root + 1, 3, &value) && value == 3);
    EXPECT(json_integer(document.root + 2, 3, &value));
    EXPECT(!json_integer(document.root + 1, 2, &value));
    EXPECT(!json_integer(document.root + 3, 9, &value));
    EXPECT(!json_integer(document.root + 4, 9, &value));
    EXPECT(!json_integer(document.root + 6, UINT64_MAX, &value));
    EXPECT(!json_integer(document.root + 7, 9, &value) && !json_integer(NULL, 9, &value));
    json_free(&document);
}

TEST(json_any_prefix_of_a_document_is_refused)
{
    const char *text = "{\"a\":[1,2,{\"b\":\"\\u00e9\"}],\"c\":false}";
    for (size_t size = 0; size < strlen(text); size++) EXPECT(!json_parse(&document, text, size, &error));
}
