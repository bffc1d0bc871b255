/* SPDX-License-Identifier: Apache-2.0 */
/* Capability sets: capget, capset, prctl, and how they follow user numbers and execve. The sets of this program
 * differ between machines, so only single capabilities are shown, which root has everywhere. */
#include "tests/conformance/as_user.h"

#include <linux/capability.h>
#include <linux/securebits.h>
#include <stddef.h>
#include <sys/prctl.h>

static const char *self;
static const int shown[] = { CAP_CHOWN,  CAP_DAC_OVERRIDE,     CAP_FOWNER, CAP_KILL,
                             CAP_SETUID, CAP_NET_BIND_SERVICE, CAP_SETFCAP };

static void show_one(const char *name, const struct __user_cap_data_struct *sets, size_t offset)
{
    printf("%s", name);
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        printf(" %d", *(const __u32 *)((const char *)sets + offset) >> shown[i] & 1);
}

static void show_sets(void)
{
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct sets[2];
    if (syscall(SYS_capget, &header, sets)) {
        printf("capget: %s\n", error_name(errno));
        return;
    }
    show_one("permitted", sets, offsetof(struct __user_cap_data_struct, permitted));
    show_one(" effective", sets, offsetof(struct __user_cap_data_struct, effective));
    show_one(" inheritable", sets, offsetof(struct __user_cap_data_struct, inheritable));
    printf(" ambient %d\n", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_KILL, 0, 0));
}

static long set(__u32 effective, __u32 permitted, __u32 inheritable)
{
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct sets[2] = { { effective, permitted, inheritable } };
    return syscall(SYS_capset, &header, sets);
}

static void uids(void)
{
    show_sets();
    SHOW(syscall(SYS_setresuid, -1, 1000, -1));
    show_sets();
    SHOW(syscall(SYS_setresuid, -1, 0, -1));
    show_sets();
    SHOW(syscall(SYS_setresuid, 1000, 1000, 0));
    show_sets();
    SHOW(syscall(SYS_setresuid, -1, -1, 1000));
    show_sets();
}

static void fs_uid(void)
{
    SHOW(syscall(SYS_setfsuid, 1000));
    show_sets();
    SHOW(syscall(SYS_setfsuid, 0));
    show_sets();
}

static void kept(void)
{
    SHOW(prctl(PR_GET_KEEPCAPS));
    SHOW(prctl(PR_SET_KEEPCAPS, 2));
    SHOW(prctl(PR_SET_KEEPCAPS, 1));
    SHOW(prctl(PR_GET_KEEPCAPS));
    SHOW(prctl(PR_GET_SECUREBITS));
    SHOW(syscall(SYS_setresuid, 1000, 1000, 1000));
    show_sets();
    SHOW(set(1 << CAP_KILL, 1 << CAP_KILL, 0));
    show_sets();
    SHOW(set(1 << CAP_KILL, 1 << CAP_KILL | 1 << CAP_CHOWN, 0));
    SHOW(set(1 << CAP_KILL | 1 << CAP_CHOWN, 1 << CAP_KILL, 0));
    SHOW(set(0, 1 << CAP_KILL, 1 << CAP_CHOWN));
    SHOW(set(0, 1 << CAP_KILL, 1 << CAP_KILL));
    show_sets();
}

static void ambient(void)
{
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0));
    SHOW(prctl(PR_SET_KEEPCAPS, 1));
    SHOW(syscall(SYS_setresuid, 1000, 1000, 1000));
    SHOW(set(0, 1 << CAP_KILL | 1 << CAP_CHOWN, 1 << CAP_KILL));
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0));
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0));
    show_sets();
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, CAP_KILL, 0, 0));
    show_sets();
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0));
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 1, 0, 0));
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 64, 0, 0));
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 1, 0));
    SHOW(prctl(PR_CAP_AMBIENT, 9, CAP_KILL, 0, 0));
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0));
    SHOW(set(0, 1 << CAP_KILL, 0));
    show_sets();
}

static void run_self(void)
{
    fflush(stdout);
    execl(self, self, "sets", (char *)NULL);
    printf("execl: %s\n", error_name(errno));
}

