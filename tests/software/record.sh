#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Run the same programs on Linux and write down what they print: tests/data/software, tests/data/python. The Linux is
# Debian's cloud kernel on the same QEMU with the same processor model, of `make cloud-peer`; the roots are those of
# `make build/roots/NAME.made`. Usage: record.sh BUILD_DIR [NAME...|python KIND-OR-FILES...]
set -eu
build=$(realpath "$1") software=$(realpath "$(dirname "$0")") data=$(realpath tests/data)
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# linux ROOT CPUS MEMORY PROGRAM ARGUMENT...
linux() {
    local root=$1 cpus=$2 memory=$3
    shift 3
    cp -al "$build/roots/$root" "$work/root" 2>/dev/null || cp -a "$build/roots/$root" "$work/root"
    "$software/fill_root.sh" "$software" "$work/root"
    "$build/ck" build --rootfs "$work/root" -o "$work/root.cpio"
    rm -rf "$work/root"
    tools/peer/run_linux.py --no-count --cpus "$cpus" --machine q35 --memory "$memory" --modules "$build/cloud/modules" \
        --env PATH=/usr/bin --env HOME=/root --env LANG=C.UTF-8 --timeout 3600 --rootfs "$work/root.cpio" \
        "$build/cloud/vmlinuz" "$@"
}

if [ "${1-}" = python ]; then
    shift
    case ${1-full} in test_*) words=("$@") ;; *) words=(--list /root/python_files.txt "${1-full}") ;; esac
    linux python 1 4G /usr/bin/python3 /root/python_tests.py --timeout 300 "${words[@]}" >"$work/out"
    for name in $(sed 's/[. ].*//' "$work/out" | sort -u); do
        grep "^$name[. ]" "$work/out" | LC_ALL=C sort -u >"$data/python/$name.txt"
    done
    exit
fi
[ $# = 0 ] && mapfile -t names < <(sed -n 's/^\([a-z]\+\) .*/\1/p' "$software/programs.txt") && set -- "${names[@]}"
for name; do
    read -r _ root cpus memory words < <(grep "^$name " "$software/programs.txt")
    case $root in torch | languages) memory=10G ;; postgres) memory=4G ;; esac # the archive, its files, and the program
    eval "linux $root $cpus $memory $words" >"$work/out"
    mv "$work/out" "$data/software/$name.txt"
done
