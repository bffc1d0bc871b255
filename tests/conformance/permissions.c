/* SPDX-License-Identifier: Apache-2.0 */
/* What users may do with files of others, and what root may not. */
#include "tests/conformance/as_user.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

static const char *self;

static void touch(const char *name, int mode, int uid, int gid)
{
    int fd = open(name, O_CREAT | O_WRONLY, 0600);
    if (fd < 0 || write(fd, "text", 4) != 4 || fchown(fd, uid, gid) || fchmod(fd, mode)) perror(name);
    close(fd);
}

static void make(const char *name, int mode, int uid, int gid)
{
    if (mkdir(name, 0700) || chown(name, uid, gid) || chmod(name, mode)) perror(name);
}

static long opened(const char *name, int flags)
{
    int fd = open(name, flags, 0644);
    if (fd >= 0) close(fd);
    return fd < 0 ? -1 : 0;
}

static void show_mode(const char *name)
{
    struct stat st;
    if (lstat(name, &st))
        printf("%s: %s\n", name, error_name(errno));
    else
        printf("%s: %o %u %u\n", name, st.st_mode, st.st_uid, st.st_gid);
}

/* ---- opening ---- */

static void open_each(void)
{
    static const char *const names[] = { "own", "group", "other", "none", "backwards" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        printf("%s\n", names[i]);
        SHOW(opened(names[i], O_RDONLY));
        SHOW(opened(names[i], O_WRONLY));
        SHOW(opened(names[i], O_RDWR));
        SHOW(opened(names[i], O_PATH));
        SHOW(opened(names[i], O_RDONLY | O_TRUNC));
        SHOW(opened(names[i], O_RDONLY | O_CREAT));
        SHOW(opened(names[i], O_RDONLY | O_NOATIME));
        SHOW(access(names[i], R_OK));
        SHOW(access(names[i], W_OK));
        SHOW(access(names[i], X_OK));
        SHOW(access(names[i], R_OK | W_OK));
        SHOW(access(names[i], F_OK));
        SHOW(truncate(names[i], 4));
    }
}
static void open_as_root(void) { open_each(); }
static void open_as_owner(void)
{
    become(1000, 1000);
    open_each();
}
static void open_as_group(void)
{
    become(1001, 1000);
    open_each();
}
static void open_as_other(void)
{
    become(1002, 1002);
    open_each();
}
static void open_by_supplementary_group(void)
{
    gid_t list[] = { 5, 1000, 2000 };
    SHOW(syscall(SYS_setgroups, 3, list));
    SHOW(syscall(SYS_setresgid, 1002, 1002, 1002));
    SHOW(syscall(SYS_setresuid, 1002, 1002, 1002));
    open_each();
}
static void open_by_fs_uid(void)
{
    SHOW(syscall(SYS_setfsuid, 1002));
    open_each();
}

/* ---- directories ---- */

static void walk_each(void)
{
    static const char *const names[] = { "d-open", "d-noread", "d-nosearch", "d-mine" };
    char path[64];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        printf("%s\n", names[i]);
        struct stat st;
        snprintf(path, sizeof path, "%s/file", names[i]);
        SHOW(stat(path, &st));
        SHOW(opened(path, O_RDONLY));
        SHOW(opened(names[i], O_RDONLY | O_DIRECTORY));
        SHOW(access(path, R_OK));
        snprintf(path, sizeof path, "%s/absent", names[i]);
        SHOW(stat(path, &st));
        snprintf(path, sizeof path, "%s/.", names[i]);
        SHOW(stat(path, &st));
        snprintf(path, sizeof path, "%s/../d-open/file", names[i]);
        SHOW(stat(path, &st));
        snprintf(path, sizeof path, "%s/new", names[i]);
        SHOW(opened(path, O_CREAT | O_WRONLY));
        SHOW(mkdir(path, 0755));
        SHOW(symlink("x", path));
        SHOW(mknod(path, S_IFIFO | 0644, 0));
        SHOW(link("own", path));
        SHOW(unlink(path));
        snprintf(path, sizeof path, "%s/file", names[i]);
        SHOW(rename(path, path));
        SHOW(unlink(path));
        SHOW(rmdir(path));
        SHOW(access(names[i], W_OK));
        SHOW(access(names[i], X_OK));
        int at = open(".", O_RDONLY);
        SHOW(chdir(names[i]));
        SHOW(fchdir(at));
        close(at);
    }
}
static void walk_as_user(void)
{
    become(1000, 1000);
    walk_each();
}
static void walk_with_a_capability(void)
{
    /* As root's effective number goes, so do its capabilities; the real number is asked by access alone. */
    SHOW(syscall(SYS_setresuid, -1, 1000, -1));
    SHOW(access("d-nosearch/file", R_OK));
    SHOW(faccessat(AT_FDCWD, "d-nosearch/file", R_OK, AT_EACCESS));
    SHOW(syscall(439, AT_FDCWD, "d-nosearch/file", R_OK, AT_EACCESS));
    SHOW(syscall(SYS_setresuid, 1000, 0, -1));
    SHOW(access("d-nosearch/file", R_OK));
    SHOW(syscall(439, AT_FDCWD, "d-nosearch/file", R_OK, AT_EACCESS));
    SHOW(opened("d-nosearch/file", O_RDONLY));
}
static void walk_from_a_descriptor(void)
{
    int fd = open("d-nosearch", O_RDONLY | O_DIRECTORY);
    become(1000, 1000);
    SHOW(openat(fd, "file", O_RDONLY));
    SHOW(fchdir(fd));
    SHOW(faccessat(fd, "file", F_OK, 0));
}

