/* SPDX-License-Identifier: Apache-2.0 */
/* One layer of an image over those below it. [oci-image 1.0 layer.md]
 *
 * A layer is a tar of what it adds or replaces. An entry ".wh.NAME" takes NAME of the layers below away, ".wh..wh..opq"
 * all that is in its folder there; neither touches what the same layer brings. */
#pragma once
#include "host/ck/tree.h"

/* The tree points into `bytes`. NULL, or what is wrong; *out_path is then the entry's path, owned by the caller. */
const char *layer_apply(struct tree *tree, const void *bytes, uint64_t count, char **out_path);
