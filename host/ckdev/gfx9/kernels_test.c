/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels that clang compiled for gfx900 (tests/gfx9/kernels.cl), optimised and not, against the same in C. */
#include "tests/gfx9/machine.h"
#include "tests/harness/test.h"

#include <math.h>
#include <string.h>
#include <time.h>

static const char *const objects[] = { "build/gfx9/kernels-O3.hsaco", "build/gfx9/kernels-O0.hsaco" };

static uint64_t seed = 1;
static uint32_t random_u32(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 32);
}
static float random_float(void) { return (float)(int32_t)random_u32() * 0x1p-28f; }

/* Three arrays of the machine and one launch over them. */
struct run {
    struct machine *m;
    uint64_t a, b, c;
};

static struct run run_begin(const char *object, uint64_t bytes)
{
    struct run r = { .m = machine_create() };
    if (!machine_load(r.m, object)) test_fail(__FILE__, __LINE__, "%s cannot be read", object);
    r.a = machine_alloc(r.m, bytes);
    r.b = machine_alloc(r.m, bytes);
    r.c = machine_alloc(r.m, bytes);
    return r;
}

static void run_kernel(struct run *r, const char *kernel, uint32_t group_x, uint32_t group_y, uint32_t grid_x,
                       uint32_t grid_y, uint64_t n)
{
    struct machine_launch launch = { .group = { group_x, group_y },
                                     .grid = { grid_x, grid_y },
                                     .arguments = { r->a, r->b, r->c, n } };
    if (!machine_run(r->m, kernel, &launch))
        test_fail(__FILE__, __LINE__, "%s: %s", kernel, r->m->error.text);
}

#define FOR_EACH_OBJECT(path) \
    for (const char *const *path = objects; path < objects + ARRAY_LENGTH(objects); path++)

TEST(vector_add_is_right_also_where_the_last_group_is_partial)
{
    enum { N = 1000 };
    FOR_EACH_OBJECT(path)
    {
        struct run r = run_begin(*path, N * 4);
        float *a = machine_at(r.m, r.a), *b = machine_at(r.m, r.b), *c = machine_at(r.m, r.c);
        for (unsigned k = 0; k < N; k++) a[k] = random_float(), b[k] = random_float();
        run_kernel(&r, "vector_add", 256, 1, N, 1, N);
        for (unsigned k = 0; k < N; k++) EXPECT(c[k] == a[k] + b[k]);
        machine_destroy(r.m);
    }
}

TEST(tiled_gemm_sums_in_the_order_of_the_program)
{
    enum { N = 64 };
    FOR_EACH_OBJECT(path)
    {
        struct run r = run_begin(*path, N * N * 4);
        float *a = machine_at(r.m, r.a), *b = machine_at(r.m, r.b), *c = machine_at(r.m, r.c);
        for (unsigned k = 0; k < N * N; k++)
            a[k] = (float)(random_u32() % 64), b[k] = (float)(random_u32() % 64);
        run_kernel(&r, "gemm", 16, 16, N, N, N);
        for (unsigned row = 0; row < N; row++)
            for (unsigned column = 0; column < N; column++) {
                float sum = 0;
                for (unsigned k = 0; k < N; k++) sum += a[row * N + k] * b[k * N + column];
                EXPECT(c[row * N + column] == sum);
            }
        machine_destroy(r.m);
    }
}

TEST(a_reduction_with_barriers_and_an_atomic_gives_the_sum)
{
    enum { N = 5000 };
    FOR_EACH_OBJECT(path)
    {
        struct run r = run_begin(*path, N * 4);
        int32_t *in = machine_at(r.m, r.a), *out = machine_at(r.m, r.b), sum = 0;
        for (unsigned k = 0; k < N; k++) sum += in[k] = (int32_t)(random_u32() % 2000) - 1000;
        r.c = N; /* the third argument here */
        run_kernel(&r, "reduce", 256, 1, 1024, 1, 0);
        EXPECT_EQ((uint32_t)*out, (uint32_t)sum);
        machine_destroy(r.m);
    }
}

