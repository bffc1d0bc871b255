/* SPDX-License-Identifier: Apache-2.0 */
/* Options of SOL_SOCKET, in two tables: those that are on or off, and those with a value of their own. What is in
 * neither is refused. [man socket(7); linux net/core/sock.c] */
#include "socket/socket.h"

#include "abi/linux/time.h"
#include "core/log.h"
#include "core/unsupported.h"
#include "fs/credentials.h"
#include "lib/string.h"
#include "net/interface.h"
#include "vm/usercopy.h"

enum {
    SEND_BYTES_MIN = 4608, /* [linux include/net/sock.h, SOCK_MIN_SNDBUF, SOCK_MIN_RCVBUF] */
    RECEIVE_BYTES_MIN = 2304,
    PRIORITY_MAX = 6,           /* without a capability */
    BUFFER_BYTES_MAX = 4194304, /* net.core.wmem_max and rmem_max, before the doubling */
};
#define NS_PER_S    1000000000ull
#define NS_PER_US   1000ull
#define US_PER_S    1000000ll
#define US_PER_TICK 1000ull
#define NS_PER_TICK 1000000ull

static const struct {
    uint16_t option;
    uint8_t which;
} switches[] = {
    { LINUX_SO_DEBUG, SOCKET_DEBUG },
    { LINUX_SO_REUSEADDR, SOCKET_REUSE_ADDRESS },
    { LINUX_SO_REUSEPORT, SOCKET_REUSE_PORT },
    { LINUX_SO_DONTROUTE, SOCKET_DONT_ROUTE },
    { LINUX_SO_BROADCAST, SOCKET_BROADCAST },
    { LINUX_SO_KEEPALIVE, SOCKET_KEEP_ALIVE },
    { LINUX_SO_OOBINLINE, SOCKET_URGENT_INLINE },
    { LINUX_SO_NO_CHECK, SOCKET_NO_CHECK },
    { LINUX_SO_PASSCRED, SOCKET_PASS_CREDENTIALS },
};

/* The number of a switch; -1: none. */
static int32_t find_switch(int32_t name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(switches); i++)
        if (switches[i].option == name) return switches[i].which;
    return -1;
}

static void set_switch(struct socket *s, enum socket_switch which, bool is_on)
{
    if (is_on)
        __atomic_or_fetch(&s->options.switches, 1u << which, __ATOMIC_RELAXED);
    else
        __atomic_and_fetch(&s->options.switches, ~(1u << which), __ATOMIC_RELAXED);
}

/* ---- values of one number ---- */

static uint32_t buffer_bytes(int32_t wanted, uint32_t least)
{
    uint32_t bytes = MIN((uint32_t)wanted, (uint32_t)BUFFER_BYTES_MAX);
    return MAX(bytes * 2, least);
}

/* What not everybody may set. */
static err_t check_permission(int32_t name, int32_t value)
{
    bool may_all = may_use(LINUX_CAP_NET_ADMIN);
    switch (name) {
    case LINUX_SO_DEBUG: return may_all || !value ? OK : ERR_ACCESS;
    case LINUX_SO_SNDBUFFORCE:
    case LINUX_SO_RCVBUFFORCE: return may_all ? OK : ERR_NOT_PERMITTED;
    case LINUX_SO_PRIORITY:
        if (value >= 0 && value <= PRIORITY_MAX) return OK;
        return may_all || may_use(LINUX_CAP_NET_RAW) ? OK : ERR_NOT_PERMITTED;
    case LINUX_SO_MARK: return may_all || may_use(LINUX_CAP_NET_RAW) ? OK : ERR_NOT_PERMITTED;
    }
    return OK;
}

static err_t set_number(struct socket *s, int32_t name, int32_t value)
{
    struct socket_options *o = &s->options;
    switch (name) {
    case LINUX_SO_SNDBUFFORCE:
    case LINUX_SO_SNDBUF: o->send_bytes = buffer_bytes(value, SEND_BYTES_MIN); return OK;
    case LINUX_SO_RCVBUFFORCE:
    case LINUX_SO_RCVBUF: o->receive_bytes = buffer_bytes(value, RECEIVE_BYTES_MIN); return OK;
    case LINUX_SO_RCVLOWAT: o->low_water = value < 0 ? INT32_MAX : value ? (uint32_t)value : 1; return OK;
    case LINUX_SO_PRIORITY: o->priority = value; return OK;
    case LINUX_SO_MARK: o->mark = value; return OK;
    case LINUX_SO_INCOMING_CPU: o->incoming_cpu = value; return OK;
    case LINUX_SO_BSDCOMPAT: return OK;
    }
    return ERR_NO_OPTION;
}

