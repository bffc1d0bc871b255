#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# In the container: runs some programs of /hip in one process, then others alone, and says how each ended.
# Usage: run_all.sh "TOGETHER..." ALONE...
# The first argument is a list.
# shellcheck disable=SC2086
/hip/together $1 2>/tmp/err
grep -v amdgpu_get_auth /tmp/err
shift
for name; do
    echo "== $name"
    timeout -s KILL 200 "/hip/$name" 2>/tmp/err
    status=$?
    grep -v amdgpu_get_auth /tmp/err
    echo "== ended $status"
done
echo "== all"
