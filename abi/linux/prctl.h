/* SPDX-License-Identifier: Apache-2.0 */
/* What a thread says about itself. [linux uapi linux/prctl.h, linux/personality.h, asm/prctl.h] */
#pragma once

#define LINUX_ARCH_SET_GS    0x1001
#define LINUX_ARCH_SET_FS    0x1002
#define LINUX_ARCH_GET_FS    0x1003
#define LINUX_ARCH_GET_GS    0x1004
#define LINUX_ARCH_GET_CPUID 0x1011
#define LINUX_ARCH_SET_CPUID 0x1012

#define LINUX_PR_SET_PDEATHSIG        1
#define LINUX_PR_GET_PDEATHSIG        2
#define LINUX_PR_GET_DUMPABLE         3
#define LINUX_PR_SET_DUMPABLE         4
#define LINUX_PR_GET_TIMING           13
#define LINUX_PR_SET_TIMING           14
#define LINUX_PR_SET_NAME             15
#define LINUX_PR_GET_NAME             16
#define LINUX_PR_GET_SECCOMP          21
#define LINUX_PR_GET_TSC              25
#define LINUX_PR_SET_TSC              26
#define LINUX_PR_SET_TIMERSLACK       29
#define LINUX_PR_GET_TIMERSLACK       30
#define LINUX_PR_MCE_KILL_GET         34
#define LINUX_PR_MCE_KILL_DEFAULT     2
#define LINUX_PR_SET_MM               35
#define LINUX_PR_SET_CHILD_SUBREAPER  36
#define LINUX_PR_GET_CHILD_SUBREAPER  37
#define LINUX_PR_SET_NO_NEW_PRIVS     38
#define LINUX_PR_GET_NO_NEW_PRIVS     39
#define LINUX_PR_GET_TID_ADDRESS      40
#define LINUX_PR_SET_THP_DISABLE      41
#define LINUX_PR_GET_THP_DISABLE      42
#define LINUX_PR_GET_SPECULATION_CTRL 52
#define LINUX_PR_SET_SPECULATION_CTRL 53

#define LINUX_PERSONALITY_QUERY   0xffffffffu
#define LINUX_ADDR_NO_RANDOMIZE   0x0040000u
#define LINUX_READ_IMPLIES_EXEC   0x0400000u
#define LINUX_PERSONALITY_BASE    0xffu
#define LINUX_PERSONALITY_LINUX32 0x08u
