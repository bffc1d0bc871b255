// SPDX-License-Identifier: Apache-2.0
// A matrix of int8 times a vector of int8, four products at a time from packed words, sums in 32 bits; then
// scaled to float. Exact: the scale is a power of two.
#include "hip_test.hpp"

static __device__ int dot4(int a, int b, int sum)
{
    for (int shift = 0; shift < 32; shift += 8) sum += (int8_t)(a >> shift) * (int8_t)(b >> shift);
    return sum;
}

static __global__ void apply(const int *matrix, const int *vector, float *out, int rows, int words)
{
    int row = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= rows) return;
    int sum = 0;
    for (int i = 0; i < words; i++) sum = dot4(matrix[(size_t)row * words + i], vector[i], sum);
    out[row] = sum * 0.0078125f;
}

int main()
{
    begin("int8_dot");
    int rows = 300, columns = 512;
    struct random random = { 16 };
    std::vector<int8_t> matrix((size_t)rows * columns), vector(columns);
    for (int8_t &value : matrix) value = (int8_t)random.next();
    for (int8_t &value : vector) value = (int8_t)random.next();
    std::vector<float> wanted(rows);
    for (int r = 0; r < rows; r++) {
        int sum = 0;
        for (int i = 0; i < columns; i++) sum += matrix[(size_t)r * columns + i] * vector[i];
        wanted[r] = (float)sum / 128;
    }
    device<int8_t> dmatrix(matrix), dvector(vector);
    device<float> dout(rows);
    LAUNCH(apply, dim3((rows + 127) / 128), dim3(128), (const int *)dmatrix.at, (const int *)dvector.at,
           dout.at, rows, columns / 4);
    same("out", dout.read(), wanted);
    return finish();
}
