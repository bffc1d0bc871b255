/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "gpu/context.h"

/* What gpu_device_add does but for making it known. ERR_NO_MEMORY. */
err_t gpu_device_init(struct gpu_device *device);
void gpu_device_fini(struct gpu_device *device);

/* Whether the access finds something now: memory of the program's own that has changed or was not there yet. */
bool gpu_context_fix_fault(struct gpu_context *context, const struct gpu_event_fault *fault);

/* The same where the map is known to be there. */
bool gpu_mirrors_fix(struct gpu_context *context, uint64_t address, bool is_write);

/* The next program that rings has to ask: gpu/memory_backing.c. */
void gpu_context_hide_doorbells(struct gpu_context *context);

/* No program that has the pages mapped reaches the doorbells any more. */
void gpu_context_close_doorbells(struct gpu_context *context);

/* For gpu_context_destroy, when nothing runs any more. */
void gpu_maps_clear(struct gpu_context *context) REQUIRES(context->lock);
void gpu_queues_clear(struct gpu_context *context) REQUIRES(context->lock);

/* What of a program's memory the GPU was shown is told to it no more: page_table_watch.forget. */
void gpu_mirrors_forget(struct page_table_watch *watch, uint64_t start, uint64_t end);
