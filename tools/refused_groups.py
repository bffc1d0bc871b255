# SPDX-License-Identifier: Apache-2.0
"""Why calls of Linux are refused, by group: (title, reason, names). A call that abi/syscalls.def no longer refuses
may stay in its group and is left out of the page."""

GROUPS = [
    ('Linux refuses them, too', 'the number is kept for a call that is gone or never was',
     '''create_module get_kernel_syms query_module nfsservctl getpmsg putpmsg afs_syscall tuxcall security
        _sysctl set_thread_area get_thread_area epoll_ctl_old epoll_wait_old vserver'''),
    ('Out of use', 'Linux keeps them for programs of the last century, or for one that is gone',
     'uselib lookup_dcookie ustat sysfs remap_file_pages'),
    ('One kernel in one image', 'there are no modules, no second kernel, no swap space and no accounting',
     'init_module delete_module finit_module kexec_load kexec_file_load swapon swapoff acct quotactl quotactl_fd reboot'),
    ('One container', 'the machine is the boundary; namespaces and sandboxes inside it are not offered',
     '''unshare setns pivot_root seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self
        setdomainname'''),
    ('Programs do not touch the hardware', 'ports, segments and the clock of the machine are the kernel\'s',
     'iopl ioperm modify_ldt settimeofday clock_settime adjtimex clock_adjtime vhangup'),
    ('No tracing of programs by programs', 'what a program does is seen from outside, through tracepoints',
     'ptrace process_vm_readv process_vm_writev kcmp perf_event_open bpf userfaultfd'),
    ('Asynchronous I/O of Linux', 'programs fall back to threads or epoll, as they do in other sandboxes',
     '''io_setup io_destroy io_getevents io_submit io_cancel io_pgetevents io_uring_setup io_uring_enter
        io_uring_register'''),
    ('No key rings', 'programs keep their secrets themselves', 'add_key request_key keyctl'),
    ('The newer way to mount', 'mount does what containers need',
     'open_tree move_mount fsopen fsconfig fsmount fspick mount_setattr'),
    ('Watching whole file systems, and handles of files', 'for backup programs and file servers of a host',
     'fanotify_init fanotify_mark name_to_handle_at open_by_handle_at'),
    ('One memory node', 'pages have nowhere to move to', 'migrate_pages move_pages set_mempolicy_home_node'),
    ('Protection keys and secret memory', 'not offered by the processors we count on; programs ask first',
     'pkey_mprotect pkey_alloc pkey_free memfd_secret'),
]
NOT_YET = ('Not yet', 'not written, and not decided against')
