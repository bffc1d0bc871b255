/* SPDX-License-Identifier: Apache-2.0 */
/* System calls about files, descriptors and paths. Each takes its registers as Linux does and returns a
 * value or a negative errno; each decodes its arguments, changing nothing, and then acts. Linux's order
 * of checks is kept, as programs see which error comes first. */
#pragma once
#include "lib/base.h"

/* ---- bytes: sys_file_io.c ---- */
int64_t sys_read(uint64_t fd, uint64_t buffer, uint64_t bytes);
int64_t sys_write(uint64_t fd, uint64_t buffer, uint64_t bytes);
int64_t sys_pread64(uint64_t fd, uint64_t buffer, uint64_t bytes, uint64_t offset);
int64_t sys_pwrite64(uint64_t fd, uint64_t buffer, uint64_t bytes, uint64_t offset);
int64_t sys_readv(uint64_t fd, uint64_t vector, uint64_t count);
int64_t sys_writev(uint64_t fd, uint64_t vector, uint64_t count);
int64_t sys_preadv(uint64_t fd, uint64_t vector, uint64_t count, uint64_t offset);
int64_t sys_pwritev(uint64_t fd, uint64_t vector, uint64_t count, uint64_t offset);
int64_t sys_preadv2(uint64_t fd, uint64_t vector, uint64_t count, uint64_t offset, uint64_t high,
                    uint64_t flags);
int64_t sys_pwritev2(uint64_t fd, uint64_t vector, uint64_t count, uint64_t offset, uint64_t high,
                     uint64_t flags);
int64_t sys_lseek(uint64_t fd, uint64_t offset, uint64_t whence);

/* ---- names in directories: sys_file_names.c ---- */
int64_t sys_getdents(uint64_t fd, uint64_t buffer, uint64_t bytes);
int64_t sys_getdents64(uint64_t fd, uint64_t buffer, uint64_t bytes);

/* ---- from file to file: sys_file_copy.c ---- */
int64_t sys_sendfile(uint64_t out_fd, uint64_t in_fd, uint64_t offset, uint64_t bytes);
int64_t sys_copy_file_range(uint64_t in_fd, uint64_t in_offset, uint64_t out_fd, uint64_t out_offset,
                            uint64_t bytes, uint64_t flags);

/* ---- through pipes: sys_file_splice.c ---- */
int64_t sys_splice(uint64_t in_fd, uint64_t in_at, uint64_t out_fd, uint64_t out_at, uint64_t bytes,
                   uint64_t flags);
int64_t sys_tee(uint64_t in_fd, uint64_t out_fd, uint64_t bytes, uint64_t flags);
int64_t sys_vmsplice(uint64_t fd, uint64_t vector, uint64_t count, uint64_t flags);

/* ---- descriptors: sys_file_open.c, sys_file_control.c ---- */
int64_t sys_open(uint64_t path, uint64_t flags, uint64_t mode);
int64_t sys_openat(uint64_t directory_fd, uint64_t path, uint64_t flags, uint64_t mode);
int64_t sys_openat2(uint64_t directory_fd, uint64_t path, uint64_t how, uint64_t bytes);
int64_t sys_creat(uint64_t path, uint64_t mode);
int64_t sys_memfd_create(uint64_t name, uint64_t flags);
int64_t sys_close(uint64_t fd);
int64_t sys_close_range(uint64_t first, uint64_t last, uint64_t flags);
int64_t sys_dup(uint64_t fd);
int64_t sys_dup2(uint64_t old_fd, uint64_t new_fd);
int64_t sys_dup3(uint64_t old_fd, uint64_t new_fd, uint64_t flags);
int64_t sys_fcntl(uint64_t fd, uint64_t command, uint64_t argument);
int64_t sys_ioctl(uint64_t fd, uint64_t request, uint64_t argument);
int64_t sys_flock(uint64_t fd, uint64_t operation);

