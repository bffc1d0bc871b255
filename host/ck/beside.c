/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "host/ck/beside.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/ck/report.h"

char *path_beside_ck(const char *variable, const char *name)
{
    const char *named = getenv(variable);
    if (named && *named) return must_copy_string(named);
    char self[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length < 0) {
        report_errno("cannot find where ck itself is; set %s", variable);
        return NULL;
    }
    self[length] = '\0';
    char *slash = strrchr(self, '/');
    if (slash) *slash = '\0';
    return must_format("%s/%s", self, name);
}
