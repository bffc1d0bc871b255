/* SPDX-License-Identifier: Apache-2.0 */
/* Host programs use the C library's functions, so the kernel's are brought in under other names and
 * compared with those. */
#include "lib/bits.h"
#include "tests/harness/test.h"

#include <stdlib.h>
#include <string.h>

#define memcpy  our_memcpy
#define memmove our_memmove
#define memset  our_memset
#define memcmp  our_memcmp
#define memchr  our_memchr
#define strlen  our_strlen
#define strnlen our_strnlen
#define strcmp  our_strcmp
#define strncmp our_strncmp
#define strchr  our_strchr
#define strrchr our_strrchr
void *memcpy(void *restrict dst, const void *restrict src, size_t bytes);
void *memmove(void *dst, const void *src, size_t bytes);
void *memset(void *dst, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
void *memchr(const void *s, int byte, size_t bytes);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);
char *strchr(const char *s, int byte);
char *strrchr(const char *s, int byte);
#include "lib/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr
#undef strrchr

enum { SIZES = 150, SPACE = 512 };

static uint8_t ours[SPACE], theirs[SPACE];

static void fill(void)
{
    for (int i = 0; i < SPACE; i++) ours[i] = theirs[i] = (uint8_t)(i * 7 + i / 256 + 1);
}

static int sign(int value) { return (value > 0) - (value < 0); }

TEST(memcpy_copies_exactly_its_bytes_at_every_size_and_alignment)
{
    for (size_t bytes = 0; bytes < SIZES; bytes++) {
        for (size_t shift = 0; shift < 9; shift++) {
            fill();
            EXPECT(our_memcpy(ours + 256 + shift, ours + 8 - shift % 8, bytes) == ours + 256 + shift);
            memcpy(theirs + 256 + shift, theirs + 8 - shift % 8, bytes);
            EXPECT(memcmp(ours, theirs, SPACE) == 0);
        }
    }
}

TEST(memmove_survives_every_overlap)
{
    for (size_t bytes = 0; bytes < SIZES; bytes++) {
        for (size_t from = 90; from < 110; from++) {
            fill();
            our_memmove(ours + 100, ours + from, bytes);
            memmove(theirs + 100, theirs + from, bytes);
            EXPECT(memcmp(ours, theirs, SPACE) == 0);
        }
    }
}

TEST(memset_sets_exactly_its_bytes)
{
    for (size_t bytes = 0; bytes < SIZES; bytes++) {
        for (size_t shift = 0; shift < 9; shift++) {
            fill();
            EXPECT(our_memset(ours + 100 + shift, 0x1a5, bytes) == ours + 100 + shift);
            memset(theirs + 100 + shift, 0x1a5, bytes);
            EXPECT(memcmp(ours, theirs, SPACE) == 0);
        }
    }
}

TEST(memcmp_orders_by_the_first_byte_that_differs)
{
    for (size_t bytes = 1; bytes < 40; bytes++) {
        for (size_t place = 0; place < bytes; place++) {
            fill();
            EXPECT(our_memcmp(ours, theirs, bytes) == 0);
            ours[place] ^= 0x80;
            if (place + 1 < bytes) theirs[place + 1] ^= 0xff;
            EXPECT_EQ(sign(our_memcmp(ours, theirs, bytes)), sign(memcmp(ours, theirs, bytes)));
            EXPECT_EQ(our_memcmp(ours, theirs, place), 0);
        }
    }
}

TEST(memchr_finds_the_first_and_never_looks_past_the_end)
{
    for (size_t bytes = 0; bytes < 40; bytes++) {
        uint8_t *block = malloc(bytes + 1); /* its end is guarded by the sanitizer */
        for (size_t place = 0; place <= bytes; place++) {
            memset(block, 0x41, bytes + 1);
            block[place] = 0x42;
            EXPECT(our_memchr(block, 0x142, bytes) == (place < bytes ? block + place : NULL));
        }
        free(block);
    }
}

TEST(string_functions_agree_with_the_c_library)
{
    static const char *const words[] = {
        "", "a", "ab", "abc", "abd", "aba", "\xff", "\x7f", "a longer string", "a longer strinG"
    };
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        EXPECT_EQ(our_strlen(words[i]), strlen(words[i]));
        for (size_t max = 0; max < 20; max++) EXPECT_EQ(our_strnlen(words[i], max), strnlen(words[i], max));
        for (int c = 0; c < 256; c++) {
            EXPECT(our_strchr(words[i], c) == strchr(words[i], c));
            EXPECT(our_strrchr(words[i], c) == strrchr(words[i], c));
        }
        for (size_t j = 0; j < ARRAY_LENGTH(words); j++) {
            EXPECT_EQ(sign(our_strcmp(words[i], words[j])), sign(strcmp(words[i], words[j])));
            for (size_t max = 0; max < 18; max++)
                EXPECT_EQ(sign(our_strncmp(words[i], words[j], max)), sign(strncmp(words[i], words[j], max)));
        }
    }
}
