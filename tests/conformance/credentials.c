/* SPDX-License-Identifier: Apache-2.0 */
/* User and group numbers: what may become what, and what files see. */
#include "tests/conformance/as_user.h"

#include <sys/fsuid.h>

static void show_ids(void)
{
    uid_t uids[3];
    gid_t gids[3];
    SHOW(syscall(SYS_getresuid, &uids[0], &uids[1], &uids[2]));
    SHOW(syscall(SYS_getresgid, &gids[0], &gids[1], &gids[2]));
    /* -1 is refused, so these tell and change nothing. */
    printf("uid %d %d %d fs %d\n", (int)uids[0], (int)uids[1], (int)uids[2], (int)syscall(SYS_setfsuid, -1));
    printf("gid %d %d %d fs %d\n", (int)gids[0], (int)gids[1], (int)gids[2], (int)syscall(SYS_setfsgid, -1));
}

static void root_becomes_a_user(void)
{
    SHOW(syscall(SYS_setuid, 1000));
    show_ids();
    SHOW(syscall(SYS_setuid, 0));
    SHOW(syscall(SYS_setuid, 1001));
    SHOW(syscall(SYS_setuid, 1000));
    SHOW(syscall(SYS_setuid, -1));
    SHOW(syscall(SYS_setgid, 5));
    SHOW(syscall(SYS_setgroups, 0, NULL));
    show_ids();
}

static void effective_only(void)
{
    SHOW(syscall(SYS_setresuid, -1, 1000, -1));
    show_ids();
    SHOW(syscall(SYS_setresuid, -1, 1001, -1));
    SHOW(syscall(SYS_setgid, 7));
    SHOW(syscall(SYS_setresuid, -1, 0, -1));
    show_ids();
    SHOW(syscall(SYS_setgid, 7));
    SHOW(syscall(SYS_setresuid, 1000, 1000, 0));
    show_ids();
    SHOW(syscall(SYS_setuid, 0));
    show_ids();
    SHOW(syscall(SYS_setresuid, 0, 0, 1002));
    SHOW(syscall(SYS_setresuid, 1000, 0, 1000));
    show_ids();
}

static void three_numbers(void)
{
    SHOW(syscall(SYS_setresuid, 1, 2, 3));
    show_ids();
    SHOW(syscall(SYS_setresuid, 3, 1, 2));
    show_ids();
    SHOW(syscall(SYS_setresuid, 4, -1, -1));
    SHOW(syscall(SYS_setresuid, -1, 4, -1));
    SHOW(syscall(SYS_setresuid, -1, -1, 4));
    SHOW(syscall(SYS_setresuid, -1, -1, -1));
    SHOW(syscall(SYS_setreuid, 1, 3));
    show_ids();
    SHOW(syscall(SYS_setreuid, 2, -1));
    SHOW(syscall(SYS_setreuid, -1, 7));
    SHOW(syscall(SYS_setreuid, -1, -1));
    show_ids();
}

static void real_and_effective(void)
{
    SHOW(syscall(SYS_setreuid, 1000, -1));
    show_ids();
    SHOW(syscall(SYS_setreuid, -1, 1000));
    show_ids();
    SHOW(syscall(SYS_setreuid, -1, 0));
    show_ids();
}

static void swap(void)
{
    SHOW(syscall(SYS_setreuid, 1000, 2000));
    show_ids();
    SHOW(syscall(SYS_setreuid, 2000, 1000));
    show_ids();
    SHOW(syscall(SYS_setreuid, 2000, 2000));
    show_ids();
    SHOW(syscall(SYS_setreuid, 2000, 1000));
}

static void group_numbers(void)
{
    SHOW(syscall(SYS_setresgid, 1, 2, 3));
    show_ids();
    SHOW(syscall(SYS_setregid, 9, -1));
    SHOW(syscall(SYS_setregid, 3, 9));
    show_ids();
    SHOW(syscall(SYS_setgid, -1));
    SHOW(syscall(SYS_setresuid, 1000, 1000, 1000));
    SHOW(syscall(SYS_setgid, 3));
    show_ids();
    SHOW(syscall(SYS_setgid, 10));
    SHOW(syscall(SYS_setregid, 9, 3));
    SHOW(syscall(SYS_setresgid, 9, 9, 9));
    SHOW(syscall(SYS_setresgid, 10, -1, -1));
    show_ids();
}