static err_t get_number(struct socket *s, int32_t name, int32_t *out)
{
    const struct socket_options *o = &s->options;
    switch (name) {
    case LINUX_SO_TYPE: *out = s->type; return OK;
    case LINUX_SO_DOMAIN: *out = s->family; return OK;
    case LINUX_SO_PROTOCOL: *out = (int32_t)s->protocol; return OK;
    case LINUX_SO_ERROR: *out = -socket_take_error(s).code; return OK;
    case LINUX_SO_SNDBUF: *out = (int32_t)o->send_bytes; return OK;
    case LINUX_SO_RCVBUF: *out = (int32_t)o->receive_bytes; return OK;
    case LINUX_SO_RCVLOWAT: *out = (int32_t)o->low_water; return OK;
    case LINUX_SO_SNDLOWAT: *out = 1; return OK;
    case LINUX_SO_PRIORITY: *out = o->priority; return OK;
    case LINUX_SO_MARK: *out = o->mark; return OK;
    case LINUX_SO_INCOMING_CPU: *out = o->incoming_cpu; return OK;
    case LINUX_SO_BSDCOMPAT: *out = 0; return OK;
    case LINUX_SO_ACCEPTCONN: *out = s->ops->is_listening && s->ops->is_listening(s); return OK;
    case LINUX_SO_TIMESTAMP_OLD:
        *out = socket_has(s, SOCKET_TIMESTAMP) && !socket_has(s, SOCKET_TIMESTAMP_NEW);
        return OK;
    case LINUX_SO_TIMESTAMP_NEW:
        *out = socket_has(s, SOCKET_TIMESTAMP) && socket_has(s, SOCKET_TIMESTAMP_NEW);
        return OK;
    case LINUX_SO_TIMESTAMPNS_OLD:
        *out = socket_has(s, SOCKET_TIMESTAMP_NS) && !socket_has(s, SOCKET_TIMESTAMP_NEW);
        return OK;
    case LINUX_SO_TIMESTAMPNS_NEW:
        *out = socket_has(s, SOCKET_TIMESTAMP_NS) && socket_has(s, SOCKET_TIMESTAMP_NEW);
        return OK;
    }
    int32_t which = find_switch(name);
    if (which < 0) return ERR_NO_OPTION;
    *out = socket_has(s, (enum socket_switch)which);
    return OK;
}

/* The four kinds of time stamps exclude each other. */
static bool set_timestamp(struct socket *s, int32_t name, bool is_on)
{
    bool is_ns = name == LINUX_SO_TIMESTAMPNS_OLD || name == LINUX_SO_TIMESTAMPNS_NEW;
    bool is_new = name == LINUX_SO_TIMESTAMP_NEW || name == LINUX_SO_TIMESTAMPNS_NEW;
    if (!is_ns && name != LINUX_SO_TIMESTAMP_OLD && name != LINUX_SO_TIMESTAMP_NEW) return false;
    set_switch(s, SOCKET_TIMESTAMP, is_on && !is_ns);
    set_switch(s, SOCKET_TIMESTAMP_NS, is_on && is_ns);
    set_switch(s, SOCKET_TIMESTAMP_NEW, is_on && is_new);
    return true;
}

/* ---- values with a structure ---- */

static err_t set_linger(struct socket *s, uint64_t address, uint32_t bytes)
{
    struct linux_linger linger;
    if (bytes < sizeof(linger)) return ERR_INVALID;
    err_t e = user_copy_in(&linger, UADDR(address), sizeof(linger));
    if (failed(e)) return e;
    if (linger.is_on) s->options.linger_s = linger.seconds;
    set_switch(s, SOCKET_LINGER, linger.is_on);
    return OK;
}

static uint64_t *timeout_of(struct socket *s, int32_t name)
{
    switch (name) {
    case LINUX_SO_RCVTIMEO_OLD:
    case LINUX_SO_RCVTIMEO_NEW: return &s->options.receive_timeout_ns;
    case LINUX_SO_SNDTIMEO_OLD:
    case LINUX_SO_SNDTIMEO_NEW: return &s->options.send_timeout_ns;
    }
    return NULL;
}

