/* SPDX-License-Identifier: Apache-2.0 */
/* What a Linux with modules needs before a program can use its network. */
#pragma once
#include <stdbool.h>

/* Loads the modules that /peer/modules/order names, in that order. No such file: there is nothing to load.
 * False leaves an errno. */
bool load_modules(void);

/* The loopback interface, and eth0 where QEMU's user network expects it: 10.0.2.15/24, gateway 10.0.2.2. A kernel
 * without network or card is left alone. False leaves an errno. */
bool start_network(void);
