/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base.h"

const char *err_text(err_t e)
{
    switch (e.code) {
    case 0: return "success";
#define ERR(name, errno_, text) \
    case -(errno_): return text;
#include "abi/errors.def"
#undef ERR
    }
    return "unknown error";
}
