/* SPDX-License-Identifier: Apache-2.0 */
#include "mm/alloc_fail.h"

uint64_t alloc_fail_countdown;
