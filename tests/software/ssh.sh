#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# OpenSSH with itself: separated privileges, pseudo terminals, files over a connection, a tunnel. Prints what
# comes of it, never a key.
set -u
export PATH=/usr/sbin:/usr/bin LC_ALL=C.UTF-8
mkdir -p /run/sshd /root/.ssh
chmod 700 /root /root/.ssh
echo 'sshd:x:110:65534::/run/sshd:/usr/sbin/nologin' >>/etc/passwd
ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
ssh-keygen -q -t ed25519 -N '' -f /tmp/host_key
cp /root/.ssh/id_ed25519.pub /root/.ssh/authorized_keys
cat >/tmp/sshd_config <<'CONFIG'
Port 2222
HostKey /tmp/host_key
UsePAM no
StrictModes no
Subsystem sftp internal-sftp
CONFIG
printf 'Host *\n Port 2222\n StrictHostKeyChecking no\n LogLevel ERROR\n' >/root/.ssh/config
/usr/sbin/sshd -f /tmp/sshd_config -E /tmp/sshd.log

ssh 127.0.0.1 'echo over ssh; tty; exit 5'
echo "status $?"
ssh -tt 127.0.0.1 'tty; stty rows 30 columns 90; stty size; exit 6' 2>&1 | tr -d '\r'
ssh ::1 'wc -c' < <(head -c 3000000 /dev/zero)
for i in 1 2 3 4; do ssh 127.0.0.1 "echo number $i; sleep 0.1" >/tmp/out.$i & done
wait
cat /tmp/out.?
head -c 2000000 /dev/zero | tr '\0' z >/tmp/large
scp -q /tmp/large 127.0.0.1:/tmp/copied && md5sum </tmp/copied
mkdir -p /tmp/tree/{a,b/c} && for i in $(seq 50); do echo "$i" >"/tmp/tree/b/c/$i"; done
rsync -a /tmp/tree/ 127.0.0.1:/tmp/mirror/ && diff -r /tmp/tree /tmp/mirror && echo 'the same tree'
ssh -f -N -L 4444:127.0.0.1:2222 127.0.0.1 && ssh -p 4444 127.0.0.1 'echo through a tunnel'
pkill -x sshd
grep -i 'fatal' /tmp/sshd.log
exit 0
