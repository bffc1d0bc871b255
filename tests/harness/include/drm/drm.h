/* SPDX-License-Identifier: Apache-2.0 */
/* Debian has this header in another folder than its kfd_ioctl.h looks in. */
#pragma once
#include <libdrm/drm.h>
