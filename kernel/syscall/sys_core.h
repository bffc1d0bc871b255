/* SPDX-License-Identifier: Apache-2.0 */
/* System calls that are not about files. Each takes its registers as Linux does and returns a
 * value or a negative errno; each decodes its arguments and makes one call downward. */
#pragma once
#include "lib/base.h"

/* ---- memory: sys_memory.c ---- */
int64_t sys_mmap(uint64_t at, uint64_t bytes, uint64_t protection, uint64_t flags, uint64_t fd,
                 uint64_t offset);
int64_t sys_munmap(uint64_t at, uint64_t bytes);
int64_t sys_mprotect(uint64_t at, uint64_t bytes, uint64_t protection);
int64_t sys_mremap(uint64_t at, uint64_t old_bytes, uint64_t new_bytes, uint64_t flags, uint64_t to);
int64_t sys_brk(uint64_t end);
int64_t sys_madvise(uint64_t at, uint64_t bytes, uint64_t advice);
int64_t sys_msync(uint64_t at, uint64_t bytes, uint64_t flags);
int64_t sys_mincore(uint64_t at, uint64_t bytes, uint64_t vector);
int64_t sys_mlock(uint64_t at, uint64_t bytes);
int64_t sys_mlock2(uint64_t at, uint64_t bytes, uint64_t flags);
int64_t sys_munlock(uint64_t at, uint64_t bytes);
int64_t sys_mlockall(uint64_t flags);
int64_t sys_munlockall(void);

/* ---- processes: sys_family.c, sys_wait.c; in assembly, for sys_clone.c and sys_exec.c (sys_frame.h) ---- */
int64_t sys_getppid(void);
int64_t sys_getpgrp(void);
int64_t sys_getpgid(uint64_t pid);
int64_t sys_getsid(uint64_t pid);
int64_t sys_setpgid(uint64_t pid, uint64_t group);
int64_t sys_setsid(void);
int64_t sys_wait4(uint64_t pid, uint64_t status, uint64_t options, uint64_t usage);
int64_t sys_waitid(uint64_t type, uint64_t number, uint64_t info, uint64_t options, uint64_t usage);
int64_t sys_clone(void);
int64_t sys_clone3(void);
int64_t sys_fork(void);
int64_t sys_vfork(void);
int64_t sys_execve(void);
int64_t sys_execveat(void);

/* ---- the process: sys_process.c ---- */
int64_t sys_exit(uint64_t status);
int64_t sys_exit_group(uint64_t status);
int64_t sys_getpid(void);
int64_t sys_gettid(void);
int64_t sys_set_tid_address(uint64_t address);
int64_t sys_set_robust_list(uint64_t head, uint64_t bytes);
int64_t sys_get_robust_list(uint64_t pid, uint64_t head, uint64_t bytes);
int64_t sys_prlimit64(uint64_t pid, uint64_t resource, uint64_t new_limit, uint64_t old_limit);
int64_t sys_getrlimit(uint64_t resource, uint64_t limit);
int64_t sys_setrlimit(uint64_t resource, uint64_t limit);
int64_t sys_getrusage(uint64_t who, uint64_t usage);

/* ---- who it is: sys_identity.c, sys_capability.c ---- */
int64_t sys_getuid(void);
int64_t sys_geteuid(void);
int64_t sys_getgid(void);
int64_t sys_getegid(void);
int64_t sys_getresuid(uint64_t real, uint64_t effective, uint64_t saved);
int64_t sys_getresgid(uint64_t real, uint64_t effective, uint64_t saved);
int64_t sys_getgroups(uint64_t count, uint64_t list);
int64_t sys_setuid(uint64_t uid);
int64_t sys_setgid(uint64_t gid);
int64_t sys_setreuid(uint64_t real, uint64_t effective);
int64_t sys_setregid(uint64_t real, uint64_t effective);
int64_t sys_setresuid(uint64_t real, uint64_t effective, uint64_t saved);
int64_t sys_setresgid(uint64_t real, uint64_t effective, uint64_t saved);
int64_t sys_setfsuid(uint64_t uid);
int64_t sys_setfsgid(uint64_t gid);
int64_t sys_setgroups(uint64_t count, uint64_t list);
int64_t sys_capget(uint64_t header, uint64_t data);
int64_t sys_capset(uint64_t header, uint64_t data);

/* ---- scheduling and waiting: sys_sched.c ---- */
int64_t sys_sched_yield(void);
int64_t sys_sched_getaffinity(uint64_t pid, uint64_t bytes, uint64_t mask);
int64_t sys_sched_setaffinity(uint64_t pid, uint64_t bytes, uint64_t mask);
int64_t sys_getcpu(uint64_t cpu, uint64_t node, uint64_t cache);
int64_t sys_futex(uint64_t word, uint64_t operation, uint64_t value, uint64_t timeout, uint64_t word2,
                  uint64_t value3);

/* ---- sys_prctl.c ---- */
int64_t sys_arch_prctl(uint64_t option, uint64_t address);
int64_t sys_prctl(uint64_t option, uint64_t a, uint64_t b, uint64_t c, uint64_t d);
int64_t sys_personality(uint64_t wanted);

/* ---- memory of another process: sys_process_memory.c ---- */
int64_t sys_process_vm_readv(uint64_t pid, uint64_t local, uint64_t local_count, uint64_t remote,
                             uint64_t remote_count, uint64_t flags);
int64_t sys_process_vm_writev(uint64_t pid, uint64_t local, uint64_t local_count, uint64_t remote,
                              uint64_t remote_count, uint64_t flags);

/* ---- sys_rseq.c ---- */
int64_t sys_rseq(uint64_t address, uint64_t bytes, uint64_t flags, uint64_t signature);
int64_t sys_membarrier(uint64_t command, uint64_t flags, uint64_t cpu);

