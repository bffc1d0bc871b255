# SPDX-License-Identifier: Apache-2.0
# started FILE PID: wait until the process has written something to the file, or has ended. Sourced.
started() {
    for _ in $(seq 600); do
        [ -s "$1" ] && return
        kill -0 "$2" 2>/dev/null || return
        sleep 0.1
    done
}
