/* SPDX-License-Identifier: Apache-2.0 */
/* poll and select: look at every file, and sleep until one of them changes if none is ready. The first look attaches a
 * watcher to each file before it looks at it. */
#include "syscall/sys_file.h"

#include "abi/linux/poll.h"
#include "abi/linux/time.h"
#include "process/user_thread.h"
#include "core/time.h"
#include "fs/fd_table.h"
#include "fs/file.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "syscall/poll_arguments.h"
#include "syscall/sys_path.h"
#include "syscall/timespec.h"
#include "vm/usercopy.h"

#define NS_PER_MS 1000000ull
#define NS_PER_US 1000ull
#define US_PER_S  1000000ull

enum {
    LIST_SHORT = 16,
    SIGNAL_SET_BYTES = 8,
    SET_WORDS = LINUX_FD_SETSIZE / 64,
    /* What each of select's sets asks for. [linux fs/select.c] */
    SELECT_IN = LINUX_POLLRDNORM | LINUX_POLLRDBAND | LINUX_POLLIN | LINUX_POLLHUP | LINUX_POLLERR,
    SELECT_OUT = LINUX_POLLWRBAND | LINUX_POLLWRNORM | LINUX_POLLOUT | LINUX_POLLERR,
    SELECT_EXCEPT = LINUX_POLLPRI,
};

struct deadline deadline_after(uint64_t ns)
{
    uint64_t end;
    if (ns == 0) return (struct deadline){ 0 };
    return (struct deadline){ signal_deadline(add_overflows(time_now_ns(), ns, &end) ? UINT64_MAX : end) };
}

struct deadline deadline_after_ms(int32_t timeout_ms)
{
    return timeout_ms < 0 ? (struct deadline){ UINT64_MAX }
                          : deadline_after((uint64_t)timeout_ms * NS_PER_MS);
}

/* ---- the files that are watched while the thread sleeps ---- */

struct watched_file {
    struct sleeper_watch watch;
    struct file *file; /* counted */
};

struct watching {
    struct readiness_sleeper sleeper;
    struct watched_file *files, near[LIST_SHORT];
    size_t count;
    bool is_over; /* there is a result already, or there will be no sleep */
};

static err_t watching_start(struct watching *w, size_t capacity, struct deadline end)
{
    sleeper_init(&w->sleeper);
    w->files = w->near;
    w->count = 0;
    w->is_over = end.ns == 0;
    if (!w->is_over && capacity > LIST_SHORT) w->files = heap_alloc(capacity * sizeof(*w->files));
    return w->files ? OK : ERR_NO_MEMORY;
}

static void watching_end(struct watching *w)
{
    for (size_t i = 0; i < w->count; i++) {
        readiness_unwatch(&w->files[i].watch.watcher);
        file_put(w->files[i].file);
    }
    if (w->files != w->near) heap_free(w->files);
}

/* What holds of `wanted`, and is told of it from now on if nothing was ready before it. */
static uint32_t watch_and_look(struct watching *w, struct file *file, uint32_t wanted)
{
    struct readiness *readiness = w->is_over ? NULL : file_readiness(file);
    if (readiness) {
        struct watched_file *watched = &w->files[w->count++];
        watched->file = file_get(file);
        sleeper_watch(&w->sleeper, &watched->watch, readiness, wanted);
    }
    uint32_t now = file_poll(file) & wanted;
    if (now) w->is_over = true;
    return now;
}

/* ---- poll ---- */

/* How many entries have something to say. */
static int64_t look(struct linux_pollfd *list, size_t count, struct watching *w)
{
    int64_t ready = 0;
    for (size_t i = 0; i < count; i++) {
        list[i].revents = 0;
        if (list[i].fd < 0) continue;
        struct file *file;
        if (failed(file_argument((uint32_t)list[i].fd, &file))) {
            list[i].revents = LINUX_POLLNVAL;
        } else {
            uint32_t wanted = (uint16_t)list[i].events | LINUX_POLLERR | LINUX_POLLHUP;
            list[i].revents = (int16_t)watch_and_look(w, file, wanted);
            file_put(file);
        }
        ready += list[i].revents != 0;
    }
    return ready;
}

static int64_t poll_until(struct linux_pollfd *list, size_t count, struct deadline end)
{
    struct watching w;
    err_t e = watching_start(&w, count, end);
    if (failed(e)) return e.code;
    int64_t ready = look(list, count, &w);
    w.is_over = true;
    while (ready == 0 && end.ns && !failed(e)) {
        e = sleeper_wait(&w.sleeper, end.ns);
        ready = look(list, count, &w);
    }
    watching_end(&w);
    return ready == 0 && e.code == ERR_INTERRUPTED.code ? e.code : ready;
}

/* Only the answers go back: the program may keep the rest in memory it does not want touched. */
static err_t write_answers(const struct linux_pollfd *list, size_t count, uint64_t address)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t at = address + i * sizeof(*list) + offsetof(struct linux_pollfd, revents);
        err_t e = user_copy_out(UADDR(at), &list[i].revents, sizeof(list[i].revents));
        if (failed(e)) return e;
    }
    return OK;
}

