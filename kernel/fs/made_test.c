/* SPDX-License-Identifier: Apache-2.0 */
/* Trees that tables describe, with a tree of its own: the subject of "item" N is N, and it lives while `lives[N]`. */
#include "fs/made.h"

#include "abi/linux/fcntl.h"
#include "fs/directory.h"
#include "fs/text_file.h"
#include "lib/string.h"
#include "tests/fakes/fake_heap.h"
#include "tests/harness/test.h"

enum { ITEMS = 4 };
static uint64_t lives[ITEMS]; /* the birth of the one that lives now; 0: none */

static bool find_item(const struct made_subject *parent, uint32_t number, struct made_subject *child)
{
    (void)parent;
    if (number >= ITEMS || !lives[number]) return false;
    *child = (struct made_subject){ .birth = lives[number], .number = number };
    return true;
}

static bool next_item(const struct made_subject *parent, uint32_t from, uint32_t *number)
{
    struct made_subject child;
    for (*number = from; *number < ITEMS; (*number)++)
        if (find_item(parent, *number, &child)) return true;
    return false;
}

static bool look(const struct made_subject *subject, struct made_owner *owner)
{
    *owner = (struct made_owner){ 1000 + subject->number, 2000 };
    return lives[subject->number] == subject->birth;
}

static const struct made_row item_rows[] = { MADE_FILE("text", 0444, &text_constant, "x\n") };
static const struct made_table item_table = { .rows = item_rows, .count = 1, .look = look };
static const struct made_series items = {
    "item", find_item, next_item, { .mode = LINUX_S_IFDIR | 0555, .kind = MADE_TABLE, .table = &item_table }
};
static const struct made_row root_rows[] = { MADE_SYMLINK("link", "item1/text") };
static const struct made_table root_table = {
    .path = "test", .rows = root_rows, .count = 1, .series = &items
};
static const struct made_row root_row = MADE_DIRECTORY("", 0555, &root_table);

static struct vnode *root;

static void start(void)
{
    EXPECT_OK(made_create(&root_row, FILESYSTEM_PROC, 0, &root));
    root->links = 2; /* no name of its own */
    for (uint64_t i = 0; i < ITEMS; i++) lives[i] = i;
}

static void stop(void)
{
    fs_lock();
    directory_clear_locked(root);
    fs_unlock();
    vnode_put(root);
    EXPECT_EQ(fake_heap_blocks(), 0);
}

static struct vnode *find(struct vnode *directory, const char *name)
{
    struct dir_entry *entry;
    fs_lock();
    EXPECT_OK(made_find_locked(directory, name, strlen(name), &entry));
    fs_unlock();
    return entry ? entry->vnode : NULL;
}

TEST(a_name_leads_to_the_same_vnode_as_long_as_its_subject_lives)
{
    start();
    struct vnode *item = find(root, "item2"), *text = item ? find(item, "text") : NULL;
    EXPECT(item && text);
    EXPECT(find(root, "item2") == item);
    EXPECT(find(item, "text") == text);
    EXPECT_EQ(item->uid, 1002);
    EXPECT_EQ(text->uid, 1002);
    stop();
}

TEST(the_next_subject_of_a_number_is_not_taken_for_the_one_before)
{
    start();
    struct vnode *before = vnode_get(find(root, "item2")), *text = vnode_get(find(before, "text"));
    lives[2] = 77;
    EXPECT(!find(before, "text"));
    struct vnode *after = find(root, "item2");
    EXPECT(after && after != before);
    EXPECT_EQ(before->links, 0);
    EXPECT(!find(before, "text"));
    vnode_put(text);
    vnode_put(before);
    stop();
}

TEST(what_has_ended_has_no_name_and_is_forgotten)
{
    static const char *const path[] = { "item3" };
    start();
    EXPECT(find(find(root, "item3"), "text"));
    EXPECT_EQ(root->directory.entry_count, 1);
    lives[3] = 0;
    EXPECT(!find(root, "item3"));
    made_forget(root, path, 1);
    EXPECT_EQ(root->directory.entry_count, 0);
    made_forget(root, path, 1); /* nobody has looked */
    stop();
}

TEST(numbers_are_written_in_one_way_alone)
{
    static const char *const wrong[] = { "item",  "item01", "item+1",          "item1x", "Item1", "1",
                                         "item4", "item-1", "item42949672970", "link/",  "item0" };
    start();
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) EXPECT(!find(root, wrong[i]));
    EXPECT(find(root, "item1"));
    EXPECT(find(root, "link"));
    stop();
}

TEST(rows_that_are_added_later_are_found_and_listed)
{
    static const struct made_row rows[] = { MADE_SYMLINK("added", "link") };
    static struct made_addition addition = { "test", rows, 1, NULL }, other = { "other", rows, 1, NULL };
    start();
    made_add(&other);
    EXPECT(!find(root, "added"));
    made_add(&addition);
    EXPECT(find(root, "added"));

    struct file *file = file_create_for(&made_directory_ops, root, NULL, NULL, LINUX_O_RDONLY);
    static char names[1024];
    struct io_segment segment;
    struct io_buffer to;
    char seen[128] = "";
    uint64_t position = 0;
    io_buffer_init_kernel(&to, &segment, names, sizeof(names));
    int64_t bytes = file->ops->read_names(file, &to, &position);
    for (int64_t at = 0; at < bytes; at += *(uint16_t *)(names + at + 16)) {
        strcat(seen, names + at + 19);
        strcat(seen, " ");
    }
    EXPECT_STR(seen, ". .. link added item1 item2 item3 ");
    file_put(file);
    stop();
}

TEST(a_number_is_parsed_whole_or_refused)
{
    uint64_t number;
    EXPECT_OK(text_parse_number(" 12 \n", 12, &number));
    EXPECT_EQ(number, 12);
    static const char *const wrong[] = { "", "\n", "x", "1x", "1 2", "-1", "13", "99999999999999999999999" };
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++)
        EXPECT_ERR(text_parse_number(wrong[i], 12, &number), ERR_INVALID);
}
