/* SPDX-License-Identifier: Apache-2.0 */
/* The tree's rules about paths, names and links. */
#include "host/ck/tree.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/harness/test.h"

static const char *put(struct tree *tree, const char *path, uint32_t mode)
{
    return tree_put(tree, path, &(struct tree_inode){ .mode = mode });
}

static char visited[4096];

static bool note(void *context, const char *path, struct tree_node *node)
{
    (void)context;
    (void)node;
    strcat(visited, path);
    strcat(visited, " ");
    return true;
}

static const char *visit_all(struct tree *tree)
{
    visited[0] = '\0';
    EXPECT(tree_visit(tree, note, NULL));
    return visited;
}

TEST(tree_visits_parents_first_and_siblings_in_order)
{
    struct tree tree;
    tree_init(&tree);
    EXPECT(!put(&tree, "b/x", S_IFREG));
    EXPECT(!put(&tree, "/a", S_IFREG));
    EXPECT(!put(&tree, "./b//c/./d", S_IFREG));
    EXPECT(!put(&tree, "b.c", S_IFREG));
    EXPECT_STR(visit_all(&tree), "a b b/c b/c/d b/x b.c ");
    tree_fini(&tree);
}

TEST(tree_of_nothing_has_a_root_and_nothing_to_visit)
{
    struct tree tree;
    tree_init(&tree);
    EXPECT_STR(visit_all(&tree), "");
    EXPECT(tree_find(&tree, "") == tree.root);
    EXPECT(tree_find(&tree, "/./") == tree.root);
    EXPECT(!put(&tree, ".", S_IFDIR | 0700));
    EXPECT_EQ(tree.root->inode->mode, S_IFDIR | 0700);
    tree_fini(&tree);
}

TEST(tree_refuses_paths_that_lead_out_or_are_too_long)
{
    struct tree tree;
    tree_init(&tree);
    char text[5001];
    memset(text, 'x', 5000);
    text[5000] = '\0';
    EXPECT(strstr(put(&tree, text, S_IFREG), "4095"));
    text[256] = '\0';
    EXPECT(strstr(put(&tree, text, S_IFREG), "255"));
    text[255] = '\0';
    EXPECT(!put(&tree, text, S_IFREG));
    static const char *const out[] = { "..", "../x", "a/..", "a/../../b", "/.." };
    for (size_t i = 0; i < ARRAY_LENGTH(out); i++) EXPECT(strstr(put(&tree, out[i], S_IFREG), ".."));
    EXPECT(!put(&tree, "...", S_IFREG));
    EXPECT(!put(&tree, "..x", S_IFREG));
    tree_fini(&tree);
}

TEST(tree_holds_the_deepest_path_there_can_be)
{
    struct tree tree;
    tree_init(&tree);
    char path[TREE_PATH_MAX];
    for (size_t i = 0; i < sizeof path - 1; i++) path[i] = i % 2 ? '/' : 'd';
    path[sizeof path - 1] = '\0';
    EXPECT(!put(&tree, path, S_IFREG));
    EXPECT_EQ(tree.node_count, 2048);
    EXPECT(tree_find(&tree, path) != NULL);
    tree_fini(&tree);
}

TEST(tree_does_not_put_files_below_what_is_no_directory)
{
    struct tree tree;
    tree_init(&tree);
    EXPECT(!put(&tree, "file", S_IFREG));
    EXPECT(!put(&tree, "link", S_IFLNK));
    EXPECT(strstr(put(&tree, "file/x", S_IFREG), "not a directory"));
    EXPECT(strstr(put(&tree, "link/x/y", S_IFREG), "not a directory"));
    tree_fini(&tree);
}

TEST(tree_lets_the_later_put_win_but_not_change_file_to_directory)
{
    struct tree tree;
    tree_init(&tree);
    EXPECT(!put(&tree, "a", S_IFREG | 0600));
    EXPECT(!put(&tree, "a", S_IFREG | 0644));
    EXPECT_EQ(tree_find(&tree, "a")->inode->mode, S_IFREG | 0644);
    EXPECT(put(&tree, "a", S_IFDIR) != NULL);
    EXPECT(!put(&tree, "d/x", S_IFREG));
    EXPECT(!put(&tree, "d", S_IFDIR | 0700));
    EXPECT_EQ(tree_find(&tree, "d")->inode->mode, S_IFDIR | 0700);
    EXPECT(put(&tree, "d", S_IFREG) != NULL);
    EXPECT_STR(visit_all(&tree), "a d d/x ");
    tree_fini(&tree);
}

TEST(tree_counts_the_names_of_a_file)
{
    struct tree tree;
    tree_init(&tree);
    EXPECT(!put(&tree, "a", S_IFREG));
    EXPECT(!tree_link(&tree, "b", "a"));
    EXPECT(!tree_link(&tree, "a", "a"));
    EXPECT_EQ(tree_find(&tree, "b")->inode->link_count, 2);
    EXPECT(!put(&tree, "a", S_IFREG));
    EXPECT_EQ(tree_find(&tree, "b")->inode->link_count, 1);
    EXPECT(strstr(tree_link(&tree, "c", "nothing"), "not in front"));
    EXPECT(strstr(tree_link(&tree, "c", "/"), "directory"));
    EXPECT(strstr(tree_link(&tree, "c", "../a"), ".."));
    EXPECT(tree_link(&tree, "b/c", "a") != NULL);
    EXPECT_EQ(tree_find(&tree, "a")->inode->link_count, 1);
    tree_fini(&tree);
}

TEST(tree_finds_names_among_many)
{
    struct tree tree;
    tree_init(&tree);
    char name[32];
    for (int i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "d%d/f%d", i % 7, i);
        EXPECT(!put(&tree, name, S_IFREG | (uint32_t)(i & 0777)));
    }
    for (int i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "d%d/f%d", i % 7, i);
        struct tree_node *node = tree_find(&tree, name);
        EXPECT(node && node->inode->mode == (S_IFREG | (uint32_t)(i & 0777)));
    }
    EXPECT(!tree_find(&tree, "d1/f0"));
    EXPECT(!tree_find(&tree, "d0/f"));
    tree_fini(&tree);
}

TEST(tree_ensures_a_directory_without_touching_what_is_there)
{
    struct tree tree;
    tree_init(&tree);
    EXPECT(!put(&tree, "tmp", S_IFREG | 0600));
    tree_ensure_directory(&tree, "tmp", 01777);
    tree_ensure_directory(&tree, "dev", 0755);
    EXPECT_EQ(tree_find(&tree, "tmp")->inode->mode, S_IFREG | 0600);
    EXPECT_EQ(tree_find(&tree, "dev")->inode->mode, S_IFDIR | 0755);
    tree_fini(&tree);
}
