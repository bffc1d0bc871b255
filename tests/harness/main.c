/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the TESTs of a host program. Usage: PROGRAM [-l] [PART_OF_A_NAME...]
 * Output is TAP version 12; the exit status is 0 when every test that ran passed. */
#include "tests/harness/test.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct test *first, **last = &first;
static bool has_failed; /* the running test */

/* In the order of the source: constructors of a file run from top to bottom. */
void test_register(struct test *test)
{
    *last = test;
    last = &test->next;
}

void test_fail(const char *file, int line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("# %s:%d: ", file, line);
    vprintf(format, args);
    printf("\n");
    va_end(args);
    has_failed = true;
}

void test_note(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("# ");
    vprintf(format, args);
    printf("\n");
    va_end(args);
}

int test_compare_strings(const char *a, const char *b) { return a && b ? strcmp(a, b) : a != b; }

void assert_failed(const char *expression, const char *file, int line)
{
    printf("Bail out! %s:%d: assertion failed: %s\n", file, line, expression);
    fflush(stdout);
    abort();
}

static bool is_wanted(const struct test *test, int count, char **parts)
{
    for (int i = 0; i < count; i++) {
        if (strstr(test->name, parts[i]) || strstr(test->file, parts[i])) return true;
    }
    return count == 0;
}

static int list_tests(void)
{
    for (const struct test *test = first; test; test = test->next)
        printf("%s (%s)\n", test->name, test->file);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0); /* what was printed must survive a sanitizer's exit */
    char **parts = argv + 1;
    int part_count = argc - 1, wanted = 0, ran = 0, failures = 0;
    if (part_count > 0 && strcmp(parts[0], "-l") == 0) return list_tests();

    for (const struct test *test = first; test; test = test->next)
        wanted += is_wanted(test, part_count, parts);
    printf("1..%d\n", wanted);
    for (const struct test *test = first; test; test = test->next) {
        if (!is_wanted(test, part_count, parts)) continue;
        has_failed = false;
        test->run();
        failures += has_failed;
        printf("%s %d - %s (%s)\n", has_failed ? "not ok" : "ok", ++ran, test->name, test->file);
    }
    if (wanted == 0) printf("# no test has a name or file like that\n");
    return failures == 0 && wanted > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
