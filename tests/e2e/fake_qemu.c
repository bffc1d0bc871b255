/* SPDX-License-Identifier: Apache-2.0 */
/* A stand-in for QEMU and the kernel in it, for tests of `ck run`: takes QEMU's command line, speaks the
 * channel of abi/channel.h on its standard streams, and plays the part that FAKE_QEMU names. Many of
 * the parts lie, because a machine may. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "abi/channel.h"
#include "lib/base.h"

static int argument_count;
static char **all_arguments;
static int console_fd = -1;
static long number; /* after ':' in FAKE_QEMU */

/* ---- the command line ---- */

static const char *argument_after(const char *option)
{
    for (int i = 1; i + 1 < argument_count; i++)
        if (strcmp(all_arguments[i], option) == 0) return all_arguments[i + 1];
    fprintf(stderr, "fake_qemu: ck did not give %s\n", option);
    exit(2);
}

static void find_console(void)
{
    int set;
    if (sscanf(argument_after("-add-fd"), "fd=%d,set=%d", &console_fd, &set) != 2) exit(2);
    if (fcntl(console_fd, F_GETFD) < 0) exit(2);
}

/* ---- the channel ---- */

static void send_raw(const void *bytes, size_t count)
{
    const char *at = bytes;
    while (count > 0) {
        ssize_t written = write(STDOUT_FILENO, at, count);
        if (written < 0) exit(3);
        at += written;
        count -= (size_t)written;
    }
}

static void send_header(uint8_t type, uint8_t reserved, uint16_t length)
{
    struct channel_header header = { type, reserved, length };
    send_raw(&header, sizeof header);
}

static void send_frame(uint8_t type, const void *payload, uint16_t length)
{
    send_header(type, 0, length);
    send_raw(payload, length);
}

static void send_hello(uint32_t version)
{
    uint32_t payload[] = { CHANNEL_MAGIC, version };
    send_frame(CHANNEL_HELLO, payload, sizeof payload);
}

static void send_exit(uint32_t kind, uint32_t status)
{
    struct channel_exit payload = { kind, status };
    send_frame(CHANNEL_EXIT, &payload, sizeof payload);
}

static void send_text(uint8_t type, const char *text) { send_frame(type, text, (uint16_t)strlen(text)); }

static void send_format(uint8_t type, const char *format, ...) PRINTF_LIKE(2, 3);
static void send_format(uint8_t type, const char *format, ...)
{
    char text[CHANNEL_PAYLOAD_MAX];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    send_text(type, text);
}

static bool receive_raw(void *bytes, size_t count)
{
    for (char *at = bytes; count > 0;) {
        ssize_t got = read(STDIN_FILENO, at, count);
        if (got <= 0) return false;
        at += got;
        count -= (size_t)got;
    }
    return true;
}

static struct channel_header receive_frame(uint8_t payload[CHANNEL_PAYLOAD_MAX])
{
    struct channel_header header;
    if (!receive_raw(&header, sizeof header)) exit(4);
    if (header.reserved != 0 || header.length > CHANNEL_PAYLOAD_MAX) exit(5);
    if (!receive_raw(payload, header.length)) exit(4);
    return header;
}

static void say(const char *text) { (void)!write(console_fd, text, strlen(text)); }

static void sleep_ms(long ms)
{
    struct timespec rest = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
    nanosleep(&rest, NULL);
}

static NORETURN void hang(void)
{
    for (;;) pause();
}

/* ---- honest parts ---- */

static void exits(void) { send_exit(CHANNEL_EXITED, (uint32_t)number); }
static void dies_by_signal(void) { send_exit(CHANNEL_SIGNALED, (uint32_t)number); }
static void dies_for_want_of_memory(void) { send_exit(CHANNEL_OUT_OF_MEMORY, 9); }
static void is_not_started(void) { send_exit(CHANNEL_NOT_STARTED, (uint32_t)number); }

