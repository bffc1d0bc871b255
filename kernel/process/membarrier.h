/* SPDX-License-Identifier: Apache-2.0 */
/* membarrier(2): what other threads did before is seen by this one, and the other way round, without their help:
 * the CPUs that they run on are interrupted. */
#pragma once
#include "lib/base.h"

/* Every thread of the machine. */
void membarrier_all(void);
/* Those that run in the running thread's space. With `restarts` they are also out of their restartable sequences,
 * and have executed an instruction that drops what was fetched. */
void membarrier_space(bool restarts);
