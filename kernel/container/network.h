/* SPDX-License-Identifier: Apache-2.0 */
/* The network as the first program finds it: addresses are there, and /etc/resolv.conf names the servers that DHCP or
 * the command line has told, unless the image says something else. */
#pragma once

struct fs_context;

/* Waits for addresses, but not for ever. Threads only. */
void container_network_prepare(struct fs_context *context);
