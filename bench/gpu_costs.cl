/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels of gpu_costs.c: one that ends at once, one that takes `turns` turns. */

kernel void nothing(void) {}

kernel void take_turns(uint turns)
{
    for (uint i = 0; i < turns; i++) __asm__ volatile("s_nop 0");
}
