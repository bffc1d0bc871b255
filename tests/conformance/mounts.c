/* SPDX-License-Identifier: Apache-2.0 */
/* mount and umount2: what is hidden and comes back, use, flags, limits of tmpfs, refusals. On Linux in a set of mounts
 * of the program's own. */
#include "tests/conformance/tasks.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

static int put(const char *path, size_t bytes)
{
    static char block[4096];
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0) return -1;
    ssize_t put = 0;
    for (size_t done = 0; done < bytes; done += (size_t)put) {
        put = write(fd, block, bytes - done < sizeof block ? bytes - done : sizeof block);
        if (put < 0) break;
    }
    int error = errno;
    close(fd);
    errno = error;
    return put < 0 ? -1 : 0;
}

static int exists(const char *path) { return access(path, F_OK); }

/* What /proc says of the last mount whose place ends in `place`, from its place on. */
static void show_line(const char *file, const char *place)
{
    char line[1024], found[1024] = "none\n", end[64];
    snprintf(end, sizeof end, "%s ", place);
    FILE *f = fopen(file, "r");
    while (f && fgets(line, sizeof line, f)) {
        char *at = strstr(line, end);
        if (at) strcpy(found, at);
    }
    if (f) fclose(f);
    char *inodes = strstr(found, ",inode64"); /* some kernels are built to say so */
    if (inodes) memmove(inodes, inodes + 8, strlen(inodes + 8) + 1);
    case_count++;
    printf("%s: %s", file, found);
}

static void trees(void)
{
    struct stat a, b, c;
    struct statfs fs;
    mkdir("m", 0755);
    mkdir("m/hidden", 0755);
    CASE("mount", mount("here", "m", "tmpfs", 0, "size=64k,mode=750,nr_inodes=20"));
    show_line("/proc/self/mounts", "/m");
    CASE("hidden", exists("m/hidden"));
    stat(".", &a);
    stat("m", &b);
    stat("m/..", &c);
    tell("mode", "%o, %d links", b.st_mode, (int)b.st_nlink);
    HOLDS("another device", a.st_dev != b.st_dev && major(b.st_dev) == 0);
    HOLDS("its parent", a.st_ino == c.st_ino && a.st_dev == c.st_dev);
    CASE("statfs", statfs("m", &fs));
    tell("sizes", "%lx %ld %ld %ld %ld", (long)fs.f_type, (long)fs.f_bsize, (long)fs.f_blocks,
         (long)fs.f_bfree, (long)fs.f_files);
    CASE("file", put("m/f", 5000));
    statfs("m", &fs);
    tell("left", "%ld %ld", (long)fs.f_bfree, (long)fs.f_ffree);
    put("f", 10);
    CASE("rename in", rename("f", "m/g"));
    CASE("rename out", rename("m/f", "g"));
    CASE("link", link("f", "m/g"));
    CASE("rmdir", rmdir("m"));
    CASE("rename", rename("m", "n"));
    CASE("its parent moves", mkdir("p", 0755));
    CASE("into", mkdir("p/q", 0755));
    CASE("mount", mount("none", "p/q", "tmpfs", 0, NULL));
    CASE("file", put("p/q/f", 1));
    CASE("moves", rename("p", "o"));
    CASE("is there", exists("o/q/f"));
    show_line("/proc/self/mounts", "/o/q");
    CASE("umount", umount("o/q"));
    CASE("is gone", exists("o/q/f"));
    CASE("is a directory", rmdir("o/q"));
    rmdir("o");
    CASE("umount", umount("m"));
    CASE("hidden", exists("m/hidden"));
    CASE("umount", umount("m"));
    unlink("f");
}

