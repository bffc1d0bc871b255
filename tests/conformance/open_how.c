/* SPDX-License-Identifier: Apache-2.0 */
/* openat2: where a path may lead, and what a structure of another version may hold; chroot. */
#include "tests/conformance/as_user.h"

#include <fcntl.h>

struct how {
    uint64_t flags, mode, resolve, later[3];
};
enum { NO_XDEV = 1, NO_MAGICLINKS = 2, NO_SYMLINKS = 4, BENEATH = 8, IN_ROOT = 16, CACHED = 32 };
enum { VERSION_0 = 24 };

/* The number does not matter; what was opened is told by a file's first byte. */
static void show_open(const char *what, int directory, const char *path, struct how how, size_t bytes)
{
    errno = 0;
    int fd = (int)syscall(SYS_openat2, directory, path, &how, bytes);
    char byte = '-';
    if (fd >= 0 && read(fd, &byte, 1) < 0) byte = errno == EISDIR ? '/' : '!';
    printf("%s %s: %s %c\n", what, path, fd < 0 ? error_name(errno) : "opened", byte);
    if (fd >= 0) close(fd);
}

static void make_file(const char *path, char byte)
{
    int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
    if (write(fd, &byte, 1) != 1) printf("cannot write %s\n", path);
    close(fd);
}

static void make_tree(void)
{
    mkdir("top", 0755);
    mkdir("top/inner", 0755);
    mkdir("top/etc", 0755);
    make_file("outside", 'o');
    make_file("top/file", 'f');
    make_file("top/inner/file", 'i');
    make_file("top/etc/file", 'e');
    (void)!symlink("inner/file", "top/short");
    (void)!symlink("../outside", "top/up");
    (void)!symlink("/etc/file", "top/absolute");
    (void)!symlink("inner", "top/way");
    (void)!symlink("/proc/self/fd/0", "top/magic");
    (void)!symlink("loop", "top/loop");
}

static const char *const paths[] = {
    "file",
    "inner/file",
    "inner/../file",
    "..",
    "../outside",
    "inner/../../outside",
    "/etc/file",
    "short",
    "up",
    "way/file",
    "inner/../short",
    "absolute",
    "/..",
    "/",
    "/../file",
    "magic",
    "loop",
    "absent",
    "file/",
    "way/",
    "way/..",
    ".",
    "../top/file",
    "",
};

static void scopes(void)
{
    static const struct {
        const char *name;
        uint64_t resolve;
    } ways[] = {
        { "beneath", BENEATH },
        { "in root", IN_ROOT },
        { "no links", NO_SYMLINKS },
        { "no magic", NO_MAGICLINKS | BENEATH },
        { "one device", NO_XDEV | IN_ROOT },
        { "links in root", NO_SYMLINKS | IN_ROOT },
        { "cached", CACHED | BENEATH },
    };
    int top = open("top", O_PATH | O_DIRECTORY);
    for (size_t way = 0; way < sizeof ways / sizeof *ways; way++)
        for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
            /* What a cache has is not the same everywhere. */
            if (ways[way].resolve & CACHED && i > 1) continue;
            show_open(ways[way].name, top, paths[i], (struct how){ .resolve = ways[way].resolve }, VERSION_0);
        }
    show_open("no links, as it is", top, "short", (struct how){ O_PATH | O_NOFOLLOW, 0, NO_SYMLINKS, { 0 } },
              VERSION_0);
    show_open("no file for", 77, "/file", (struct how){ .resolve = IN_ROOT }, VERSION_0);
    show_open("not asked about", 77, "/proc/self/status", (struct how){ .resolve = NO_SYMLINKS }, VERSION_0);
    show_open("one device", AT_FDCWD, "/proc/version", (struct how){ .resolve = NO_XDEV }, VERSION_0);
    show_open("one device", AT_FDCWD, "/proc", (struct how){ .resolve = NO_XDEV }, VERSION_0);
    int proc = open("/proc", O_PATH | O_DIRECTORY);
    show_open("one device", proc, "version", (struct how){ .resolve = NO_XDEV }, VERSION_0);
    show_open("one device", proc, "..", (struct how){ .resolve = NO_XDEV }, VERSION_0);
    show_open("magic", proc, "self/exe", (struct how){ .resolve = NO_MAGICLINKS }, VERSION_0);
    show_open("magic", proc, "self/exe", (struct how){ .resolve = BENEATH }, VERSION_0);
    show_open("magic", proc, "self/exe", (struct how){ .resolve = NO_XDEV }, VERSION_0);
    show_open("magic, as it is", proc, "self/exe",
              (struct how){ O_PATH | O_NOFOLLOW, 0, NO_MAGICLINKS, { 0 } }, VERSION_0);
    int file = open("top/file", O_RDONLY);
    show_open("in a file", file, "x", (struct how){ .resolve = IN_ROOT }, VERSION_0);
    show_open("in a file", file, "/x", (struct how){ .resolve = IN_ROOT }, VERSION_0);
    close(file);
    close(proc);
    close(top);
}

