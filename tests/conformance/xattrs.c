/* SPDX-License-Identifier: Apache-2.0 */
/* Extended attributes of files that have none. What users may set depends on the file system and is left out. */
#include "tests/conformance/conformance.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/xattr.h>

static char value[70000], long_name[300] = "security.";

static void *unmapped(void)
{
    void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(page, 4096);
    return page;
}

static void lists(int fd)
{
    SHOW(listxattr("file", value, sizeof value));
    SHOW(listxattr("file", NULL, 0));
    SHOW(listxattr("directory", value, 0));
    SHOW(listxattr("link", value, sizeof value));
    SHOW(listxattr("dangling", value, sizeof value));
    SHOW(llistxattr("dangling", value, sizeof value));
    SHOW(llistxattr("pipe", value, sizeof value));
    SHOW(listxattr("none", value, sizeof value));
    SHOW(listxattr("", value, sizeof value));
    SHOW(listxattr("file/x", value, sizeof value));
    SHOW(listxattr(unmapped(), value, sizeof value));
    SHOW(flistxattr(fd, value, sizeof value));
    SHOW(flistxattr(99, value, sizeof value));
}

static void reads(int fd)
{
    SHOW(getxattr("file", "security.absent", value, sizeof value));
    SHOW(getxattr("file", "trusted.absent", NULL, 0));
    SHOW(lgetxattr("dangling", "security.absent", value, sizeof value));
    SHOW(getxattr("dangling", "security.absent", value, sizeof value));
    SHOW(fgetxattr(fd, "security.absent", value, sizeof value));
    SHOW(fgetxattr(99, "security.absent", value, sizeof value));
    SHOW(getxattr("file", "nowhere.absent", value, sizeof value));
    SHOW(getxattr("file", "absent", value, sizeof value));
    SHOW(getxattr("file", "", value, sizeof value));
    SHOW(getxattr("file", long_name, value, sizeof value));
    SHOW(getxattr("file", unmapped(), value, sizeof value));
    SHOW(getxattr("none", "security.absent", value, sizeof value));
    SHOW(lgetxattr("link", "user.absent", value, sizeof value));
    SHOW(getxattr("pipe", "user.absent", value, sizeof value));
}

static void writes(int fd)
{
    SHOW(setxattr("file", "nowhere.new", "x", 1, 0));
    SHOW(setxattr("file", "new", "x", 1, 0));
    SHOW(setxattr("file", "", "x", 1, 0));
    SHOW(setxattr("file", long_name, "x", 1, 0));
    SHOW(setxattr("file", "security.new", "x", 1, 4));
    SHOW(setxattr("file", "security.new", value, sizeof value, 0));
    SHOW(setxattr("file", "security.new", unmapped(), 1, 0));
    SHOW(setxattr("none", "security.new", "x", 1, 0));
    SHOW(lsetxattr("link", "user.new", "x", 1, 0));
    SHOW(setxattr("pipe", "user.new", "x", 1, 0));
    SHOW(fsetxattr(99, "security.new", "x", 1, 0));
    SHOW(fsetxattr(fd, "nowhere.new", "x", 1, 0));
    SHOW(removexattr("file", "security.absent"));
    SHOW(removexattr("file", "nowhere.absent"));
    SHOW(removexattr("file", ""));
    SHOW(removexattr("none", "security.absent"));
    SHOW(lremovexattr("link", "user.absent"));
    SHOW(lremovexattr("dangling", "security.absent"));
    SHOW(fremovexattr(fd, "security.absent"));
    SHOW(fremovexattr(99, "security.absent"));
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    memset(long_name + 9, 'x', sizeof long_name - 10);
    int fd = open("file", O_CREAT | O_RDWR, 0644);
    mkdir("directory", 0755);
    mkfifo("pipe", 0644);
    symlink("file", "link");
    symlink("none", "dangling");
    lists(fd);
    reads(fd);
    writes(fd);
    int path = open("file", O_PATH);
    SHOW(flistxattr(path, value, sizeof value));
    SHOW(fgetxattr(path, "security.absent", value, sizeof value));
    return 0;
}
