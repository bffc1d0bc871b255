#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds the peer's Linux into FOLDER: vmlinux (uncompressed, stripped, started by PVH) and config, what it
# was configured with. From Debian's linux-source package, `make tinyconfig` and tools/peer/linux.config.
# Does nothing when FOLDER already has what these give. MORE is another fragment, which wins where they differ.
# Usage: build_linux.sh FOLDER [MORE]
set -euo pipefail
export LC_ALL=C
base=$(realpath "$(dirname "$0")/linux.config")
more=$(realpath "${2:-/dev/null}")
mkdir -p "$1"
cd "$1"
fragment=$PWD/fragment
options_of() { grep -oE 'CONFIG_[A-Z0-9_]+' "$1"; }
{ grep -vwFf <(options_of "$more"; echo CONFIG_) "$base" || true; cat "$more"; } >"$fragment"

package=linux-source-6.1
version=$(dpkg-query -W -f '${Version}' $package)
made_of="$package $version, gcc $(gcc -dumpfullversion), linux.config $(sha256sum <"$fragment" | cut -d ' ' -f 1)"
[ -f vmlinux ] && [ "$(cat made_of 2>/dev/null)" = "$made_of" ] && { rm -f fragment; exit 0; }

fail() {
    echo "build_linux: $1" >&2
    [ ! -f make.log ] || tail -20 make.log >&2
    exit 1
}

echo "building the peer: $package $version, 5 to 20 minutes of one core, once"
rm -rf source vmlinux made_of make.log
mkdir source
tar -x -J -f /usr/src/$package.tar.xz -C source --strip-components=1

# The same input gives the same kernel: it names no user, machine or day of its own.
export KBUILD_BUILD_USER=peer KBUILD_BUILD_HOST=peer KBUILD_BUILD_VERSION=1
export KBUILD_BUILD_TIMESTAMP='2024-01-01 00:00:00 UTC'
# Whoever runs make with flags of its own means another build than this one.
unset MAKEFLAGS MFLAGS MAKELEVEL CC CFLAGS ARCH CROSS_COMPILE

{
    make -C source tinyconfig &&
        (cd source && scripts/kconfig/merge_config.sh -m .config "$fragment") &&
        make -C source olddefconfig
} >make.log 2>&1 || fail "the configuration failed"
# What is off may be absent altogether.
missing=$(grep -E '^CONFIG_' "$fragment" | grep -vxFf source/.config || true)
missing+=$(sed -n 's/^# \(CONFIG_[A-Z0-9_]*\) is not set$/^\1=/p' "$fragment" | grep -f - source/.config || true)
[ -z "$missing" ] || fail "the configuration does not have: $missing"

nice -n 15 make -C source -j"${PEER_JOBS:-$(nproc)}" vmlinux >make.log 2>&1 || fail "the build failed"
cp source/.config config
strip -o vmlinux source/vmlinux
echo "$made_of" >made_of
rm -rf source make.log fragment
