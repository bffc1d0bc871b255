/* SPDX-License-Identifier: Apache-2.0 */
/* Timers that send signals. */
#include "abi/linux/event.h"
#include "process/interval_timer.h"
#include "process/posix_timer.h"
#include "process/process.h"
#include "syscall/sys_core.h"
#include "syscall/timespec.h"
#include "vm/usercopy.h"

/* ---- timer_create and its kin ---- */

/* The event's address; 0: there is none. */
static err_t read_event(uint64_t address, struct posix_timer_request *out)
{
    struct linux_sigevent event;
    out->is_default = !address;
    if (!address) return OK;
    err_t e = user_copy_in(&event, UADDR(address), sizeof(event));
    if (failed(e)) return e;
    out->notify = (uint32_t)event.notify;
    out->signal = (uint32_t)event.number;
    out->thread = (uint32_t)event.thread;
    out->value = event.value;
    return OK;
}

int64_t sys_timer_create(uint64_t clock, uint64_t event, uint64_t number)
{
    struct posix_timer_request request = { .clock = (uint32_t)clock };
    int32_t created;
    err_t e = read_event(event, &request);
    if (!failed(e)) e = posix_timer_create(&request, &created);
    if (failed(e)) return e.code;
    e = user_copy_out(UADDR(number), &created, sizeof(created));
    if (!failed(e)) return 0;
    err_t gone = posix_timer_delete(created);
    (void)gone; /* another thread may have guessed its number */
    return e.code;
}

static err_t write_setting(uint64_t address, const struct timer_setting *s)
{
    struct linux_itimerspec out = { timespec_encode(s->interval_ns), timespec_encode(s->value_ns) };
    return user_copy_out(UADDR(address), &out, sizeof(out));
}

int64_t sys_timer_settime(uint64_t number, uint64_t flags, uint64_t wanted, uint64_t was)
{
    struct linux_itimerspec spec;
    struct timer_setting setting, before;
    if (!wanted) return ERR_INVALID.code;
    err_t e = user_copy_in(&spec, UADDR(wanted), sizeof(spec));
    if (!failed(e)) e = timespec_decode(spec.interval, &setting.interval_ns);
    if (!failed(e)) e = timespec_decode(spec.value, &setting.value_ns);
    if (!failed(e)) e = posix_timer_set((int32_t)number, flags & LINUX_TIMER_ABSTIME, &setting, &before);
    if (!failed(e) && was) e = write_setting(was, &before);
    return e.code;
}

int64_t sys_timer_gettime(uint64_t number, uint64_t out)
{
    struct timer_setting now;
    err_t e = posix_timer_get((int32_t)number, &now);
    return failed(e) ? e.code : write_setting(out, &now).code;
}

int64_t sys_timer_getoverrun(uint64_t number)
{
    int32_t overruns;
    err_t e = posix_timer_overruns((int32_t)number, &overruns);
    return failed(e) ? e.code : overruns;
}

int64_t sys_timer_delete(uint64_t number) { return posix_timer_delete((int32_t)number).code; }

/* ---- setitimer and alarm ---- */

static err_t decode_timeval(struct linux_timeval t, uint64_t *out_ns)
{
    if ((uint64_t)t.microseconds >= 1000000) return ERR_INVALID;
    return timespec_decode((struct linux_timespec){ t.seconds, t.microseconds * 1000 }, out_ns);
}

static struct linux_timeval encode_timeval(uint64_t ns)
{
    return (struct linux_timeval){ (int64_t)(ns / NS_PER_S), (int64_t)(ns % NS_PER_S / 1000) };
}

/* What is left is told as something until it is over. */
static err_t write_interval_setting(uint64_t address, const struct timer_setting *s)
{
    uint64_t left_ns = s->value_ns ? MAX(s->value_ns, 1000ull) : 0;
    struct linux_itimerval out = { encode_timeval(s->interval_ns), encode_timeval(left_ns) };
    return user_copy_out(UADDR(address), &out, sizeof(out));
}

static bool is_interval_timer(uint64_t which) { return (uint32_t)which < INTERVAL_TIMER_COUNT; }

int64_t sys_getitimer(uint64_t which, uint64_t out)
{
    if (!is_interval_timer(which)) return ERR_INVALID.code;
    struct timer_setting now = interval_timer_get((enum interval_timer)which);
    return write_interval_setting(out, &now).code;
}

/* No setting at all stops the timer, as on Linux. */
int64_t sys_setitimer(uint64_t which, uint64_t wanted, uint64_t was)
{
    struct linux_itimerval value = { 0 };
    struct timer_setting setting, before;
    err_t e = wanted ? user_copy_in(&value, UADDR(wanted), sizeof(value)) : OK;
    if (!failed(e)) e = decode_timeval(value.interval, &setting.interval_ns);
    if (!failed(e)) e = decode_timeval(value.value, &setting.value_ns);
    if (!failed(e) && !is_interval_timer(which)) e = ERR_INVALID;
    if (failed(e)) return e.code;
    before = interval_timer_set((enum interval_timer)which, &setting);
    return was ? write_interval_setting(was, &before).code : 0;
}

/* Tells whole seconds, rounded, but an alarm that is set as one second at least. */
int64_t sys_alarm(uint64_t seconds)
{
    uint64_t wanted_s = MIN((uint64_t)(uint32_t)seconds, (uint64_t)INT32_MAX);
    struct timer_setting setting = { .value_ns = wanted_s * NS_PER_S };
    struct timer_setting was = interval_timer_set(INTERVAL_REAL, &setting);
    uint64_t left_s = (was.value_ns + NS_PER_S / 2) / NS_PER_S;
    return (int64_t)(was.value_ns ? MAX(left_s, 1ull) : 0);
}

_Static_assert(INTERVAL_REAL == LINUX_ITIMER_REAL && INTERVAL_VIRTUAL == LINUX_ITIMER_VIRTUAL &&
                   INTERVAL_PROF == LINUX_ITIMER_PROF,
               "ABI");
