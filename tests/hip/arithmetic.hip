// SPDX-License-Identifier: Apache-2.0
// Arithmetic that one instruction rounds or wraps: float and double, integers of 32 and 64 bits,
// conversions. Exact: every operation here is defined to the last bit, on the host by IEEE 754 and C, on
// the device by its manual; both sides keep denormals.
#include "hip_test.hpp"

#define FLOATS  8
#define DOUBLES 5
#define INTS    10
#define LONGS   6

__host__ __device__ inline void compute_float(float a, float b, float c, float *out)
{
    out[0] = a + b, out[1] = a - b, out[2] = a * b, out[3] = a / b;
    out[4] = fmaf(a, b, c), out[5] = sqrtf(fabsf(a)), out[6] = fminf(a, b),
    out[7] = floorf(c) + truncf(a) + rintf(b);
}

__host__ __device__ inline void compute_double(double a, double b, double *out)
{
    out[0] = a + b, out[1] = a * b, out[2] = a / b, out[3] = fma(a, b, a), out[4] = sqrt(fabs(b));
}

// What fits an int: a conversion of anything else means something different on each side.
__host__ __device__ inline float bounded(float f) { return fabsf(f) < 1e6f ? f * 1000 : 0; }

__host__ __device__ inline void compute_int(int a, int b, float f, int *out)
{
    unsigned u = (unsigned)a, v = (unsigned)b | 1;
    out[0] = (int)(u * v), out[1] = a / (int)(v >> 1 | 1), out[2] = a % (int)(v >> 1 | 1),
    out[3] = (int)(u / v);
    out[4] = (int)((unsigned long long)u * v >> 32), out[5] = a >> (b & 31),
    out[6] = (int)(u << (b & 31) | u >> (-b & 31)), out[7] = (int)f;
    out[8] = __builtin_popcount(u) * 100 + (a ? __builtin_clz(u) : 32),
    out[9] = (int)__builtin_bitreverse32(u);
}

__host__ __device__ inline void compute_long(long long a, long long b, double d, long long *out)
{
    unsigned long long u = (unsigned long long)a, v = (unsigned long long)b | 1;
    out[0] = (long long)(u * v), out[1] = (long long)(u / v), out[2] = a % (long long)(v >> 1 | 1),
    out[3] = a >> (b & 63);
    out[4] = (long long)(u << (b & 63)), out[5] = (long long)d;
}

static __global__ void compute(const float *f, const double *d, const int *n, const long long *l, int count,
                               float *of, double *od, int *on, long long *ol)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i + 2 >= count) return;
    compute_float(f[i], f[i + 1], f[i + 2], of + i * FLOATS);
    compute_double(d[i], d[i + 1], od + i * DOUBLES);
    compute_int(n[i], n[i + 1], bounded(f[i]), on + i * INTS);
    compute_long(l[i], l[i + 1], d[i] * 100000, ol + i * LONGS);
}

int main()
{
    begin("arithmetic");
    int count = 2000;
    struct random random = { 18 };
    std::vector<float> f(count), of((size_t)count * FLOATS);
    std::vector<double> d(count), od((size_t)count * DOUBLES);
    std::vector<int> n(count), on((size_t)count * INTS);
    std::vector<long long> l(count), ol((size_t)count * LONGS);
    for (int i = 0; i < count; i++) {
        f[i] = std::ldexp(random.real() + 1.0f / 3, (int)(random.next() % 20) - 10);
        d[i] = std::ldexp(random.real() + 1.0 / 7, (int)(random.next() % 40) - 20);
        n[i] = (int)(random.next() ^ random.next() << 13) >> random.next() % 20;
        l[i] = (long long)((unsigned long long)random.next() << 40 ^ random.next()) >> random.next() % 40;
    }
    f[5] = 1e-39f, f[6] = 2e-39f, f[9] = 3e38f, f[10] = 2.0f; // denormal, and one that overflows
    for (int i = 0; i + 2 < count; i++) {
        compute_float(f[i], f[i + 1], f[i + 2], &of[(size_t)i * FLOATS]);
        compute_double(d[i], d[i + 1], &od[(size_t)i * DOUBLES]);
        compute_int(n[i], n[i + 1], bounded(f[i]), &on[(size_t)i * INTS]);
        compute_long(l[i], l[i + 1], d[i] * 100000, &ol[(size_t)i * LONGS]);
    }
    device<float> df(f), dof(std::vector<float>(of.size()));
    device<double> dd(d), dod(std::vector<double>(od.size()));
    device<int> dn(n), don(std::vector<int>(on.size()));
    device<long long> dl(l), dol(std::vector<long long>(ol.size()));
    LAUNCH(compute, dim3((count + 127) / 128), dim3(128), (const float *)df.at, (const double *)dd.at,
           (const int *)dn.at, (const long long *)dl.at, count, dof.at, dod.at, don.at, dol.at);
    same("float", dof.read(), of);
    same("double", dod.read(), od);
    same("int", don.read(), on);
    same("long", dol.read(), ol);
    return finish();
}
