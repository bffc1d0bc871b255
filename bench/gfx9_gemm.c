/* SPDX-License-Identifier: Apache-2.0 */
/* Lane instructions a second that the GFX9 engine retires on one host core: tiled matrix product, 128 x 128.
 * Usage: gfx9_gemm KERNELS.hsaco */
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

int main(int argc, char **argv)
{
    struct machine *m = machine_create();
    if (argc != 2 || !machine_load(m, argv[1])) {
        fprintf(stderr, "usage: gfx9_gemm KERNELS.hsaco\n");
        return 2;
    }
    uint64_t a = machine_alloc(m, N * N * 4), b = machine_alloc(m, N * N * 4),
             c = machine_alloc(m, N * N * 4);
    struct machine_launch launch = { .group = { 16, 16 }, .grid = { N, N }, .arguments = { a, b, c, N } };
    for (unsigned k = 0; k < N * N; k++)
        ((float *)machine_at(m, a))[k] = ((float *)machine_at(m, b))[k] = (float)(k % 7);
    uint64_t lanes = 0, waves = 0;
    double start = seconds();
    for (unsigned round = 0; round < ROUNDS; round++) {
        if (!machine_run(m, "gemm", &launch)) {
            fprintf(stderr, "gfx9_gemm: %s\n", m->error.text);
            return 1;
        }
        lanes += m->lane_instructions;
        waves += m->wave_instructions;
    }
    double spent = seconds() - start;
    printf("gfx9 tiled gemm: %.0f million lane instructions a second on one core (%.2f million wave "
           "instructions)\n",
           (double)lanes / spent * 1e-6, (double)waves / spent * 1e-6);
    machine_destroy(m);
    return 0;
}
