/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers: they come, they differ, they use all their bits, and bad flags are refused. */
#include "tests/conformance/conformance.h"

#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/random.h>

/* Each bit set in 40 to 60 of a hundred bytes' worth of samples: chance misses by ten deviations. */
static bool looks_random(const unsigned char *bytes, size_t count)
{
    size_t ones[8] = { 0 }, distinct = 0;
    bool seen[256] = { false };
    for (size_t i = 0; i < count; i++) {
        for (int bit = 0; bit < 8; bit++) ones[bit] += bytes[i] >> bit & 1;
        distinct += !seen[bytes[i]];
        seen[bytes[i]] = true;
    }
    for (int bit = 0; bit < 8; bit++)
        if (ones[bit] < count * 2 / 5 || ones[bit] > count * 3 / 5) return false;
    return distinct == 256;
}

static void from_call(void)
{
    static unsigned char a[10000], b[10000];
    SHOW(getrandom(a, sizeof a, 0));
    SHOW(getrandom(b, sizeof b, GRND_NONBLOCK));
    CHECK(looks_random(a, sizeof a) && looks_random(b, sizeof b));
    CHECK(memcmp(a, b, sizeof a) != 0);
    SHOW(getrandom(a, 0, 0));
    SHOW(getrandom(NULL, 0, 0));
    SHOW(getrandom(a, 16, 0x80));
    SHOW(getrandom(a, 7, GRND_RANDOM));
    SHOW(getentropy(a, 256));
    SHOW(getentropy(a, 257));
}

static void from_files(void)
{
    static unsigned char a[10000], b[10000];
    static const char *const names[] = { "/dev/urandom", "/dev/random" };
    for (int i = 0; i < 2; i++) {
        int fd = open(names[i], O_RDWR);
        SHOW(fd >= 0);
        SHOW(read(fd, a, sizeof a));
        SHOW(read(fd, b, sizeof b));
        CHECK(looks_random(a, sizeof a) && memcmp(a, b, sizeof a) != 0);
        SHOW(write(fd, "seed", 4));
        close(fd);
    }
}

static void from_start(void)
{
    const unsigned char *at = (const unsigned char *)getauxval(AT_RANDOM);
    CHECK(at != NULL);
    int zeros = 0;
    for (int i = 0; i < 16; i++) zeros += at[i] == 0;
    CHECK(zeros < 8);
}

/* The C library's own generators are the same everywhere. */
static void from_seed(void)
{
    srand(42);
    for (int i = 0; i < 5; i++) printf("%d ", rand());
    srandom(42);
    for (int i = 0; i < 5; i++) printf("%ld ", random());
    srand48(42);
    for (int i = 0; i < 5; i++) printf("%.6f ", drand48());
    printf("\n");
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    from_call();
    from_files();
    from_start();
    from_seed();
    return 0;
}
