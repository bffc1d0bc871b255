/* SPDX-License-Identifier: Apache-2.0 */
/* Our numbers and layouts of Linux's file ABI against the system's own headers. */
#include "abi/linux/dirent.h"
#include "abi/linux/event.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/ioctl.h"
#include "abi/linux/poll.h"
#include "abi/linux/stat.h"
#include "tests/harness/test.h"

#include <asm/ioctls.h>
#include <asm/poll.h>
#include <asm/stat.h>
#include <asm/statfs.h>
#include <asm/termbits.h>
#include <asm/termios.h>
#include <linux/close_range.h>
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <linux/time.h>
#include <linux/timerfd.h>
#include <linux/uio.h>
#include <sys/eventfd.h>

#define SAME_SIZE(ours, theirs) EXPECT_EQ(sizeof(struct ours), sizeof(struct theirs))
#define SAME_PLACE(ours, a, theirs, b)                                             \
    do {                                                                           \
        EXPECT_EQ(offsetof(struct ours, a), offsetof(struct theirs, b));           \
        EXPECT_EQ(sizeof(((struct ours *)0)->a), sizeof(((struct theirs *)0)->b)); \
    } while (0)
#define SAME(name) EXPECT_EQ(LINUX_##name, name)

TEST(struct_stat_lies_in_memory_as_the_systems_headers_say)
{
    SAME_SIZE(linux_stat, stat);
#define PLACE(a, b) SAME_PLACE(linux_stat, a, stat, b)
    PLACE(st_dev, st_dev);
    PLACE(st_ino, st_ino);
    PLACE(st_nlink, st_nlink);
    PLACE(st_mode, st_mode);
    PLACE(st_uid, st_uid);
    PLACE(st_gid, st_gid);
    PLACE(st_rdev, st_rdev);
    PLACE(st_size, st_size);
    PLACE(st_blksize, st_blksize);
    PLACE(st_blocks, st_blocks);
    PLACE(st_atime_s, st_atime);
    PLACE(st_atime_ns, st_atime_nsec);
    PLACE(st_mtime_s, st_mtime);
    PLACE(st_mtime_ns, st_mtime_nsec);
    PLACE(st_ctime_s, st_ctime);
    PLACE(st_ctime_ns, st_ctime_nsec);
#undef PLACE
}

TEST(struct_statx_and_statfs_lie_in_memory_as_the_systems_headers_say)
{
    SAME_SIZE(linux_statx, statx);
#define PLACE(name) SAME_PLACE(linux_statx, name, statx, name)
    PLACE(stx_mask);
    PLACE(stx_blksize);
    PLACE(stx_attributes);
    PLACE(stx_nlink);
    PLACE(stx_uid);
    PLACE(stx_gid);
    PLACE(stx_mode);
    PLACE(stx_ino);
    PLACE(stx_size);
    PLACE(stx_blocks);
    PLACE(stx_attributes_mask);
    PLACE(stx_atime);
    PLACE(stx_btime);
    PLACE(stx_ctime);
    PLACE(stx_mtime);
    PLACE(stx_rdev_major);
    PLACE(stx_rdev_minor);
    PLACE(stx_dev_major);
    PLACE(stx_dev_minor);
    PLACE(stx_mnt_id);
#undef PLACE
    SAME_SIZE(linux_statfs, statfs);
#define PLACE(name) SAME_PLACE(linux_statfs, name, statfs, name)
    PLACE(f_type);
    PLACE(f_bsize);
    PLACE(f_blocks);
    PLACE(f_bfree);
    PLACE(f_bavail);
    PLACE(f_files);
    PLACE(f_ffree);
    PLACE(f_fsid);
    PLACE(f_namelen);
    PLACE(f_frsize);
    PLACE(f_flags);
#undef PLACE
    EXPECT_EQ(LINUX_STATX_BASIC_STATS, STATX_BASIC_STATS);
    EXPECT_EQ(LINUX_STATX_MNT_ID, STATX_MNT_ID);
    EXPECT_EQ(LINUX_STATX_RESERVED, (uint32_t)STATX__RESERVED);
    EXPECT_EQ(LINUX_TMPFS_MAGIC, TMPFS_MAGIC);
    EXPECT_EQ(LINUX_PROC_MAGIC, PROC_SUPER_MAGIC);
}

TEST(small_structures_lie_in_memory_as_the_systems_headers_say)
{
    SAME_SIZE(linux_flock, flock);
    SAME_PLACE(linux_flock, l_type, flock, l_type);
    SAME_PLACE(linux_flock, l_whence, flock, l_whence);
    SAME_PLACE(linux_flock, l_start, flock, l_start);
    SAME_PLACE(linux_flock, l_len, flock, l_len);
    SAME_PLACE(linux_flock, l_pid, flock, l_pid);
    SAME_SIZE(linux_iovec, iovec);
    SAME_PLACE(linux_iovec, iov_len, iovec, iov_len);
    SAME_SIZE(linux_pollfd, pollfd);
    SAME_PLACE(linux_pollfd, events, pollfd, events);
    SAME_PLACE(linux_pollfd, revents, pollfd, revents);
    SAME_SIZE(linux_termios, termios);
    SAME_PLACE(linux_termios, c_lflag, termios, c_lflag);
    SAME_PLACE(linux_termios, c_line, termios, c_line);
    SAME_PLACE(linux_termios, c_cc, termios, c_cc);
    SAME_SIZE(linux_winsize, winsize);
    SAME_PLACE(linux_winsize, ws_col, winsize, ws_col);
}

