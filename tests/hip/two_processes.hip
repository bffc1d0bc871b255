// SPDX-License-Identifier: Apache-2.0
// Two processes use the device at once. Each starts before the other is done, keeps numbers of its own in
// memory of the device over many launches, and finds them as it left them. Fresh memory is zero: nothing of
// the other shows.
#include "hip_test.hpp"

#include <sys/wait.h>
#include <unistd.h>

#define COUNT  20000
#define ROUNDS 30

static __global__ void step(unsigned *values, unsigned key)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < COUNT) values[i] = (values[i] ^ key) * 2654435761u;
}

// Say that this one is there, then wait for the other: a byte through a pipe each way.
static void meet(int read_end, int write_end)
{
    char byte = 0;
    if (write(write_end, &byte, 1) != 1 || read(read_end, &byte, 1) != 1) FAIL("the other process has gone");
}

static int work(unsigned key, int read_end, int write_end)
{
    begin("two_processes");
    std::vector<unsigned> wanted(COUNT);
    device<unsigned> zeros(4 << 20), values(wanted);
    same("fresh word", zeros.read(), std::vector<unsigned>(4 << 20));
    meet(read_end, write_end);
    for (unsigned round = 0; round < ROUNDS; round++) {
        LAUNCH(step, dim3((COUNT + 255) / 256), dim3(256), values.at, key + round);
        for (unsigned &value : wanted) value = (value ^ (key + round)) * 2654435761u;
        if (round % 10 == 9) same("value", values.read(), wanted);
    }
    HIP(hipMemset(zeros.at, 0xee, (size_t)16 << 20));
    HIP(hipDeviceSynchronize());
    meet(read_end, write_end);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4) return work((unsigned)atoi(argv[1]), atoi(argv[2]), atoi(argv[3]));
    test_name = "two_processes";
    int pipes[2][2], failed = 0;
    if (pipe(pipes[0]) || pipe(pipes[1])) FAIL("no pipe");
    for (int i = 0; i < 2; i++) {
        pid_t child = fork(); // before HIP is touched: it does not survive a fork
        if (child < 0) FAIL("no process");
        if (child == 0) {
            std::string key = std::to_string(1000 * (i + 1)), in = std::to_string(pipes[i][0]),
                        out = std::to_string(pipes[1 - i][1]);
            close(pipes[i][1]);
            close(pipes[1 - i][0]);
            execl("/proc/self/exe", argv[0], key.c_str(), in.c_str(), out.c_str(), (char *)nullptr);
            _exit(127);
        }
    }
    for (int i = 0; i < 4; i++) close(pipes[i / 2][i % 2]);
    for (int i = 0, status; i < 2; i++)
        if (wait(&status) < 0 || status != 0) failed++;
    if (failed) FAIL("%d of two ended badly", failed);
    printf("two_processes ok\n");
    return 0;
}