static void is_not_started_and_says_why(void)
{
    send_text(CHANNEL_STDERR, "/prog: the reason\n");
    send_exit(CHANNEL_NOT_STARTED, (uint32_t)number);
}

static void echoes(void)
{
    uint8_t payload[CHANNEL_PAYLOAD_MAX];
    for (;;) {
        struct channel_header header = receive_frame(payload);
        if (header.type == CHANNEL_STDIN_EOF) break;
        if (header.type != CHANNEL_STDIN) continue;
        uint32_t taken = header.length;
        send_frame(CHANNEL_STDOUT, payload, header.length);
        send_frame(CHANNEL_STDIN_TAKEN, &taken, sizeof taken);
    }
    send_exit(CHANNEL_EXITED, 0);
}

static void tells_signals(void)
{
    uint8_t payload[CHANNEL_PAYLOAD_MAX];
    send_text(CHANNEL_STDOUT, "ready\n");
    struct channel_header header;
    do header = receive_frame(payload);
    while (header.type != CHANNEL_SIGNAL || header.length != 1);
    send_format(CHANNEL_STDOUT, "signal %d\n", payload[0]);
    send_exit(CHANNEL_SIGNALED, payload[0]);
}

static void shows_command_line(void)
{
    send_text(CHANNEL_STDOUT, argument_after("-append"));
    send_exit(CHANNEL_EXITED, 0);
}

static void shows_arguments(void)
{
    for (int i = 1; i < argument_count; i++) send_format(CHANNEL_STDOUT, "%s\n", all_arguments[i]);
    send_exit(CHANNEL_EXITED, 0);
}

static void shows_initrd(void)
{
    char bytes[CHANNEL_PAYLOAD_MAX];
    int fd = open(argument_after("-initrd"), O_RDONLY);
    ssize_t count;
    while ((count = read(fd, bytes, sizeof bytes)) > 0) send_frame(CHANNEL_STDOUT, bytes, (uint16_t)count);
    send_exit(CHANNEL_EXITED, count < 0);
}

static void shows_surroundings(void)
{
    send_format(CHANNEL_STDOUT, "own group %s\npid %d\n", getpgrp() == getpid() ? "yes" : "no",
                (int)getpid());
    hang();
}

static void uses_both_streams(void)
{
    for (int i = 0; i < 1000; i++) send_format(i % 2 ? CHANNEL_STDERR : CHANNEL_STDOUT, "line %d\n", i);
    send_exit(CHANNEL_EXITED, 0);
}

static void sends_megabytes(void)
{
    char bytes[CHANNEL_PAYLOAD_MAX];
    memset(bytes, 'x', sizeof bytes);
    for (long i = 0; i < number * 256; i++) send_frame(CHANNEL_STDOUT, bytes, sizeof bytes);
    send_exit(CHANNEL_EXITED, 0);
}

static void sends_bytes_one_by_one(void)
{
    static const uint8_t frames[] = { CHANNEL_STDOUT, 0, 3, 0, 'a', 'b', '\n' };
    for (size_t i = 0; i < sizeof frames; i++, sleep_ms(5)) send_raw(frames + i, 1);
    send_exit(CHANNEL_EXITED, 9);
}

static void logs(void)
{
    say("log line\n");
    send_text(CHANNEL_STDOUT, "output\n");
    send_exit(CHANNEL_EXITED, 0);
}

static void sends_empty_frames(void)
{
    send_frame(CHANNEL_STDOUT, NULL, 0);
    send_frame(CHANNEL_STDERR, NULL, 0);
    send_exit(CHANNEL_EXITED, 0);
}

static void never_reads(void)
{
    sleep_ms(number);
    send_exit(CHANNEL_EXITED, 0);
}

