// SPDX-License-Identifier: Apache-2.0
// c = a + b, with a last group that is not full. Exact: one rounding on both sides.
#include "hip_test.hpp"

static __global__ void add(const float *a, const float *b, float *c, size_t count)
{
    size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count) c[i] = a[i] + b[i];
}

int main()
{
    begin("vector_add");
    for (size_t count : { 1, 63, 64, 65, 1000, 100003 }) {
        std::vector<float> a = reals(count, 1), b = reals(count, 2), wanted(count);
        for (size_t i = 0; i < count; i++) wanted[i] = a[i] + b[i] * 3;
        for (float &value : b) value *= 3;
        device<float> da(a), db(b), dc(count);
        LAUNCH(add, dim3((count + 255) / 256), dim3(256), da.at, db.at, dc.at, count);
        same("c", dc.read(), wanted);
    }
    return finish();
}
