#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Programs that nobody here wrote: what they print equals what they printed on Linux on the same processor model, to the
# last bit of every number. tests/software/record.sh makes the records. Prints TAP.
# Usage: software_test.sh CK GUEST_DIR BUILD_DIR [NAME...]  (all that `make e2e` runs)
set -u
. "$(dirname "$0")/tap.bash"
ck=$(realpath "$1") build=$(realpath "$3") software=$(realpath tests/software) records=$(realpath tests/data/software)
work=$(mktemp -d)
machine=
trap '[ -n "$machine" ] && kill "$machine" 2>/dev/null; rm -rf "$work"' EXIT
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

# A model behind HTTP, asked from here: what it answers is what it says of itself on Linux.
server() {
    local port askers=() text
    cp -al "$build/roots/torch" server 2>/dev/null || cp -a "$build/roots/torch" server
    "$software/fill_root.sh" "$software" server
    timeout 300 "$ck" run --timeout 280 --cpus 2 --memory 4G -p 0:8000 --rootfs server --env PATH=/usr/bin --env HOME=/root \
        /usr/bin/python3 /root/torch_server.py 8000 >out 2>err </dev/null &
    machine=$!
    for _ in $(seq 1000); do
        grep -q '^ready$' out && break
        kill -0 $machine 2>/dev/null || break
        sleep 0.2
    done
    is "a model behind HTTP is ready" "$(cat out)" ready
    port=$(sed -n "s/.*port \([0-9]*\) of .* leads to the guest's 8000\/.*/\1/p" err)
    ask() { curl -s -m 60 "$@" "http://127.0.0.1:$port/"; }
    while read -r text _; do
        ask -d "{\"text\": \"$text\"}" >"answer.$text" &
        askers+=($!)
    done <"$records/model.txt"
    wait "${askers[@]}"
    is "it answers all at once, each as on Linux" \
        "$(while read -r text _; do echo "$text $(cat "answer.$text")"; done <"$records/model.txt")" "$(cat "$records/model.txt")"
    is "there were so many" "$(wc -l <"$records/model.txt")" 8
    is "what is no JSON it refuses" "$(ask -d '{' -o /dev/null -w '%{http_code}')" 400
    ask -X DELETE >/dev/null
    wait "$machine"
    is "and it ends when it is told to" "$? $(grep -v ' leads to ' err)" "0 "
    machine=
}

shift 3
for name in ${@:-numpy torch sqlite developer tools model server}; do
    if [ "$name" = server ]; then server; else runs "$name"; fi
    [ "$name" = numpy ] && is "OpenBLAS has a thread for each of two processors" "$(head -n 1 out)" "threads 2"
done

echo "1..$tests"
exit $((failures > 0))
