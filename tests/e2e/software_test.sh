#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Programs that nobody here wrote: what they print equals what they printed on Linux on the same processor model, to the
# last bit of every number. tests/software/record.sh makes the records. Prints TAP.
# Usage: software_test.sh CK GUEST_DIR BUILD_DIR [NAME...]  (all that `make e2e` runs)
set -u
. "$(dirname "$0")/tap.bash"
ck=$(realpath "$1") build=$(realpath "$3") software=$(realpath tests/software) records=$(realpath tests/data/software)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# runs NAME: as tests/software/programs.txt has it
runs() {
    local name root cpus memory words
    read -r name root cpus memory words < <(grep "^$1 " "$software/programs.txt")
    cp -al "$build/roots/$root" "$name" 2>/dev/null || cp -a "$build/roots/$root" "$name"
    "$software/fill_root.sh" "$software" "$name"
    # Its words are split as a shell does it.
    eval "timeout 300 '$ck' run --timeout 280 --cpus $cpus --memory $memory --rootfs '$name' --env PATH=/usr/bin" \
        "--env HOME=/root --env LANG=C.UTF-8 $words" >out 2>err </dev/null
    local status=$?
    cmp -s out "$records/$name.txt" || diff "$records/$name.txt" out | head -n 20 | sed 's/^/# /'
    is "$name prints what it prints on Linux" "$status $(md5sum <out)" "0 $(md5sum <"$records/$name.txt")"
    [ -s err ] && sed 's/^/# /' err | head -n 20
    rm -rf "$name"
}

shift 3
for name in ${@:-numpy torch sqlite developer tools}; do
    runs "$name"
    [ "$name" = numpy ] && is "OpenBLAS has a thread for each of two processors" "$(head -n 1 out)" "threads 2"
done

echo "1..$tests"
exit $((failures > 0))
