# SPDX-License-Identifier: Apache-2.0
"""The kernel's side of docs/gpu-protocol.md, for tests that run the real ckdev: see ckdev_test.py."""
import array
import mmap
import os
import select
import signal
import socket
import struct
import subprocess
import time

RAM_AT, RAM_BYTES, VRAM_BYTES = 0x100000, 4 << 20, 64 << 20
MAGIC = 0x55504743
READY, LOST = 2, 3
CRASHED, PROTOCOL = 1, 2
KICK_WORK, KICK_RESET = 0, 1
DONE = 0
CONTEXT_CREATE, INVALIDATE, QUEUE_CREATE, QUEUE_DESTROY, CLOCK = 1, 4, 5, 7, 10
AT = {'commands': 16, 'events': 32, 'doorbells': 48, 'vram': 64, 'state': 0x100, 'generation': 0x104,
      'failure': 0x108, 'is_sleeping': 0x10c, 'retired_waves': 0x118, 'command_head': 0x140, 'command_tail': 0x1c0,
      'reset_request': 0x240}


def wait_until(condition, seconds=5):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.002)
    return True


def memory_file(name, size):
    fd = os.memfd_create(name)
    os.ftruncate(fd, size)
    return fd


class Process:
    """ckdev, and the other end of its socket."""

    def __init__(self, program, ram_fd, log=None, ram_at=RAM_AT, ram_bytes=RAM_BYTES):
        self.socket, theirs = socket.socketpair(socket.AF_UNIX)
        arguments = [program, '--engine', 'gfx900', '--vram', str(VRAM_BYTES), '--server-fd', str(theirs.fileno()),
                     '--ram', f'{ram_at:#x}:{ram_bytes}:{ram_fd}:0', '--threads', '2']
        fds = [theirs.fileno(), ram_fd]
        if log:
            arguments += ['--log-fd', str(log.fileno())]
            fds.append(log.fileno())
        self.child = subprocess.Popen(arguments, pass_fds=fds)
        theirs.close()

    def engines(self):
        with open(f'/proc/{self.child.pid}/task/{self.child.pid}/children') as children:
            return [int(pid) for pid in children.read().split()]


class Device(Process):
    """A machine without a machine: it takes the window and the eventfds for itself."""

    def __init__(self, program, log=None):
        self.ram_fd = memory_file('ram', RAM_BYTES)
        super().__init__(program, self.ram_fd, log)
        self.ram = mmap.mmap(self.ram_fd, RAM_BYTES)
        self.messages = [self.message() for _ in range(7)]
        self.window = mmap.mmap(self.messages[2][1], 0)
        self.kicks = [self.messages[3][1], self.messages[4][1]]
        self.interrupts = [self.messages[5][1], self.messages[6][1]]
        self.commands = 0

    def message(self):
        fds = array.array('i')
        data, control, _, _ = self.socket.recvmsg(8, socket.CMSG_LEN(4))
        for _, _, rights in control:
            fds.frombytes(rights)
        return struct.unpack('<q', data)[0], fds[0] if fds else None

    def get(self, name, form='<I'):
        return struct.unpack_from(form, self.window, AT[name])[0]

    def put(self, name, value, form='<I'):
        struct.pack_into(form, self.window, AT[name], value)

    def kick(self, number):
        os.write(self.kicks[number], struct.pack('<Q', 1))

    def interrupted(self, number, seconds=5):
        """Whether that interrupt comes; it is taken."""
        if not select.select([self.interrupts[number]], [], [], seconds)[0]:
            return False
        os.read(self.interrupts[number], 8)
        return True

    def is_in(self, state, generation):
        return wait_until(lambda: self.get('state') == state and self.get('generation') == generation)

    def command(self, kind, context=0, body=b''):
        """The result, and what the body is then. -1: no answer."""
        at = self.get('commands', '<Q') + self.commands % 1024 * 64
        self.window[at:at + 64] = struct.pack('<IIII48s', kind, 1, context, 0, body)
        self.commands += 1
        self.put('command_tail', self.commands, '<Q')
        self.kick(KICK_WORK)
        if not wait_until(lambda: self.get('command_head', '<Q') >= self.commands):
            return -1, b''
        return struct.unpack_from('<I', self.window, at + 12)[0], self.window[at + 16:at + 64]

    def reset(self):
        """Asks for another generation, as the kernel does. Whether it comes."""
        generation = self.get('generation')
        self.put('reset_request', generation)
        self.kick(KICK_RESET)
        self.commands = 0
        return self.is_in(READY, generation + 1)

    def end_engine(self, number=signal.SIGKILL):
        for pid in self.engines():
            os.kill(pid, number)

    def close(self):
        """How ckdev ends when nobody is at the other end any more."""
        self.socket.close()
        try:
            return self.child.wait(5)
        except subprocess.TimeoutExpired:
            self.child.kill()
            return 'it does not end'
