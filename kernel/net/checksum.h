/* SPDX-License-Identifier: Apache-2.0 */
/* The internet checksum of a piece of memory, without the final complement, as a number in the order of the machine.
 * Any length, any alignment. [rfc1071] */
#pragma once
#include "lib/base.h"

uint16_t net_checksum(const void *data, size_t bytes);
