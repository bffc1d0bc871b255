/* SPDX-License-Identifier: Apache-2.0 */
#include "host/ck/program.h"

#include <string.h>

#include "host/ck/report.h"
#include "lib/elf.h"

bool program_check(const void *bytes, uint64_t count, const char *path)
{
    struct elf_program program;
    const char *why = NULL;
    if (count >= 2 && memcmp(bytes, "#!", 2) == 0) {
        report("%s: a script; put it into a --rootfs with its interpreter, and name the interpreter", path);
        return false;
    }
    if (count == 0) {
        report("%s: the file is empty", path);
        return false;
    }
    err_t e = elf_parse(bytes, count, &program, &why);
    if (failed(e))
        report("%s: %s", path, why);
    else if (program.interpreter)
        report("%s: linked dynamically, needs %s and libraries: put it into a --rootfs that has them", path,
               program.interpreter);
    return !failed(e) && !program.interpreter;
}
