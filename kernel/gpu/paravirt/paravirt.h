/* SPDX-License-Identifier: Apache-2.0 */
/* The back end for a GPU behind abi/gpu_ring.h. */
#pragma once
#include "device/gpu_link.h"

/* Takes over what is behind the link and adds it to the GPUs once it is ready. ERR_NO_DEVICE: there is none, or one that
 * cannot be used; the log says why. ERR_NO_MEMORY. */
err_t paravirt_attach(struct gpu_link *link);
