/* SPDX-License-Identifier: Apache-2.0 */
/* inotify: which calls tell what, in which order and to whom. */
#include "tests/conformance/inotifies.h"

/* ---- what each call tells ---- */

static void of_files(void)
{
    char buffer[16];
    begin("a file in a directory, both watched");
    mkdir("d", 0755);
    CASE("watch directory", inotify_add_watch(in, "d", IN_ALL_EVENTS));
    put("d/f", "hello");
    events("created and written");
    CASE("watch file", inotify_add_watch(in, "d/f", IN_ALL_EVENTS));
    get("d/f");
    events("read");
    truncate("d/f", 2);
    events("truncate");
    chmod("d/f", 0600);
    events("chmod");
    chown("d/f", (uid_t)-1, (gid_t)-1);
    events("chown to nobody new");
    chown("d/f", getuid(), (gid_t)-1);
    events("chown");
    utimensat(AT_FDCWD, "d/f", NULL, 0);
    events("touch");
    struct timespec access_only[2] = { { 5, 0 }, { 0, UTIME_OMIT } };
    utimensat(AT_FDCWD, "d/f", access_only, 0);
    struct timespec change_only[2] = { { 0, UTIME_OMIT }, { 5, 0 } };
    utimensat(AT_FDCWD, "d/f", change_only, 0);
    events("one time alone");
    int fd = open("d/f", O_RDWR);
    pread(fd, buffer, 1, 0);
    read(fd, buffer, 0);
    read(fd, buffer, sizeof buffer);
    read(fd, buffer, sizeof buffer);
    events("pread, read");
    pwrite(fd, "x", 1, 0);
    write(fd, "y", 0);
    ftruncate(fd, 1);
    fchmod(fd, 0644);
    fchown(fd, getuid(), getgid());
    events("by descriptor");
    int copy = dup(fd);
    close(fd);
    events("one of two descriptors closed");
    close(copy);
    events("the other");
    end();
}

static void of_names(void)
{
    begin("names");
    CASE("watch", inotify_add_watch(in, "d", IN_ALL_EVENTS));
    CASE("watch file", inotify_add_watch(in, "d/f", IN_ALL_EVENTS));
    link("d/f", "d/g");
    events("link");
    unlink("d/g");
    events("unlink of one name");
    symlink("f", "d/s");
    events("symlink");
    mkfifo("d/p", 0600);
    events("fifo");
    struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "d/socket" };
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    bind(s, (struct sockaddr *)&address, sizeof address);
    close(s);
    events("socket");
    mkdir("d/e", 0755);
    events("mkdir");
    rename("d/s", "d/e/s");
    events("moved out");
    rename("d/e/s", "d/t");
    events("moved in");
    rename("d/t", "d/long name that needs more than a little room");
    events("moved inside");
    unlink("d/long name that needs more than a little room");
    unlink("d/p");
    unlink("d/socket");
    events("removed");
    rename("d/f", "d/h");
    events("the watched file moves");
    rmdir("d/e");
    events("rmdir");
    unlink("d/h");
    events("the watched file is removed");
    CASE("its watch is gone", inotify_rm_watch(in, 2));
    rmdir("d");
    events("the watched directory is removed");
    CASE("its watch is gone", inotify_rm_watch(in, 1));
    end();
}

enum { NO_REPLACE = 1, EXCHANGE = 2 }; /* of renameat2 */

static void of_replaced(void)
{
    begin("replaced");
    mkdir("d", 0755);
    mkdir("e", 0755);
    put("d/a", "a");
    put("e/b", "b");
    mkdir("d/x", 0755);
    mkdir("e/y", 0755);
    inotify_add_watch(in, "d", IN_ALL_EVENTS);
    inotify_add_watch(in, "e", IN_ALL_EVENTS);
    inotify_add_watch(in, "d/a", IN_ALL_EVENTS);
    inotify_add_watch(in, "e/b", IN_ALL_EVENTS);
    inotify_add_watch(in, "d/x", IN_ALL_EVENTS);
    inotify_add_watch(in, "e/y", IN_ALL_EVENTS);
    syscall(SYS_renameat2, AT_FDCWD, "d/a", AT_FDCWD, "e/b", EXCHANGE);
    events("exchanged files");
    syscall(SYS_renameat2, AT_FDCWD, "d/x", AT_FDCWD, "e/b", EXCHANGE);
    events("exchanged kinds");
    syscall(SYS_renameat2, AT_FDCWD, "d/b", AT_FDCWD, "e/y", NO_REPLACE);
    events("refused");
    rename("d/b", "d/a");
    events("a file over a file");
    rename("e/b", "e/y");
    events("a directory over a directory");
    end();
    begin("removed while open");
    inotify_add_watch(in, "d", IN_ALL_EVENTS);
    inotify_add_watch(in, "d/a", IN_ALL_EVENTS);
    int fd = open("d/a", O_RDWR);
    unlink("d/a");
    events("unlinked");
    write(fd, "x", 1);
    events("written");
    close(fd);
    events("closed");
    end();
    rmdir("e/y");
    rmdir("e");
}

static void of_directories(void)
{
    begin("directories");
    mkdir("d/e", 0755);
    inotify_add_watch(in, "d", IN_ALL_EVENTS);
    list("d");
    events("listed");
    list("d/e");
    events("listed below");
    chmod("d/e", 0700);
    chmod("d", 0700);
    events("chmod");
    inotify_add_watch(in, "d/e", IN_ALL_EVENTS);
    list("d/e");
    events("both watched");
    int fd = open("d/e", O_RDONLY | O_DIRECTORY);
    rmdir("d/e");
    events("removed while open");
    close(fd);
    events("closed");
    rename("d", "dd");
    events("moved");
    rename("dd", "d");
    events("moved back");
    end();
}

static void of_two(void)
{
    begin("two names, two readers");
    put("d/f", "x");
    mkdir("e", 0755);
    link("d/f", "e/g");
    inotify_add_watch(in, "d", IN_ALL_EVENTS);
    int first = in;
    in = inotify_init1(IN_NONBLOCK);
    inotify_add_watch(in, "d", IN_OPEN);
    inotify_add_watch(in, "e", IN_CLOSE);
    get("e/g");
    events("by the other name");
    get("d/f");
    events("by this");
    close(in);
    in = first;
    events("the first reader");
    unlink("e/g");
    rmdir("e");
    unlink("d/f");
    end();
}

static void of_moved_files(void)
{
    begin("files that come and go");
    mkdir("e", 0755);
    put("e/f", "x");
    inotify_add_watch(in, "d", IN_ALL_EVENTS);
    rename("e/f", "d/f");
    get("d/f");
    events("in");
    int fd = open("d/f", O_RDONLY);
    rename("d/f", "e/f");
    close(fd);
    get("e/f");
    events("out");
    unlink("e/f");
    rmdir("e");
    end();
}

static void of_programs(void)
{
    char path[64];
    begin("a program that runs");
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    (void)length;
    put("d/x", "#!/bad/interpreter\n");
    chmod("d/x", 0755);
    inotify_add_watch(in, "d", IN_ALL_EVENTS);
    CASE("exec", execl("d/x", "x", (char *)NULL));
    events("refused");
    unlink("d/x");
    end();
}

int main(int argc, char **argv)
{
    begin_cases(argc, argv);
    of_files();
    of_names();
    of_replaced();
    of_directories();
    of_two();
    of_moved_files();
    of_programs();
    return end_cases();
}
