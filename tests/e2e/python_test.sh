#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# CPython's own regression tests: each case ends as it ended on Linux, of which tests/data/python has the records, or
# as tests/software/python_deviations.txt says. Prints TAP.
# Usage: python_test.sh CK GUEST_DIR BUILD_DIR [quick|full]
set -u
ck=$(realpath "$1") root=$(realpath "$3")/roots/python kind=${4:-quick}
software=$(realpath tests/software) records=$(realpath tests/data/python)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cp -al "$root" "$work/root" 2>/dev/null || cp -a "$root" "$work/root"
cp --remove-destination "$software/python_tests.py" "$software/python_files.txt" "$work/root/root/"
case $kind in quick) limit=400 each=200 ;; *) limit=6600 each=900 ;; esac
timeout $((limit + 20)) "$ck" run --timeout $limit --memory 2G --log "$work/log" --rootfs "$work/root" \
    --env PATH=/usr/bin --env HOME=/root --env LANG=C.UTF-8 /usr/bin/python3 /root/python_tests.py --timeout $each \
    --list /root/python_files.txt "$kind" >"$work/got" 2>"$work/err" </dev/null
status=$?
sed 's/^/# /' "$work/err" | tail -n 60
if [ $status != 0 ]; then
    echo "not ok 1 - the tests come to their end: status $status"
    tail -n 20 "$work/log" | sed 's/^/# /'
    echo '1..1'
    exit 1
fi
"$software/compare_python.py" "$work/got" "$records" "$software/python_deviations.txt" "$software/python_files.txt" "$kind"
