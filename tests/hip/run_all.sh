#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# In the container: runs each program of /hip that is named, one after the other, and says how each ended.
# Usage: run_all.sh NAME...
for name; do
    echo "== $name"
    timeout -s KILL 200 "/hip/$name" 2>/tmp/err
    status=$?
    grep -v amdgpu_get_auth /tmp/err | sed 's/^/err: /'
    echo "== ended $status"
done
echo "== all"
