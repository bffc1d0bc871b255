// SPDX-License-Identifier: Apache-2.0
// Rows of a table of bfloat16, looked up by token and widened. Exact: widening does not round.
#include "hip_test.hpp"

static __global__ void look_up(const uint16_t *table, const int *tokens, float *out, int width)
{
    for (int i = threadIdx.x; i < width; i += blockDim.x)
        out[blockIdx.x * width + i] =
            __uint_as_float((unsigned)table[(size_t)tokens[blockIdx.x] * width + i] << 16);
}

int main()
{
    begin("embedding");
    int width = 96, vocabulary = 1000, count = 200;
    struct random random = { 14 };
    std::vector<uint16_t> table((size_t)vocabulary * width);
    std::vector<int> tokens(count);
    std::vector<float> wanted((size_t)count * width);
    for (uint16_t &bits : table) bits = (uint16_t)(random.next() & 0xbfff); // no infinity, no NaN
    for (int &token : tokens) token = (int)(random.next() % vocabulary);
    for (int t = 0; t < count; t++)
        for (int i = 0; i < width; i++) {
            uint32_t bits = (uint32_t)table[(size_t)tokens[t] * width + i] << 16;
            memcpy(&wanted[(size_t)t * width + i], &bits, sizeof(bits));
        }
    device<uint16_t> dtable(table);
    device<int> dtokens(tokens);
    device<float> dout(wanted.size());
    LAUNCH(look_up, dim3(count), dim3(64), dtable.at, dtokens.at, dout.at, width);
    same("out", dout.read(), wanted);
    return finish();
}
