#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Puts the LZ4 decompressor, unmodified, into build/lz4: from Debian's source package.
# Usage: tools/fetch_lz4.sh [BUILD_DIR]
set -eu

version=1.9.4-1
upstream=${version%-*}
build=$(mkdir -p "${1:-build}" && cd "${1:-build}" && pwd)
lz4=$build/lz4

if [ "$(cat "$lz4/version" 2>/dev/null)" = "$version" ]; then
    touch "$lz4/lz4.c" # for make, which asks because this script is newer
    exit 0
fi

"$(dirname "$0")/debian_source.sh" "$build" lz4 "$version" "lz4_$upstream.orig.tar.gz" \
    0b0e3aa07c8c063ddf40b082bdf7e37a1562bda40a0ff5272957f3e987e0e54b

rm -rf "$lz4"
mkdir -p "$lz4"
tar -xmzf "$build/apt/download/lz4_$upstream.orig.tar.gz" -C "$lz4" --strip-components=2 \
    "lz4-$upstream/lib/lz4.c" "lz4-$upstream/lib/lz4.h" "lz4-$upstream/lib/LICENSE"
echo "$version" > "$lz4/version" # last: it says that the rest is there
