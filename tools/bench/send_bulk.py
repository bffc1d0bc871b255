#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Send MIB MiB to bench/receive_bulk.c behind PORT of this host, and print "received N" when it has had so many bytes.

Usage: send_bulk.py PORT MIB
"""
import socket
import sys

MIB = 1 << 20


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    port, mib = map(int, sys.argv[1:])
    with socket.create_connection(('127.0.0.1', port)) as server:
        block = bytes(MIB)
        for _ in range(mib):
            server.sendall(block)
        server.shutdown(socket.SHUT_WR)
        answer = server.makefile().readline()
    if answer != f'{mib * MIB}\n':
        sys.exit(f'send_bulk: sent {mib * MIB} bytes, and the answer is {answer!r}')
    print('received', mib * MIB)


main()
