/* SPDX-License-Identifier: Apache-2.0 */
/* What render nodes of all vendors are asked. [linux uapi drm/drm.h] */
#pragma once
#include "lib/base.h"

enum {
    LINUX_DRM_TYPE = 'd', /* of the requests */
    LINUX_DRM_MAJOR = 226,
    LINUX_DRM_RENDER_MINOR = 128, /* of the first render node */
    LINUX_DRM_COMMAND_BASE = 0x40,
};

struct linux_drm_version {
    int32_t version_major, version_minor, version_patchlevel, pad;
    uint64_t name_len, name; /* in: room at the address; out: bytes of the whole text */
    uint64_t date_len, date;
    uint64_t desc_len, desc;
};
_Static_assert(sizeof(struct linux_drm_version) == 64, "fixed by the ABI");
