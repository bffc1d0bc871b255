#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Counts that must not grow unseen, and that what `make bench` makes of them is a table. The bounds are no
# targets (tools/bench has those): each lies a little above what is reached, and is lowered when that is.
# Prints TAP. Usage: bench_test.sh CK GUEST_DIR BUILD_DIR
set -u
. "$(dirname "$0")/tap.bash"
export LC_ALL=C
ck=$1 guest=$2 build=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# counted MEMORY PROGRAM: into the file of the program's name
counted() {
    timeout 100 "$ck" run --icount --memory "$1" "$guest/$2" >"$work/$2" 2>"$work/err" </dev/null
    is "$2 counts in $1" "$? $(cat "$work/err")" "0 "
}
# at_most WHAT COUNT BOUND
at_most() {
    if ! [[ $3 =~ ^[0-9]+$ ]]; then
        is "$1 has a bound" "${2:-not measured}, no bound" "a bound"
    elif [[ $2 =~ ^[0-9]+$ ]] && (($2 <= $3)); then
        is "$1: at most $3" yes yes
    else
        is "$1: at most $3" "${2:-not measured}" "<= $3"
    fi
}
cost() { sed -n "s/^$1\t//p" "$work/$2"; }

# ---- boot, and the null system call ----
counted 8G first
read -r _ large_boot _ <"$work/first"
counted 128M first
read -r _ boot _ call _ <"$work/first"
at_most "instructions to ring 3" "$boot" 87000
at_most "those with 8 GiB in thousandths of those with 128 MiB" "$((large_boot * 1000 / ${boot:-1}))" 1050
at_most "the null system call" "$call" 38

# ---- memory ----
counted 1G memory_costs.musl
cp "$work/memory_costs.musl" "$work/before"
counted 1G memory_costs.musl
is "two runs count the same" "$(cat "$work/memory_costs.musl")" "$(cat "$work/before")"
while IFS=: read -r name bound; do
    at_most "$name" "$(cost "$name" memory_costs.musl)" "$bound"
done <<'END'
mmap and munmap 4 KiB, untouched, beside its like:800
mmap and munmap 4 KiB, untouched, alone:2200
brk up and down 4 KiB, untouched:1900
page fault, 4 KiB:640
page fault, 2 MiB:75000
page fault, 2 MiB, from the pool:300
mmap 64 MiB, populated, from the pool:3500
mmap 64 MiB, populated:2400000
munmap 64 MiB that are there:7500
END
leaves=$(cost "leaves of 256 MiB" memory_costs.musl)
is "a buffer of 256 MiB has leaves of 2 MiB" "$leaves" 128

# ---- other system calls, and the tables ----
counted 1G operations.musl
while IFS=: read -r name bound; do
    at_most "$name" "$(cost "$name" operations.musl)" "$bound"
done <<'END'
getpid:60
clock_gettime:170
clock_gettime, by the C library:52
sched_yield, alone:65
read 4 KiB of a file:750
pread 4 KiB of a file:690
open and close:700
stat:400
stat of the seventh name of a path:1010
eventfd write:480
pipe write + read of 1 byte:1060
END

# ---- threads, signals and processes ----
counted 1G thread_costs.musl
cp "$work/thread_costs.musl" "$work/before"
counted 1G thread_costs.musl
is "two runs count the same" "$(cat "$work/thread_costs.musl")" "$(cat "$work/before")"
bounds='yield round trip, two switches:260
futex ping-pong round trip:970
pipe ping-pong round trip:1850
thread create + join:9850
clone + exit + wait, its stack kept:3350
fork + exit + wait:31500
vfork + exec + exit + wait:43500
signal to self, handler and return:1520
eventfd write:128
clock_gettime, by the vDSO:31'
is "each of them has a bound" "$(cut -f1 "$work/thread_costs.musl")" "$(cut -d: -f1 <<<"$bounds")"
while IFS=: read -r name bound; do
    at_most "$name" "$(cost "$name" thread_costs.musl)" "$bound"
done <<<"$bounds"
for cpus in 1 2; do
    timeout 100 "$ck" run --cpus $cpus "$guest/quiet.musl" 20 >"$work/quiet" 2>"$work/err" </dev/null
    is "a loop that computes on $cpus CPUs ends" "$? $(cat "$work/err")" "0 "
    is "and nothing disturbs it" "$(head -3 "$work/quiet" | tr '\t\n' ' ,')" "interrupts 0,faults 0,switches 0,"
done

in_bench() { # PYTHON
    python3 -B -c "import sys; sys.path.insert(0, 'tools')
from bench import figures, machines, memory, threads
from bench.table import Table
$1" 2>&1
}
rows_of() { # SECTION PROGRAM
    in_bench "m, table = machines.Machines('$build'), Table(False)
m.peer.is_built = False
$1(table, figures.Costs(m, '$2'))
m.close()
print(*(row[0].strip() for row in table.rows if not isinstance(row, str)), sep='\n')"
}
is "make bench has a row for each system call" "$(rows_of figures.operations operations.musl)" \
    "$(cut -f1 "$work/operations.musl")"
is "and for each thing of threads" "$(rows_of threads.operations thread_costs.musl)" "$(cut -f1 "$work/thread_costs.musl")"
rows=$(rows_of memory.operations memory_costs.musl)
for name in "mmap and munmap 4 KiB, untouched, alone" "page fault, 2 MiB, from the pool" \
    "mmap 64 MiB, populated, cleared then" "of it clearing" "touching every page of 1.5 MiB, each"; do
    has "and one for: $name" "$rows" "$name"
done
is "what is not reached says so" "$(in_bench "table = Table(False)
for value in 38, 39: table.row_at_most(str(value), value, ['command'], 38)
print([row[5] for row in table.rows], table.missed)")" "['yes', 'NO'] ['39']"

echo "1..$tests"
exit $((failures > 0))
