/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever an image consists of: documents are decoded or refused, layers change the tree or are refused, and the tree
 * that is left can be walked and freed. The first byte says what the rest is. */
#include <stdlib.h>
#include <string.h>

#include "host/ck/layer.h"
#include "host/ck/oci_json.h"
#include "host/ck/tree_walk.h"
#include "lib/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_descriptors(struct oci_descriptors *d)
{
    for (size_t i = 0; i < d->count; i++) {
        ASSERT(strlen(d->items[i].digest) == OCI_DIGEST_HEX);
        ASSERT(d->items[i].name);
    }
    oci_descriptors_free(d);
}

static bool visit(void *context, const char *path, struct tree_node *node)
{
    const struct tree *tree = context;
    ASSERT(tree_find(tree, path) == node);
    char *own = tree_path_of(node);
    ASSERT(strcmp(own, path) == 0);
    free(own);
    (void)tree_resolve(tree, path);
    return true;
}

/* Two layers: where one ends is the second byte's choice. */
static void apply(const uint8_t *data, size_t size)
{
    if (size < 1) return;
    size_t cut = MIN((size_t)data[0] * 512, size - 1);
    struct tree tree;
    char *path = NULL;
    tree_init(&tree);
    const char *why = layer_apply(&tree, data + 1, cut, &path);
    free(path);
    path = NULL;
    if (!why) why = layer_apply(&tree, data + 1 + cut, size - 1 - cut, &path);
    free(path);
    ASSERT(tree_visit(&tree, visit, &tree));
    tree_fini(&tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct oci_descriptors descriptors;
    struct oci_config config;
    if (size < 1) return 0;
    const uint8_t *rest = data + 1;
    size_t count = size - 1;
    switch (data[0] % 4) {
    case 0:
        if (!oci_parse_index(rest, count, &descriptors)) check_descriptors(&descriptors);
        break;
    case 1:
        if (oci_parse_manifest(rest, count, &descriptors)) break;
        ASSERT(descriptors.count > 0 && descriptors.items[0].kind == OCI_CONFIG);
        check_descriptors(&descriptors);
        break;
    case 2:
        if (oci_parse_config(rest, count, &config)) break;
        ASSERT(config.workdir && config.user);
        oci_config_free(&config);
        break;
    case 3: apply(rest, count); break;
    }
    return 0;
}
