#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The other end of a network cable: a host at 10.9.0.1 that a test writes itself, so that it may answer wrongly, late or
not at all. Frames come and go as QEMU's socket back end has them: one in each UDP datagram.

Usage: wire.py UDP_PORT  (until it is killed)

It answers ARP, pings, and questions for names (any is 10.9.0.1), and listens on TCP ports, each with its own manners:
"""
import hashlib
import socket
import struct
import sys

MAC, ADDRESS = b'\x52\x54\x00\x09\x00\x01', bytes((10, 9, 0, 1))
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
# What a port does.
REFUSES, SILENT, VANISHES, RESETS, CLOSED_WINDOW, ENDS, LOSES = 1001, 1002, 1003, 1004, 1005, 1006, 1007
OPEN_PORT = 2000  # UDP: what comes here opens the window of CLOSED_WINDOW's connections
DNS = 53
WINDOW, MSS, LOST_EVERY = 60000, 1460, 7


def checksum(data):
    total = sum(struct.unpack(f'!{(len(data) + 1) // 2}H', data + b'\0' * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Connection:
    def __init__(self, key, sequence):
        self.address, self.port, self.own_port = key
        self.next_received, self.next_sent = sequence + 1, 1000
        self.window = 0 if self.own_port == CLOSED_WINDOW else WINDOW
        self.received, self.segments = bytearray(), 0


class Wire:
    def __init__(self, port):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(('127.0.0.1', port))
        self.guest = None
        self.guest_mac = b'\xff' * 6
        self.connections = {}

    def run(self):
        while True:
            frame, self.guest = self.socket.recvfrom(65536)
            kind, body = struct.unpack_from('!H', frame, 12)[0], frame[14:]
            self.guest_mac = frame[6:12]
            if kind == 0x0806:
                self.arp(body)
            elif kind == 0x0800 and body[16:20] == ADDRESS:
                self.ip(body[:struct.unpack_from('!H', body, 2)[0]])

    def send(self, kind, body):
        self.socket.sendto(self.guest_mac + MAC + struct.pack('!H', kind) + body, self.guest)

    def send_ip(self, to, protocol, body):
        header = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(body), 0, 0, 64, protocol, 0, ADDRESS, to)
        self.send(0x0800, header[:10] + struct.pack('!H', checksum(header)) + header[12:] + body)

    def arp(self, body):
        if struct.unpack_from('!H', body, 6)[0] == 1 and body[24:28] == ADDRESS:
            self.send(0x0806, body[:6] + b'\0\2' + MAC + ADDRESS + body[8:18])

    def ip(self, packet):
        header, source, body = (packet[0] & 15) * 4, packet[12:16], packet[(packet[0] & 15) * 4:]
        if packet[9] == 1 and body[0] == 8:
            reply = b'\0\0\0\0' + body[4:]
            self.send_ip(source, 1, reply[:2] + struct.pack('!H', checksum(reply)) + reply[4:])
        elif packet[9] == 17:
            self.udp(packet, header, source, body)
        elif packet[9] == 6:
            self.tcp(source, body)

    # ---- UDP ----

    def udp(self, packet, header, source, body):
        from_port, to_port = struct.unpack_from('!HH', body)
        if to_port == DNS:
            self.send_ip(source, 17, struct.pack('!HHHH', DNS, from_port, 8 + len(self.name(body[8:])), 0) + self.name(body[8:]))
        elif to_port == OPEN_PORT:
            for connection in self.connections.values():
                connection.window = WINDOW
                self.segment(connection, ACK)
        else:
            reply = b'\3\3\0\0\0\0\0\0' + packet[:header + 8]  # nobody has the port
            self.send_ip(source, 1, reply[:2] + struct.pack('!H', checksum(reply)) + reply[4:])

    @staticmethod
    def name(question):
        """An answer with one address, or with none where one of IPv6 is asked for."""
        end = question.index(b'\0', 12) + 5
        is_v4 = question[end - 4:end - 2] == b'\0\1'
        answer = b'\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4' + ADDRESS if is_v4 else b''
        return question[:2] + b'\x81\x80\0\1' + struct.pack('!H', is_v4) + b'\0\0\0\0' + question[12:end] + answer

    # ---- TCP ----

    def segment(self, connection, flags, data=b'', options=b''):
        header = struct.pack('!HHIIBBHHH', connection.own_port, connection.port, connection.next_sent & 0xffffffff,
                             connection.next_received & 0xffffffff, (20 + len(options)) << 2, flags, connection.window, 0, 0)
        body = header + options + data
        pseudo = ADDRESS + connection.address + struct.pack('!HH', 6, len(body))
        self.send_ip(connection.address, 6, body[:16] + struct.pack('!H', checksum(pseudo + body)) + body[18:])
        connection.next_sent += len(data) + bool(flags & (SYN | FIN))

    def tcp(self, source, body):
        from_port, own_port, sequence, _, offset, flags = struct.unpack_from('!HHIIBB', body)
        key, data = (source, from_port, own_port), body[(offset >> 4) * 4:]
        if flags & SYN:
            self.arrive(key, sequence)
        elif flags & RST:
            self.connections.pop(key, None)
        elif key in self.connections and (data or flags & FIN):
            self.receive(self.connections[key], sequence, data, flags)

    def arrive(self, key, sequence):
        connection, port = Connection(key, sequence), key[2]
        if port == SILENT:
            return
        if port not in (VANISHES, RESETS, CLOSED_WINDOW, ENDS, LOSES):
            self.segment(connection, RST | ACK)
            return
        self.connections[key] = connection
        self.segment(connection, SYN | ACK, options=struct.pack('!BBH', 2, 4, MSS))
        if port == ENDS:
            self.segment(connection, FIN | ACK)

    def receive(self, connection, sequence, data, flags):
        port = connection.own_port
        if port in (RESETS, ENDS) and data:
            connection.next_received += len(data)
            self.segment(connection, RST | ACK)
        elif port in (CLOSED_WINDOW, LOSES):
            self.take(connection, sequence, data, flags)

    def take(self, connection, sequence, data, flags):
        """What comes in its order and fits, but each seventh segment is lost on the way; at the end, what has come."""
        connection.segments += 1
        if connection.own_port == LOSES and connection.segments % LOST_EVERY == 0:
            return
        if sequence == connection.next_received & 0xffffffff and connection.window:
            connection.received += data
            connection.next_received += len(data) + bool(flags & FIN)
            if flags & FIN:
                digest = hashlib.md5(connection.received).hexdigest().encode()
                self.segment(connection, PSH | ACK | FIN, digest)
                return
        self.segment(connection, ACK)


if __name__ == '__main__':
    Wire(int(sys.argv[1])).run()
