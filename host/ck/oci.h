/* SPDX-License-Identifier: Apache-2.0 */
/* An OCI image layout, in a folder or in a tar: which image, its layers one over the other, its configuration.
 * [oci-image 1.0 image-layout.md] Every blob is compared with its digest before it is looked at. */
#pragma once
#include "host/ck/memory_file.h"
#include "host/ck/oci_json.h"
#include "host/ck/tree.h"

struct oci_image {
    struct oci_config config;
    struct memory_file *layers; /* what the tree points into */
    size_t layer_count;
};

/* True when the files of a layout lie in `files`. */
bool oci_is_layout(const struct tree *files);
/* Fill `tree` from the layout whose files are in `files`, which must stay for as long as the tree does. `wanted` is the
 * name of an image in it; NULL: there must be only one. False: reported, and `out` needs no release. */
bool oci_read(struct tree *tree, const struct tree *files, const char *name, const char *wanted,
              struct oci_image *out);
void oci_image_free(struct oci_image *image);