static err_t set_timeout(uint64_t *timeout_ns, uint64_t address, uint32_t bytes)
{
    struct linux_timeval t;
    uint64_t ns;
    if (bytes < sizeof(t)) return ERR_INVALID;
    err_t e = user_copy_in(&t, UADDR(address), sizeof(t));
    if (failed(e)) return e;
    if (t.microseconds < 0 || t.microseconds >= US_PER_S) return ERR_DOMAIN;
    if (t.seconds < 0) {
        ns = 0; /* does not wait at all */
    } else if ((t.seconds == 0 && t.microseconds == 0) ||
               __builtin_mul_overflow((uint64_t)t.seconds, NS_PER_S, &ns)) {
        ns = UINT64_MAX;
    } else {
        /* Linux counts in ticks, and tells what it counts. */
        uint64_t ticks = ((uint64_t)t.microseconds + US_PER_TICK - 1) / US_PER_TICK;
        if (add_overflows(ns, ticks * NS_PER_TICK, &ns)) ns = UINT64_MAX;
    }
    __atomic_store_n(timeout_ns, ns, __ATOMIC_RELAXED);
    return OK;
}

static err_t get_timeout(const uint64_t *timeout_ns, uint64_t address, uint64_t length_at)
{
    uint64_t ns = __atomic_load_n(timeout_ns, __ATOMIC_RELAXED);
    struct linux_timeval t = { 0 };
    if (ns != UINT64_MAX)
        t = (struct linux_timeval){ (int64_t)(ns / NS_PER_S), (int64_t)(ns % NS_PER_S / NS_PER_US) };
    return socket_tell_option(&t, sizeof(t), address, length_at);
}

/* The name of an interface, or nothing for any; who is bound to one already needs a capability. */
static err_t set_interface(struct socket *s, uint64_t address, uint32_t bytes)
{
    char name[INTERFACE_NAME_MAX] = { 0 };
    if (s->options.interface && !may_use(LINUX_CAP_NET_RAW)) return ERR_NOT_PERMITTED;
    err_t e = user_copy_in(name, UADDR(address), MIN(bytes, (uint32_t)sizeof(name) - 1));
    if (failed(e)) return e;
    uint32_t number = name[0] ? interface_number(name) : 0;
    if (name[0] && !number) return ERR_NO_DEVICE;
    s->options.interface = number;
    return OK;
}

static err_t get_interface(struct socket *s, uint32_t room, uint64_t address, uint64_t length_at)
{
    struct interface_info info = { 0 };
    uint32_t number = s->options.interface;
    if (number && room < INTERFACE_NAME_MAX) return ERR_INVALID;
    if (number && !interface_read(number, &info)) return ERR_NO_DEVICE;
    return socket_tell_option(info.name, number ? (uint32_t)strlen(info.name) + 1 : 0, address, length_at);
}

static err_t get_peer_identity(struct socket *s, uint64_t address, uint64_t length_at)
{
    struct linux_ucred identity = { 0, UINT32_MAX, UINT32_MAX };
    if (s->ops->get_peer_identity) identity = s->ops->get_peer_identity(s);
    return socket_tell_option(&identity, sizeof(identity), address, length_at);
}

/* ---- the calls ---- */

static err_t read_length(uint64_t length_at, uint32_t *out)
{
    int32_t bytes;
    err_t e = user_copy_in(&bytes, UADDR(length_at), sizeof(bytes));
    if (failed(e)) return e;
    if (bytes < 0) return ERR_INVALID;
    *out = (uint32_t)bytes;
    return OK;
}

err_t socket_tell_option(const void *value, uint32_t bytes, uint64_t address, uint64_t length_at)
{
    uint32_t room;
    err_t e = read_length(length_at, &room);
    if (failed(e)) return e;
    uint32_t told = MIN(room, bytes);
    e = user_copy_out(UADDR(address), value, told);
    return failed(e) ? e : user_copy_out(UADDR(length_at), &told, sizeof(told));
}

/* The address of the other end, all of it or nothing. */
static err_t get_peer_name(struct socket *s, uint64_t address, uint64_t length_at)
{
    struct socket_address name;
    uint32_t room;
    err_t e = read_length(length_at, &room);
    if (failed(e)) return e;
    if (failed(s->ops->get_name(s, true, &name))) return ERR_NOT_CONNECTED;
    if (name.bytes < room) return ERR_INVALID;
    return socket_tell_option(name.raw, name.bytes, address, length_at);
}

