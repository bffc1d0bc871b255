/* SPDX-License-Identifier: Apache-2.0 */
/* What fuzzers of rings count: descriptors that the code under test has taken. The program says at its end how many they
 * were, and tools/run_fuzz.sh repeats it until there were as many as it was asked for. */
#pragma once
#include <stdint.h>

extern uint64_t fuzz_descriptors;
