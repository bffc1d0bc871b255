/* SPDX-License-Identifier: Apache-2.0 */
/* What a fuzzer links in place of main.c: properties are checked by ASSERT, and a failed one is a
 * finding like any crash. */
#include "lib/base.h"

#include <stdio.h>
#include <stdlib.h>

void assert_failed(const char *expression, const char *file, int line)
{
    fprintf(stderr, "%s:%d: property does not hold: %s\n", file, line, expression);
    abort();
}