/* ---- files that are no place for data: sys_file_event.c ---- */
int64_t sys_pipe(uint64_t out);
int64_t sys_pipe2(uint64_t out, uint64_t flags);
int64_t sys_eventfd(uint64_t count);
int64_t sys_eventfd2(uint64_t count, uint64_t flags);
int64_t sys_timerfd_create(uint64_t clock, uint64_t flags);
int64_t sys_timerfd_settime(uint64_t fd, uint64_t flags, uint64_t wanted, uint64_t was);
int64_t sys_timerfd_gettime(uint64_t fd, uint64_t out);

/* ---- inotify: sys_file_notify.c ---- */
int64_t sys_inotify_init(void);
int64_t sys_inotify_init1(uint64_t flags);
int64_t sys_inotify_add_watch(uint64_t fd, uint64_t path, uint64_t mask);
int64_t sys_inotify_rm_watch(uint64_t fd, uint64_t number);

/* ---- epoll: sys_file_epoll.c ---- */
int64_t sys_epoll_create(uint64_t size);
int64_t sys_epoll_create1(uint64_t flags);
int64_t sys_epoll_ctl(uint64_t epoll_fd, uint64_t operation, uint64_t fd, uint64_t event);
int64_t sys_epoll_wait(uint64_t epoll_fd, uint64_t events, uint64_t capacity, uint64_t timeout_ms);
int64_t sys_epoll_pwait(uint64_t epoll_fd, uint64_t events, uint64_t capacity, uint64_t timeout_ms,
                        uint64_t mask, uint64_t mask_bytes);
int64_t sys_epoll_pwait2(uint64_t epoll_fd, uint64_t events, uint64_t capacity, uint64_t timeout,
                         uint64_t mask, uint64_t mask_bytes);

/* ---- shape and storage: sys_file_size.c ---- */
int64_t sys_truncate(uint64_t path, uint64_t bytes);
int64_t sys_ftruncate(uint64_t fd, uint64_t bytes);
int64_t sys_fallocate(uint64_t fd, uint64_t mode, uint64_t offset, uint64_t bytes);
int64_t sys_fsync(uint64_t fd);
int64_t sys_fdatasync(uint64_t fd);
int64_t sys_sync(void);
int64_t sys_syncfs(uint64_t fd);
int64_t sys_sync_file_range(uint64_t fd, uint64_t offset, uint64_t bytes, uint64_t flags);
int64_t sys_fadvise64(uint64_t fd, uint64_t offset, uint64_t bytes, uint64_t advice);
int64_t sys_readahead(uint64_t fd, uint64_t offset, uint64_t bytes);

/* ---- attributes: sys_file_stat.c ---- */
int64_t sys_stat(uint64_t path, uint64_t out);
int64_t sys_lstat(uint64_t path, uint64_t out);
int64_t sys_fstat(uint64_t fd, uint64_t out);
int64_t sys_newfstatat(uint64_t directory_fd, uint64_t path, uint64_t out, uint64_t flags);
int64_t sys_statx(uint64_t directory_fd, uint64_t path, uint64_t flags, uint64_t mask, uint64_t out);
int64_t sys_statfs(uint64_t path, uint64_t out);
int64_t sys_fstatfs(uint64_t fd, uint64_t out);
int64_t sys_ustat(uint64_t device, uint64_t out);

/* ---- mounts: sys_mount.c ---- */
int64_t sys_mount(uint64_t source, uint64_t target, uint64_t type, uint64_t flags, uint64_t data);
int64_t sys_umount2(uint64_t target, uint64_t flags);

/* ---- readiness: sys_file_poll.c ---- */
int64_t sys_poll(uint64_t list, uint64_t count, uint64_t timeout_ms);
int64_t sys_ppoll(uint64_t list, uint64_t count, uint64_t timeout, uint64_t mask, uint64_t mask_bytes);
int64_t sys_select(uint64_t count, uint64_t readable, uint64_t writable, uint64_t exceptional,
                   uint64_t timeout);
int64_t sys_pselect6(uint64_t count, uint64_t readable, uint64_t writable, uint64_t exceptional,
                     uint64_t timeout, uint64_t mask);