static void uses(void)
{
    char here[256];
    mount("none", "m", "tmpfs", 0, NULL);
    int fd = open("m/f", O_RDWR | O_CREAT, 0600);
    CASE("a file is open", umount("m"));
    unlink("m/f");
    CASE("it has no name", umount("m"));
    close(fd);
    mkdir("m/d", 0755);
    chdir("m/d");
    CASE("somebody is there", umount2("../../m", 0));
    chdir("../..");
    fd = open("m", O_RDONLY | O_DIRECTORY);
    CASE("the root is open", umount("m"));
    close(fd);
    fd = open("m/d", O_PATH);
    CASE("a path is open", umount("m"));
    close(fd);
    CASE("mount inside", mount("none", "m/d", "tmpfs", 0, NULL));
    CASE("busy", umount("m"));
    CASE("mount above", mount("none", "m", "tmpfs", 0, NULL));
    CASE("nothing there", exists("m/d"));
    CASE("umount", umount("m"));
    CASE("there", exists("m/d"));
    put("m/d/f", 100);
    fd = open("m/d/f", O_RDONLY);
    CASE("lazily", umount2("m", MNT_DETACH));
    CASE("there", exists("m/d"));
    char byte;
    CASE("read", read(fd, &byte, 1));
    fchdir(open("m", O_RDONLY));
    close(fd);
    CASE("hidden", exists("hidden"));
    chdir("..");
    CASE("again", umount2("m", MNT_DETACH));
    mount("none", "m", "tmpfs", 0, NULL);
    chdir("m");
    mkdir("x", 0755);
    umount2(".", MNT_DETACH);
    CASE("still here", exists("x"));
    CASE("above", exists("../x"));
    CASE("path", syscall(SYS_getcwd, here, sizeof here) > 0);
    CASE("make", mkdir("x/y", 0755));
    HOLDS("back", fchdir(open("/proc/self/exe", O_RDONLY)) < 0);
}

static void flags(void)
{
    mount("none", "m", "tmpfs", 0, NULL);
    put("m/f", 1);
    mkdir("m/d", 0755);
    symlink("f", "m/s");
    int fd = open("m/f", O_WRONLY);
    CASE("read-only with a writer", mount(NULL, "m", NULL, MS_REMOUNT | MS_RDONLY, NULL));
    close(fd);
    CASE("read-only", mount(NULL, "m", NULL, MS_REMOUNT | MS_RDONLY, NULL));
    show_line("/proc/self/mounts", "/m");
    CASE("write", open("m/f", O_WRONLY));
    CASE("read and write", open("m/f", O_RDWR));
    CASE("cut", open("m/f", O_RDONLY | O_TRUNC));
    CASE("create what is there", close(open("m/f", O_RDONLY | O_CREAT, 0600)));
    CASE("create", open("m/n", O_RDONLY | O_CREAT, 0600));
    CASE("nameless", open("m", O_TMPFILE | O_RDWR, 0600));
    CASE("mkdir", mkdir("m/n", 0755));
    CASE("mkdir of what is there", mkdir("m/d", 0755));
    CASE("unlink", unlink("m/f"));
    CASE("unlink of nothing", unlink("m/n"));
    CASE("rmdir", rmdir("m/d"));
    CASE("rename", rename("m/f", "m/n"));
    CASE("link", link("m/f", "m/n"));
    CASE("symlink", symlink("x", "m/n"));
    CASE("chmod", chmod("m/f", 0600));
    CASE("chown", chown("m/f", 1, 1));
    CASE("touch", utimensat(AT_FDCWD, "m/f", NULL, 0));
    CASE("truncate", truncate("m/f", 0));
    CASE("may write", access("m/f", W_OK));
    CASE("may read", access("m/f", R_OK));
    CASE("mknod", mknod("m/n", S_IFIFO | 0600, 0));
    CASE("writable again", mount(NULL, "m", NULL, MS_REMOUNT, "size=1m"));
    show_line("/proc/self/mounts", "/m");
    CASE("write", put("m/f", 1));
    CASE("umount", umount("m"));

    CASE("no devices, no programs",
         mount("none", "m", "tmpfs", MS_NODEV | MS_NOEXEC | MS_NOSUID, "mode=755"));
    show_line("/proc/self/mounts", "/m");
    CASE("mknod", mknod("m/null", S_IFCHR | 0666, makedev(1, 3)));
    CASE("open", open("m/null", O_RDWR));
    put("m/x", 10);
    chmod("m/x", 0755);
    CASE("may run", access("m/x", X_OK));
    CASE("run", execl("m/x", "x", (char *)NULL));
    fd = open("m/x", O_RDONLY);
    CASE("map", (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) != MAP_FAILED) - 1);
    close(fd);
    CASE("umount", umount("m"));
}