static int64_t poll_list(uint64_t address, uint32_t count, struct deadline end)
{
    if (count > fd_limit()) return ERR_INVALID.code;
    struct linux_pollfd near[LIST_SHORT], *list = near;
    size_t bytes = count * sizeof(*list);
    if (count > LIST_SHORT) list = heap_alloc(bytes);
    if (!list) return ERR_NO_MEMORY.code;
    err_t e = user_copy_in(list, UADDR(address), bytes);
    int64_t result = failed(e) ? e.code : poll_until(list, count, end);
    if (result >= 0) {
        e = write_answers(list, count, address);
        if (failed(e)) result = e.code;
    }
    if (list != near) heap_free(list);
    return result;
}

int64_t sys_poll(uint64_t list, uint64_t count, uint64_t timeout_ms)
{
    return poll_list(list, (uint32_t)count, deadline_after_ms((int32_t)timeout_ms));
}

/* ---- time-outs in user memory, which Linux turns into the time that was left ---- */

err_t deadline_read(uint64_t address, struct deadline *out)
{
    uint64_t ns;
    *out = (struct deadline){ UINT64_MAX };
    if (address == 0) return OK;
    err_t e = timespec_read(address, &ns);
    if (!failed(e)) *out = deadline_after(ns);
    return e;
}

static uint64_t left_until(struct deadline end)
{
    uint64_t now_ns = end.ns ? time_now_ns() : 0;
    return end.ns > now_ns ? end.ns - now_ns : 0;
}

/* A result that counts is worth more than a time-out that cannot be written. */
static int64_t finish_timespec(int64_t result, uint64_t address, struct deadline end)
{
    if (address && failed(timespec_write(address, left_until(end)))) return result;
    return result;
}

err_t poll_mask_begin(uint64_t address, uint64_t bytes)
{
    uint64_t mask;
    if (!address) return OK;
    if (bytes != SIGNAL_SET_BYTES) return ERR_INVALID;
    err_t e = user_copy_in(&mask, UADDR(address), sizeof(mask));
    if (!failed(e)) signal_mask_begin(mask);
    return e;
}

int64_t sys_ppoll(uint64_t list, uint64_t count, uint64_t timeout, uint64_t mask, uint64_t mask_bytes)
{
    struct deadline end;
    err_t e = deadline_read(timeout, &end);
    if (!failed(e)) e = poll_mask_begin(mask, mask_bytes);
    if (failed(e)) return e.code;
    int64_t result = signal_mask_end(poll_list(list, (uint32_t)count, end));
    return finish_timespec(result, timeout, end);
}

/* ---- select ---- */

struct set {
    uint64_t address; /* 0: not given */
    uint32_t events;
    uint64_t *asked, *answer;
};

struct select {
    uint32_t count; /* descriptors below this are looked at */
    struct set sets[3];
    struct watching watching;
    uint64_t *words;              /* of the sets, */
    uint64_t near[6 * SET_WORDS]; /* here unless there are many */
};

/* Sets are whole words in user memory. */
static size_t set_bytes(uint32_t count) { return align_up(count, 64) / 8; }

static err_t select_take_words(struct select *s)
{
    size_t bytes = set_bytes(s->count);
    s->words = s->count > LINUX_FD_SETSIZE ? heap_alloc(6 * bytes) : s->near;
    if (!s->words) return ERR_NO_MEMORY;
    memset(s->words, 0, 6 * bytes);
    for (size_t i = 0; i < 3; i++) {
        s->sets[i].asked = s->words + 2 * i * (bytes / 8);
        s->sets[i].answer = s->sets[i].asked + bytes / 8;
    }
    return OK;
}

static void select_finish(struct select *s)
{
    if (s->words != s->near) heap_free(s->words);
}

/* Descriptors that the table has no room for are not looked at. [linux fs/select.c core_sys_select] */
static err_t select_decode(struct select *s, uint64_t count, const uint64_t addresses[3])
{
    static const uint32_t events[3] = { SELECT_IN, SELECT_OUT, SELECT_EXCEPT };
    if ((int32_t)count < 0) return ERR_INVALID;
    s->count = MIN((uint32_t)count, __atomic_load_n(&process_current()->files->capacity, __ATOMIC_RELAXED));
    err_t e = select_take_words(s);
    for (size_t i = 0; i < 3 && !failed(e); i++) {
        s->sets[i].address = addresses[i];
        s->sets[i].events = events[i];
        if (addresses[i]) e = user_copy_in(s->sets[i].asked, UADDR(addresses[i]), set_bytes(s->count));
    }
    return e;
}

static bool is_in(const uint64_t *words, uint32_t fd) { return words[fd / 64] >> (fd % 64) & 1; }

