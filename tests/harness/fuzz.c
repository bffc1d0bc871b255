/* SPDX-License-Identifier: Apache-2.0 */
/* What a fuzzer links in place of main.c: properties are checked by ASSERT, and a failed one is a
 * finding like any crash. */
#include "tests/harness/fuzz.h"

#include "lib/base.h"

#include <stdio.h>
#include <stdlib.h>

uint64_t fuzz_descriptors;

/* The fuzzer ends by exit(). */
static void __attribute__((destructor)) say_how_many(void)
{
    if (fuzz_descriptors) fprintf(stderr, "Done %llu descriptors\n", (unsigned long long)fuzz_descriptors);
}

void assert_failed(const char *expression, const char *file, int line)
{
    fprintf(stderr, "%s:%d: property does not hold: %s\n", file, line, expression);
    abort();
}
