#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# In the container: programs that go wrong on the device, and after them, and beside one, programs that do not.
. /hip/started.bash

# wrong KIND: how it ends, and what it says
wrong() {
    echo "== $1"
    timeout -s KILL 100 /hip/errors "$1" 2>&1 | grep -v amdgpu_get_auth
    echo "== ended ${PIPESTATUS[0]}"
}

# killed SIGNAL: a program whose kernel never ends is killed while it waits
killed() {
    echo "== endless $1"
    /hip/errors endless >"/tmp/endless.$1" 2>/dev/null &
    local pid=$!
    started "/tmp/endless.$1" "$pid"
    kill "-$1" "$pid"
    wait "$pid"
    echo "== ended $?"
}

# All at once: each is alone with its error.
mkdir /tmp/at_once
for kind in address freed trap illegal; do wrong $kind >/tmp/at_once/$kind & done
for signal in KILL TERM; do killed $signal >/tmp/at_once/$signal & done
wait
cat /tmp/at_once/*

echo "== after"
timeout -s KILL 100 /hip/vector_add 2>/dev/null
echo "== ended $?"

# One process faults and is aborted; the one beside it, which runs all the time, does not notice.
/hip/streams >/tmp/beside 2>/dev/null &
beside=$!
echo "== fault beside another"
timeout -s KILL 100 /hip/errors address >/dev/null 2>&1
echo "== ended $?"
echo "== beside a fault"
wait "$beside"
status=$?
cat /tmp/beside
echo "== ended $status"
echo "== all"
