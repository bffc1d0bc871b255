/* SPDX-License-Identifier: Apache-2.0 */
/* Hard and symbolic links, and names that lead through them. */
#include "tests/conformance/conformance.h"

#include <fcntl.h>
#include <limits.h>

static void make_file(const char *path, const char *text)
{
    int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0644);
    write(fd, text, strlen(text));
    close(fd);
}

static void show_file(const char *path)
{
    char text[32] = { 0 };
    int fd = open(path, O_RDONLY);
    if (fd < 0) {
        printf("%s: %s\n", path, error_name(errno));
        return;
    }
    read(fd, text, sizeof text - 1);
    printf("%s: %s\n", path, text);
    close(fd);
}

static unsigned long links_of(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 ? (unsigned long)st.st_nlink : 0;
}

static void show_target(const char *path)
{
    char target[256];
    ssize_t length = readlink(path, target, sizeof target);
    if (length < 0)
        printf("readlink %s: %s\n", path, error_name(errno));
    else
        printf("readlink %s: %.*s\n", path, (int)length, target);
}

static void hard(void)
{
    make_file("a", "first");
    SHOW(link("a", "b"));
    SHOW(links_of("a"));
    SHOW(link("a", "b"));
    SHOW(link("none", "c"));
    SHOW(link("a", "none/c"));
    SHOW(link("a", "c/"));
    make_file("b", "second");
    show_file("a");
    SHOW(unlink("a"));
    show_file("b");
    SHOW(links_of("b"));
    mkdir("d", 0755);
    SHOW(link("d", "e"));
    SHOW(link("b", "d/in"));
    SHOW(rename("b", "d/in"));
    SHOW(links_of("b"));
    SHOW(unlink("d/in"));
    show_file("b");
    int fd = open("b", O_RDWR);
    SHOW(unlink("b"));
    struct stat st;
    SHOW(fstat(fd, &st));
    printf("links %ju, size %jd\n", (uintmax_t)st.st_nlink, (intmax_t)st.st_size);
    SHOW(pwrite(fd, "S", 1, 0));
    char text[8] = { 0 };
    SHOW(pread(fd, text, 6, 0));
    printf("%s\n", text);
    close(fd);
}

static void symbolic(void)
{
    struct stat st;
    make_file("file", "target");
    SHOW(symlink("file", "to-file"));
    SHOW(symlink("d", "to-dir"));
    SHOW(symlink("nowhere", "dangling"));
    SHOW(symlink("file", "to-file"));
    SHOW(symlink("", "empty"));
    SHOW(symlink("x", "none/l"));
    show_file("to-file");
    show_file("dangling");
    show_target("to-file");
    show_target("dangling");
    show_target("file");
    show_target("none");
    char two[3] = "--";
    SHOW(readlink("to-file", two, 2));
    printf("%s\n", two);
    SHOW(readlink("to-file", two, 0));
    SHOW(lstat("to-file", &st));
    printf("mode %o, size %jd\n", st.st_mode, (intmax_t)st.st_size);
    SHOW(stat("to-file", &st));
    printf("mode %o, size %jd\n", st.st_mode, (intmax_t)st.st_size);
    SHOW(lstat("to-dir/", &st));
    printf("is a directory: %d\n", S_ISDIR(st.st_mode));
    SHOW(open("to-file", O_RDONLY | O_NOFOLLOW));
    SHOW(open("to-dir", O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    SHOW(open("dangling", O_CREAT | O_EXCL | O_RDWR, 0644));
    int fd = (int)SHOW(open("dangling", O_CREAT | O_RDWR, 0644));
    write(fd, "made", 4);
    close(fd);
    show_file("nowhere");
    make_file("d/inside", "inside");
    show_file("to-dir/inside");
    show_file("to-dir/../file");
    SHOW(unlink("to-dir/"));
    SHOW(rmdir("to-dir"));
    SHOW(mkdir("to-dir", 0755));
    SHOW(rename("to-file", "moved"));
    show_target("moved");
    SHOW(link("moved", "second"));
    show_target("second");
    SHOW(linkat(AT_FDCWD, "moved", AT_FDCWD, "third", AT_SYMLINK_FOLLOW));
    show_target("third");
    SHOW(linkat(AT_FDCWD, "moved", AT_FDCWD, "x", 1));
    fd = open("d", O_RDONLY | O_DIRECTORY);
    SHOW(symlinkat("inside", fd, "beside"));
    char text[16] = { 0 };
    SHOW(readlinkat(fd, "beside", text, sizeof text));
    printf("%s\n", text);
    SHOW(readlinkat(99, "beside", text, sizeof text));
    show_file("d/beside");
    close(fd);
}

static void long_ways(void)
{
    char name[32], target[32];
    SHOW(symlink("self", "self"));
    show_file("self");
    SHOW(stat("self", &(struct stat){ 0 }));
    symlink("pong", "ping");
    symlink("ping", "pong");
    show_file("ping");
    make_file("chain-0", "end of the chain");
    for (int i = 1; i <= 41; i++) {
        snprintf(name, sizeof name, "chain-%d", i);
        snprintf(target, sizeof target, "chain-%d", i - 1);
        symlink(target, name);
    }
    show_file("chain-39");
    show_file("chain-40");
    show_file("chain-41");
    char *full = realpath("chain-40", NULL);
    printf("%s\n", full ? strrchr(full, '/') : "none");
    free(full);
    static char large[PATH_MAX + 1];
    memset(large, 'x', sizeof large - 1);
    show_result("a target of 4096 bytes", symlink(large, "large"));
    large[PATH_MAX - 1] = 0;
    show_result("a target of 4095 bytes", symlink(large, "large"));
    SHOW(readlink("large", large, sizeof large));
    show_file("large");
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    hard();
    symbolic();
    long_ways();
    return 0;
}
