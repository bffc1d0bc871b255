/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/script_line.h"

#include "tests/harness/test.h"

#include <string.h>

static char line[SCRIPT_LINE_BYTES];
static struct script_line parsed;

static err_t parse(const char *text)
{
    memset(line, 0, sizeof(line));
    memcpy(line, text, MIN(strlen(text), sizeof(line)));
    return script_line_parse(line, &parsed);
}

static bool gives(const char *text, const char *interpreter, const char *argument)
{
    if (failed(parse(text)) || strcmp(parsed.interpreter, interpreter) != 0) return false;
    return argument ? parsed.argument && strcmp(parsed.argument, argument) == 0 : !parsed.argument;
}

TEST(a_script_line_names_an_interpreter)
{
    EXPECT(gives("#!/bin/sh\necho", "/bin/sh", NULL));
    EXPECT(gives("#!/bin/sh", "/bin/sh", NULL));
    EXPECT(gives("#! \t/bin/sh \t\n", "/bin/sh", NULL));
    EXPECT(gives("#!x\n", "x", NULL));
}

TEST(a_script_line_has_one_argument_with_its_blanks)
{
    EXPECT(gives("#!/bin/sh -e\n", "/bin/sh", "-e"));
    EXPECT(gives("#!/usr/bin/env  -S a\tb  c \t\nx", "/usr/bin/env", "-S a\tb  c"));
}

TEST(a_script_line_without_an_interpreter_is_none)
{
    EXPECT_ERR(parse(""), ERR_EXEC_FORMAT);
    EXPECT_ERR(parse("#"), ERR_EXEC_FORMAT);
    EXPECT_ERR(parse("# /bin/sh\n"), ERR_EXEC_FORMAT);
    EXPECT_ERR(parse("#!\n"), ERR_EXEC_FORMAT);
    EXPECT_ERR(parse("#! \t \n/bin/sh\n"), ERR_EXEC_FORMAT);
    EXPECT(gives("#!", "", NULL)); /* zeros end a word; opening it is what fails */
}

TEST(a_script_line_that_is_too_long_loses_the_end_of_its_argument_but_not_of_its_path)
{
    char text[400];
    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    text[0] = '#';
    text[1] = '!';
    EXPECT_ERR(parse(text), ERR_EXEC_FORMAT);
    text[20] = ' ';
    EXPECT_ERR(parse(text), OK);
    EXPECT_EQ(strlen(parsed.interpreter), 18);
    EXPECT_EQ(strlen(parsed.argument), SCRIPT_LINE_BYTES - 1 - 21);
    memset(text, ' ', sizeof(text) - 1);
    text[0] = '#';
    text[1] = '!';
    EXPECT_ERR(parse(text), ERR_EXEC_FORMAT);
    text[SCRIPT_LINE_BYTES - 1] = '\n'; /* the last byte that is looked at */
    text[100] = 'x';
    EXPECT(gives(text, "x", NULL));
}

TEST(a_script_line_of_zeros_is_an_empty_path)
{
    char bytes[SCRIPT_LINE_BYTES] = "#! \0 x";
    EXPECT_ERR(script_line_parse(bytes, &parsed), OK);
    EXPECT(parsed.interpreter[0] == '\0');
    EXPECT(!parsed.argument);
}
