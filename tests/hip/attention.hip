// SPDX-License-Identifier: Apache-2.0
// Causal attention of several heads, one group for each head and query: scores, softmax, weighted sum of
// values. The bound is 1e-5, as for softmax: weights sum to 1 and values are below 1.
#include "hip_test.hpp"

#define SIZE      32 // of a head
#define POSITIONS 48
#define HEADS     4

static __global__ void attend(const float *query, const float *key, const float *value, float *out)
{
    __shared__ float scores[POSITIONS];
    __shared__ float largest, sum;
    int head = blockIdx.y, position = blockIdx.x, i = threadIdx.x;
    size_t base = (size_t)head * POSITIONS * SIZE;
    const float *q = query + base + position * SIZE;
    if (i <= position) {
        float dot = 0;
        for (int k = 0; k < SIZE; k++) dot += q[k] * key[base + i * SIZE + k];
        scores[i] = dot / sqrtf(SIZE);
    }
    __syncthreads();
    if (i == 0) {
        largest = scores[0], sum = 0;
        for (int t = 1; t <= position; t++) largest = fmaxf(largest, scores[t]);
        for (int t = 0; t <= position; t++) sum += expf(scores[t] - largest);
    }
    __syncthreads();
    if (i <= position) scores[i] = expf(scores[i] - largest) / sum;
    __syncthreads();
    if (i < SIZE) {
        float mixed = 0;
        for (int t = 0; t <= position; t++) mixed += scores[t] * value[base + t * SIZE + i];
        out[base + position * SIZE + i] = mixed;
    }
}

int main()
{
    begin("attention");
    size_t count = (size_t)HEADS * POSITIONS * SIZE;
    std::vector<float> query = reals(count, 9), key = reals(count, 10), value = reals(count, 11),
                       wanted(count);
    for (int head = 0; head < HEADS; head++)
        for (int position = 0; position < POSITIONS; position++) {
            size_t base = (size_t)head * POSITIONS * SIZE;
            double scores[POSITIONS], largest = -INFINITY, sum = 0;
            for (int t = 0; t <= position; t++) {
                scores[t] = 0;
                for (int k = 0; k < SIZE; k++)
                    scores[t] += (double)query[base + position * SIZE + k] * key[base + t * SIZE + k];
                scores[t] /= std::sqrt((double)SIZE);
                largest = std::fmax(largest, scores[t]);
            }
            for (int t = 0; t <= position; t++) sum += std::exp(scores[t] - largest);
            for (int k = 0; k < SIZE; k++) {
                double mixed = 0;
                for (int t = 0; t <= position; t++)
                    mixed += std::exp(scores[t] - largest) / sum * value[base + t * SIZE + k];
                wanted[base + position * SIZE + k] = (float)mixed;
            }
        }
    device<float> dq(query), dk(key), dv(value), dout(count);
    LAUNCH(attend, dim3(POSITIONS, HEADS), dim3(64), dq.at, dk.at, dv.at, dout.at);
    near("out", dout.read(), wanted, 1e-5);
    return finish();
}
