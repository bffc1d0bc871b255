/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs about inotify share: a case prints all the events that it caused. */
#pragma once
#include "tests/conformance/tasks.h"

#include <dirent.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

static int in; /* the inotify of the case */

static const struct {
    uint32_t bit;
    const char *name;
} bits[] = {
    { IN_ACCESS, "ACCESS" },         { IN_MODIFY, "MODIFY" },
    { IN_ATTRIB, "ATTRIB" },         { IN_CLOSE_WRITE, "CLOSE_WRITE" },
    { IN_CLOSE_NOWRITE, "CLOSE" },   { IN_OPEN, "OPEN" },
    { IN_MOVED_FROM, "MOVED_FROM" }, { IN_MOVED_TO, "MOVED_TO" },
    { IN_CREATE, "CREATE" },         { IN_DELETE, "DELETE" },
    { IN_DELETE_SELF, "GONE" },      { IN_MOVE_SELF, "MOVED" },
    { IN_UNMOUNT, "UNMOUNT" },       { IN_Q_OVERFLOW, "OVERFLOW" },
    { IN_IGNORED, "IGNORED" },       { IN_ISDIR, "ISDIR" },
};

/* Cookies are told by the order in which they are first seen. */
static uint32_t cookies[64];
static int cookie_count;

static inline int cookie_index(uint32_t cookie)
{
    int i = 0;
    if (cookie == 0) return 0;
    while (i < cookie_count && cookies[i] != cookie) i++;
    if (i == cookie_count && i < 64) cookies[cookie_count++] = cookie;
    return i + 1;
}

static inline void show_event(const struct inotify_event *e)
{
    printf("  %d", e->wd);
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++)
        if (e->mask & bits[i].bit) printf(" %s", bits[i].name);
    if (e->cookie) printf(" #%d", cookie_index(e->cookie));
    if (e->len) printf(" \"%s\" in %u", e->name, e->len);
    printf("\n");
}

/* All that is there. */
static inline void events(const char *what)
{
    char buffer[4096] __attribute__((aligned(8)));
    ssize_t got;
    case_count++;
    printf("%s:\n", what);
    while ((got = read(in, buffer, sizeof buffer)) > 0)
        for (char *at = buffer; at < buffer + got;) {
            const struct inotify_event *e = (const struct inotify_event *)at;
            show_event(e);
            at += sizeof *e + e->len;
        }
    if (got < 0 && errno != EAGAIN) printf("  %s\n", error_name(errno));
}

static inline void begin(const char *what)
{
    printf("-- %s\n", what);
    in = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
}
static inline void end(void) { close(in); }

static inline void put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (write(fd, text, strlen(text)) < 0) printf("write: %s\n", error_name(errno));
    close(fd);
}

static inline void get(const char *path)
{
    char buffer[64];
    int fd = open(path, O_RDONLY);
    if (read(fd, buffer, sizeof buffer) < 0) printf("read: %s\n", error_name(errno));
    close(fd);
}

static inline void list(const char *path)
{
    DIR *directory = opendir(path);
    while (readdir(directory)) {}
    closedir(directory);
}
