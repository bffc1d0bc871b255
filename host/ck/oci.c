/* SPDX-License-Identifier: Apache-2.0 */
#include "host/ck/oci.h"

#include <stdlib.h>
#include <string.h>

#include "host/ck/buffer.h"
#include "host/ck/layer.h"
#include "host/ck/report.h"
#include "host/ck/sha256.h"
#include "host/ck/tree_file.h"

enum {
    DOCUMENT_BYTES_MAX = 16 << 20, /* many times what registries take */
    INDEX_DEPTH_MAX = 4,           /* an index may name others */
};

bool oci_is_layout(const struct tree *files)
{
    return tree_find(files, "oci-layout") && tree_find(files, "index.json");
}

/* ---- blobs ---- */

struct layout {
    const struct tree *files;
    const char *name; /* for messages */
    const char *wanted;
};

static bool open_file(const struct layout *l, const char *path, struct memory_file *out)
{
    const struct tree_node *node = tree_find(l->files, path);
    if (!node || tree_is_directory(node)) {
        report("%s: %s is missing", l->name, path);
        return false;
    }
    return tree_file_open(node, out);
}

static bool open_blob(const struct layout *l, const struct oci_descriptor *d, struct memory_file *out)
{
    char digest[SHA256_HEX_BYTES];
    char *path = must_format("blobs/sha256/%s", d->digest);
    bool is_good = open_file(l, path, out);
    if (is_good && out->count != d->bytes) {
        report("%s: %s has %zu bytes instead of %llu", l->name, path, out->count,
               (unsigned long long)d->bytes);
        is_good = false;
    } else if (is_good) {
        sha256_hex(out->bytes, out->count, digest);
        is_good = strcmp(digest, d->digest) == 0;
        if (!is_good) report("%s: %s is not what its digest says", l->name, path);
    }
    if (!is_good) tree_file_close(out);
    free(path);
    return is_good;
}

static bool open_document(const struct layout *l, const struct oci_descriptor *d, struct memory_file *out)
{
    if (d->bytes <= DOCUMENT_BYTES_MAX) return open_blob(l, d, out);
    report("%s: a document of %llu bytes", l->name, (unsigned long long)d->bytes);
    return false;
}

static bool is_sound(const struct layout *l, const char *what, const char *why)
{
    if (why) report("%s: %s: %s", l->name, what, why);
    return !why;
}

/* ---- which image ---- */

static bool is_candidate(const struct layout *l, const struct oci_descriptor *d, bool is_top)
{
    if (!d->is_for_us || (d->kind != OCI_MANIFEST && d->kind != OCI_INDEX)) return false;
    return !is_top || !l->wanted || strcmp(l->wanted, d->name) == 0;
}

static void report_choice(const struct layout *l, const struct oci_descriptors *index, size_t candidates)
{
    struct buffer names = { 0 };
    for (size_t i = 0; i < index->count; i++) {
        const struct oci_descriptor *d = &index->items[i];
        if (!d->name[0]) continue;
        buffer_append(&names, " ", 1);
        buffer_append(&names, d->name, strlen(d->name));
    }
    buffer_append(&names, "", 1);
    const char *list = (const char *)buffer_front(&names);
    if (candidates == 0 && l->wanted)
        report("%s: there is no image %s for amd64; those with a name are:%s", l->name, l->wanted, list);
    else if (candidates == 0)
        report("%s: there is no image for amd64 Linux", l->name);
    else
        report("%s: there is more than one image; say which with --rootfs %s:NAME:%s", l->name, l->name,
               list);
    buffer_free(&names);
}

/* The one manifest for this machine, through indexes of indexes. */
static bool choose(const struct layout *l, const struct memory_file *document, int depth,
                   struct oci_descriptor *out)
{
    struct oci_descriptors index;
    if (!is_sound(l, "index", oci_parse_index(document->bytes, document->count, &index))) return false;
    size_t candidates = 0;
    for (size_t i = 0; i < index.count; i++)
        if (is_candidate(l, &index.items[i], depth == 0) && candidates++ == 0) *out = index.items[i];
    bool is_good = candidates == 1 || (candidates > 1 && depth > 0);
    if (!is_good) report_choice(l, &index, candidates);
    out->name = NULL; /* it goes with the index */
    oci_descriptors_free(&index);
    if (!is_good || out->kind == OCI_MANIFEST) return is_good;
    if (depth == INDEX_DEPTH_MAX) {
        report("%s: indexes inside indexes without end", l->name);
        return false;
    }
    struct memory_file inner;
    if (!open_document(l, out, &inner)) return false;
    is_good = choose(l, &inner, depth + 1, out);
    tree_file_close(&inner);
    return is_good;
}

/* ---- its contents ---- */

static bool apply_layer(struct tree *tree, const struct layout *l, const struct oci_descriptor *d,
                        struct memory_file *out)
{
    struct memory_file packed;
    if (!open_blob(l, d, &packed)) return false;
    bool is_packed = packing_of(packed.bytes, packed.count) != PACKING_NONE;
    char *name = must_format("%s: layer %.12s", l->name, d->digest), *path = NULL;
    bool is_good = !is_packed || memory_file_unpack(out, packed.bytes, packed.count, name);
    if (is_packed)
        tree_file_close(&packed);
    else
        *out = packed;
    const char *why = is_good ? layer_apply(tree, out->bytes, out->count, &path) : NULL;
    if (why) report("%s: %s: %s", name, path, why);
    free(path);
    free(name);
    if (is_good && why) tree_file_close(out);
    return is_good && !why;
}

static bool apply_layers(struct tree *tree, const struct layout *l, const struct oci_descriptors *manifest,
                         struct oci_image *out)
{
    out->layers = must_calloc(manifest->count * sizeof *out->layers);
    for (size_t i = 1; i < manifest->count; i++, out->layer_count++)
        if (!apply_layer(tree, l, &manifest->items[i], &out->layers[i - 1])) return false;
    return true;
}

static bool read_config(const struct layout *l, const struct oci_descriptors *manifest,
                        struct oci_config *out)
{
    struct memory_file document;
    if (!open_document(l, &manifest->items[0], &document)) return false;
    const char *why = oci_parse_config(document.bytes, document.count, out);
    if (!why && out->layer_count != manifest->count - 1) {
        why = "it has another number of layers than the manifest";
        oci_config_free(out);
    }
    tree_file_close(&document);
    return is_sound(l, "configuration", why);
}

bool oci_read(struct tree *tree, const struct tree *files, const char *name, const char *wanted,
              struct oci_image *out)
{
    struct layout l = { .files = files, .name = name, .wanted = wanted };
    struct memory_file document;
    struct oci_descriptor chosen = { 0 };
    struct oci_descriptors manifest = { 0 };
    *out = (struct oci_image){ 0 };
    if (!open_file(&l, "index.json", &document)) return false;
    bool is_good = choose(&l, &document, 0, &chosen);
    tree_file_close(&document);
    if (!is_good || !open_document(&l, &chosen, &document)) return false;
    is_good = is_sound(&l, "manifest", oci_parse_manifest(document.bytes, document.count, &manifest));
    tree_file_close(&document);
    is_good = is_good && read_config(&l, &manifest, &out->config) && apply_layers(tree, &l, &manifest, out);
    oci_descriptors_free(&manifest);
    if (!is_good) oci_image_free(out);
    return is_good;
}

void oci_image_free(struct oci_image *image)
{
    oci_config_free(&image->config);
    for (size_t i = 0; i < image->layer_count; i++) tree_file_close(&image->layers[i]);
    free(image->layers);
    *image = (struct oci_image){ 0 };
}