static err_t set_generic(struct socket *s, int32_t name, uint64_t address, uint32_t bytes)
{
    int32_t value;
    if (name == LINUX_SO_BINDTODEVICE) return set_interface(s, address, bytes);
    if (bytes < sizeof(value)) return ERR_INVALID;
    err_t e = user_copy_in(&value, UADDR(address), sizeof(value));
    if (failed(e)) return e;
    e = check_permission(name, value);
    if (failed(e)) return e;
    if (name == LINUX_SO_LINGER) return set_linger(s, address, bytes);
    uint64_t *timeout = timeout_of(s, name);
    if (timeout) return set_timeout(timeout, address, bytes);
    if (set_timestamp(s, name, value)) return OK;
    int32_t which = find_switch(name);
    if (which < 0) return set_number(s, name, value);
    set_switch(s, (enum socket_switch)which, value);
    return OK;
}

/* Options that Linux refuses to set, or to tell, too. */
static bool is_for_one_direction(int32_t name)
{
    switch (name) {
    case LINUX_SO_TYPE:
    case LINUX_SO_ERROR:
    case LINUX_SO_SNDLOWAT:
    case LINUX_SO_PEERCRED:
    case LINUX_SO_PEERNAME:
    case LINUX_SO_ACCEPTCONN:
    case LINUX_SO_SNDBUFFORCE:
    case LINUX_SO_RCVBUFFORCE:
    case LINUX_SO_PROTOCOL:
    case LINUX_SO_DOMAIN:
    case LINUX_SO_COOKIE: return true;
    }
    return false;
}

/* What is refused because it is not known here is counted. */
static err_t note(int32_t level, int32_t name, err_t e)
{
    bool is_unknown = e.code == ERR_NO_OPTION.code || e.code == ERR_NOT_SUPPORTED.code;
    if (is_unknown && !(level == LINUX_SOL_SOCKET && is_for_one_direction(name)) &&
        unsupported_note(CHANNEL_STAT_SOCKET_OPTION, CHANNEL_SOCKET_OPTION(level, name)))
        log_info("socket option %d of level %d is not supported", name, level);
    return e;
}

err_t socket_set_option(struct socket *s, int32_t level, int32_t name, uint64_t address, int32_t bytes)
{
    if (bytes < 0) return ERR_INVALID;
    if (level != LINUX_SOL_SOCKET)
        return note(level, name,
                    s->ops->set_option ? s->ops->set_option(s, level, name, address, (uint32_t)bytes)
                                       : ERR_NOT_SUPPORTED);
    err_t e = set_generic(s, name, address, (uint32_t)bytes);
    if (!failed(e) && s->ops->option_changed) s->ops->option_changed(s, name);
    return note(level, name, e);
}

err_t socket_get_option(struct socket *s, int32_t level, int32_t name, uint64_t address, uint64_t length_at)
{
    if (level != LINUX_SOL_SOCKET)
        return note(level, name,
                    s->ops->get_option ? s->ops->get_option(s, level, name, address, length_at)
                                       : ERR_NOT_SUPPORTED);
    uint32_t room;
    err_t e = read_length(length_at, &room);
    if (failed(e)) return e;
    const uint64_t *timeout = timeout_of(s, name);
    if (timeout) return get_timeout(timeout, address, length_at);
    switch (name) {
    case LINUX_SO_PEERCRED: return get_peer_identity(s, address, length_at);
    case LINUX_SO_PEERNAME: return get_peer_name(s, address, length_at);
    case LINUX_SO_BINDTODEVICE: return get_interface(s, room, address, length_at);
    case LINUX_SO_COOKIE:
        if (room < sizeof(s->cookie)) return ERR_INVALID;
        return socket_tell_option(&s->cookie, sizeof(s->cookie), address, length_at);
    case LINUX_SO_LINGER: {
        struct linux_linger linger = { socket_has(s, SOCKET_LINGER), s->options.linger_s };
        return socket_tell_option(&linger, sizeof(linger), address, length_at);
    }
    }
    int32_t value;
    e = get_number(s, name, &value);
    return failed(e) ? note(level, name, e) : socket_tell_option(&value, sizeof(value), address, length_at);
}
