/* SPDX-License-Identifier: Apache-2.0 */
/* Extended attributes. [linux uapi xattr.h, limits.h] */
#pragma once

enum {
    LINUX_XATTR_CREATE = 1,
    LINUX_XATTR_REPLACE = 2,
    LINUX_XATTR_NAME_MAX = 255,
    LINUX_XATTR_SIZE_MAX = 65536,
};