TEST(a_histogram_counts_every_byte_once)
{
    enum { N = 4096 };
    FOR_EACH_OBJECT(path)
    {
        struct run r = run_begin(*path, N);
        uint8_t *in = machine_at(r.m, r.a);
        uint32_t *bins = machine_at(r.m, r.b), expected[256] = { 0 };
        for (unsigned k = 0; k < N; k++) expected[in[k] = random_u32() & 255]++;
        r.c = N;
        run_kernel(&r, "histogram", 128, 1, 512, 1, 0);
        EXPECT(memcmp(bins, expected, sizeof expected) == 0);
        machine_destroy(r.m);
    }
}

TEST(double_precision_division_and_roots_are_correctly_rounded)
{
    enum { N = 512 };
    FOR_EACH_OBJECT(path)
    {
        struct run r = run_begin(*path, N * 8);
        double *a = machine_at(r.m, r.a), *b = machine_at(r.m, r.b), *c = machine_at(r.m, r.c);
        for (unsigned k = 0; k < N; k++) {
            a[k] = (double)random_float() * 1e3;
            b[k] = (double)random_float() * 1e6 + 1;
        }
        run_kernel(&r, "doubles", 64, 1, N, 1, N);
        for (unsigned k = 0; k < N; k++) {
            double expected = a[k] / b[k] + sqrt(a[k] * a[k]) - (double)(int64_t)b[k];
            EXPECT(fabs(c[k] - expected) <= fabs(expected) * 0x1p-50);
        }
        machine_destroy(r.m);
    }
}

TEST(single_precision_division_is_right_from_the_smallest_to_the_largest)
{
    static const float edges[] = { 0,        -0.0f, 1,     -3,     0x1p-149f, 0x1p-126f, 0x1.fffffep127f,
                                   INFINITY, NAN,   1e38f, 1e-38f, 3e-42f,    7 };
    enum { E = ARRAY_LENGTH(edges), N = E * E + 400 };
    FOR_EACH_OBJECT(path)
    {
        struct run r = run_begin(*path, N * 4);
        float *a = machine_at(r.m, r.a), *b = machine_at(r.m, r.b), *c = machine_at(r.m, r.c);
        for (unsigned k = 0; k < N; k++) {
            uint32_t u = random_u32(), v = random_u32();
            memcpy(&a[k], &u, 4), memcpy(&b[k], &v, 4);
            if (k < E * E) a[k] = edges[k / E], b[k] = edges[k % E];
        }
        run_kernel(&r, "divide", 64, 1, N, 1, N);
        for (unsigned k = 0; k < N; k++) {
            float expected = a[k] / b[k];
            bool same = c[k] == expected || (isnan(c[k]) && isnan(expected)) ||
                        fabsf(c[k] - expected) <= fabsf(expected) * 0x1p-22f + 0x1p-149f;
            if (!same)
                test_fail(__FILE__, __LINE__, "%a / %a is %a, expected %a", (double)a[k], (double)b[k],
                          (double)c[k], (double)expected);
        }
        machine_destroy(r.m);
    }
}

TEST(half_precision_follows_the_host_s_own)
{
    enum { N = 300 };
    FOR_EACH_OBJECT(path)
    {
        struct run r = run_begin(*path, N * 2);
        _Float16 *a = machine_at(r.m, r.a), *b = machine_at(r.m, r.b), *c = machine_at(r.m, r.c);
        for (unsigned k = 0; k < N; k++) a[k] = (_Float16)random_float(), b[k] = (_Float16)random_float();
        run_kernel(&r, "halves", 64, 1, N, 1, N);
        for (unsigned k = 0; k < N; k++) {
            float expected =
                (float)a[k] * (float)b[k] + (float)a[k] - (float)b[k] * 0.5f; /* contracted or not */
            EXPECT(fabsf((float)c[k] - expected) <=
                   0.01f * (fabsf((float)a[k] * (float)b[k]) + fabsf((float)a[k]) + fabsf((float)b[k])));
        }
        machine_destroy(r.m);
    }
}

