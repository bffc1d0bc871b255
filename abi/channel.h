/* SPDX-License-Identifier: Apache-2.0 */
/* The channel: one byte stream between the kernel and `ck`, beside the kernel's own console.
 *
 * It carries the program's standard streams and its end. Today the stream is a second 16550 serial
 * port; the kernel uses it when the command line says `ck.channel=com2`. Both directions are frames:
 * a header of four bytes, then `length` bytes. The kernel's first frame is CHANNEL_HELLO; bytes
 * before its magic are firmware noise and are skipped by the host. Little endian.
 *
 * With `ck.stdin=none` on the command line the program's input is at its end from the start and the host
 * sends neither STDIN nor STDIN_EOF: while instructions are counted, news that arrives at a moment
 * of its own would change the count. */
#pragma once
#include <stdint.h>

enum {
    CHANNEL_VERSION = 4,
    CHANNEL_PAYLOAD_MAX = 4096,  /* bytes; a longer frame is a protocol error */
    CHANNEL_STDIN_WINDOW = 4096, /* bytes of STDIN that may be under way or unread; see STDIN_TAKEN */
    CHANNEL_MAGIC = 0x48434b43,  /* "CKCH": payload of CHANNEL_HELLO, before the version */
};

enum channel_type {
    /* kernel to host */
    CHANNEL_HELLO = 0x01,  /* uint32_t magic, uint32_t version */
    CHANNEL_STDOUT = 0x02, /* bytes */
    CHANNEL_STDERR = 0x03, /* bytes */
    CHANNEL_EXIT = 0x04,   /* struct channel_exit; the last frame */
    /* uint32_t bytes: the program has read so many more bytes of STDIN, and the host may send as many.
     * What is not read stays with the host, so that signals never queue behind it. */
    CHANNEL_STDIN_TAKEN = 0x05,
    /* struct channel_stat, one or more: only with `ck.stats` on the command line, and in front of EXIT */
    CHANNEL_STATS = 0x06,
    /* host to kernel */
    CHANNEL_STDIN = 0x81,     /* bytes */
    CHANNEL_STDIN_EOF = 0x82, /* empty; later STDIN frames are an error */
    CHANNEL_SIGNAL = 0x83,    /* uint8_t Linux signal number, for the program */
    CHANNEL_WINDOW = 0x84, /* uint16_t rows, columns: the size of the terminal that the host passes through */
};

struct channel_header {
    uint8_t type;
    uint8_t reserved; /* 0 */
    uint16_t length;  /* payload bytes */
};
_Static_assert(sizeof(struct channel_header) == 4, "on the wire");

enum channel_exit_kind {
    CHANNEL_EXITED = 0,      /* status: 0..255, the argument of exit */
    CHANNEL_SIGNALED = 1,    /* status: the signal's number */
    CHANNEL_NOT_STARTED = 2, /* status: errno; the text is on STDERR */
    CHANNEL_PANIC = 3,       /* the kernel failed; the text is on the console */
    /* status: SIGKILL, which ended the program because a page it touched could not be had; what it had and what
     * the limit was is on STDERR */
    CHANNEL_OUT_OF_MEMORY = 4,
};

struct channel_exit {
    uint32_t kind;
    uint32_t status;
};
_Static_assert(sizeof(struct channel_exit) == 8, "on the wire");

/* What a program asked for and used, and what in vain. */
enum channel_stat_kind {
    /* not supported; count: how often it was asked for */
    CHANNEL_STAT_CALL = 1,          /* number: of the system call */
    CHANNEL_STAT_IOCTL = 2,         /* number: the request */
    CHANNEL_STAT_PRCTL = 3,         /* number: the option */
    CHANNEL_STAT_FCNTL = 4,         /* number: the command */
    CHANNEL_STAT_SOCKET_OPTION = 5, /* number: CHANNEL_SOCKET_OPTION(level, option) */
    CHANNEL_STAT_SOCKET_FAMILY = 6, /* number: the address family */
    CHANNEL_STAT_UNNAMED = 7,       /* more than were kept apart */
    /* used */
    CHANNEL_STAT_MADE = 16,   /* system call `number`, supported or not, was made `count` times */
    CHANNEL_STAT_TICKS = 17,  /* count: of the time-stamp counter, from the program's start to its end */
    CHANNEL_STAT_MEMORY = 18, /* count: bytes that the container had at most */
    CHANNEL_STAT_FAULTS = 19, /* count: page faults */
};
#define CHANNEL_SOCKET_OPTION(level, option) ((uint64_t)(uint16_t)(level) << 32 | (uint32_t)(option))

struct channel_stat {
    uint32_t kind; /* enum channel_stat_kind; a reader skips those it does not know */
    uint32_t reserved;
    uint64_t number;
    uint64_t count;
};
_Static_assert(sizeof(struct channel_stat) == 24, "on the wire");
