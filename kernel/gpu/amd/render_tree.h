/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Names the render nodes of all GPUs in /dev and /sys. Boot only. */
void render_tree_init(void);
