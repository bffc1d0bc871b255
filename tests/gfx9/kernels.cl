/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels of the engine's tests, in OpenCL C: kernels_test.c has the same in C. */
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#pragma OPENCL EXTENSION cl_khr_fp16 : enable

#define ID(k) (__builtin_amdgcn_workgroup_id_##k() * __builtin_amdgcn_workgroup_size_##k() + __builtin_amdgcn_workitem_id_##k())

kernel void vector_add(global const float *a, global const float *b, global float *c, uint n)
{
    uint i = ID(x);
    if (i < n) c[i] = a[i] + b[i];
}

#define TILE 16
kernel void gemm(global const float *a, global const float *b, global float *c, uint n)
{
    local float at[TILE][TILE], bt[TILE][TILE];
    uint x = __builtin_amdgcn_workitem_id_x(), y = __builtin_amdgcn_workitem_id_y();
    uint column = __builtin_amdgcn_workgroup_id_x() * TILE + x, row = __builtin_amdgcn_workgroup_id_y() * TILE + y;
    float sum = 0;
    for (uint k = 0; k < n; k += TILE) {
        at[y][x] = a[row * n + k + x];
        bt[y][x] = b[(k + y) * n + column];
        __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
        __builtin_amdgcn_s_barrier();
        __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");
        for (uint j = 0; j < TILE; j++) sum += at[y][j] * bt[j][x];
        __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
        __builtin_amdgcn_s_barrier();
    }
    c[row * n + column] = sum;
}

kernel void reduce(global const int *in, global int *out, uint n)
{
    local int part[256];
    uint x = __builtin_amdgcn_workitem_id_x();
    int sum = 0;
    for (uint i = ID(x); i < n; i += 1024) sum += in[i];
    part[x] = sum;
    for (uint step = 128; step; step /= 2) {
        __builtin_amdgcn_fence(__ATOMIC_SEQ_CST, "workgroup");
        __builtin_amdgcn_s_barrier();
        if (x < step) part[x] += part[x + step];
    }
    if (x == 0) __opencl_atomic_fetch_add((volatile global atomic_int *)out, part[0], memory_order_relaxed, memory_scope_device);
}

kernel void histogram(global const uchar *in, global uint *bins, uint n)
{
    for (uint i = ID(x); i < n; i += 512)
        __opencl_atomic_fetch_add((volatile global atomic_uint *)&bins[in[i]], 1u, memory_order_relaxed, memory_scope_device);
}

kernel void doubles(global const double *a, global const double *b, global double *c, uint n)
{
    uint i = ID(x);
    if (i < n) c[i] = a[i] / b[i] + __builtin_sqrt(a[i] * a[i]) - (double)(long)b[i];
}

kernel void divide(global const float *a, global const float *b, global float *c, uint n)
{
    uint i = ID(x);
    if (i < n) c[i] = a[i] / b[i];
}

kernel void halves(global const half *a, global const half *b, global half *c, uint n)
{
    uint i = ID(x);
    if (i < n) c[i] = a[i] * b[i] + a[i] - b[i] * (half)0.5f;
}

kernel void bytes_dot(global const char *a, global const char *b, global int *c, uint n)
{
    uint i = ID(x);
    int sum = 0;
    for (uint k = 0; k < n; k++) sum += a[i * n + k] * b[k];
    c[i] = sum;
}

/* Indexing by what is only known when it runs keeps the array in private memory. */
kernel void private_sort(global const uint *in, global uint *out, uint n)
{
    uint i = ID(x), list[16];
    for (uint k = 0; k < 16; k++) list[k] = in[i * 16 + k];
    for (uint k = 1; k < 16; k++)
        for (uint j = k; j && list[j - 1] > list[j]; j--) {
            uint t = list[j];
            list[j] = list[j - 1];
            list[j - 1] = t;
        }
    for (uint k = 0; k < 16; k++) out[i * 16 + k] = list[(k + n) & 15];
}

kernel void lengths(global const ulong *a, global const ulong *b, global ulong *c, uint n)
{
    uint i = ID(x);
    if (i < n) c[i] = (a[i] * b[i] >> 7) + (a[i] / (b[i] | 1)) - (ulong)((long)a[i] >> (b[i] & 63));
}

int __attribute__((noinline)) collatz(ulong n) { int steps = 0; while (n != 1) { n = n & 1 ? 3 * n + 1 : n / 2; steps++; } return steps; }
kernel void diverge(global int *out, uint n)
{
    uint i = ID(x);
    if (i < n) out[i] = i ? collatz(i) : -1;
}

kernel void shuffle(global const int *in, global int *out, uint n)
{
    uint i = ID(x);
    int v = in[i];
    v += __builtin_amdgcn_ds_bpermute((int)((i + 3) % 64 * 4), v);
    v += __builtin_amdgcn_update_dpp(0, v, 0x111, 0xf, 0xf, true);
    v += __builtin_amdgcn_ds_swizzle(v, 0x041f);
    out[i] = v + __builtin_amdgcn_readfirstlane(v);
}
