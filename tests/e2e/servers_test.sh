#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Servers in a machine, asked from this one: redis, nginx, Python's http.server, and a PyTorch model behind HTTP. No
# request may fail. Prints TAP. Usage: servers_test.sh CK GUEST_DIR BUILD_DIR [SECONDS]
# SECONDS is how long the HTTP servers are under load, together (6).
set -u
. "$(dirname "$0")/tap.bash"
ck=$(realpath "$1") build=$(realpath "$3") seconds=$((${4:-6} / 3)) software=$(realpath tests/software)
work=$(mktemp -d)
machine=
trap '[ -n "$machine" ] && kill "$machine" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 1

# start ROOT CK_OPTIONS -- PROGRAM...: a machine in the background, until it has said "started" or "ready"
start() {
    local root=$1
    shift
    cp -al "$build/roots/$root" "$root" 2>/dev/null || cp -a "$build/roots/$root" "$root"
    "$software/fill_root.sh" "$software" "$root"
    "$ck" run --timeout $((seconds * 3 + 250)) --env PATH=/usr/sbin:/usr/bin --env HOME=/root --rootfs "$root" "$@" \
        >out 2>err </dev/null &
    machine=$!
    for _ in $(seq 600); do
        grep -qE '^(started|ready)$' out && return
        kill -0 $machine 2>/dev/null || break
        sleep 0.2
    done
    echo "not ok 1 - the machine starts"
    sed 's/^/# /' out err | tail -n 20
    exit 1
}

# ended: the machine's status, when it has ended by itself
ended() {
    wait "$machine"
    status=$?
    machine=
}

# port_of GUEST_PORT: which of this machine leads there
port_of() { sed -n "s/.*port \([0-9]*\) of .* leads to the guest's $1\/.*/\1/p" err; }

# answers PORT: waits until something listens
answers() {
    for _ in $(seq 40); do
        curl -s -m 1 -o /dev/null "http://127.0.0.1:$1/" && return
        sleep 0.2
    done
}

# load NAME PORT PATH CONNECTIONS
load() {
    wrk -t 1 -c "$4" -d "${seconds}s" --timeout 20s "http://127.0.0.1:$2/$3" >load 2>&1
    is "$1 under $4 connections: no request fails" "$(grep -cE 'Socket errors|Non-2xx|unable' load)" 0
    sed -n 's/^ *\([0-9]* requests in .*\)/# '"$1"': \1/p' load
    is "$1 answers" "$(($(sed -n 's/^ *\([0-9]*\) requests in .*/\1/p' load) > 10))" 1
}

# ---- redis, nginx, http.server ----
start servers --memory 1G -p 0:6379 -p 0:8080 -p 0:8000 -- /bin/bash /root/servers.sh
redis=$(port_of 6379) nginx=$(port_of 8080) python=$(port_of 8000)
answers "$nginx"
answers "$python"
cli() { redis-cli -h 127.0.0.1 -p "$redis" "$@" 2>&1; }
for _ in $(seq 50); do [ "$(cli ping)" = PONG ] && break; sleep 0.2; done

is "redis answers" "$(cli ping)" PONG
cli set key 'a value' >/dev/null
is "redis keeps a value" "$(cli get key)" 'a value'
is "redis counts" "$(cli incr count) $(cli incrby count 41)" '1 42'
is "redis has lists" "$(cli rpush list a b c) $(cli lrange list 1 2 | tr '\n' ' ')" '3 b c '
is "a large value comes back whole" "$(head -c 2000000 /dev/zero | tr '\0' y | cli -x set large) $(cli get large | tr -d '\n' | md5sum)" \
    "OK $(head -c 2000000 /dev/zero | tr '\0' y | md5sum)"
is "redis waits for what comes later" "$( (sleep 0.5; cli lpush later x >/dev/null) & cli blpop later 10 | tr '\n' ' ')" 'later x '
is "redis rewrites its log in a child" "$(cli bgrewriteaof; for _ in $(seq 100); do
    cli info persistence | tr -d '\r' | grep -q '^aof_rewrite_in_progress:0$' && break; sleep 0.1; done
    cli info persistence | tr -d '\r' | grep ^aof_last_bgrewrite_status)" \
    $'Background append only file rewriting started\naof_last_bgrewrite_status:ok'
redis-benchmark -h 127.0.0.1 -p "$redis" -q --csv -n 1000 -c 20 -t ping,set,get,incr,lpush,rpop,sadd,hset,zadd,lrange_100,mset >bench 2>&1
is "redis-benchmark ends" "$? $(grep -ciE 'error|could not' bench)" '0 0'
is "and has measured each kind" "$(grep -cE '^"' bench)" "$(grep -cE '^".*[1-9]' bench)"
redis-benchmark -h 127.0.0.1 -p "$redis" -q --csv -n 5000 -c 10 -P 16 -r 1000 -t set,get >bench 2>&1
is "so it does with sixteen requests at a time" "$? $(grep -ciE 'error|could not' bench)" '0 0'

for server in nginx python; do
    port=${!server}
    is "$server's page" "$(curl -s "http://127.0.0.1:$port/")" 'hello from the guest'
    is "$server's files" "$(for bytes in 0 1 1000 100000 3000000; do curl -s "http://127.0.0.1:$port/$bytes" | wc -c; done | tr '\n' ' ')" \
        '0 1 1000 100000 3000000 '
    is "$server has no such page" "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/none")" 404
done
load nginx "$nginx" 1000 8
load nginx "$nginx" 100000 4
load python "$python" 1000 4

cli shutdown >/dev/null
ended
is "all of them end" "$status $(tail -n 1 out)" '0 ended'

# ---- a model ----
start torch --memory 4G --cpus 2 -p 0:8000 -- /usr/bin/python3 /root/torch_server.py 8000
port=$(port_of 8000)
direct=$(sed '/^ready$/,$d' out)
asked=$(cut -d ' ' -f 1 <<<"$direct" | while read -r text; do
    echo "$text $(curl -s -m 60 "http://127.0.0.1:$port/$text")"
done)
is "a model behind HTTP answers as it does directly" "$asked" "$direct"
is "to eight texts" "$(wc -l <<<"$direct")" 8
for text in $(cut -d ' ' -f 1 <<<"$direct"); do
    curl -s -m 60 -o "answer.$text" "http://127.0.0.1:$port/$text" &
    askers+=($!)
done
wait "${askers[@]}"
is "also to all of them at once" "$(cut -d ' ' -f 1 <<<"$direct" | while read -r text; do echo "$text $(cat "answer.$text")"; done)" "$direct"
curl -s -m 60 -o /dev/null "http://127.0.0.1:$port/quit"
ended
is "and ends when it is told to" "$status" 0

echo "1..$tests"
exit $((failures > 0))
