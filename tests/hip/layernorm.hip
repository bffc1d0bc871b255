// SPDX-License-Identifier: Apache-2.0
// Layer normalisation: one wave per row, sums by shuffles between lanes. The bound is 1e-5: sums of 300
// terms in another order than the reference's, which computes in double, and results of about 1.
#include "hip_test.hpp"

#define WAVE 64

static __device__ float wave_sum(float value)
{
    for (int distance = WAVE / 2; distance > 0; distance /= 2) value += __shfl_xor(value, distance);
    return value;
}

static __global__ void layernorm(const float *in, const float *weight, const float *bias, float *out,
                                 int columns)
{
    const float *row = in + blockIdx.x * columns;
    float sum = 0, squares = 0;
    for (int i = threadIdx.x; i < columns; i += WAVE) sum += row[i];
    float mean = wave_sum(sum) / columns;
    for (int i = threadIdx.x; i < columns; i += WAVE) squares += (row[i] - mean) * (row[i] - mean);
    float scale = 1.0f / sqrtf(wave_sum(squares) / columns + 1e-5f);
    for (int i = threadIdx.x; i < columns; i += WAVE)
        out[blockIdx.x * columns + i] = (row[i] - mean) * scale * weight[i] + bias[i];
}

int main()
{
    begin("layernorm");
    int rows = 20, columns = 300;
    std::vector<float> in = reals((size_t)rows * columns, 6), weight = reals(columns, 7),
                       bias = reals(columns, 8);
    std::vector<float> wanted(in.size());
    for (int r = 0; r < rows; r++) {
        const float *row = &in[(size_t)r * columns];
        double mean = 0, variance = 0;
        for (int i = 0; i < columns; i++) mean += row[i] / columns;
        for (int i = 0; i < columns; i++) variance += (row[i] - mean) * (row[i] - mean) / columns;
        for (int i = 0; i < columns; i++)
            wanted[(size_t)r * columns + i] =
                (float)((row[i] - mean) / std::sqrt(variance + 1e-5) * weight[i] + bias[i]);
    }
    device<float> din(in), dweight(weight), dbias(bias), dout(in.size());
    LAUNCH(layernorm, dim3(rows), dim3(WAVE), din.at, dweight.at, dbias.at, dout.at, columns);
    near("out", dout.read(), wanted, 1e-5);
    return finish();
}
