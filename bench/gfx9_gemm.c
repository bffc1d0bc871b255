/* SPDX-License-Identifier: Apache-2.0 */
/* Lane instructions a second that the GFX9 engine retires on one host core: tiled matrix product, 128 x 128,
 * of tests/gfx9/kernels.cl and, where it is given, of tests/hip/gemm.hip.
 * Usage: gfx9_gemm KERNELS.hsaco [HIP_GEMM.hsaco] */
#include "tests/gfx9/machine.h"

#include <stdio.h>
#include <time.h>

enum { N = 128, ROUNDS = 20 };

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* N x N floats, twice the same and room for their product. */
static void fill(struct machine *m, uint64_t matrices[3])
{
    for (unsigned k = 0; k < 3; k++) matrices[k] = machine_alloc(m, N * N * 4);
    for (unsigned k = 0; k < N * N; k++)
        ((float *)machine_at(m, matrices[0]))[k] = ((float *)machine_at(m, matrices[1]))[k] = (float)(k % 7);
}

/* The product is of small whole numbers, so it is exact. */
static bool is_product(struct machine *m, const uint64_t matrices[3])
{
    const float *a = machine_at(m, matrices[0]), *b = machine_at(m, matrices[1]),
                *c = machine_at(m, matrices[2]);
    for (unsigned at = 0; at < N * N; at += N + 1) {
        float sum = 0;
        for (unsigned k = 0; k < N; k++) sum += a[at / N * N + k] * b[k * N + at % N];
        if (c[at] != sum) return false;
    }
    return true;
}

static bool measure(const char *what, const char *object, const char *kernel, uint64_t size0, uint64_t size1)
{
    struct machine *m = machine_create();
    uint64_t matrices[3], lanes = 0, waves = 0;
    bool fine = machine_load(m, object);
    fill(m, matrices);
    if (!fine) snprintf(m->error.text, sizeof m->error.text, "%.100s cannot be read", object);
    struct machine_launch launch = { .group = { 16, 16 },
                                     .grid = { N, N },
                                     .arguments = { matrices[0], matrices[1], matrices[2], size0, size1 } };
    double start = seconds();
    for (unsigned round = 0; fine && round < ROUNDS; round++) {
        fine = machine_run(m, kernel, &launch);
        lanes += m->lane_instructions;
        waves += m->wave_instructions;
    }
    double spent = seconds() - start;
    if (fine && !is_product(m, matrices)) {
        fine = false;
        snprintf(m->error.text, sizeof m->error.text, "the product is wrong");
    }
    if (fine)
        printf("gfx9 tiled gemm, %s: %.0f million lane instructions a second on one core (%.2f million wave "
               "instructions)\n",
               what, (double)lanes / spent * 1e-6, (double)waves / spent * 1e-6);
    else
        fprintf(stderr, "gfx9_gemm: %s: %s\n", what, m->error.text);
    machine_destroy(m);
    return fine;
}

int main(int argc, char **argv)
{
    if (argc != 2 && argc != 3) {
        fprintf(stderr, "usage: gfx9_gemm KERNELS.hsaco [HIP_GEMM.hsaco]\n");
        return 2;
    }
    bool fine = measure("OpenCL by clang", argv[1], "gemm", N, 0);
    if (argc == 3)
        fine &= measure("HIP by hipcc", argv[2], "_ZL8multiplyPKfS0_Pfiii", N | (uint64_t)N << 32, N);
    return fine ? 0 : 1;
}
