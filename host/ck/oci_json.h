/* SPDX-License-Identifier: Apache-2.0 */
/* The three documents of an OCI image, decoded: an index names manifests, a manifest a configuration and layers.
 * [oci-image 1.0 image-index.md, manifest.md, config.md]
 *
 * Images come from anywhere. What is handed out is complete and of the right types, or there is a reason; whether blobs
 * are what their digests say is for the caller to judge. */
#pragma once
#include "host/ck/option_cursor.h"
#include "lib/base.h"

enum { OCI_DIGEST_HEX = 64 }; /* sha256 */

enum oci_kind { OCI_MANIFEST, OCI_INDEX, OCI_CONFIG, OCI_LAYER, OCI_OTHER };

struct oci_descriptor {
    enum oci_kind kind;
    char digest[OCI_DIGEST_HEX + 1]; /* hexadecimal, in lower case */
    uint64_t bytes;
    bool is_for_us; /* amd64 and Linux, or nothing is said */
    char *name;     /* of an image in an index; "" when it has none */
};

struct oci_descriptors {
    struct oci_descriptor *items;
    size_t count;
};

struct oci_config {
    struct string_list environment; /* NAME=VALUE */
    struct string_list command;     /* the entry point and what follows it */
    char *workdir, *user;           /* "": not said */
    size_t layer_count;
};

/* NULL, and `out` is the caller's to release; or what is wrong, and there is nothing to release. */
const char *oci_parse_index(const void *text, size_t bytes, struct oci_descriptors *out);
/* The first descriptor is the configuration's, the others are layers, the lowest first. */
const char *oci_parse_manifest(const void *text, size_t bytes, struct oci_descriptors *out);
const char *oci_parse_config(const void *text, size_t bytes, struct oci_config *out);

void oci_descriptors_free(struct oci_descriptors *descriptors);
void oci_config_free(struct oci_config *config);