/* ---- policies: sys_sched_policy.c ---- */
int64_t sys_sched_getparam(uint64_t tid, uint64_t param);
int64_t sys_sched_setparam(uint64_t tid, uint64_t param);
int64_t sys_sched_getscheduler(uint64_t tid);
int64_t sys_sched_setscheduler(uint64_t tid, uint64_t policy, uint64_t param);
int64_t sys_sched_get_priority_max(uint64_t policy);
int64_t sys_sched_get_priority_min(uint64_t policy);
int64_t sys_sched_rr_get_interval(uint64_t tid, uint64_t out);
int64_t sys_sched_setattr(uint64_t tid, uint64_t attributes, uint64_t flags);
int64_t sys_sched_getattr(uint64_t tid, uint64_t attributes, uint64_t size, uint64_t flags);

/* ---- sys_priority.c ---- */
int64_t sys_getpriority(uint64_t which, uint64_t who);
int64_t sys_setpriority(uint64_t which, uint64_t who, uint64_t niceness);
int64_t sys_ioprio_get(uint64_t which, uint64_t who);
int64_t sys_ioprio_set(uint64_t which, uint64_t who, uint64_t priority);

/* ---- where memory comes from: sys_mempolicy.c ---- */
int64_t sys_set_mempolicy(uint64_t mode, uint64_t set, uint64_t count);
int64_t sys_get_mempolicy(uint64_t mode, uint64_t set, uint64_t count, uint64_t address, uint64_t flags);
int64_t sys_mbind(uint64_t at, uint64_t bytes, uint64_t mode, uint64_t set, uint64_t count, uint64_t flags);
int64_t sys_set_mempolicy_home_node(uint64_t at, uint64_t bytes, uint64_t node, uint64_t flags);
int64_t sys_migrate_pages(uint64_t pid, uint64_t count, uint64_t from, uint64_t to);
int64_t sys_move_pages(uint64_t pid, uint64_t count, uint64_t pages, uint64_t nodes, uint64_t statuses,
                       uint64_t flags);

/* ---- time: sys_time.c ---- */
int64_t sys_clock_gettime(uint64_t clock, uint64_t out);
int64_t sys_clock_getres(uint64_t clock, uint64_t out);
int64_t sys_gettimeofday(uint64_t time, uint64_t zone);
int64_t sys_time(uint64_t out);
int64_t sys_nanosleep(uint64_t request, uint64_t remaining);
int64_t sys_clock_nanosleep(uint64_t clock, uint64_t flags, uint64_t request, uint64_t remaining);
int64_t sys_times(uint64_t out);

/* ---- timers that send signals: sys_timer.c ---- */
int64_t sys_timer_create(uint64_t clock, uint64_t event, uint64_t number);
int64_t sys_timer_settime(uint64_t number, uint64_t flags, uint64_t wanted, uint64_t was);
int64_t sys_timer_gettime(uint64_t number, uint64_t out);
int64_t sys_timer_getoverrun(uint64_t number);
int64_t sys_timer_delete(uint64_t number);
int64_t sys_getitimer(uint64_t which, uint64_t out);
int64_t sys_setitimer(uint64_t which, uint64_t wanted, uint64_t was);
int64_t sys_alarm(uint64_t seconds);

/* ---- the system: sys_info.c ---- */
int64_t sys_uname(uint64_t out);
int64_t sys_sysinfo(uint64_t out);
int64_t sys_syslog(uint64_t action, uint64_t buffer, uint64_t bytes); /* sys_log.c */
int64_t sys_sethostname(uint64_t name, uint64_t bytes);
int64_t sys_setdomainname(uint64_t name, uint64_t bytes);
int64_t sys_getrandom(uint64_t buffer, uint64_t bytes, uint64_t flags);

/* ---- signals: sys_signal.c, sys_signal_send.c, sys_signal_wait.c; the first two in assembly (sys_frame.h) ---- */
int64_t sys_rt_sigreturn(void);
int64_t sys_sigaltstack(void);
int64_t sys_rt_sigaction(uint64_t signal, uint64_t action, uint64_t old, uint64_t set_bytes);
int64_t sys_rt_sigprocmask(uint64_t how, uint64_t set, uint64_t old, uint64_t set_bytes);
int64_t sys_rt_sigpending(uint64_t set, uint64_t set_bytes);
int64_t sys_restart_syscall(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f);
int64_t sys_kill(uint64_t pid, uint64_t signal);
int64_t sys_tkill(uint64_t tid, uint64_t signal);
int64_t sys_pidfd_open(uint64_t pid, uint64_t flags);
int64_t sys_pidfd_getfd(uint64_t pidfd, uint64_t fd, uint64_t flags);
int64_t sys_pidfd_send_signal(uint64_t pidfd, uint64_t signal, uint64_t info, uint64_t flags);
int64_t sys_tgkill(uint64_t pid, uint64_t tid, uint64_t signal);
int64_t sys_rt_sigqueueinfo(uint64_t pid, uint64_t signal, uint64_t info);
int64_t sys_rt_tgsigqueueinfo(uint64_t pid, uint64_t tid, uint64_t signal, uint64_t info);
int64_t sys_pause(void);
int64_t sys_rt_sigsuspend(uint64_t mask, uint64_t set_bytes);
int64_t sys_rt_sigtimedwait(uint64_t set, uint64_t info, uint64_t timeout, uint64_t set_bytes);
int64_t sys_signalfd(uint64_t fd, uint64_t set, uint64_t set_bytes);
int64_t sys_signalfd4(uint64_t fd, uint64_t set, uint64_t set_bytes, uint64_t flags);
