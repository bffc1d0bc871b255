#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Puts lwIP, the TCP/IP stack, unmodified, into build/lwip: from Debian's source package.
# Usage: tools/fetch_lwip.sh [BUILD_DIR]
set -eu

version=2.1.3+dfsg1-2
upstream=2.1.3
build=$(mkdir -p "${1:-build}" && cd "${1:-build}" && pwd)
lwip=$build/lwip

if [ "$(cat "$lwip/version" 2>/dev/null)" = "$version" ]; then
    touch "$lwip/version" # for make, which asks because this script is newer
    exit 0
fi

"$(dirname "$0")/debian_source.sh" "$build" lwip "$version" "lwip_${version%-*}.orig.tar.xz" \
    0a8276d09fc4e97bbba2f953d74af2388fc2195ea156be9d7589e297a68fde24

rm -rf "$lwip"
mkdir -p "$lwip"
tar -xmJf "$build/apt/download/lwip_${version%-*}.orig.tar.xz" -C "$lwip" --strip-components=2 \
    "lwip-$upstream/src/core" "lwip-$upstream/src/netif/ethernet.c" "lwip-$upstream/src/include"
tar -xmJf "$build/apt/download/lwip_${version%-*}.orig.tar.xz" -C "$lwip" --strip-components=1 "lwip-$upstream/COPYING"
echo "$version" > "$lwip/version" # last: it says that the rest is there
