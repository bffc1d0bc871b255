# SPDX-License-Identifier: Apache-2.0
"""What a program sees of a peer that answers wrongly, late or not at all: tests/e2e/wire.py, at 10.9.0.1. A line for each
case: its name, and the errors or results that Linux gives there.
"""
import errno
import hashlib
import select
import signal
import socket
import struct
import sys
import time

PEER = '10.9.0.1'
REFUSES, SILENT, VANISHES, RESETS, CLOSED_WINDOW, ENDS, LOSES = 1001, 1002, 1003, 1004, 1005, 1006, 1007
OPEN_PORT, CLOSED_PORT = 2000, 2001
USER_TIMEOUT_MS = 1500


def attempt(call, *arguments):
    """What it returns, or the name of its error."""
    try:
        return call(*arguments)
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))


def show(name, *results):
    print(f'{name}:', *results, flush=True)


def stream(timeout_ms=0):
    s = socket.socket()
    if timeout_ms:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, timeout_ms)
    return s


def connected(port, timeout_ms=0):
    s = stream(timeout_ms)
    s.connect((PEER, port))
    return s


def took(begin, least, most):
    seconds = time.monotonic() - begin
    return 'in time' if least <= seconds <= most else f'after {seconds:.1f} s'


def ping(address):
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    s.settimeout(5)
    body = struct.pack('!HH', 77, 1) + b'as many bytes as it takes'
    words = struct.unpack(f'!{len(body) // 2}H', body[:len(body) & ~1]) + ((body[-1] << 8,) if len(body) % 2 else ())
    total = sum(words) + 0x0800
    total = (total & 0xffff) + (total >> 16)
    total = (total & 0xffff) + (total >> 16)
    s.sendto(struct.pack('!BBH', 8, 0, ~total & 0xffff) + body, (address, 0))
    while True:
        packet = s.recv(2000)[20:]
        if packet[0] == 0:
            return 'comes back' if packet[4:] == body else 'changed'


def refused():
    show('nobody listens', attempt(stream().connect, (PEER, REFUSES)))
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect((PEER, CLOSED_PORT))
    s.settimeout(5)
    show('nobody has the port', s.send(b'x'), attempt(s.recv, 1), s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))


def silent():
    begin = time.monotonic()
    s = stream(USER_TIMEOUT_MS)
    show('no answer to a connection', attempt(s.connect, (PEER, SILENT)), took(begin, 1, 6))
    s = stream()
    s.settimeout(0.5)
    show('not waited for', attempt(s.connect, (PEER, SILENT)))
    s = stream()
    s.setblocking(False)
    show('not waited for at all', attempt(s.connect, (PEER, SILENT)), attempt(s.connect, (PEER, SILENT)),
         attempt(s.send, b'x'), attempt(s.recv, 1))


def vanished():
    begin = time.monotonic()
    s = connected(VANISHES, USER_TIMEOUT_MS)
    show('a peer that vanishes', s.send(b'hello'), attempt(s.recv, 1), took(begin, 1, 6))
    show('and then', attempt(s.send, b'x'), attempt(s.recv, 1))
    s = connected(VANISHES)
    for name, value in (socket.TCP_KEEPIDLE, 1), (socket.TCP_KEEPINTVL, 1), (socket.TCP_KEEPCNT, 2):
        s.setsockopt(socket.IPPROTO_TCP, name, value)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    begin = time.monotonic()
    show('kept alive in vain', attempt(s.recv, 1), took(begin, 2, 8))
    s = connected(VANISHES)
    s.settimeout(0.3)
    show('data that does not come', attempt(s.recv, 1))


def reset():
    s = connected(RESETS)
    show('a peer that resets', s.send(b'hello'), attempt(s.recv, 1))
    show('and then', attempt(s.send, b'x'), attempt(s.recv, 1))
    s = connected(RESETS)
    s.send(b'hello')
    poll = select.poll()
    poll.register(s, select.POLLIN)
    events = poll.poll(5000)[0][1]
    show('as poll tells it', bool(events & select.POLLIN), bool(events & select.POLLERR), bool(events & select.POLLHUP))
    show('as SO_ERROR tells it', errno.errorcode[s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)],
         s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
    s = connected(ENDS)
    show('a peer that ends', s.recv(1), s.send(b'x'))
    time.sleep(0.5)
    show('and reads no more', attempt(s.send, b'x'), attempt(s.recv, 1))


def closed_window():
    s = connected(CLOSED_WINDOW)
    s.setblocking(False)
    sent, result = 0, 0
    while isinstance(result, int):
        sent += result
        result = attempt(s.send, b'y' * 100000)
    poll = select.poll()
    poll.register(s, select.POLLOUT)
    show('a full buffer', sent > 10000, result, poll.poll(300))
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'open', (PEER, OPEN_PORT))
    show('is writable when there is room', [event == select.POLLOUT for _, event in poll.poll(15000)])
    s.setblocking(True)
    s.shutdown(socket.SHUT_WR)
    show('and all of it arrives', s.recv(100) == hashlib.md5(b'y' * sent).hexdigest().encode())


def loss():
    data = bytes(i * i >> 8 & 255 for i in range(200000))
    s = connected(LOSES)
    s.sendall(data)
    s.shutdown(socket.SHUT_WR)
    show('lost segments are sent again', s.recv(100) == hashlib.md5(data).hexdigest().encode())


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    show('a ping', ping(PEER))
    show('a name', socket.gethostbyname('somebody.test'), socket.getaddrinfo('somebody.test', 80)[0][4])
    for case in sys.argv[1:] or ('refused', 'silent', 'vanished', 'reset', 'closed_window', 'loss'):
        globals()[case]()


main()