/* ---- sticky directories ---- */

static void sticky(void)
{
    become(1000, 1000);
    SHOW(unlink("sticky/theirs"));
    SHOW(rmdir("sticky/their-directory"));
    SHOW(rename("sticky/theirs", "sticky/mine-now"));
    SHOW(rename("sticky/mine", "sticky/theirs"));
    SHOW(rename("sticky/mine", "sticky/renamed"));
    SHOW(unlink("sticky/renamed"));
    SHOW(opened("sticky/made", O_CREAT | O_WRONLY));
    SHOW(unlink("sticky/made"));
    SHOW(unlink("own-sticky/theirs"));
}

/* ---- attributes ---- */

static void change_each(const char *name)
{
    struct timespec given[2] = { { 5, 5 }, { 6, 6 } }, now[2] = { { 0, UTIME_NOW }, { 0, UTIME_NOW } };
    struct timespec half[2] = { { 0, UTIME_NOW }, { 0, UTIME_OMIT } };
    printf("%s\n", name);
    SHOW(chmod(name, 0646));
    SHOW(chown(name, 1000, -1));
    SHOW(chown(name, 1001, -1));
    SHOW(chown(name, -1, 1000));
    SHOW(chown(name, -1, 2000));
    SHOW(chown(name, -1, 3000));
    SHOW(chown(name, -1, -1));
    SHOW(utimensat(AT_FDCWD, name, given, 0));
    SHOW(utimensat(AT_FDCWD, name, now, 0));
    SHOW(utimensat(AT_FDCWD, name, half, 0));
    SHOW(utimensat(AT_FDCWD, name, NULL, 0));
    SHOW(chmod(name, 06755));
    show_mode(name);
}
static void change_as_user(void)
{
    gid_t list[] = { 2000 };
    SHOW(syscall(SYS_setgroups, 1, list));
    SHOW(syscall(SYS_setresgid, 1000, 1000, 1000));
    SHOW(syscall(SYS_setresuid, 1000, 1000, 1000));
    change_each("c-own");
    change_each("c-other");
    change_each("c-writable");
}

/* A program that changes hands, or contents, is no longer set-user-ID. */
static void privileges_go(void)
{
    touch("suid", 06755, 1000, 1000);
    SHOW(chown("suid", 1001, -1));
    show_mode("suid");
    SHOW(chmod("suid", 06745));
    SHOW(chown("suid", -1, -1));
    show_mode("suid");
    SHOW(chmod("suid", 06777));
    int fd = open("suid", O_WRONLY);
    SHOW(write(fd, "x", 1));
    show_mode("suid");
    become(1002, 1002);
    SHOW(write(fd, "x", 1));
    show_mode("suid");
    SHOW(chown("suid", -1, -1));
}

