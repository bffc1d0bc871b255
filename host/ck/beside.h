/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are built with ck and lie where it does. */
#pragma once

/* The path that the environment's `variable` gives, or that of `name` in ck's folder. Owned by the caller; NULL:
 * reported. */
char *path_beside_ck(const char *variable, const char *name);
