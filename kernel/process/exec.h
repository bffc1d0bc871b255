/* SPDX-License-Identifier: Apache-2.0 */
/* From a file to an address space with a program in it: segments, stack, arguments. */
#pragma once
#include "lib/base.h"

struct credentials;
struct fd_table;
struct fs_context;
struct linux_rlimit;
struct space;

struct exec_request {
    const char *path;      /* looked up from the working directory */
    bool must_be_file;     /* ERR_LOOP when the path names a symbolic link */
    bool is_lost_at_start; /* the path begins at a descriptor that closes then: no name for a script */
    uint32_t argument_count, environment_count;
    const char *const *arguments;
    const char *const *environment;
};

struct exec_entry { /* where ring 3 begins */
    uint64_t rip, rsp;
};

/* A program that is there and does not run yet. */
struct exec_image {
    struct space *space;
    struct file *file;
    char *path; /* as asked for */
    struct exec_entry entry;
    const struct credentials *credentials; /* who it will be; counted */
    struct fd_table *files; /* instead of those that other processes share; NULL: those it has stay */
};

enum { EXEC_FAILURE_NAME_MAX = 128 };

/* Why a program does not start. */
struct exec_failure {
    const char *why; /* a static sentence */
    /* About what, when that is not the program: the interpreter that it or a script wants. Else empty. */
    char interpreter[EXEC_FAILURE_NAME_MAX];
};

/* The bytes that all arguments, variables and the pointers to them may have. */
uint64_t exec_strings_max(const struct linux_rlimit *limits);

/* Builds a space with the program and makes it the running thread's; on failure the thread has the space it had.
 * ERR_NOT_FOUND and others of the path walk; ERR_ACCESS, not an executable file; ERR_EXEC_FORMAT;
 * ERR_LOOP, scripts upon scripts; ERR_IO and ERR_BAD_LIBRARY, of the interpreter; ERR_ARGS_TOO_LONG;
 * ERR_TEXT_BUSY, open for writing; ERR_NO_MEMORY. Threads only. */
err_t exec_load(struct fs_context *fs, const struct linux_rlimit *limits, const struct exec_request *request,
                struct exec_image *out, struct exec_failure *failure);
/* Descriptors of its own for the program, where the running process shares them. ERR_NO_MEMORY. */
err_t exec_own_files(struct exec_image *image);
/* Makes it the program of the running process, whose only thread is the running one: what the old program had is
 * given back or reset as execve(2) says. */
void exec_commit(struct exec_image *image);
/* Instead of exec_commit: takes the image back; the running thread gets `space`. */
void exec_discard(struct exec_image *image, struct space *space);