static void exec_as_root(void) { run_self(); }
static void exec_as_user(void)
{
    become(1000, 1000);
    run_self();
}
static void exec_with_ambient(void)
{
    SHOW(prctl(PR_SET_KEEPCAPS, 1));
    SHOW(syscall(SYS_setresuid, 1000, 1000, 1000));
    SHOW(set(0, 1 << CAP_KILL | 1 << CAP_CHOWN, 1 << CAP_KILL));
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0));
    run_self();
}
static void exec_kept(void)
{
    SHOW(prctl(PR_SET_KEEPCAPS, 1));
    SHOW(syscall(SYS_setresuid, 1000, 1000, 1000));
    run_self();
}
static void exec_bounded(void)
{
    SHOW(prctl(PR_CAPBSET_READ, CAP_KILL));
    SHOW(prctl(PR_CAPBSET_DROP, CAP_KILL));
    SHOW(prctl(PR_CAPBSET_READ, CAP_KILL));
    SHOW(prctl(PR_CAPBSET_DROP, 64));
    SHOW(prctl(PR_CAPBSET_READ, 64));
    show_sets();
    run_self();
}
static void exec_without_root(void)
{
    SHOW(prctl(PR_SET_SECUREBITS, SECBIT_NOROOT));
    SHOW(prctl(PR_GET_SECUREBITS));
    run_self();
}

static void secure_bits(void)
{
    SHOW(prctl(PR_SET_SECUREBITS, 0x10000));
    SHOW(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP));
    SHOW(syscall(SYS_setresuid, 1000, 1000, 1000));
    show_sets();
    SHOW(prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS_LOCKED));
    SHOW(prctl(PR_SET_KEEPCAPS, 1));
    SHOW(prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS_LOCKED | SECBIT_KEEP_CAPS));
    SHOW(prctl(PR_SET_SECUREBITS, 0));
    SHOW(prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS_LOCKED | SECBIT_NOROOT));
    SHOW(prctl(PR_GET_SECUREBITS));
    SHOW(set(0, 0, 0));
    SHOW(prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS_LOCKED));
    SHOW(prctl(PR_CAPBSET_DROP, CAP_KILL));
}

static void arguments(void)
{
    struct __user_cap_header_struct header = { 0x12345678, 0 };
    struct __user_cap_data_struct sets[2] = { 0 };
    SHOW(syscall(SYS_capget, &header, NULL));
    printf("%x\n", header.version);
    header.version = 7;
    SHOW(syscall(SYS_capget, &header, sets));
    printf("%x\n", header.version);
    header.version = 7;
    SHOW(syscall(SYS_capset, &header, sets));
    printf("%x\n", header.version);
    header.version = _LINUX_CAPABILITY_VERSION_1;
    SHOW(syscall(SYS_capget, &header, sets));
    header.version = _LINUX_CAPABILITY_VERSION_2;
    SHOW(syscall(SYS_capget, &header, sets));
    SHOW(syscall(SYS_capget, &header, NULL));
    header.pid = -1;
    SHOW(syscall(SYS_capget, &header, sets));
    SHOW(syscall(SYS_capset, &header, sets));
    header.pid = 0x3fffffff;
    SHOW(syscall(SYS_capget, &header, sets));
    SHOW(syscall(SYS_capset, &header, sets));
    header.pid = getpid();
    SHOW(syscall(SYS_capget, &header, sets));
    SHOW(syscall(SYS_capset, &header, sets));
    header.pid = getppid();
    SHOW(syscall(SYS_capget, &header, sets));
    SHOW(sets[0].effective != 0);
    SHOW(syscall(SYS_capset, &header, sets));
    SHOW(syscall(SYS_capget, 1, sets));
    SHOW(syscall(SYS_capget, &header, 1));
    header.pid = 0;
    SHOW(syscall(SYS_capset, &header, 1));
}

int main(int argc, char **argv)
{
    self = "/proc/self/exe";
    if (argc == 2 && !strcmp(argv[1], "sets")) {
        show_sets();
        printf("securebits %d\n", prctl(PR_GET_SECUREBITS));
        return 0;
    }
    work_in(argc, argv);
    in_child("they follow the user's numbers", uids);
    in_child("and the one for files", fs_uid);
    in_child("kept", kept);
    in_child("ambient", ambient);
    in_child("execve as root", exec_as_root);
    in_child("execve as a user", exec_as_user);
    in_child("execve with an ambient capability", exec_with_ambient);
    in_child("execve after they were kept", exec_kept);
    in_child("execve with a bound", exec_bounded);
    in_child("execve when root is nobody", exec_without_root);
    in_child("securebits", secure_bits);
    in_child("arguments", arguments);
    return 0;
}
