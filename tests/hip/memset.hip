// SPDX-License-Identifier: Apache-2.0
// Setting memory by bytes, halves and words, at odd places and lengths; neighbours stay.
#include "hip_test.hpp"

int main()
{
    begin("memset");
    size_t count = 70000;
    hipStream_t stream;
    HIP(hipStreamCreate(&stream));
    device<uint8_t> there(std::vector<uint8_t>(count, 1));
    std::vector<uint8_t> wanted(count, 1);
    HIP(hipMemset(there.at + 3, 0xa5, 60001));
    memset(&wanted[3], 0xa5, 60001);
    same("byte", there.read(), wanted);
    HIP(hipMemsetD16((hipDeviceptr_t)(there.at + 10), 0x1234, 1001));
    for (size_t i = 0; i < 1001; i++) wanted[10 + 2 * i] = 0x34, wanted[11 + 2 * i] = 0x12;
    same("half", there.read(), wanted);
    HIP(hipMemsetD32((hipDeviceptr_t)(there.at + 5000), 0x01020304, 777));
    for (size_t i = 0; i < 777 * 4; i++) wanted[5000 + i] = (uint8_t)(4 - i % 4);
    same("word", there.read(), wanted);
    HIP(hipMemsetAsync(there.at, 0, count, stream));
    HIP(hipStreamSynchronize(stream));
    same("all", there.read(), std::vector<uint8_t>(count));
    HIP(hipStreamDestroy(stream));
    return finish();
}
