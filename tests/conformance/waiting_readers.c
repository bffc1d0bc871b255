/* SPDX-License-Identifier: Apache-2.0 */
/* Several threads in a read of the same file: they sleep, and each byte or message that comes is one thread's. And
 * several in a write to one that is full. */
#include "tests/conformance/sockets.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <time.h>

enum { READERS = 3, SLEEP_MS = 200 };

static int from;
static _Atomic int is_reading;

static void *read_one(void *unused)
{
    char bytes[8];
    (void)unused;
    is_reading++;
    return (void *)read(from, bytes, sizeof bytes);
}

static long cpu_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void sleep_ms(long ms) { nanosleep(&(struct timespec){ 0, ms * 1000000 }, NULL); }

static void in_one_file(const char *what, int reader, int writer, const void *bytes, size_t count)
{
    pthread_t threads[READERS];
    begin_case(what);
    from = reader;
    is_reading = 0;
    for (int i = 0; i < READERS; i++) pthread_create(&threads[i], NULL, read_one, NULL);
    while (is_reading < READERS) sleep_ms(1);
    sleep_ms(20); /* from here on all of them are asleep */
    long before = cpu_ms();
    sleep_ms(SLEEP_MS);
    CHECK(cpu_ms() - before < SLEEP_MS / 4);
    long total = 0;
    for (int i = 0; i < READERS; i++) {
        if (write(writer, bytes, count) != (ssize_t)count) printf("written in part\n");
        sleep_ms(2); /* what one thread has not read may be in one piece with the next */
    }
    for (int i = 0; i < READERS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        total += (long)result;
    }
    printf("%ld bytes in all\n", total);
    close(writer);
    if (reader != writer) close(reader);
}

/* A full queue of datagrams: each that is taken lets one sender go on. */
static void *send_one(void *unused)
{
    (void)unused;
    is_reading++;
    return (void *)write(from, "x", 1);
}

static void senders(void)
{
    pthread_t threads[READERS];
    int ends[2];
    struct sockaddr_un name = { AF_UNIX, "\0waiting" };
    char byte;
    begin_case("senders");
    is_reading = 0;
    ends[0] = socket(AF_UNIX, SOCK_DGRAM, 0);
    from = socket(AF_UNIX, SOCK_DGRAM, 0);
    SHOW(bind(ends[0], (struct sockaddr *)&name, 10));
    SHOW(connect(from, (struct sockaddr *)&name, 10));
    while (send(from, "x", 1, MSG_DONTWAIT) == 1) {}
    for (int i = 0; i < READERS; i++) pthread_create(&threads[i], NULL, send_one, NULL);
    while (is_reading < READERS) sleep_ms(1);
    sleep_ms(20);
    for (int i = 0; i < READERS; i++) {
        SHOW(read(ends[0], &byte, 1));
        sleep_ms(5);
    }
    for (int i = 0; i < READERS; i++) pthread_join(threads[i], NULL);
    SHOW(send(from, "x", 1, MSG_DONTWAIT));
    close(ends[0]);
    close(from);
}

int main(int argc, char **argv)
{
    static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
    static const char *const names[] = { "a stream", "datagrams", "packets" };
    const uint64_t one = 1;
    int ends[2];
    work_in(argc, argv);
    for (int i = 0; i < 3; i++) {
        socketpair(AF_UNIX, types[i], 0, ends);
        in_one_file(names[i], ends[0], ends[1], "x", 1);
    }
    if (pipe(ends) == 0) in_one_file("a pipe", ends[0], ends[1], "x", 1);
    ends[0] = eventfd(0, EFD_SEMAPHORE);
    in_one_file("an event count", ends[0], ends[0], &one, sizeof one);
    senders();
    return 0;
}
