/* SPDX-License-Identifier: Apache-2.0 */
/* TEST(name_as_a_sentence) { EXPECT(...); }  The same source runs as a host program with sanitizers
 * (harness/main.c) and, for folders that need a CPU, inside the kernel (harness/ktest.c). Output is TAP. */
#pragma once
#include "lib/base.h"

struct test {
    const char *name;
    const char *file;
    void (*run)(void);
    struct test *next;
};

void test_register(struct test *test);
/* A failed expectation is printed and ends the test's chance to pass; the test goes on. */
void test_fail(const char *file, int line, const char *format, ...) PRINTF_LIKE(3, 4);
/* A line of information for the reader of the log. */
void test_note(const char *format, ...) PRINTF_LIKE(1, 2);
int test_compare_strings(const char *a, const char *b);

#define TEST(name_)                                                                 \
    static void test_##name_(void);                                                 \
    static struct test test_record_##name_ = { #name_, __FILE__, test_##name_, 0 }; \
    __attribute__((constructor)) static void test_register_##name_(void)            \
    {                                                                               \
        test_register(&test_record_##name_);                                        \
    }                                                                               \
    static void test_##name_(void)

#define EXPECT(condition)                                                  \
    do {                                                                   \
        if (!(condition)) test_fail(__FILE__, __LINE__, "%s", #condition); \
    } while (0)

/* Both sides as unsigned 64-bit numbers, shown when they differ. */
#define EXPECT_EQ(a, b)                                                                                  \
    do {                                                                                                 \
        unsigned long long a_ = (unsigned long long)(a), b_ = (unsigned long long)(b);                   \
        if (a_ != b_)                                                                                    \
            test_fail(__FILE__, __LINE__, "%s is %llu (0x%llx), expected %llu (0x%llx)", #a, a_, a_, b_, \
                      b_);                                                                               \
    } while (0)

#define EXPECT_STR(a, b)                                                                \
    do {                                                                                \
        const char *a_ = (a), *b_ = (b);                                                \
        if (test_compare_strings(a_, b_) != 0)                                          \
            test_fail(__FILE__, __LINE__, "%s is \"%s\", expected \"%s\"", #a, a_, b_); \
    } while (0)

#define EXPECT_OK(e)                                                               \
    do {                                                                           \
        err_t e_ = (e);                                                            \
        if (failed(e_)) test_fail(__FILE__, __LINE__, "%s: %s", #e, err_text(e_)); \
    } while (0)
#define EXPECT_ERR(e, expected)                                                                        \
    do {                                                                                               \
        err_t e_ = (e);                                                                                \
        if (e_.code != (expected).code)                                                                \
            test_fail(__FILE__, __LINE__, "%s gave \"%s\", expected %s", #e, err_text(e_), #expected); \
    } while (0)
