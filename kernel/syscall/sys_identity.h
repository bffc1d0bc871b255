/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the calls that change credentials. */
#pragma once
#include "process/identity.h"

/* Makes the copy the running thread's, or drops it after an error. What the call returns. */
int64_t identity_finish(struct credentials *copy, err_t e);

/* Those options of prctl that are about capabilities; false: it is none of them. */
bool identity_prctl(uint32_t option, const uint64_t arguments[4], int64_t *result);