TEST(times_and_flags_of_event_files_are_the_systems)
{
    SAME_SIZE(linux_itimerspec, itimerspec);
    SAME_PLACE(linux_itimerspec, interval, itimerspec, it_interval);
    SAME_PLACE(linux_itimerspec, value, itimerspec, it_value);
    SAME(TFD_TIMER_ABSTIME);
    SAME(TFD_TIMER_CANCEL_ON_SET);
    SAME(TFD_NONBLOCK);
    SAME(TFD_CLOEXEC);
    SAME(EFD_SEMAPHORE);
    SAME(EFD_NONBLOCK);
    SAME(EFD_CLOEXEC);
    SAME(CLOCK_REALTIME_ALARM);
    SAME(CLOCK_BOOTTIME_ALARM);
    SAME(F_SETPIPE_SZ);
    SAME(F_NOTIFY);
    SAME(DN_MULTISHOT);
    SAME(F_GETPIPE_SZ);
}

TEST(flags_of_open_and_the_at_calls_are_the_systems)
{
    SAME(O_ACCMODE);
    SAME(O_WRONLY);
    SAME(O_RDWR);
    SAME(O_CREAT);
    SAME(O_EXCL);
    SAME(O_NOCTTY);
    SAME(O_TRUNC);
    SAME(O_APPEND);
    SAME(O_NONBLOCK);
    SAME(O_DSYNC);
    SAME(O_DIRECT);
    SAME(O_LARGEFILE);
    SAME(O_DIRECTORY);
    SAME(O_NOFOLLOW);
    SAME(O_NOATIME);
    SAME(O_CLOEXEC);
    SAME(O_SYNC);
    SAME(O_PATH);
    EXPECT_EQ(LINUX_O_TMPFILE_BIT, __O_TMPFILE);
    EXPECT_EQ(LINUX_O_ASYNC, FASYNC);
    EXPECT_EQ(LINUX_AT_FDCWD, AT_FDCWD);
    SAME(AT_SYMLINK_NOFOLLOW);
    SAME(AT_EACCESS);
    SAME(AT_REMOVEDIR);
    SAME(AT_SYMLINK_FOLLOW);
    SAME(AT_NO_AUTOMOUNT);
    SAME(AT_EMPTY_PATH);
    SAME(AT_STATX_FORCE_SYNC);
    SAME(AT_STATX_DONT_SYNC);
    SAME(RENAME_NOREPLACE);
    SAME(RENAME_EXCHANGE);
    EXPECT_EQ(LINUX_NAME_MAX, NAME_MAX);
    EXPECT_EQ(LINUX_PATH_MAX, PATH_MAX);
    EXPECT_EQ(LINUX_IOV_MAX, UIO_MAXIOV);
}

TEST(commands_of_fcntl_and_ioctl_are_the_systems)
{
    SAME(F_DUPFD);
    SAME(F_GETFD);
    SAME(F_SETFD);
    SAME(F_GETFL);
    SAME(F_SETOWN);
    SAME(F_GETOWN);
    SAME(F_SETFL);
    SAME(F_GETLK);
    SAME(F_SETLK);
    SAME(F_SETLKW);
    SAME(F_OFD_GETLK);
    SAME(F_OFD_SETLK);
    SAME(F_OFD_SETLKW);
    SAME(F_DUPFD_CLOEXEC);
    SAME(F_RDLCK);
    SAME(F_WRLCK);
    SAME(F_UNLCK);
    SAME(SEEK_DATA);
    SAME(SEEK_HOLE);
    EXPECT_EQ(LINUX_FALLOC_KEEP_SIZE, FALLOC_FL_KEEP_SIZE);
    EXPECT_EQ(LINUX_FALLOC_PUNCH_HOLE, FALLOC_FL_PUNCH_HOLE);
    EXPECT_EQ(LINUX_FALLOC_COLLAPSE_RANGE, FALLOC_FL_COLLAPSE_RANGE);
    EXPECT_EQ(LINUX_FALLOC_ZERO_RANGE, FALLOC_FL_ZERO_RANGE);
    EXPECT_EQ(LINUX_FALLOC_INSERT_RANGE, FALLOC_FL_INSERT_RANGE);
    EXPECT_EQ(LINUX_FALLOC_UNSHARE_RANGE, FALLOC_FL_UNSHARE_RANGE);
    SAME(RWF_HIPRI);
    SAME(RWF_DSYNC);
    SAME(RWF_SYNC);
    SAME(RWF_NOWAIT);
    SAME(RWF_APPEND);
    SAME(RESOLVE_NO_XDEV);
    SAME(RESOLVE_NO_MAGICLINKS);
    SAME(RESOLVE_NO_SYMLINKS);
    SAME(RESOLVE_BENEATH);
    SAME(RESOLVE_IN_ROOT);
    SAME(RESOLVE_CACHED);
    SAME_SIZE(linux_open_how, open_how);
    SAME(CLOSE_RANGE_UNSHARE);
    SAME(CLOSE_RANGE_CLOEXEC);
    SAME(TCGETS);
    SAME(TCSETS);
    SAME(TCSETSW);
    SAME(TCSETSF);
    SAME(TIOCGWINSZ);
    SAME(TIOCGPGRP);
    SAME(FIONREAD);
    SAME(FIONBIO);
    SAME(FIOCLEX);
    SAME(FIONCLEX);
    SAME(FIOQSIZE);
    SAME(ICANON);
    SAME(ECHO);
    SAME(ICRNL);
    SAME(ONLCR);
    SAME(POLLIN);
    SAME(POLLOUT);
    SAME(POLLERR);
    SAME(POLLHUP);
    SAME(POLLNVAL);
    SAME(POLLRDNORM);
    SAME(POLLWRBAND);
}