static void tells_statistics(void)
{
    static const struct channel_stat stats[] = {
        { .kind = CHANNEL_STAT_TICKS, .count = 1234567 },
        { .kind = CHANNEL_STAT_MEMORY, .count = 8 << 20 },
        { .kind = CHANNEL_STAT_FAULTS, .count = 77 },
        { .kind = CHANNEL_STAT_MADE, .number = 0, .count = 5 },
        { .kind = CHANNEL_STAT_MADE, .number = 1, .count = 50 },
        { .kind = 12345, .number = 1, .count = 50 },
    };
    static const struct channel_stat refused[] = {
        { .kind = CHANNEL_STAT_CALL, .number = 425, .count = 2 },
        { .kind = CHANNEL_STAT_CALL, .number = 9999, .count = 1 },
        { .kind = CHANNEL_STAT_IOCTL, .number = 0x5460, .count = 3 },
        { .kind = CHANNEL_STAT_SOCKET_OPTION, .number = CHANNEL_SOCKET_OPTION(6, 31), .count = 1 },
    };
    if (!strstr(argument_after("-append"), " ck.stats ")) exit(6);
    send_frame(CHANNEL_STATS, stats, sizeof stats);
    if (number) send_frame(CHANNEL_STATS, refused, sizeof refused);
    send_exit(CHANNEL_EXITED, 3);
}

/* ---- kernels and machines in trouble ---- */

static void panics(void)
{
    say("panic: the sky is falling\n");
    send_exit(CHANNEL_PANIC, 0);
}

static void panics_without_a_word(void)
{
    say("panic: early\n");
    exit(number);
}

static void resets(void) { exit(0); }

static void fails_to_start(void)
{
    fprintf(stderr, "qemu: no such machine\n");
    exit(1);
}

static void is_killed(void) { raise(SIGKILL); }

static void closes_and_hangs(void)
{
    close(STDOUT_FILENO);
    hang();
}

static void hangs(void)
{
    send_text(CHANNEL_STDOUT, "ready\n");
    hang();
}

static void hangs_after_exit(void)
{
    send_exit(CHANNEL_EXITED, 3);
    hang();
}

/* ---- liars ---- */

static void greets_after_noise(void)
{
    char noise[3000];
    memset(noise, 'N', sizeof noise);
    send_raw(noise, sizeof noise);
    send_raw("\x01\x00\x08\x00\x43\x4b\x01\x00\x08", 9); /* nearly a greeting */
    send_hello(CHANNEL_VERSION);
    send_text(CHANNEL_STDOUT, "clean\n");
    send_exit(CHANNEL_EXITED, 0);
}

static void makes_noise(void)
{
    char noise[4096];
    memset(noise, 'N', sizeof noise);
    for (;;) send_raw(noise, sizeof noise);
}

static void greets_in_another_version(void) { send_hello(7); }
static void greets_twice(void) { send_hello(CHANNEL_VERSION); }

static void tears_a_frame(void)
{
    send_header(CHANNEL_STDOUT, 0, 100);
    send_raw("ten bytes.", 10);
}

static void tears_a_header(void) { send_raw("\x02", 1); }
static void sends_too_long_a_frame(void) { send_header(CHANNEL_STDOUT, 0, CHANNEL_PAYLOAD_MAX + 1); }
static void uses_the_reserved_byte(void) { send_header(CHANNEL_STDOUT, 7, 0); }
static void takes_what_was_not_sent(void)
{
    uint32_t taken = 1;
    send_frame(CHANNEL_STDIN_TAKEN, &taken, sizeof taken);
    send_exit(CHANNEL_EXITED, 0);
}

static void sends_a_host_frame(void) { send_frame(CHANNEL_STDIN, "x", 1); }
static void sends_an_unknown_frame(void) { send_header(0x55, 0, 0); }
static void sends_torn_statistics(void) { send_frame(CHANNEL_STATS, "1234567890123456789012345", 25); }
static void sends_a_short_exit(void) { send_frame(CHANNEL_EXIT, "\0\0\0\0", 4); }
static void exits_in_an_unknown_way(void) { send_exit(99, 0); }
static void exits_with_a_huge_status(void) { send_exit(CHANNEL_EXITED, 256); }
static void dies_by_no_signal(void) { send_exit(CHANNEL_SIGNALED, 0); }
static void dies_by_an_absurd_signal(void) { send_exit(CHANNEL_SIGNALED, 1000); }