TEST(an_integer_dot_product_of_bytes_keeps_their_signs)
{
    enum { ROWS = 128, N = 48 };
    FOR_EACH_OBJECT(path)
    {
        struct run r = run_begin(*path, ROWS * N);
        int8_t *a = machine_at(r.m, r.a), *b = machine_at(r.m, r.b);
        int32_t *c = machine_at(r.m, r.c);
        for (unsigned k = 0; k < ROWS * N; k++) a[k] = (int8_t)random_u32();
        for (unsigned k = 0; k < N; k++) b[k] = (int8_t)random_u32();
        run_kernel(&r, "bytes_dot", 64, 1, ROWS, 1, N);
        for (unsigned row = 0; row < ROWS; row++) {
            int32_t sum = 0;
            for (unsigned k = 0; k < N; k++) sum += a[row * N + k] * b[k];
            EXPECT_EQ((uint32_t)c[row], (uint32_t)sum);
        }
        machine_destroy(r.m);
    }
}

TEST(arrays_in_private_memory_belong_to_their_work_item)
{
    enum { ITEMS = 192 };
    FOR_EACH_OBJECT(path)
    {
        struct run r = run_begin(*path, ITEMS * 64);
        uint32_t *in = machine_at(r.m, r.a), *out = machine_at(r.m, r.b);
        for (unsigned k = 0; k < ITEMS * 16; k++) in[k] = random_u32();
        r.c = 0;
        run_kernel(&r, "private_sort", 192, 1, ITEMS, 1, 0);
        for (unsigned item = 0; item < ITEMS; item++) {
            uint64_t sum = 0, sum_out = 0;
            for (unsigned k = 0; k < 16; k++) {
                sum += in[item * 16 + k], sum_out += out[item * 16 + k];
                EXPECT(k == 0 || out[item * 16 + k - 1] <= out[item * 16 + k]);
            }
            EXPECT_EQ(sum_out, sum);
        }
        machine_destroy(r.m);
    }
}

TEST(integers_of_64_bits_multiply_divide_and_shift)
{
    enum { N = 256 };
    FOR_EACH_OBJECT(path)
    {
        struct run r = run_begin(*path, N * 8);
        uint64_t *a = machine_at(r.m, r.a), *b = machine_at(r.m, r.b), *c = machine_at(r.m, r.c);
        for (unsigned k = 0; k < N; k++) {
            a[k] = (uint64_t)random_u32() << 32 | random_u32();
            b[k] = ((uint64_t)random_u32() << 32 | random_u32()) >> (k & 63);
        }
        run_kernel(&r, "lengths", 64, 1, N, 1, N);
        for (unsigned k = 0; k < N; k++)
            EXPECT_EQ(c[k],
                      (a[k] * b[k] >> 7) + a[k] / (b[k] | 1) - (uint64_t)((int64_t)a[k] >> (b[k] & 63)));
        machine_destroy(r.m);
    }
}

TEST(lanes_that_loop_differently_often_all_finish)
{
    enum { N = 100 };
    FOR_EACH_OBJECT(path)
    {
        struct run r = run_begin(*path, N * 4);
        int32_t *out = machine_at(r.m, r.a);
        r.b = N;
        run_kernel(&r, "diverge", 64, 1, 128, 1, 0);
        for (unsigned k = 0; k < N; k++) {
            int32_t steps = 0;
            for (uint64_t n = k; k && n != 1; steps++) n = n & 1 ? 3 * n + 1 : n / 2;
            EXPECT_EQ(out[k], k ? steps : -1);
        }
        machine_destroy(r.m);
    }
}

TEST(lanes_exchange_values)
{
    FOR_EACH_OBJECT(path)
    {
        struct run r = run_begin(*path, 256);
        int32_t *in = machine_at(r.m, r.a), *out = machine_at(r.m, r.b), v[64], w[64];
        for (unsigned k = 0; k < 64; k++) v[k] = in[k] = (int32_t)(random_u32() % 1000);
        run_kernel(&r, "shuffle", 64, 1, 64, 1, 0);
        for (unsigned k = 0; k < 64; k++) w[k] = v[k] + v[(k + 3) % 64];
        for (unsigned k = 0; k < 64; k++) v[k] = w[k] + (k % 16 ? w[k - 1] : 0);
        for (unsigned k = 0; k < 64; k++) w[k] = v[k] + v[k ^ 1];
        for (unsigned k = 0; k < 64; k++) EXPECT_EQ((uint32_t)out[k], (uint32_t)(w[k] + w[0]));
        machine_destroy(r.m);
    }
}