static void structures(void)
{
    static const struct {
        const char *what;
        struct how how;
        size_t bytes;
    } cases[] = {
        { "nothing", { 0, 0, 0, { 0 } }, 0 },
        { "too short", { 0, 0, 0, { 0 } }, 23 },
        { "longer", { 0, 0, 0, { 0 } }, 48 },
        { "odd", { 0, 0, 0, { 0 } }, 29 },
        { "more wanted", { 0, 0, 0, { 0, 1 } }, 48 },
        { "more behind", { 0, 0, 0, { 0, 1 } }, 32 },
        { "far too long", { 0, 0, 0, { 0 } }, 4097 },
        { "unknown flag", { 1ull << 32, 0, 0, { 0 } }, 24 },
        { "unknown low flag", { 1u << 30, 0, 0, { 0 } }, 24 },
        { "unknown way", { 0, 0, 64, { 0 } }, 24 },
        { "unknown high way", { 0, 0, 1ull << 40, { 0 } }, 24 },
        { "both scopes", { 0, 0, BENEATH | IN_ROOT, { 0 } }, 24 },
        { "mode for nothing", { 0, 0600, 0, { 0 } }, 24 },
        { "mode of a type", { O_CREAT | O_RDWR, 0100600, 0, { 0 } }, 24 },
        { "high mode", { O_CREAT | O_RDWR, 1ull << 33, 0, { 0 } }, 24 },
        { "path and more", { O_PATH | O_RDWR, 0, 0, { 0 } }, 24 },
        { "path and append", { O_PATH | O_APPEND, 0, 0, { 0 } }, 24 },
        { "cached and made", { O_CREAT | O_RDWR, 0600, CACHED, { 0 } }, 24 },
        { "cached and cut", { O_TRUNC | O_RDWR, 0, CACHED, { 0 } }, 24 },
        { "cached, made, wrong", { O_CREAT | O_RDWR, 0100600, CACHED, { 0 } }, 24 },
        { "made", { O_CREAT | O_EXCL | O_RDWR, 0640, BENEATH, { 0 } }, 24 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        show_open(cases[i].what, AT_FDCWD, i == sizeof cases / sizeof *cases - 1 ? "made" : "outside",
                  cases[i].how, cases[i].bytes);
    struct stat s;
    SHOW(stat("made", &s));
    printf("%o\n", (unsigned)s.st_mode);
    SHOW(syscall(SYS_openat2, AT_FDCWD, "outside", (void *)8, 24));
    SHOW(syscall(SYS_openat2, AT_FDCWD, (void *)8, &(struct how){ 0 }, 24));
    int fd = (int)syscall(SYS_openat2, AT_FDCWD, "outside", &(struct how){ .flags = O_RDWR | O_CLOEXEC }, 24);
    printf("flags %o, %d\n", (unsigned)fcntl(fd, F_GETFL), fcntl(fd, F_GETFD));
    close(fd);
}

static void in_new_root(void)
{
    char text[64];
    SHOW(chroot("outside"));
    SHOW(chroot("absent"));
    SHOW(chroot("top"));
    printf("%d\n", getcwd(text, sizeof text) && strncmp(text, "(unreachable)", 13) == 0);
    SHOW(access("/inner/file", F_OK));
    SHOW(access("outside", F_OK));
    SHOW(chdir("/"));
    printf("%s\n", getcwd(text, sizeof text));
    SHOW(chdir("../.."));
    printf("%s\n", getcwd(text, sizeof text));
    SHOW(access("absolute", F_OK));
    SHOW(access("/outside", F_OK));
    SHOW(access("up", F_OK));
    SHOW(chroot("/inner"));
    SHOW(access("/file", F_OK));
    SHOW(access("../file", F_OK));
    SHOW(access("../etc/file", F_OK));
}

static void as_nobody(void)
{
    become(1000, 1000);
    SHOW(chroot("top"));
    SHOW(chroot("."));
    SHOW(chroot("absent"));
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    make_tree();
    scopes();
    structures();
    in_child("another root", in_new_root);
    in_child("without the right", as_nobody);
    return 0;
}
