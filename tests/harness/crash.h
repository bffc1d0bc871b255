/* SPDX-License-Identifier: Apache-2.0 */
/* Ways to harm the kernel, for tests/e2e/panic_test.sh: each must end in a panic that names it. */
#pragma once

/* Returns only when the harm went unnoticed or the name is unknown. */
void crash(const char *name);
