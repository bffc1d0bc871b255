// SPDX-License-Identifier: Apache-2.0
// Rotary position embedding: pairs of each head turned by an angle that grows with the position. The bound
// is 2e-5: the angle, up to 100 radians, is rounded to float (4e-6 of it) before sinf and cosf, which the
// device computes its own way.
#include "hip_test.hpp"

#define SIZE 64

static __global__ void rotate(float *heads, int positions)
{
    int i = threadIdx.x, position = blockIdx.x;
    float angle = position * powf(10000.0f, -2.0f * i / SIZE), cosine = cosf(angle), sine = sinf(angle);
    float *head = heads + ((size_t)blockIdx.y * positions + position) * SIZE;
    float a = head[i], b = head[i + SIZE / 2];
    head[i] = a * cosine - b * sine;
    head[i + SIZE / 2] = b * cosine + a * sine;
}

int main()
{
    begin("rope");
    int heads = 3, positions = 100;
    std::vector<float> in = reals((size_t)heads * positions * SIZE, 15), wanted = in;
    for (int h = 0; h < heads * positions; h++)
        for (int i = 0; i < SIZE / 2; i++) {
            double angle = h % positions * std::pow(10000.0, -2.0 * i / SIZE);
            float *head = &wanted[(size_t)h * SIZE], a = head[i], b = head[i + SIZE / 2];
            head[i] = (float)(a * std::cos(angle) - b * std::sin(angle));
            head[i + SIZE / 2] = (float)(b * std::cos(angle) + a * std::sin(angle));
        }
    device<float> dheads(in);
    LAUNCH(rotate, dim3(positions, heads), dim3(SIZE / 2), dheads.at, positions);
    near("head", dheads.read(), wanted, 2e-5);
    return finish();
}