static void talks_after_exit(void)
{
    send_exit(CHANNEL_EXITED, 5);
    send_text(CHANNEL_STDOUT, "ghost\n");
    send_exit(CHANNEL_EXITED, 6);
}

static void floods_after_exit(void)
{
    send_exit(CHANNEL_EXITED, 5);
    makes_noise();
}

static void expects_silence_before_hello(void)
{
    struct pollfd slot = { .fd = STDIN_FILENO, .events = POLLIN };
    bool is_early = poll(&slot, 1, 300) > 0;
    send_hello(CHANNEL_VERSION);
    send_exit(CHANNEL_EXITED, is_early);
}

static const struct part {
    const char *name;
    void (*play)(void);
    bool is_without_hello;
} parts[] = {
    { "exit", exits, false },
    { "signaled", dies_by_signal, false },
    { "out-of-memory", dies_for_want_of_memory, false },
    { "not-started", is_not_started, false },
    { "not-started-text", is_not_started_and_says_why, false },
    { "echo", echoes, false },
    { "signal", tells_signals, false },
    { "cmdline", shows_command_line, false },
    { "arguments", shows_arguments, false },
    { "initrd", shows_initrd, false },
    { "surroundings", shows_surroundings, false },
    { "both", uses_both_streams, false },
    { "megabytes", sends_megabytes, false },
    { "slow", sends_bytes_one_by_one, false },
    { "log", logs, false },
    { "stats", tells_statistics, false },
    { "empty", sends_empty_frames, false },
    { "never-reads", never_reads, false },
    { "panic", panics, false },
    { "panic-early", panics_without_a_word, true },
    { "reset", resets, false },
    { "fails", fails_to_start, true },
    { "killed", is_killed, false },
    { "close-hang", closes_and_hangs, false },
    { "hang", hangs, false },
    { "hang-early", hang, true },
    { "hang-after-exit", hangs_after_exit, false },
    { "noise", greets_after_noise, true },
    { "only-noise", makes_noise, true },
    { "version", greets_in_another_version, true },
    { "twice", greets_twice, false },
    { "torn", tears_a_frame, false },
    { "torn-header", tears_a_header, false },
    { "long", sends_too_long_a_frame, false },
    { "reserved", uses_the_reserved_byte, false },
    { "host-frame", sends_a_host_frame, false },
    { "taken-too-much", takes_what_was_not_sent, false },
    { "unknown", sends_an_unknown_frame, false },
    { "torn-stats", sends_torn_statistics, false },
    { "short-exit", sends_a_short_exit, false },
    { "exit-kind", exits_in_an_unknown_way, false },
    { "exit-status", exits_with_a_huge_status, false },
    { "signal-0", dies_by_no_signal, false },
    { "signal-1000", dies_by_an_absurd_signal, false },
    { "after-exit", talks_after_exit, false },
    { "flood-after-exit", floods_after_exit, false },
    { "early-stdin", expects_silence_before_hello, true },
};

int main(int argc, char **argv)
{
    argument_count = argc;
    all_arguments = argv;
    find_console();
    const char *wanted = getenv("FAKE_QEMU");
    size_t length = wanted ? strcspn(wanted, ":") : 0;
    if (wanted && wanted[length] == ':') number = strtol(wanted + length + 1, NULL, 0);
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
        if (length != strlen(parts[i].name) || strncmp(wanted, parts[i].name, length) != 0) continue;
        if (!parts[i].is_without_hello) send_hello(CHANNEL_VERSION);
        parts[i].play();
        return 0;
    }
    fprintf(stderr, "fake_qemu: no part named %s\n", wanted ? wanted : "(FAKE_QEMU is not set)");
    return 2;
}
