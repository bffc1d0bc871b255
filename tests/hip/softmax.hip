// SPDX-License-Identifier: Apache-2.0
// Softmax of each row, one group per row: largest, sum of exponentials, quotient, through LDS.
//
// The bound is 1e-5: expf on both sides errs by a few units of 2^-24, the sum is taken in another order
// (256 terms, at most 255 * 2^-24 relative, about 1.5e-5 were every error to point the same way), and each
// result is below 1.
#include "hip_test.hpp"

#define THREADS 128

static __device__ float reduce(float *shared, float value, bool largest)
{
    int i = threadIdx.x;
    __syncthreads();
    shared[i] = value;
    __syncthreads();
    for (int half = THREADS / 2; half > 0; half /= 2) {
        if (i < half) shared[i] = largest ? fmaxf(shared[i], shared[i + half]) : shared[i] + shared[i + half];
        __syncthreads();
    }
    return shared[0];
}

static __global__ void softmax(const float *in, float *out, int columns)
{
    __shared__ float shared[THREADS];
    const float *row = in + blockIdx.x * columns;
    float *to = out + blockIdx.x * columns;
    float largest = -INFINITY, sum = 0;
    for (int i = threadIdx.x; i < columns; i += THREADS) largest = fmaxf(largest, row[i]);
    largest = reduce(shared, largest, true);
    for (int i = threadIdx.x; i < columns; i += THREADS) sum += to[i] = expf(row[i] - largest);
    sum = reduce(shared, sum, false);
    for (int i = threadIdx.x; i < columns; i += THREADS) to[i] /= sum;
}

int main()
{
    begin("softmax");
    int rows = 33, columns = 257;
    std::vector<float> in = reals((size_t)rows * columns, 5), wanted(in.size());
    for (float &value : in) value *= 20;
    in[columns + 7] = 100; // one takes all
    for (int r = 0; r < rows; r++) {
        float largest = -INFINITY;
        double sum = 0;
        for (int i = 0; i < columns; i++) largest = std::fmax(largest, in[r * columns + i]);
        for (int i = 0; i < columns; i++) sum += std::exp((double)in[r * columns + i] - largest);
        for (int i = 0; i < columns; i++)
            wanted[r * columns + i] = (float)(std::exp((double)in[r * columns + i] - largest) / sum);
    }
    device<float> din(in), dout(in.size());
    LAUNCH(softmax, dim3(rows), dim3(THREADS), din.at, dout.at, columns);
    near("row", dout.read(), wanted, 1e-5);
    return finish();
}
