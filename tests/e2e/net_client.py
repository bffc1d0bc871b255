#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Asks tests/software/net_servers.py in a machine, from this one.

Usage: net_client.py bulk|datagrams|corked|quit PORT
bulk       64 MiB there and back: prints "same" when both sides have the same sum of them
datagrams  prints "same" when each of several sizes comes back as it was sent
corked     prints "quick" when twenty short answers take less than two seconds
"""
import hashlib
import random
import socket
import sys
import threading
import time

BULK_BYTES = 64 << 20


def bulk(port):
    block = random.Random(5).randbytes(1 << 20)
    data = b''.join(i.to_bytes(8, 'big') + block[8:] for i in range(BULK_BYTES >> 20))
    with socket.create_connection(('127.0.0.1', port), 60) as s:
        sender = threading.Thread(target=lambda: (s.sendall(data), s.shutdown(socket.SHUT_WR)))
        sender.start()
        answer = s.makefile('rb').read()
        sender.join()
    if answer[:32].decode() != hashlib.md5(data).hexdigest():
        return 'differs there'
    return 'same' if answer[32:] == data else 'differs on its way back'


def comes_back(s, data):
    """Asked for again: a datagram may be lost, for one when a busy machine answers QEMU's ARP too late."""
    for _ in range(5):
        s.send(data)
        try:
            while s.recv(65535) != data:
                pass
            return True
        except TimeoutError:
            continue
    return False


def datagrams(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect(('127.0.0.1', port))
        s.settimeout(2)
        for size in 0, 1, 100, 1400, 9000:
            if not comes_back(s, random.Random(size).randbytes(size)):
                return f'{size} bytes do not come back'
    return 'same'


def corked(port):
    with socket.create_connection(('127.0.0.1', port), 10) as s:
        lines, begin = s.makefile('rb'), time.monotonic()
        for i in range(20):
            s.sendall(b'%d\n' % i)
            if lines.readline() != b'you said %d\n' % i:
                return 'differs'
        seconds = time.monotonic() - begin
    return 'quick' if seconds < 2 else f'{seconds:.1f} s'


def end(port):
    socket.create_connection(('127.0.0.1', port), 10).close()
    return 'ended'


print({'bulk': bulk, 'datagrams': datagrams, 'corked': corked, 'quit': end}[sys.argv[1]](int(sys.argv[2])))
