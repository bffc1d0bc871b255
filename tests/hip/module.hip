// SPDX-License-Identifier: Apache-2.0
// A code object from a file, beside the program: its kernel launched with arguments one by one and as one
// block, its variable read and changed, the object unloaded and loaded again from memory.
#include "hip_test.hpp"

static void scale(hipFunction_t function, device<int> &values, bool packed)
{
    int count = (int)values.count;
    if (packed) {
        struct {
            int *values;
            int count;
        } block = { values.at, count };
        size_t bytes = sizeof(block);
        void *extra[] = { HIP_LAUNCH_PARAM_BUFFER_POINTER, &block, HIP_LAUNCH_PARAM_BUFFER_SIZE, &bytes,
                          HIP_LAUNCH_PARAM_END };
        HIP(hipModuleLaunchKernel(function, (count + 63) / 64, 1, 1, 64, 1, 1, 0, 0, nullptr, extra));
    } else {
        void *arguments[] = { &values.at, &count };
        HIP(hipModuleLaunchKernel(function, (count + 63) / 64, 1, 1, 64, 1, 1, 0, 0, arguments, nullptr));
    }
}

int main(int, char **argv)
{
    begin("module");
    std::string path =
        std::string(argv[0]).substr(0, std::string(argv[0]).rfind('/') + 1) + "module_kernels.hsaco";
    hipModule_t module;
    hipFunction_t function;
    hipDeviceptr_t at;
    size_t bytes;
    int factor = 0;
    std::vector<int> wanted(500);
    for (int i = 0; i < 500; i++) wanted[i] = i;
    device<int> values(wanted);
    auto expect = [&](int by) {
        for (int i = 0; i < 500; i++) wanted[i] = wanted[i] * by + i % 4 * 10 + 10;
        same("value", values.read(), wanted);
    };

    HIP(hipModuleLoad(&module, path.c_str()));
    HIP_FAILS(hipModuleGetFunction(&function, module, "nothing"), hipErrorNotFound);
    HIP(hipModuleGetFunction(&function, module, "scale"));
    scale(function, values, false);
    expect(3);
    HIP(hipModuleGetGlobal(&at, &bytes, module, "factor"));
    if (bytes != sizeof(int)) FAIL("factor has %zu bytes", bytes);
    HIP(hipMemcpy(&factor, (void *)at, sizeof(int), hipMemcpyDeviceToHost));
    if (factor != 3) FAIL("factor is %d", factor);
    factor = -2;
    HIP(hipMemcpy((void *)at, &factor, sizeof(int), hipMemcpyHostToDevice));
    scale(function, values, true);
    expect(-2);
    HIP(hipModuleUnload(module));

    std::vector<char> image(1 << 20);
    FILE *file = fopen(path.c_str(), "rb");
    if (!file || fread(image.data(), 1, image.size(), file) == 0) FAIL("%s cannot be read", path.c_str());
    fclose(file);
    HIP(hipModuleLoadData(&module, image.data()));
    HIP(hipModuleGetFunction(&function, module, "scale"));
    scale(function, values, false);
    expect(3);
    HIP(hipModuleUnload(module));
    return finish();
}
