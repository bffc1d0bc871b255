/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of an image one by one; whole images are tests/e2e/ck_oci_test.sh. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/ck/oci_json.h"
#include "host/ck/report.h"
#include "host/ck/sha256.h"
#include "host/ck/tree_walk.h"
#include "tests/harness/test.h"

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ITEM \
    "{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"" DIGEST "\",\"size\":7"

TEST(sha256_is_that_of_the_standard)
{
    /* [fips180-4, examples] */
    static const struct {
        const char *text, *digest;
    } cases[] = {
        { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
        { "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
        { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
    };
    char hex[SHA256_HEX_BYTES];
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        sha256_hex(cases[i].text, strlen(cases[i].text), hex);
        EXPECT_STR(hex, cases[i].digest);
    }
    static char million[1000000];
    memset(million, 'a', sizeof million);
    sha256_hex(million, sizeof million, hex);
    EXPECT_STR(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static const char *parse_index(const char *text, struct oci_descriptors *out)
{
    return oci_parse_index(text, strlen(text), out);
}

TEST(an_index_says_which_manifest_is_for_this_machine)
{
    struct oci_descriptors d;
    EXPECT(!parse_index("{\"manifests\":[" ITEM
                        ",\"platform\":{\"architecture\":\"arm64\",\"os\":\"linux\"}}," ITEM
                        ",\"platform\":{\"architecture\":\"amd64\",\"os\":\"linux\"},"
                        "\"annotations\":{\"org.opencontainers.image.ref.name\":\"latest\"}}," ITEM "}]}",
                        &d));
    EXPECT_EQ(d.count, 3);
    EXPECT(!d.items[0].is_for_us);
    EXPECT(d.items[1].is_for_us);
    EXPECT_STR(d.items[1].name, "latest");
    EXPECT_STR(d.items[1].digest, &DIGEST[strlen("sha256:")]);
    EXPECT(d.items[2].is_for_us);
    EXPECT_EQ(d.items[2].bytes, 7);
    oci_descriptors_free(&d);
}

TEST(indexes_that_make_no_sense_are_refused)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{",
        "null",
        "{}",
        "{\"manifests\":{}}",
        "{\"manifests\":[1]}",
        "{\"manifests\":[{}]}",
        "{\"manifests\":[{\"mediaType\":\"x\",\"digest\":\"sha256:0\",\"size\":1}]}",
        "{\"manifests\":[{\"mediaType\":\"x\",\"digest\":\"" DIGEST "\",\"size\":-1}]}",
        "{\"manifests\":[{\"mediaType\":\"x\",\"digest\":\"" DIGEST "\",\"size\":1e300}]}",
        "{\"manifests\":[{\"mediaType\":\"x\",\"digest\":\"" DIGEST "\",\"size\":\"1\"}]}",
        "{\"manifests\":[" ITEM "}",
        "{\"manifests\":[{\"mediaType\":1,\"digest\":\"" DIGEST "\",\"size\":1}]}",
    };
    struct oci_descriptors d;
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) EXPECT(parse_index(bad[i], &d));
}

TEST(a_configuration_says_what_to_run)
{
    static const char text[] =
        "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"diff_ids\":[\"a\",\"b\"]},"
        "\"config\":{\"Entrypoint\":[\"/run\"],\"Cmd\":[\"a b\"],\"Env\":[\"A=1\"],"
        "\"WorkingDir\":\"/srv\",\"User\":null}}";
    struct oci_config c;
    EXPECT(!oci_parse_config(text, strlen(text), &c));
    EXPECT_EQ(c.command.count, 2);
    EXPECT_STR(c.command.items[1], "a b");
    EXPECT_STR(c.environment.items[0], "A=1");
    EXPECT_STR(c.workdir, "/srv");
    EXPECT_STR(c.user, "");
    EXPECT_EQ(c.layer_count, 2);
    oci_config_free(&c);
    static const char *const bad[] = {
        "{}",
        "{\"architecture\":\"amd64\"}",
        "{\"architecture\":\"amd64\",\"os\":\"windows\"}",
        "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Cmd\":\"sh\"}}",
        "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Cmd\":[1]}}",
        "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Env\":[\"A\"]}}",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) EXPECT(oci_parse_config(bad[i], strlen(bad[i]), &c));
}

static void put(struct tree *tree, const char *path, uint32_t mode, const char *target)
{
    struct tree_inode inode = { .mode = mode, .target = target ? must_copy_string(target) : NULL };
    EXPECT(!tree_put(tree, path, &inode));
}

static const char *where(const struct tree *tree, const char *path)
{
    static char text[100];
    struct tree_node *node = tree_resolve(tree, path);
    char *own = node ? tree_path_of(node) : must_copy_string("nothing");
    strncpy(text, own, sizeof text - 1);
    free(own);
    return text;
}

TEST(paths_in_a_tree_go_through_links_and_never_out)
{
    struct tree tree;
    tree_init(&tree);
    put(&tree, "usr/lib/x", S_IFREG | 0755, NULL);
    put(&tree, "lib", S_IFLNK | 0777, "usr/lib");
    put(&tree, "usr/abs", S_IFLNK | 0777, "/lib/x");
    put(&tree, "usr/up", S_IFLNK | 0777, "../../../lib/./x");
    put(&tree, "loop", S_IFLNK | 0777, "loop");
    put(&tree, "none", S_IFLNK | 0777, "usr/none");
    EXPECT_STR(where(&tree, "/lib/x"), "usr/lib/x");
    EXPECT_STR(where(&tree, "usr/abs"), "usr/lib/x");
    EXPECT_STR(where(&tree, "usr/up"), "usr/lib/x");
    EXPECT_STR(where(&tree, "../../usr//./lib/"), "usr/lib");
    EXPECT_STR(where(&tree, "/"), "");
    EXPECT_STR(where(&tree, "loop"), "nothing");
    EXPECT_STR(where(&tree, "none"), "nothing");
    EXPECT_STR(where(&tree, "usr/lib/x/y"), "nothing");
    char *found = tree_find_program(&tree, "x", "/bin:/lib");
    EXPECT_STR(found, "/lib/x");
    free(found);
    found = tree_find_program(&tree, "x", NULL);
    EXPECT_STR(found, "x");
    free(found);
    tree_fini(&tree);
}

TEST(what_is_removed_from_a_tree_is_gone_with_all_below)
{
    struct tree tree;
    tree_init(&tree);
    put(&tree, "a/b/c", S_IFREG | 0644, NULL);
    put(&tree, "a/d", S_IFREG | 0644, NULL);
    put(&tree, "e", S_IFREG | 0644, NULL);
    EXPECT(!tree_link(&tree, "f", "a/b/c"));
    tree_remove(&tree, tree_find(&tree, "a/b"));
    EXPECT(!tree_find(&tree, "a/b") && !tree_find(&tree, "a/b/c"));
    EXPECT_EQ(tree_find(&tree, "f")->inode->link_count, 1);
    tree_remove_children(&tree, tree_find(&tree, "a"));
    EXPECT(tree_find(&tree, "a") && !tree_find(&tree, "a/d") && tree_find(&tree, "e"));
    EXPECT_EQ(tree.node_count, 3);
    tree_fini(&tree);
}