static void fs_numbers(void)
{
    SHOW(syscall(SYS_setfsuid, 1000));
    SHOW(syscall(SYS_setfsuid, 1001));
    SHOW(syscall(SYS_setfsgid, 1000));
    show_ids();
    SHOW(syscall(SYS_setresuid, -1, 5, -1));
    show_ids();
    SHOW(syscall(SYS_setfsuid, 77));
    SHOW(syscall(SYS_setfsuid, 0));
    SHOW(syscall(SYS_setfsuid, 5));
    show_ids();
}

static void show_groups(int room)
{
    gid_t groups[20];
    int count = SHOW(getgroups(room, groups));
    for (int i = 0; room && i < count; i++) printf(" %u", groups[i]);
    if (room && count > 0) printf("\n");
}

static void groups(void)
{
    gid_t list[] = { 9, 3, 1000, 3, 0, 77 };
    SHOW(syscall(SYS_setgroups, 0, NULL));
    show_groups(0);
    show_groups(20);
    SHOW(syscall(SYS_setgroups, 6, list));
    show_groups(0);
    show_groups(20);
    show_groups(6);
    show_groups(5);
    show_groups(-1);
    SHOW(syscall(SYS_getgroups, 20, 1));
    SHOW(syscall(SYS_setgroups, 6, 1));
    SHOW(syscall(SYS_setgroups, 65537, list));
    SHOW(syscall(SYS_setgroups, -1, list));
    list[2] = -1;
    SHOW(syscall(SYS_setgroups, 6, list));
    show_groups(20);
    SHOW(syscall(SYS_setresuid, 1000, 1000, 1000));
    SHOW(syscall(SYS_setgroups, 0, NULL));
    SHOW(syscall(SYS_setgroups, 65537, list));
    show_groups(20);
}

static void many_groups(void)
{
    static gid_t list[65536];
    for (unsigned i = 0; i < 65536; i++) list[i] = (i * 40503u) & 0xffff;
    SHOW(syscall(SYS_setgroups, 65536, list));
    SHOW(getgroups(0, NULL));
    SHOW(getgroups(65536, list));
    unsigned wrong = 0;
    for (unsigned i = 0; i < 65536; i++) wrong += list[i] != i;
    printf("%u wrong\n", wrong);
}

static void bad_pointers(void)
{
    uid_t id;
    SHOW(syscall(SYS_getresuid, 1, &id, &id));
    SHOW(syscall(SYS_getresuid, &id, 1, &id));
    SHOW(syscall(SYS_getresgid, &id, &id, -1));
}

static void show_status(void)
{
    char line[200];
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status))
        if (!strncmp(line, "Uid:", 4) || !strncmp(line, "Gid:", 4) || !strncmp(line, "Groups:", 7))
            fputs(line, stdout);
    if (status) fclose(status);
}

static void status_file(void)
{
    gid_t list[] = { 20, 10 };
    show_status();
    SHOW(syscall(SYS_setgroups, 2, list));
    SHOW(syscall(SYS_setresgid, 4, 5, 6));
    SHOW(syscall(SYS_setresuid, 1, 2, 3));
    show_status();
}

static void child_inherits(void)
{
    become(1000, 2000);
    in_child("its child", show_ids);
    show_ids();
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    in_child("setuid by root", root_becomes_a_user);
    in_child("only the effective number", effective_only);
    in_child("three numbers", three_numbers);
    in_child("setreuid and the saved number", real_and_effective);
    in_child("setreuid exchanges", swap);
    in_child("groups' numbers", group_numbers);
    in_child("numbers for files", fs_numbers);
    in_child("groups", groups);
    in_child("many groups", many_groups);
    in_child("bad pointers", bad_pointers);
    in_child("/proc/self/status", status_file);
    in_child("fork", child_inherits);
    show_ids();
    return 0;
}
