# SPDX-License-Identifier: Apache-2.0
"""What tests/e2e/net_test.sh asks from outside. Says `ready`, and ends when a connection to QUIT comes.

Usage: net_servers.py ECHO CORKED QUIT  (ports; ECHO is UDP's, too)

ECHO keeps all that comes over a connection until its end, then sends the MD5 sum of it, 32 letters, and all of it
back; a datagram it sends back as it came. CORKED answers each line with two pieces that TCP_CORK makes one of.
"""
import hashlib
import socket
import sys
import threading


def listen(port):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(('', port))
    listener.listen()
    return listener


def serve(listener, answer):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=answer, args=(connection,), daemon=True).start()


def echo(connection):
    data, block = bytearray(), True
    while block:
        block = connection.recv(1 << 18)
        data += block
    connection.sendall(hashlib.md5(data).hexdigest().encode())
    connection.sendall(data)
    connection.close()


def echo_datagrams(port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(('', port))
    while True:
        data, sender = s.recvfrom(65535)
        s.sendto(data, sender)


def corked(connection):
    for line in connection.makefile('rb'):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        connection.send(b'you said ')
        connection.send(line)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)


def main():
    echo_port, corked_port, quit_port = map(int, sys.argv[1:])
    for run, *arguments in ((serve, listen(echo_port), echo), (serve, listen(corked_port), corked), (echo_datagrams, echo_port)):
        threading.Thread(target=run, args=arguments, daemon=True).start()
    ending = listen(quit_port)
    print('ready', flush=True)
    ending.accept()


main()