/* ---- names: sys_path_names.c ---- */
int64_t sys_mkdir(uint64_t path, uint64_t mode);
int64_t sys_mkdirat(uint64_t directory_fd, uint64_t path, uint64_t mode);
int64_t sys_mknod(uint64_t path, uint64_t mode, uint64_t device);
int64_t sys_mknodat(uint64_t directory_fd, uint64_t path, uint64_t mode, uint64_t device);
int64_t sys_symlink(uint64_t target, uint64_t path);
int64_t sys_symlinkat(uint64_t target, uint64_t directory_fd, uint64_t path);
int64_t sys_link(uint64_t old_path, uint64_t new_path);
int64_t sys_linkat(uint64_t old_fd, uint64_t old_path, uint64_t new_fd, uint64_t new_path, uint64_t flags);
int64_t sys_unlink(uint64_t path);
int64_t sys_unlinkat(uint64_t directory_fd, uint64_t path, uint64_t flags);
int64_t sys_rmdir(uint64_t path);
int64_t sys_rename(uint64_t old_path, uint64_t new_path);
int64_t sys_renameat(uint64_t old_fd, uint64_t old_path, uint64_t new_fd, uint64_t new_path);
int64_t sys_renameat2(uint64_t old_fd, uint64_t old_path, uint64_t new_fd, uint64_t new_path, uint64_t flags);

/* ---- what paths lead to: sys_path_attributes.c ---- */
int64_t sys_access(uint64_t path, uint64_t mode);
int64_t sys_faccessat(uint64_t directory_fd, uint64_t path, uint64_t mode);
int64_t sys_faccessat2(uint64_t directory_fd, uint64_t path, uint64_t mode, uint64_t flags);
int64_t sys_chmod(uint64_t path, uint64_t mode);
int64_t sys_fchmod(uint64_t fd, uint64_t mode);
int64_t sys_fchmodat(uint64_t directory_fd, uint64_t path, uint64_t mode);
int64_t sys_chown(uint64_t path, uint64_t uid, uint64_t gid);
int64_t sys_lchown(uint64_t path, uint64_t uid, uint64_t gid);
int64_t sys_fchown(uint64_t fd, uint64_t uid, uint64_t gid);
int64_t sys_fchownat(uint64_t directory_fd, uint64_t path, uint64_t uid, uint64_t gid, uint64_t flags);

/* ---- times: sys_path_times.c ---- */
int64_t sys_utimensat(uint64_t directory_fd, uint64_t path, uint64_t times, uint64_t flags);
int64_t sys_futimesat(uint64_t directory_fd, uint64_t path, uint64_t times);
int64_t sys_utimes(uint64_t path, uint64_t times);
int64_t sys_utime(uint64_t path, uint64_t times);

/* ---- extended attributes: sys_path_xattr.c ---- */
int64_t sys_setxattr(uint64_t path, uint64_t name, uint64_t value, uint64_t bytes, uint64_t flags);
int64_t sys_lsetxattr(uint64_t path, uint64_t name, uint64_t value, uint64_t bytes, uint64_t flags);
int64_t sys_fsetxattr(uint64_t fd, uint64_t name, uint64_t value, uint64_t bytes, uint64_t flags);
int64_t sys_getxattr(uint64_t path, uint64_t name);
int64_t sys_lgetxattr(uint64_t path, uint64_t name);
int64_t sys_fgetxattr(uint64_t fd, uint64_t name);
int64_t sys_listxattr(uint64_t path);
int64_t sys_llistxattr(uint64_t path);
int64_t sys_flistxattr(uint64_t fd);
int64_t sys_removexattr(uint64_t path, uint64_t name);
int64_t sys_lremovexattr(uint64_t path, uint64_t name);
int64_t sys_fremovexattr(uint64_t fd, uint64_t name);

/* ---- the process's place: sys_path_process.c ---- */
int64_t sys_readlink(uint64_t path, uint64_t buffer, uint64_t bytes);
int64_t sys_readlinkat(uint64_t directory_fd, uint64_t path, uint64_t buffer, uint64_t bytes);
int64_t sys_getcwd(uint64_t buffer, uint64_t bytes);
int64_t sys_chdir(uint64_t path);
int64_t sys_fchdir(uint64_t fd);
int64_t sys_chroot(uint64_t path);
int64_t sys_umask(uint64_t mask);