/* Which of the sets ask for something of it. */
static uint32_t select_wants(const struct select *s, uint32_t fd)
{
    uint32_t wanted = 0;
    for (size_t i = 0; i < 3; i++)
        if (is_in(s->sets[i].asked, fd)) wanted |= s->sets[i].events;
    return wanted;
}

static err_t select_look_at(struct select *s, uint32_t fd, uint32_t wanted, int64_t *ready)
{
    struct file *file;
    err_t e = file_argument(fd, &file);
    if (failed(e)) return e;
    uint32_t now = watch_and_look(&s->watching, file, wanted);
    file_put(file);
    for (size_t i = 0; i < 3; i++) {
        struct set *set = &s->sets[i];
        if (!is_in(set->asked, fd) || !(now & set->events)) continue;
        set->answer[fd / 64] |= 1ull << (fd % 64);
        (*ready)++;
    }
    return OK;
}

static err_t select_look(struct select *s, int64_t *ready)
{
    *ready = 0;
    for (size_t i = 0; i < 3; i++) memset(s->sets[i].answer, 0, set_bytes(s->count));
    for (uint32_t fd = 0; fd < s->count; fd++) {
        uint32_t wanted = select_wants(s, fd);
        err_t e = wanted ? select_look_at(s, fd, wanted, ready) : OK;
        if (failed(e)) return e;
    }
    return OK;
}

static err_t select_until(struct select *s, struct deadline end, int64_t *ready)
{
    size_t capacity = 0;
    for (uint32_t fd = 0; fd < s->count; fd++) capacity += select_wants(s, fd) != 0;
    err_t e = watching_start(&s->watching, capacity, end), woken = OK;
    if (failed(e)) return e;
    e = select_look(s, ready);
    s->watching.is_over = true;
    while (!failed(e) && *ready == 0 && end.ns && !failed(woken)) {
        woken = sleeper_wait(&s->watching.sleeper, end.ns);
        e = select_look(s, ready);
    }
    watching_end(&s->watching);
    if (!failed(e) && *ready == 0 && woken.code == ERR_INTERRUPTED.code) return woken;
    return e;
}

static int64_t select_run(uint64_t count, const uint64_t addresses[3], struct deadline end)
{
    struct select s;
    s.words = s.near;
    int64_t ready;
    err_t e = select_decode(&s, count, addresses);
    if (!failed(e)) e = select_until(&s, end, &ready);
    for (size_t i = 0; i < 3 && !failed(e); i++)
        if (addresses[i]) e = user_copy_out(UADDR(addresses[i]), s.sets[i].answer, set_bytes(s.count));
    select_finish(&s);
    return failed(e) ? e.code : ready;
}

static err_t timeval_deadline(uint64_t address, struct deadline *out)
{
    struct linux_timeval t;
    uint64_t ns;
    *out = (struct deadline){ UINT64_MAX };
    if (address == 0) return OK;
    err_t e = user_copy_in(&t, UADDR(address), sizeof(t));
    if (failed(e)) return e;
    if (t.seconds < 0 || t.microseconds < 0) return ERR_INVALID;
    /* Whole seconds may hide in the microseconds. */
    uint64_t seconds = (uint64_t)t.seconds + (uint64_t)t.microseconds / US_PER_S;
    uint64_t us;
    if (__builtin_mul_overflow(seconds, US_PER_S, &us) || __builtin_mul_overflow(us, NS_PER_US, &ns) ||
        add_overflows(ns, (uint64_t)t.microseconds % US_PER_S * NS_PER_US, &ns))
        return OK;
    *out = deadline_after(ns);
    return OK;
}

int64_t sys_select(uint64_t count, uint64_t readable, uint64_t writable, uint64_t exceptional,
                   uint64_t timeout)
{
    struct deadline end;
    err_t e = timeval_deadline(timeout, &end);
    if (failed(e)) return e.code;
    int64_t result = select_run(count, (const uint64_t[3]){ readable, writable, exceptional }, end);
    uint64_t left_us = left_until(end) / NS_PER_US;
    struct linux_timeval left = { (int64_t)(left_us / US_PER_S), (int64_t)(left_us % US_PER_S) };
    if (timeout && failed(user_copy_out(UADDR(timeout), &left, sizeof(left)))) return result;
    return result;
}

int64_t sys_pselect6(uint64_t count, uint64_t readable, uint64_t writable, uint64_t exceptional,
                     uint64_t timeout, uint64_t mask_and_size)
{
    struct deadline end;
    uint64_t mask[2] = { 0 };
    err_t e = mask_and_size ? user_copy_in(mask, UADDR(mask_and_size), sizeof(mask)) : OK;
    if (!failed(e)) e = deadline_read(timeout, &end);
    if (!failed(e)) e = poll_mask_begin(mask[0], mask[1]);
    if (failed(e)) return e.code;
    int64_t result = select_run(count, (const uint64_t[3]){ readable, writable, exceptional }, end);
    return finish_timespec(signal_mask_end(result), timeout, end);
}