static void groups_bit(void)
{
    become(1000, 1000);
    SHOW(chmod("c-strange-group", 02755));
    show_mode("c-strange-group");
    SHOW(mkdir("setgid/below", 0755));
    show_mode("setgid/below");
    SHOW(opened("setgid/file", O_CREAT | O_WRONLY));
    show_mode("setgid/file");
    int fd = open("setgid/run", O_CREAT | O_WRONLY, 02775);
    show_mode("setgid/run");
    close(fd);
    fd = open("setgid/data", O_CREAT | O_WRONLY, 02664);
    show_mode("setgid/data");
    close(fd);
}

static void made_by(void)
{
    become(1000, 2000);
    SHOW(opened("everybody/file", O_CREAT | O_WRONLY));
    SHOW(mkdir("everybody/directory", 0755));
    SHOW(symlink("x", "everybody/link"));
    SHOW(mknod("everybody/fifo", S_IFIFO | 0644, 0));
    SHOW(mknod("everybody/device", S_IFCHR | 0644, 0x103));
    SHOW(mknod("everybody/block", S_IFBLK | 0644, 0x103));
    show_mode("everybody/file");
    show_mode("everybody/directory");
    show_mode("everybody/link");
    show_mode("everybody/fifo");
    int fds[2];
    struct stat st;
    SHOW(pipe(fds));
    SHOW(fstat(fds[0], &st));
    printf("pipe %o %u %u\n", st.st_mode, st.st_uid, st.st_gid);
}

static void links_to_others(void)
{
    become(1000, 1000);
    SHOW(link("own", "everybody/of-own"));
    SHOW(link("other", "everybody/of-other"));
    SHOW(link("none", "everybody/of-none"));
    SHOW(link("program", "everybody/of-program"));
}

static void move_directories(void)
{
    become(1000, 1000);
    SHOW(rename("everybody/theirs", "everybody/moved"));
    SHOW(rename("everybody/moved", "everybody/a/moved"));
    SHOW(rename("everybody/moved", "everybody/theirs"));
}

/* ---- programs ---- */

