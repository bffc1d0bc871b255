/* SPDX-License-Identifier: Apache-2.0 */
/* A program that uses /dev/kfd, in a host test: the real calls on a fake GPU. */
#pragma once
#include "abi/linux/kfd.h"
#include "lib/base.h"

#define A(value) ((uint64_t)(value))

extern int64_t fake_kfd, fake_render; /* descriptors */

/* The process, with both files open; the GPU's address space is acquired with `acquires`. */
void fake_kfd_start(bool acquires);
/* All of it ends; what is left over is a failure of the test. */
void fake_kfd_stop(void);
/* The running process has another address space from now on, as after a fork; or its first one again. */
void fake_kfd_set_space(uint32_t number);
/* So many processes run in it. */
void fake_kfd_set_users(uint32_t number, uint32_t users);

/* A request by its number in abi/kfd_ioctls.def, with arguments of `bytes`. */
int64_t fake_kfd_request(uint32_t number, void *args, size_t bytes);
#define REQUEST(number, args) fake_kfd_request((number), (args), sizeof(*(args)))

/* Memory of the GPU's; its handle, or 0. */
uint64_t fake_kfd_alloc(uint32_t flags, uint64_t va, uint64_t bytes, uint64_t user_address);
int64_t fake_kfd_map(uint64_t handle);
int64_t fake_kfd_unmap(uint64_t handle);
uint32_t fake_kfd_event(uint32_t type, bool is_auto_reset);
