// SPDX-License-Identifier: Apache-2.0
// Half precision as storage and as arithmetic of single operations. Exact: each is rounded once, to nearest
// even.
#include "hip_test.hpp"

static __global__ void compute(const _Float16 *a, const _Float16 *b, _Float16 *out, float *wide, int count)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count) return;
    out[3 * i] = a[i] + b[i];
    out[3 * i + 1] = a[i] * b[i];
    out[3 * i + 2] = (_Float16)((float)a[i] * 3.0f + 0.1f);
    wide[i] = (float)a[i];
}

int main()
{
    begin("halves");
    int count = 3000;
    std::vector<float> fa = reals(count, 19), fb = reals(count, 20), wide(count);
    std::vector<_Float16> a(count), b(count), wanted((size_t)count * 3);
    for (int i = 0; i < count; i++) {
        a[i] = (_Float16)(fa[i] * (1 << i % 9)), b[i] = (_Float16)(fb[i] * 37);
        // The sum and the product of two halves are exact in double: rounded once here as there.
        wanted[3 * i] = (_Float16)((double)a[i] + (double)b[i]);
        wanted[3 * i + 1] = (_Float16)((double)a[i] * (double)b[i]);
        wanted[3 * i + 2] = (_Float16)((float)a[i] * 3.0f + 0.1f);
        wide[i] = (float)a[i];
    }
    device<_Float16> da(a), db(b), dout(wanted.size());
    device<float> dwide(count);
    LAUNCH(compute, dim3((count + 63) / 64), dim3(64), (const _Float16 *)da.at, (const _Float16 *)db.at,
           dout.at, dwide.at, count);
    same("half", dout.read(), wanted);
    same("wide", dwide.read(), wide);
    return finish();
}