static void run(const char *name)
{
    fflush(stdout);
    execl(name, name, "who", (char *)NULL);
    printf("execl %s: %s\n", name, error_name(errno));
}
static void run_suid(void)
{
    become(1000, 1000);
    run("./run-suid");
}
static void run_sgid(void)
{
    become(1000, 1000);
    run("./run-sgid");
}
static void run_suid_of_user(void) { run("./run-suid-1001"); }
static void run_suid_as_told(void)
{
    become(1000, 1000);
    SHOW(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    run("./run-suid");
}
static void run_unreadable(void)
{
    become(1000, 1000);
    run("./run-only");
    run("./run-not");
    run("everybody");
}
static void run_not_at_all(void) { run("./none"); }

static int who(void)
{
    uid_t u[3];
    gid_t g[3];
    syscall(SYS_getresuid, &u[0], &u[1], &u[2]);
    syscall(SYS_getresgid, &g[0], &g[1], &g[2]);
    printf("%u %u %u, %u %u %u\n", u[0], u[1], u[2], g[0], g[1], g[2]);
    return 0;
}

static void copy_self(const char *name, int mode, int uid, int gid)
{
    static char buffer[1 << 16];
    int from = open(self, O_RDONLY), to = open(name, O_CREAT | O_WRONLY, 0700);
    for (ssize_t got; (got = read(from, buffer, sizeof buffer)) > 0;)
        if (write(to, buffer, got) != got) perror(name);
    close(from);
    if (fchown(to, uid, gid) || fchmod(to, mode)) perror(name);
    close(to);
}

/* ---- signals ---- */

static void signal_others(void)
{
    pid_t parent = getppid();
    become(1000, 1000);
    SHOW(kill(parent, 0));
    SHOW(kill(parent, SIGTERM));
    SHOW(kill(parent, SIGCONT));
    SHOW(kill(parent, 99));
    SHOW(kill(getpid(), 0));
    SHOW(syscall(SYS_tgkill, parent, parent, 0));
    SHOW(syscall(SYS_tkill, parent, SIGTERM));
    SHOW(kill(0, 0));
    SHOW(kill(0x3fffffff, 0));
    pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    SHOW(kill(child, 0));
    SHOW(kill(child, SIGKILL));
    SHOW(waitpid(child, NULL, 0) == child);
}

static void signal_by_saved_number(void)
{
    int ready[2], go[2];
    char byte;
    SHOW(pipe(ready));
    SHOW(pipe(go));
    pid_t child = fork();
    if (child == 0) {
        if (syscall(SYS_setresuid, 1000, 2000, 3000)) _exit(1);
        if (write(ready[1], "x", 1) == 1 && read(go[0], &byte, 1) < 0) _exit(2);
        _exit(3);
    }
    SHOW(read(ready[0], &byte, 1));
    static const uid_t users[][3] = { { 1000, 9, 9 }, { 9, 1000, 9 }, { 9, 9, 1000 }, { 2000, 2000, 9 },
                                      { 3000, 9, 9 }, { 9, 3000, 9 }, { 9, 9, 3000 }, { 9, 9, 9 } };
    for (size_t i = 0; i < sizeof users / sizeof *users; i++) {
        fflush(stdout);
        pid_t sender = fork();
        if (sender == 0) {
            if (syscall(SYS_setresuid, users[i][0], users[i][1], users[i][2])) _exit(1);
            printf("%u %u %u\n", users[i][0], users[i][1], users[i][2]);
            SHOW(kill(child, 0));
            fflush(stdout);
            _exit(0);
        }
        waitpid(sender, NULL, 0);
    }
    close(go[1]);
    SHOW(kill(child, SIGKILL));
    SHOW(waitpid(child, NULL, 0) == child);
}

static void prepare(void)
{
    touch("own", 0600, 1000, 1000);
    touch("group", 0060, 1, 1000);
    touch("other", 0006, 1, 1);
    touch("none", 0000, 1, 1);
    touch("backwards", 0077, 1000, 1000);
    make("d-open", 0755, 0, 0);
    make("d-noread", 0711, 0, 0);
    make("d-nosearch", 0744, 0, 0);
    make("d-mine", 0700, 1000, 1000);
    touch("d-open/file", 0644, 0, 0);
    touch("d-noread/file", 0644, 0, 0);
    touch("d-nosearch/file", 0644, 0, 0);
    touch("d-mine/file", 0644, 0, 0);
    make("sticky", 01777, 0, 0);
    touch("sticky/theirs", 0666, 1001, 1001);
    make("sticky/their-directory", 0777, 1001, 1001);
    touch("sticky/mine", 0666, 1000, 1000);
    make("own-sticky", 01777, 1000, 1000);
    touch("own-sticky/theirs", 0666, 1001, 1001);
    touch("c-own", 0644, 1000, 1000);
    touch("c-other", 0644, 1001, 1001);
    touch("c-writable", 0666, 1001, 1001);
    touch("c-strange-group", 0644, 1000, 3000);
    make("setgid", 02777, 0, 3000);
    make("everybody", 0777, 0, 0);
    make("everybody/theirs", 0755, 1001, 1001);
    make("everybody/a", 0777, 0, 0);
    touch("program", 04755, 1001, 1001);
    copy_self("run-suid", 04755, 0, 0);
    copy_self("run-suid-1001", 04755, 1001, 1001);
    copy_self("run-sgid", 02755, 1001, 1001);
    copy_self("run-only", 0711, 0, 0);
    copy_self("run-not", 0700, 0, 0);
}

int main(int argc, char **argv)
{
    self = "/proc/self/exe";
    if (argc == 2 && !strcmp(argv[1], "who")) return who();
    work_in(argc, argv);
    umask(0);
    prepare();
    in_child("open as root", open_as_root);
    in_child("open as the owner", open_as_owner);
    in_child("open as one of the group", open_as_group);
    in_child("open as another", open_as_other);
    in_child("open by a supplementary group", open_by_supplementary_group);
    in_child("open by the number for files", open_by_fs_uid);
    in_child("directories", walk_as_user);
    in_child("real and effective", walk_with_a_capability);
    in_child("from a descriptor", walk_from_a_descriptor);
    in_child("sticky", sticky);
    in_child("attributes", change_as_user);
    in_child("set-user-ID goes", privileges_go);
    in_child("set-group-ID", groups_bit);
    in_child("who made it", made_by);
    in_child("links", links_to_others);
    in_child("moving directories", move_directories);
    in_child("a set-user-ID program", run_suid);
    in_child("a set-group-ID program", run_sgid);
    in_child("of another user, by root", run_suid_of_user);
    in_child("with no new privileges", run_suid_as_told);
    in_child("programs that cannot be read", run_unreadable);
    in_child("programs that are none", run_not_at_all);
    in_child("signals", signal_others);
    in_child("signals by number", signal_by_saved_number);
    return 0;
}
