/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel log of a host test: lines are counted and the last one is kept. */
#pragma once
#include "lib/base.h"

extern char fake_log_last[512];
extern uint64_t fake_log_lines;
