#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The network of a machine, from outside: ports of this machine that lead in, much data both ways, addresses of each
# kind on both sorts of machine, pings, names, and peers that answer wrongly or not at all.
# Prints TAP. Usage: net_test.sh CK GUEST_DIR BUILD_DIR
set -u
. "$(dirname "$0")/tap.bash"
ck=$(realpath "$1") build=$(realpath "$3") here=$(realpath "$(dirname "$0")") software=$(realpath tests/software)
work=$(mktemp -d)
machine='' wire=''
trap 'kill $machine $wire 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 1
cp -al "$build/roots/python" root 2>/dev/null || cp -a "$build/roots/python" root
cp --remove-destination "$software"/net_*.py root/root/
cp --remove-destination "$build/roots/shell/bin/busybox" root/bin/busybox
rm -f root/etc/resolv.conf # the kernel is to write it
"$ck" build --rootfs root -o root.cpio || exit 1

run() { timeout 100 "$ck" run --timeout 90 --memory 1G --env PATH=/usr/bin --rootfs root.cpio "$@"; }
client() { timeout 100 "$here/net_client.py" "$@" 2>&1; }
# port_of GUEST_PORT KIND: which of this machine leads there
port_of() { sed -n "s/.*port \([0-9]*\) of .* leads to the guest's $1\/$2.*/\1/p" err; }

# QEMU, but for its network's back end, which is $BACKEND: as if there were an interface of this machine.
cat >qemu <<'END'
#!/bin/bash
exec qemu-system-x86_64 "${@/#tap,id=net*/$BACKEND}"
END
chmod +x qemu

# begin WORD...: net_servers.py in a machine, until it is ready
begin() {
    run "$@" /usr/bin/python3 /root/net_servers.py 5001 5002 5003 >out 2>err </dev/null &
    machine=$!
    for _ in $(seq 300); do
        grep -q '^ready$' out && return
        kill -0 $machine 2>/dev/null || break
        sleep 0.2
    done
    sed 's/^/# /' out err | tail -n 20
}
# serves WHAT TCP UDP CORKED QUIT: ports of this machine
serves() {
    is "$1: datagrams of five sizes come back" "$(client datagrams "$3")" same
    is "$1: 64 MiB arrive and come back" "$(client bulk "$2")" same
    is "$1: what TCP_CORK held goes when it is taken off" "$(client corked "$4")" quick
    client quit "$5" >ended
    wait $machine
    is "$1: and it ends" "$? $(cat ended)" "0 ended"
    machine=
}

begin -p 0:5001 -p 0:5001/udp -p 0:5002 -p 0:5003
serves "microvm" "$(port_of 5001 tcp)" "$(port_of 5001 udp)" "$(port_of 5002 tcp)" "$(port_of 5003 tcp)"

# QEMU's user network has a DHCP server.
read -r -a ports <<<"$(python3 -c 'import socket
s = [socket.socket() for _ in range(3)]
for each in s: each.bind(("127.0.0.1", 0))
print(*(each.getsockname()[1] for each in s))')"
forward="hostfwd=tcp:127.0.0.1:${ports[0]}-:5001,hostfwd=udp:127.0.0.1:${ports[0]}-:5001"
export BACKEND="user,id=net,$forward,hostfwd=tcp:127.0.0.1:${ports[1]}-:5002,hostfwd=tcp:127.0.0.1:${ports[2]}-:5003"
CK_QEMU=$work/qemu begin --machine q35 --net tap=ck0 --log log
serves "q35, DHCP" "${ports[0]}" "${ports[0]}" "${ports[1]}" "${ports[2]}"
is "DHCP's address is in the log, once" "$(grep -c 'eth0: 10\.0\.2\.15' log)" 1

begin --machine q35 --qemu "-device intel-iommu -global virtio-net-pci.iommu_platform=on" -v --log log \
    -p 0:5001 -p 0:5001/udp -p 0:5002 -p 0:5003
serves "q35, behind an IOMMU" "$(port_of 5001 tcp)" "$(port_of 5001 udp)" "$(port_of 5002 tcp)" "$(port_of 5003 tcp)"
is "the card has used it and nothing was refused" \
    "$(grep -c 'vtd: 1 units' log) $(grep -c 'iommu: ' log)" "1 0"

# ---- pings, on the user network ----
for kind in microvm q35; do
    is "pings get out of $kind, and through its loopback interface" \
        "$(run --machine $kind --net user /bin/busybox sh -c '
            for to in 10.0.2.2 127.0.0.1 10.0.2.15 ::1; do
                busybox ping -c 2 -W 10 $to | sed -n "s/.*transmitted, \(.* received\).*/\1/p"
            done' 2>&1 | tr '\n' ' ')" '2 packets received 2 packets received 2 packets received 2 packets received '
done
is "netstat and route read the tables" "$(run --net user /bin/busybox sh -c '
    busybox nc -l -p 5005 & busybox sleep 1; busybox netstat -ltn | tail -n +3; busybox route -n | tail -n +3; busybox kill $!' 2>&1 |
    tr -s ' ' | sed 's/ $//')" 'tcp 0 0 :::5005 :::* LISTEN
0.0.0.0 10.0.2.2 0.0.0.0 UG 0 0 0 eth0
10.0.2.0 0.0.0.0 255.255.255.0 U 0 0 0 eth0'
is "without a network there is the loopback interface" \
    "$(run /bin/busybox sh -c 'busybox ping -c 1 127.0.0.1 >/dev/null && ls /sys/class/net 2>/dev/null; busybox ping -c 1 10.0.2.2 2>&1 | grep -o unreachable' | tr '\n' ' ')" \
    'unreachable '

# ---- a peer with manners of its own; the machine has the address that the command line gives it ----
read -r qemu_port wire_port <<<"$(python3 -c 'import socket
s = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
for each in s: each.bind(("127.0.0.1", 0))
print(*(each.getsockname()[1] for each in s))')"
"$here/wire.py" "$wire_port" &
wire=$!
export BACKEND="socket,id=net,udp=127.0.0.1:$wire_port,localaddr=127.0.0.1:$qemu_port"
CK_QEMU=$work/qemu run --net tap=ck0,10.9.0.2/24,gw=10.9.0.1 --dns 10.9.0.1 /usr/bin/python3 /root/net_alone.py >out 2>err </dev/null
is "the program that is alone with it ends" "$? $(cat err)" "0 "
while IFS= read -r line; do
    is "${line%%:*}" "$(grep -F "${line%%:*}:" out | head -n 1)" "$line"
done <<'END'
a ping: comes back
a name: 10.9.0.1 ('10.9.0.1', 80)
nobody listens: ECONNREFUSED
nobody has the port: 1 ECONNREFUSED 0
no answer to a connection: ETIMEDOUT in time
not waited for: timed out
not waited for at all: EINPROGRESS EALREADY EAGAIN EAGAIN
a peer that vanishes: 5 ETIMEDOUT in time
kept alive in vain: ETIMEDOUT in time
data that does not come: timed out
a peer that resets: 5 ECONNRESET
as poll tells it: True True True
as SO_ERROR tells it: ECONNRESET 0
a peer that ends: b'' 1
and reads no more: EPIPE b''
a full buffer: True EAGAIN []
is writable when there is room: [True]
and all of it arrives: True
lost segments are sent again: True
END
is "after either end a program gets no more" "$(grep '^and then:' out)" $'and then: EPIPE b\'\'\nand then: EPIPE b\'\''

echo "1..$tests"
exit $((failures > 0))
