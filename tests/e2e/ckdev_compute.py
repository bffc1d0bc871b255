# SPDX-License-Identifier: Apache-2.0
"""Kernels that clang compiled for gfx900, run by the real ckdev through an AQL queue as a runtime would."""
import random
import struct

from ckdev_device import (CONTEXT_CREATE, DONE, INVALIDATE, QUEUE_CREATE, QUEUE_DESTROY, RAM_AT, RAM_BYTES, READY,
                          Device, wait_until)

BASE = 0x7f0010000000  # GPU address of the RAM's first byte
TABLES_BYTES = 8 * 4096
RIGHTS = 0xf
QUEUE_AQL = 1
COUNT = 1000


class Program:
    """A context with all RAM mapped, and one queue."""

    def __init__(self, device):
        self.device = device
        self.used = TABLES_BYTES
        self.map_everything()
        assert device.command(CONTEXT_CREATE, 0, struct.pack('<Q', RAM_AT))[0] == DONE
        self.ring = self.alloc(4096, 4096)
        self.amd_queue = self.alloc(256)
        self.put(self.amd_queue + 0x88, struct.pack('<I', 0x80))
        for slot in range(64):
            self.put(self.ring + slot * 64, b'\1\0')
        self.written = 0
        self.inactive = self.array('Q', [1, 0, 0, 0, 0, 0, 0, 0])
        self.put(self.amd_queue + 0xc0, struct.pack('<Q', self.inactive))
        self.queue = struct.pack('<IHBBQQQII', 0, QUEUE_AQL, 100, 7, self.ring, self.amd_queue + 0x80,
                                 self.amd_queue + 0x38, 4096, 0)
        assert device.command(QUEUE_CREATE, 0, self.queue)[0] == DONE

    def map_everything(self):
        tables = [RAM_AT + i * 4096 for i in range(TABLES_BYTES // 4096)]
        for level, shift in enumerate((39, 30)):
            self.entry(tables[level], BASE >> shift, tables[level + 1] | 1)
        for i in range(RAM_BYTES // 4096):
            address = BASE + i * 4096
            last = tables[3 + i // 512]
            self.entry(tables[2], address >> 21, last | 1)
            self.entry(last, address >> 12, RAM_AT + i * 4096 | RIGHTS)

    def entry(self, table, index, value):
        struct.pack_into('<Q', self.device.ram, table - RAM_AT + index % 512 * 8, value)

    def alloc(self, size, align=64):
        at = (self.used + align - 1) // align * align
        self.used = at + size
        return BASE + at

    def put(self, address, data):
        self.device.ram[address - BASE:address - BASE + len(data)] = data

    def get(self, address, size):
        return self.device.ram[address - BASE:address - BASE + size]

    def array(self, form, values):
        data = struct.pack(f'<{len(values)}{form}', *values)
        at = self.alloc(len(data))
        self.put(at, data)
        return at

    def load(self, path):
        """A code object: its segments, and where its kernel descriptors are."""
        with open(path, 'rb') as file:
            image = file.read()
        headers, sections, = struct.unpack_from('<QQ', image, 32)
        header_count, = struct.unpack_from('<H', image, 56)
        section_count, = struct.unpack_from('<H', image, 60)
        loads = []
        for i in range(header_count):
            kind, _, offset, address, _, size, room, _ = struct.unpack_from('<IIQQQQQQ', image, headers + i * 56)
            if kind == 1:
                loads.append((address, image[offset:offset + size], room))
        base = self.alloc(max(address + room for address, _, room in loads), 4096)
        for address, data, _ in loads:
            self.put(base + address, data)
        rows = [struct.unpack_from('<IIQQQQIIQQ', image, sections + i * 64) for i in range(section_count)]
        kernels = {}
        for _, kind, _, _, offset, size, link, _, _, _ in rows:
            if kind != 11:
                continue
            for at in range(offset, offset + size, 24):
                name, _, _, _, value, _ = struct.unpack_from('<IBBHQQ', image, at)
                text = image[rows[link][4] + name:].split(b'\0', 1)[0].decode()
                if text.endswith('.kd'):
                    kernels[text[:-3]] = base + value
        return kernels

    def give_scratch(self, lane_bytes):
        """What a runtime does when the queue's signal becomes 1. Whether that was asked for."""
        if not wait_until(lambda: self.get(self.inactive + 8, 1) == b'\1'):
            return False
        wave_bytes, waves = (lane_bytes * 64 + 1023) // 1024 * 1024, 32
        size = wave_bytes * waves
        at = self.alloc(size, 4096)
        self.put(self.amd_queue + 0x8c, struct.pack('<IIIIIQQI', wave_bytes // 1024 << 12 | waves, at & 0xffffffff,
                                                    at >> 32 | 1 << 31, size, 0x00ea4fac, at, size, wave_bytes // 64))
        self.put(self.inactive + 8, bytes(8))
        return True

    def dispatch(self, kernel, group, grid, *words):
        """Whether it ends."""
        local_bytes, private_bytes = struct.unpack('<II', self.get(kernel, 8))
        arguments = self.alloc(64 + len(words) * 8)
        self.put(arguments, b''.join(struct.pack('<Q', word) for word in words))
        signal = self.array('Q', [1, 1, 0, 0, 0, 0, 0, 0])
        packet = struct.pack('<HHHHHHIIIIIQQQQ', 2, len(group), *(group + [1] * (3 - len(group))), 0,
                             *(grid + [1] * (3 - len(grid))), private_bytes, local_bytes, kernel, arguments, 0,
                             signal)
        slot = self.ring + self.written % 64 * 64
        self.put(slot + 4, packet[4:])
        self.written += 1
        self.put(self.amd_queue + 0x38, struct.pack('<Q', self.written))
        self.put(slot, packet[:4])
        doorbell = self.device.get('doorbells', '<Q')
        self.device.window[doorbell:doorbell + 8] = struct.pack('<Q', self.written - 1)
        if private_bytes > struct.unpack('<I', self.get(self.amd_queue + 0xb0, 4))[0]:
            assert self.give_scratch(private_bytes)
        return wait_until(lambda: self.get(signal + 8, 8) == bytes(8), 20)


def run(path, objects, check):
    for code in objects:
        device = Device(path)
        device.is_in(READY, 1)
        program = Program(device)
        kernels = program.load(code)
        level = code.rsplit('-', 1)[1].split('.')[0]
        values = [[random.uniform(-100, 100) for _ in range(COUNT)] for _ in range(2)]
        a, b = (program.array('f', v) for v in values)
        c = program.array('f', [0] * (COUNT + 24))
        ended = program.dispatch(kernels['vector_add'], [64], [COUNT + 24], a, b, c, COUNT)
        check(f'{level}: a vector add through an AQL queue ends', ended)
        floats = [struct.unpack(f'<{COUNT}f', program.get(at, COUNT * 4)) for at in (a, b, c)]
        sums = [struct.unpack('<f', struct.pack('<f', x + y))[0] for x, y in zip(*floats[:2])]
        check('and its sums are those of this processor', list(floats[2]) == sums)
        n = 32
        integers = [[float(random.randrange(-8, 8)) for _ in range(n * n)] for _ in range(2)]
        a, b = (program.array('f', v) for v in integers)
        c = program.array('f', [0] * (n * n))
        ended = program.dispatch(kernels['gemm'], [16, 16], [n, n], a, b, c, n)
        product = struct.unpack(f'<{n * n}f', program.get(c, n * n * 4))
        wanted = [sum(integers[0][row * n + k] * integers[1][k * n + column] for k in range(n))
                  for row in range(n) for column in range(n)]
        check('a tiled product of matrices is right', ended and list(product) == wanted)
        check('the registers count instructions', device.get('retired_waves', '<Q') > 0)
        whole = struct.pack('<QQ', 0, 1 << 48)
        check('translations are given up', device.command(INVALIDATE, 0, whole)[0] == DONE)
        check('the queue is destroyed', device.command(QUEUE_DESTROY, 0, program.queue)[0] == DONE)
        device.close()
