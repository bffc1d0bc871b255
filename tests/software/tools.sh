#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the tools of procps, util-linux, numactl and lsof say of a machine and its processes, as far as that is the same
# on every machine with two processors: numbers of processes, times and sizes are left out.
set -u
# The first process is no example for others, and small numbers are those of other things, too.
if [ $# = 0 ]; then
    until [ "${!-0}" -gt 300 ]; do
        : &
        wait
    done
    bash "$0" again
    exit
fi
numbers() { sed -E "s/\b($$|$sleeper)\b/PID/g; s/pid [0-9]+/pid PID/; s/ +$//"; }
title() { printf '== %s\n' "$*" | numbers; }
said() { # COMMAND...: what it says, with one blank for many, and its status
    title "$@"
    "$@" 2>&1 | tr -s ' ' | numbers
    local status=${PIPESTATUS[0]}
    [ "$status" = 0 ] || echo "status $status"
}
sleep 1000 &
sleeper=$!
echo 'some text' >/tmp/file
exec 5</tmp/file 6>>/tmp/file

# ---- procps ----
said ps -o comm,args,nlwp,ni,cls,pri,tty,user,group,stat -p $sleeper
said ps -o pid,ppid,args -p $sleeper
said ps --forest -o args -p $$,$sleeper
said ps -L -o lwp,comm -p $sleeper
said ps -p 99999
title ps sees itself
ps -e -o args | grep -c '^ps -e -o args$'
said pgrep sleep
said pgrep -a -f 'sleep 1000'
said pgrep -c -P $$ sleep
said pgrep nothing
said pwdx $sleeper
title top
top -b -n 1 -p $sleeper | awk 'NR == 2 { print $2, $4, $6 } NR > 6 { print $2, $3, $4, $8, $12 }'
title free
free | awk 'NR == 1 { print } NR == 2 { print ($3 < $2 && $4 < $2 && $7 < $2 && $4 > 0 ? "sane" : $0) }' | tr -s ' '
title uptime
uptime | sed -E 's/[0-9]+/N/g; s/ +/ /g'
said vmstat -V
title vmstat
vmstat 1 2 | head -n 2 | tr -s ' '
vmstat 1 2 | awk 'NR > 2 { print NF, ($13 + $14 + $15 + $16 + $17 >= 99 ? "sane" : $0) }'
vmstat -s | sed 's/^ *[0-9]* //'
title w
w -h | wc -l
said sysctl -n kernel.ostype vm.overcommit_memory kernel.randomize_va_space

# ---- processors and memory ----
title lscpu
lscpu | tr -s ' ' | grep -E '^(Architecture|CPU op-mode|Byte Order|CPU\(s\)|On-line|Vendor ID|Model name|CPU family|Model|Stepping|Core|Thread|NUMA)'
lscpu -p=CPU,NODE,ONLINE | grep -v '^#'
said nproc
said nproc --all
said taskset -p $$
said taskset -c -p $$
said taskset -c 1 nproc
said taskset 8 true
title numactl --hardware
numactl --hardware | sed -E 's/ (size|free): [0-9]+ MB/ \1: N MB/; s/ +$//'
said numactl --show
said numactl --physcpubind=1 --membind=0 numactl --show
said numactl --interleave=all numactl --show
said numactl --preferred=0 numactl --show
title numactl without such a node
numactl --membind=1 true >/tmp/numactl 2>&1
echo "status $? $(grep -c 'out of range' /tmp/numactl)"

# ---- how threads run ----
said chrt -p $$
said chrt -m
said chrt -b 0 /bin/bash -c 'chrt -p $BASHPID | sed "s/[0-9]* *.s current/ /"'
said ionice
said ionice -c 3 ionice
said ionice -c 2 -n 3 ionice
said nice -n 5 nice
said prlimit --nofile --noheadings -o RESOURCE,SOFT -n=100
said setpriv -d
said setsid -w echo session

# ---- files ----
title lsof
lsof -p $$ -a -d cwd,rtd,txt,5,6 | awk '{ print $1, $4, $5, ($5 == "REG" ? $7 : "-"), $9 }' | sed -E '1s/.*/COMMAND FD TYPE/'
lsof -t /tmp/file | wc -l
said lsof /tmp/nothing
said flock /tmp/lock lslocks -n -o COMMAND,TYPE,MODE,M,START,END,PATH
said flock -n /tmp/lock true
said mountpoint /proc
said mountpoint /root
said namei -m /proc/sys/../../tmp/file
said fallocate -l 10000 /tmp/long
said stat -c %s,%b /tmp/long
said df --output=fstype,target /proc /sys

# ---- System V ----
said ipcmk -M 1000 -p 600
ipcs -m | awk 'NR > 3 && NF { print $3, $4, $5, $6 }'
said ipcrm -a
said ipcs -m

# ---- the kernel's log ----
lines() { sed -E 's/\[ *[0-9]+\.[0-9]+\]/[TIME]/; s/^<[0-9]+>//'; }
title dmesg
echo 'a line' >/dev/kmsg
echo '<3>an error' >/dev/kmsg
echo '<30>a daemon says' >/dev/kmsg
printf 'tab\there, \\ and \303\244\n' >/dev/kmsg
dmesg | tail -n 4 | lines
dmesg -x | tail -n 4 | lines
dmesg -S | tail -n 4 | lines
dmesg --level err | tail -n 1 | lines
dmesg --facility daemon | tail -n 1 | lines
title /dev/kmsg
dd if=/dev/kmsg iflag=nonblock bs=8192 2>/tmp/dd | tail -n 4 | sed -E 's/^([0-9]+),[0-9]+,[0-9]+/\1,N,N/'
grep -a 'error reading' /tmp/dd
dd if=/dev/kmsg iflag=nonblock bs=4 count=1 2>&1 | grep -a 'error reading'
title waits for a line
(sleep 1 && echo 'came later' >/dev/kmsg) &
timeout 4 dmesg -W | head -n 1 | lines
title cleared
dmesg -C
dmesg | wc -l
echo again >/dev/kmsg
dmesg -c | lines
dmesg | wc -l
title console level
for words in '-n 3' -D -E; do
    dmesg $words
    cut -f 1-3 /proc/sys/kernel/printk
done
echo 5 >/proc/sys/kernel/printk
cut -f 1-3 /proc/sys/kernel/printk
said dmesg -n 9
said setpriv --reuid 65534 --clear-groups dmesg -C

said pkill -e sleep
wait $sleeper
echo "status $?"
