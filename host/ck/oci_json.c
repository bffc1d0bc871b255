/* SPDX-License-Identifier: Apache-2.0 */
#include "host/ck/oci_json.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "host/ck/report.h"

enum { DESCRIPTORS_MAX = 1000 };

static const char *text_of(const cJSON *object, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
}

/* Absent and null are alike, as many writers have it. */
static const cJSON *member(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNull(item) ? NULL : item;
}

static const char *parse(const void *text, size_t bytes, cJSON **out)
{
    *out = cJSON_ParseWithLength(text, bytes);
    if (!*out) return "malformed JSON";
    if (cJSON_IsObject(*out)) return NULL;
    cJSON_Delete(*out);
    return "JSON, but no object";
}

/* ---- descriptors ---- */

static enum oci_kind kind_of(const char *media_type)
{
    static const struct {
        const char *start;
        enum oci_kind kind;
    } kinds[] = {
        { "application/vnd.oci.image.manifest.v1+json", OCI_MANIFEST },
        { "application/vnd.docker.distribution.manifest.v2+json", OCI_MANIFEST },
        { "application/vnd.oci.image.index.v1+json", OCI_INDEX },
        { "application/vnd.docker.distribution.manifest.list.v2+json", OCI_INDEX },
        { "application/vnd.oci.image.config.v1+json", OCI_CONFIG },
        { "application/vnd.docker.container.image.v1+json", OCI_CONFIG },
        { "application/vnd.oci.image.layer.v1.tar", OCI_LAYER },
        { "application/vnd.docker.image.rootfs.diff.tar", OCI_LAYER },
    };
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
        if (strncmp(media_type, kinds[i].start, strlen(kinds[i].start)) == 0) return kinds[i].kind;
    return OCI_OTHER;
}

static const char *parse_digest(const char *text, char out[OCI_DIGEST_HEX + 1])
{
    static const char prefix[] = "sha256:";
    if (strncmp(text, prefix, strlen(prefix)) != 0) return "a digest that is not sha256";
    text += strlen(prefix);
    if (strlen(text) != OCI_DIGEST_HEX || strspn(text, "0123456789abcdef") != OCI_DIGEST_HEX)
        return "a sha256 digest that is not 64 hexadecimal digits";
    memcpy(out, text, OCI_DIGEST_HEX + 1);
    return NULL;
}

static bool is_platform_ours(const cJSON *platform)
{
    const char *architecture = text_of(platform, "architecture"), *os = text_of(platform, "os");
    if (!platform) return true;
    return architecture && os && strcmp(architecture, "amd64") == 0 && strcmp(os, "linux") == 0;
}

static const char *parse_descriptor(const cJSON *item, struct oci_descriptor *out)
{
    const char *digest = text_of(item, "digest"), *type = text_of(item, "mediaType");
    const cJSON *size = member(item, "size");
    if (!digest || !type || !cJSON_IsNumber(size)) return "a descriptor without mediaType, digest or size";
    if (!(size->valuedouble >= 0 && size->valuedouble < 1e15)) return "a descriptor with a senseless size";
    const char *name = text_of(member(item, "annotations"), "org.opencontainers.image.ref.name");
    *out = (struct oci_descriptor){ .kind = kind_of(type),
                                    .bytes = (uint64_t)size->valuedouble,
                                    .is_for_us = is_platform_ours(member(item, "platform")) };
    const char *why = parse_digest(digest, out->digest);
    if (!why) out->name = must_copy_string(name ? name : "");
    return why;
}

static const char *add_descriptor(struct oci_descriptors *out, const cJSON *item)
{
    struct oci_descriptor descriptor;
    if (out->count == DESCRIPTORS_MAX) return "too many descriptors";
    const char *why = parse_descriptor(item, &descriptor);
    if (why) return why;
    out->items = must_realloc(out->items, (out->count + 1) * sizeof *out->items);
    out->items[out->count++] = descriptor;
    return NULL;
}

static const char *add_descriptors(struct oci_descriptors *out, const cJSON *list)
{
    const cJSON *item;
    const char *why = NULL;
    cJSON_ArrayForEach(item, list) if (!why) why = add_descriptor(out, item);
    return why;
}

void oci_descriptors_free(struct oci_descriptors *d)
{
    for (size_t i = 0; i < d->count; i++) free(d->items[i].name);
    free(d->items);
    *d = (struct oci_descriptors){ 0 };
}

/* ---- documents ---- */

const char *oci_parse_index(const void *text, size_t bytes, struct oci_descriptors *out)
{
    cJSON *json;
    *out = (struct oci_descriptors){ 0 };
    const char *why = parse(text, bytes, &json);
    if (why) return why;
    const cJSON *list = member(json, "manifests");
    why = cJSON_IsArray(list) ? add_descriptors(out, list) : "an index without a list of manifests";
    if (why) oci_descriptors_free(out);
    cJSON_Delete(json);
    return why;
}

const char *oci_parse_manifest(const void *text, size_t bytes, struct oci_descriptors *out)
{
    cJSON *json;
    *out = (struct oci_descriptors){ 0 };
    const char *why = parse(text, bytes, &json);
    if (why) return why;
    const cJSON *config = member(json, "config"), *layers = member(json, "layers");
    if (!cJSON_IsObject(config) || !cJSON_IsArray(layers)) why = "a manifest without config and layers";
    if (!why) why = add_descriptor(out, config);
    if (!why) why = add_descriptors(out, layers);
    for (size_t i = 1; !why && i < out->count; i++)
        if (out->items[i].kind != OCI_LAYER) why = "a layer that is not a tar";
    if (!why && out->items[0].kind != OCI_CONFIG) why = "not an image: its configuration is of another kind";
    if (why) oci_descriptors_free(out);
    cJSON_Delete(json);
    return why;
}

/* Strings of a list, behind those that are there already. */
static const char *add_strings(struct string_list *out, const cJSON *list)
{
    const cJSON *item;
    if (!list) return NULL;
    if (!cJSON_IsArray(list)) return "a list of strings that is none";
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsString(item)) return "a list of strings that holds something else";
        string_list_add(out, item->valuestring);
    }
    return NULL;
}

static const char *parse_config(const cJSON *json, struct oci_config *out)
{
    if (!is_platform_ours(json)) return "an image for another architecture than amd64, or not for Linux";
    const cJSON *config = member(json, "config");
    const char *why = add_strings(&out->environment, member(config, "Env"));
    if (!why) why = add_strings(&out->command, member(config, "Entrypoint"));
    if (!why) why = add_strings(&out->command, member(config, "Cmd"));
    for (size_t i = 0; !why && i < out->environment.count; i++)
        if (!strchr(out->environment.items[i], '=')) why = "a variable of the environment without =";
    const char *workdir = text_of(config, "WorkingDir"), *user = text_of(config, "User");
    out->workdir = must_copy_string(workdir ? workdir : "");
    out->user = must_copy_string(user ? user : "");
    out->layer_count = (size_t)cJSON_GetArraySize(member(member(json, "rootfs"), "diff_ids"));
    return why;
}

const char *oci_parse_config(const void *text, size_t bytes, struct oci_config *out)
{
    cJSON *json;
    *out = (struct oci_config){ 0 };
    const char *why = parse(text, bytes, &json);
    if (why) return why;
    why = parse_config(json, out);
    if (why) oci_config_free(out);
    cJSON_Delete(json);
    return why;
}

void oci_config_free(struct oci_config *c)
{
    string_list_free(&c->environment);
    string_list_free(&c->command);
    free(c->workdir);
    free(c->user);
    *c = (struct oci_config){ 0 };
}
