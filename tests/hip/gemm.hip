// SPDX-License-Identifier: Apache-2.0
// C = A * B in tiles of 16 x 16 through LDS, with edges that fill no tile. Exact: the device and the
// reference fuse and round the same products in the same order. An argument gives another size, for
// measuring.
#include "hip_test.hpp"

#define TILE 16

static __global__ void multiply(const float *a, const float *b, float *c, int rows, int columns, int inner)
{
    __shared__ float tile_a[TILE][TILE], tile_b[TILE][TILE];
    int x = threadIdx.x, y = threadIdx.y;
    int column = blockIdx.x * TILE + x, row = blockIdx.y * TILE + y;
    float sum = 0;
    for (int k = 0; k < inner; k += TILE) {
        tile_a[y][x] = row < rows && k + x < inner ? a[row * inner + k + x] : 0;
        tile_b[y][x] = column < columns && k + y < inner ? b[(k + y) * columns + column] : 0;
        __syncthreads();
        for (int i = 0; i < TILE; i++) sum = fmaf(tile_a[y][i], tile_b[i][x], sum);
        __syncthreads();
    }
    if (row < rows && column < columns) c[row * columns + column] = sum;
}

static void check(int rows, int columns, int inner)
{
    std::vector<float> a = reals((size_t)rows * inner, 3), b = reals((size_t)inner * columns, 4);
    std::vector<float> wanted((size_t)rows * columns);
    for (int row = 0; row < rows; row++)
        for (int column = 0; column < columns; column++) {
            float sum = 0;
            for (int k = 0; k < inner; k++) sum = fmaf(a[row * inner + k], b[k * columns + column], sum);
            wanted[row * columns + column] = sum;
        }
    device<float> da(a), db(b), dc(wanted.size());
    dim3 grid((columns + TILE - 1) / TILE, (rows + TILE - 1) / TILE);
    LAUNCH(multiply, grid, dim3(TILE, TILE), da.at, db.at, dc.at, rows, columns, inner);
    same("c", dc.read(), wanted);
}

int main()
{
    begin("gemm");
    const char *text = getenv("GEMM_SIZE");
    int size = text ? atoi(text) : 0;
    if (size > 0) {
        check(size, size, size);
    } else {
        check(64, 64, 64);
        check(50, 70, 33);
    }
    return finish();
}
