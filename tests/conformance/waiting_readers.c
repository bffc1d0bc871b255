/* SPDX-License-Identifier: Apache-2.0 */
/* Several threads in a read of the same file: they sleep, and each byte or message that comes is one thread's. */
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
    return 0;
}
