/* SPDX-License-Identifier: Apache-2.0 */
/* A panic that a test expects.
 *
 *     EXPECT_PANIC(frame_free(frame), "which is free");
 *
 * The statement runs until it panics; the text must contain the words. A panic that nobody expects
 * ends the program with its text. Locks held at the panic are dropped. */
#pragma once
#include <setjmp.h>

#include "tests/harness/test.h"

extern jmp_buf fake_panic_return;
/* The text of the last panic; empty before the first. */
extern char fake_panic_text[512];
void fake_panic_expect(bool expected);
bool fake_panic_said(const char *words);

#define EXPECT_PANIC(statement, words)                                                          \
    do {                                                                                        \
        fake_panic_expect(true);                                                                \
        if (setjmp(fake_panic_return) == 0) {                                                   \
            statement;                                                                          \
            test_fail(__FILE__, __LINE__, "no panic from %s", #statement);                      \
        } else if (!fake_panic_said(words)) {                                                   \
            test_fail(__FILE__, __LINE__, "panic \"%s\" lacks \"%s\"", fake_panic_text, words); \
        }                                                                                       \
        fake_panic_expect(false);                                                               \
    } while (0)
