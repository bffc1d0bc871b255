/* SPDX-License-Identifier: Apache-2.0 */
/* Making, listing, renaming and leaving directories. */
#include "tests/conformance/conformance.h"

#include <dirent.h>
#include <fcntl.h>

static void make_file(const char *path)
{
    int fd = open(path, O_CREAT | O_WRONLY, 0644);
    if (fd < 0) printf("cannot make %s: %s\n", path, error_name(errno));
    write(fd, path, strlen(path));
    close(fd);
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* Sorted: the order of a directory is nobody's promise. */
static void list(const char *path)
{
    char *names[64];
    int count = 0;
    DIR *directory = opendir(path);
    if (!directory) {
        printf("%s: %s\n", path, error_name(errno));
        return;
    }
    for (struct dirent *entry; (entry = readdir(directory)) && count < 64;) {
        char line[300];
        const char *type = entry->d_type == DT_DIR   ? "/"
                           : entry->d_type == DT_LNK ? "@"
                           : entry->d_type == DT_REG ? ""
                                                     : "?";
        snprintf(line, sizeof line, "%s%s", entry->d_name, type);
        names[count++] = strdup(line);
    }
    closedir(directory);
    qsort(names, (size_t)count, sizeof *names, by_name);
    printf("%s:", path);
    for (int i = 0; i < count; i++) {
        printf(" %s", names[i]);
        free(names[i]);
    }
    printf("\n");
}

static void making(void)
{
    SHOW(mkdir("d", 0755));
    SHOW(mkdir("d", 0755));
    SHOW(mkdir("d/", 0755));
    SHOW(mkdir("d/e/", 0700));
    SHOW(mkdir("none/e", 0700));
    SHOW(mkdir("", 0700));
    SHOW(mkdir(".", 0700));
    SHOW(mkdir("d/..", 0700));
    SHOW(mkdir("/", 0700));
    make_file("f");
    SHOW(mkdir("f/x", 0700));
    SHOW(mkdir("f", 0700));
    list(".");
    list("d");
    list("f");
    list("none");
    SHOW(rmdir("d"));
    SHOW(rmdir("f"));
    SHOW(rmdir("none"));
    SHOW(rmdir("d/e/."));
    SHOW(rmdir("d/e/.."));
    SHOW(rmdir("/"));
    SHOW(unlink("d"));
    SHOW(unlink("f/"));
    SHOW(rmdir("d/e/"));
    struct stat st;
    stat("d", &st);
    printf("links of d: %ju\n", (uintmax_t)st.st_nlink);
    SHOW(mkdirat(AT_FDCWD, "d/at", 0755));
    stat("d", &st);
    printf("links of d: %ju\n", (uintmax_t)st.st_nlink);
    int fd = open("d", O_RDONLY | O_DIRECTORY);
    SHOW(mkdirat(fd, "at/deeper", 0755));
    SHOW(unlinkat(fd, "at", AT_REMOVEDIR));
    SHOW(unlinkat(fd, "at/deeper", 0));
    SHOW(unlinkat(fd, "at/deeper", AT_REMOVEDIR));
    SHOW(unlinkat(fd, "at", AT_REMOVEDIR));
    SHOW(unlinkat(fd, "at", 0x8000));
    SHOW(mkdirat(99, "x", 0755));
    SHOW(read(fd, (char[4]){ 0 }, 4));
    close(fd);
}

static void renaming(void)
{
    make_file("one");
    make_file("two");
    mkdir("from", 0755);
    mkdir("from/sub", 0755);
    mkdir("to", 0755);
    make_file("to/file");
    SHOW(rename("one", "three"));
    SHOW(rename("one", "four"));
    SHOW(rename("three", "two"));
    SHOW(rename("two", "two"));
    SHOW(rename("two", "to"));
    SHOW(rename("from", "two"));
    SHOW(rename("from", "to"));
    SHOW(rename("from", "from/sub/x"));
    SHOW(rename("from", "from"));
    SHOW(rename("from/sub", "from"));
    SHOW(rename("two", "two/x"));
    SHOW(rename("two", "none/x"));
    SHOW(rename(".", "x"));
    SHOW(rename("from", "d/."));
    SHOW(rename("two", "x/"));
    SHOW(unlink("to/file"));
    SHOW(rename("from", "to"));
    list("to");
    SHOW(rename("to/", "dir"));
    make_file("a");
    make_file("b");
    SHOW(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "b", 1));   /* RENAME_NOREPLACE */
    SHOW(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "dir", 2)); /* RENAME_EXCHANGE */
    SHOW(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "none", 2));
    SHOW(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "b", 3));
    SHOW(renameat(AT_FDCWD, "b", AT_FDCWD, "c"));
    list(".");
}

static void walking(void)
{
    char path[512], *start = getcwd(NULL, 0);
    size_t length = strlen(start);
    SHOW(mkdir("w", 0755));
    SHOW(chdir("w"));
    CHECK(getcwd(path, sizeof path) != NULL);
    printf("%s\n", path + length);
    SHOW(syscall(SYS_getcwd, path, sizeof path) == (long)strlen(path) + 1);
    SHOW(syscall(SYS_getcwd, path, 1));
    SHOW(chdir("none"));
    SHOW(chdir("../f"));
    SHOW(rmdir("../w"));
    SHOW(open("x", O_CREAT | O_RDWR, 0644));
    SHOW(mkdir("x", 0755));
    list(".");
    CHECK(getcwd(path, sizeof path) == NULL && errno == ENOENT);
    SHOW(chdir(".."));
    int fd = open(start, O_RDONLY | O_DIRECTORY);
    SHOW(chdir("/"));
    getcwd(path, sizeof path);
    printf("%s\n", path);
    SHOW(chdir("/../.."));
    getcwd(path, sizeof path);
    printf("%s\n", path);
    SHOW(fchdir(fd));
    CHECK(strcmp(getcwd(path, sizeof path), start) == 0);
    close(fd);
    fd = open("f", O_RDONLY);
    SHOW(fchdir(fd));
    SHOW(fchdir(99));
    struct dirent64 *none = NULL;
    SHOW(syscall(SYS_getdents64, fd, path, sizeof path));
    SHOW(syscall(SYS_getdents64, 99, none, 0));
    close(fd);
    free(start);
}

/* A listing that takes many calls, while files come and go; rewinding sees what is there. */
static void many(void)
{
    char name[32];
    mkdir("many", 0755);
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "many/file-%04d", i);
        int fd = open(name, O_CREAT | O_WRONLY, 0644);
        close(fd);
    }
    int count = 0, sum = 0;
    DIR *directory = opendir("many");
    for (struct dirent *entry; (entry = readdir(directory));) {
        if (entry->d_name[0] == '.') continue;
        count++;
        sum += atoi(entry->d_name + 5);
        if (count % 2 == 0) unlinkat(dirfd(directory), entry->d_name, 0);
    }
    printf("%d entries, sum %d\n", count, sum);
    rewinddir(directory);
    count = 0;
    while (readdir(directory)) count++;
    printf("%d with . and .. after half were removed\n", count);
    rewinddir(directory);
    for (struct dirent *entry; (entry = readdir(directory));)
        if (entry->d_name[0] != '.') unlinkat(dirfd(directory), entry->d_name, 0);
    char bytes[8];
    lseek(dirfd(directory), 0, SEEK_SET);
    SHOW(syscall(SYS_getdents64, dirfd(directory), bytes, sizeof bytes));
    closedir(directory);
    SHOW(rmdir("many"));
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    making();
    renaming();
    walking();
    many();
    return 0;
}
