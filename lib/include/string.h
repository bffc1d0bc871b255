/* SPDX-License-Identifier: Apache-2.0 */
/* The C library's <string.h>, for sources that are fetched. */
#pragma once
#include "lib/string.h"
