/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/fake_panic.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/panic.h"
#include "core/symbol.h"
#include "tests/fakes/fake_lock.h"

jmp_buf fake_panic_return;
char fake_panic_text[512];
static bool is_expected;

void fake_panic_expect(bool expected) { is_expected = expected; }
bool fake_panic_said(const char *words) { return strstr(fake_panic_text, words) != NULL; }

void panic(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fake_panic_text, sizeof(fake_panic_text), format, arguments);
    va_end(arguments);
    if (!is_expected) {
        fprintf(stderr, "unexpected panic: %s\n", fake_panic_text);
        abort();
    }
    fake_lock_drop_all();
    longjmp(fake_panic_return, 1);
}

bool symbol_find(uint64_t address, struct symbol *out)
{
    *out = (struct symbol){ address, "symbol" };
    return true;
}