static void limits(void)
{
    struct statfs fs;
    mount("none", "m", "tmpfs", 0, "size=16k,nr_inodes=4");
    CASE("four pages", put("m/a", 16384));
    CASE("a fifth", put("m/b", 1));
    CASE("smaller than what is there", mount(NULL, "m", NULL, MS_REMOUNT, "size=4k"));
    CASE("larger", mount(NULL, "m", NULL, MS_REMOUNT, "size=32k"));
    CASE("a fifth", put("m/b", 1));
    CASE("another file", put("m/c", 0));
    CASE("too many files", put("m/d", 0));
    CASE("too many directories", mkdir("m/d", 0755));
    CASE("nameless", open("m", O_TMPFILE | O_RDWR, 0600));
    CASE("one is removed", unlink("m/a"));
    CASE("another", mkdir("m/d", 0755));
    statfs("m", &fs);
    tell("room", "%ld %ld %ld %ld", (long)fs.f_blocks, (long)fs.f_bfree, (long)fs.f_files, (long)fs.f_ffree);
    umount("m");
    mount("a b\tc", "m", "tmpfs", 0, "uid=5,gid=6,mode=0700");
    show_line("/proc/self/mounts", "/m");
    struct stat s;
    stat("m", &s);
    tell("owner", "%u %u %o", s.st_uid, s.st_gid, s.st_mode);
    umount("m");
    mkdir("with blank", 0755);
    mount("none", "with blank", "tmpfs", 0, NULL);
    show_line("/proc/self/mounts", "/with\\040blank");
    umount("with blank");
    rmdir("with blank");
}

static void kinds(void)
{
    char link[64];
    CASE("proc", mount("proc", "m", "proc", MS_NOSUID, NULL));
    show_line("/proc/self/mounts", "/m");
    HOLDS("self", readlink("m/self", link, sizeof link) > 0);
    CASE("status", exists("m/self/status"));
    CASE("umount", umount("m"));
    CASE("sysfs", mount("sysfs", "m", "sysfs", MS_RDONLY, NULL));
    show_line("/proc/self/mounts", "/m");
    CASE("cpus", exists("m/devices/system/cpu/online"));
    CASE("umount", umount("m"));
    CASE("in /proc", mount("none", "/proc/sys/fs", "tmpfs", 0, NULL));
    CASE("it is empty", exists("/proc/sys/fs/file-max"));
    CASE("it can be filled", mkdir("/proc/sys/fs/x", 0755));
    CASE("umount", umount("/proc/sys/fs"));
    CASE("it is back", exists("/proc/sys/fs/file-max"));
}

static void refusals(void)
{
    put("f", 1);
    CASE("no such kind", mount("none", "m", "nothing", 0, NULL));
    CASE("no kind", mount("none", "m", NULL, 0, NULL));
    CASE("no place", mount("none", "nowhere", "tmpfs", 0, NULL));
    CASE("a file", mount("none", "f", "tmpfs", 0, NULL));
    CASE("empty place", mount("none", "", "tmpfs", 0, NULL));
    CASE("bad memory", mount("none", (char *)8, "tmpfs", 0, NULL));
    CASE("bad kind", mount("none", "m", (char *)8, 0, NULL));
    CASE("bad option", mount("none", "m", "tmpfs", 0, "no-such=1"));
    CASE("bad size", mount("none", "m", "tmpfs", 0, "size=many"));
    CASE("bad mode", mount("none", "m", "tmpfs", 0, "mode=9"));
    CASE("empty options", mount("none", "m", "tmpfs", 0, ",,"));
    umount("m");
    CASE("remount of no mount", mount(NULL, "m", NULL, MS_REMOUNT, NULL));
    CASE("private of no mount", mount(NULL, "m", NULL, MS_PRIVATE, NULL));
    CASE("umount of no mount", umount("m"));
    CASE("umount of nothing", umount("nowhere"));
    CASE("umount of a file", umount("f"));
    CASE("flags", umount2("m", 0x100));
    symlink("m", "s");
    mount("none", "m", "tmpfs", 0, NULL);
    CASE("not through a link", umount2("s", UMOUNT_NOFOLLOW));
    CASE("private", mount(NULL, "m", NULL, MS_PRIVATE, NULL));
    CASE("slave and private", mount(NULL, "m", NULL, MS_PRIVATE | MS_SLAVE, NULL));
    CASE("all below", mount(NULL, "m", NULL, MS_PRIVATE | MS_REC, NULL));
    CASE("the old way", mount("none", "m", "tmpfs", 0xc0ed0000, NULL));
    CASE("twice", umount("m"));
    CASE("through a link", umount("s"));
    if (fork() == 0) {
        setuid(1000);
        CASE("as anybody", mount("none", "m", "tmpfs", 0, NULL));
        CASE("as anybody, no place", mount("none", "nowhere", "tmpfs", 0, NULL));
        CASE("as anybody, no kind", mount("none", "m", "nothing", 0, NULL));
        CASE("umount", umount("m"));
        CASE("umount of nothing", umount("nowhere"));
        _exit(0);
    }
    wait(NULL);
}

int main(int argc, char **argv)
{
    begin_cases(argc, argv);
    if (unshare(CLONE_NEWNS) == 0) mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
    trees();
    uses();
    work_in(argc, argv);
    flags();
    limits();
    kinds();
    refusals();
    return end_cases();
}
