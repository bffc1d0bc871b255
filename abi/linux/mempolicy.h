/* SPDX-License-Identifier: Apache-2.0 */
/* Where memory shall come from. [linux uapi linux/mempolicy.h] */
#pragma once

#define LINUX_MPOL_DEFAULT        0
#define LINUX_MPOL_PREFERRED      1
#define LINUX_MPOL_BIND           2
#define LINUX_MPOL_INTERLEAVE     3
#define LINUX_MPOL_LOCAL          4
#define LINUX_MPOL_PREFERRED_MANY 5

#define LINUX_MPOL_F_STATIC_NODES   (1u << 15)
#define LINUX_MPOL_F_RELATIVE_NODES (1u << 14)
#define LINUX_MPOL_F_NUMA_BALANCING (1u << 13)

#define LINUX_MPOL_F_NODE         1u
#define LINUX_MPOL_F_ADDR         2u
#define LINUX_MPOL_F_MEMS_ALLOWED 4u

#define LINUX_MPOL_MF_STRICT   1u
#define LINUX_MPOL_MF_MOVE     2u
#define LINUX_MPOL_MF_MOVE_ALL 4u
#define LINUX_MPOL_MF_ALL      7u
