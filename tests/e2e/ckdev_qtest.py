# SPDX-License-Identifier: Apache-2.0
"""ckdev as QEMU's ivshmem-doorbell device shows it: BAR 2, the Doorbell register, MSI-X. Driven over QEMU's qtest
protocol, without a guest."""
import os
import struct
import subprocess

from ckdev_device import MAGIC, READY, AT, Process, memory_file, wait_until

RAM_BYTES = 64 << 20
SLOT = 3
BAR0, BAR1, BAR2 = 0xfe000000, 0xfe001000, 0x800000000
DOORBELL = 12
MESSAGE_AT, MESSAGE = 0x10000, 0xabcd


class Machine:
    def __init__(self, socket_fd, ram_fd):
        self.child = subprocess.Popen(
            ['qemu-system-x86_64', '-machine', 'q35,memory-backend=ram', '-accel', 'tcg', '-S', '-qtest', 'stdio',
             '-qtest-log', 'none', '-display', 'none', '-nodefaults', '-m', str(RAM_BYTES >> 20), '-object',
             f'memory-backend-file,id=ram,mem-path=/dev/fd/{ram_fd},size={RAM_BYTES},share=on', '-chardev',
             f'socket,id=gpu,fd={socket_fd}', '-device', f'ivshmem-doorbell,chardev=gpu,vectors=2,addr={SLOT}'],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, pass_fds=[socket_fd, ram_fd])

    def do(self, *words):
        self.child.stdin.write(' '.join(w if isinstance(w, str) else f'{w:#x}' for w in words).encode() + b'\n')
        self.child.stdin.flush()
        while True:
            answer = self.child.stdout.readline().split()
            if not answer or answer[0] == b'OK':
                return int(answer[1], 16) if len(answer) > 1 else None

    def config(self, register, value=None):
        self.do('outl', 0xcf8, 1 << 31 | SLOT << 11 | register & ~3)
        return self.do('inl', 0xcfc) if value is None else self.do('outl', 0xcfc, value)

    def set_up(self):
        """BARs, MSI-X with both vectors writing MESSAGE + number into RAM, bus mastering."""
        for register, value in ((0x10, BAR0), (0x14, BAR1), (0x18, BAR2 & 0xffffffff), (0x1c, BAR2 >> 32)):
            self.config(register, value)
        self.config(4, 6)
        capability = self.config(0x34) & 0xff
        while capability and self.config(capability) & 0xff != 0x11:
            capability = self.config(capability) >> 8 & 0xff
        for vector in range(2):
            for i, word in enumerate((MESSAGE_AT + vector * 4, 0, MESSAGE + vector, 0)):
                self.do('writel', BAR1 + vector * 16 + i * 4, word)
        self.config(capability, self.config(capability) & 0xffff | 1 << 31)

    def close(self):
        self.child.stdin.close()
        self.child.terminate()
        self.child.wait(10)


def run(program, check):
    ram_fd = memory_file('ram', RAM_BYTES)
    process = Process(program, ram_fd, ram_at=0, ram_bytes=RAM_BYTES)
    machine = Machine(process.socket.fileno(), ram_fd)
    process.socket.close()
    machine.set_up()
    check("QEMU's device is an ivshmem", machine.config(0) == 0x11101af4, hex(machine.config(0)))
    check('BAR 2 shows the registers', machine.do('readl', BAR2) == MAGIC)
    check('the device is ready there', wait_until(lambda: machine.do('readl', BAR2 + AT['state']) == READY))
    check('we are peer 1', machine.do('readl', BAR0 + 8) == 1)

    commands = machine.do('readq', BAR2 + AT['commands'])
    machine.do('writel', BAR2 + commands, 10)
    machine.do('writel', BAR2 + commands + 4, 1)
    machine.do('writeq', BAR2 + AT['command_tail'], 1)
    machine.do('writel', BAR0 + DOORBELL, 0 << 16 | 0)
    check('a kick through Doorbell gets a command done',
          wait_until(lambda: machine.do('readq', BAR2 + AT['command_head']) == 1))

    def message(vector):
        return struct.unpack('<I', os.pread(ram_fd, 4, MESSAGE_AT + vector * 4))[0]

    check('which comes back as the MSI-X message of vector 0',
          wait_until(lambda: message(0) == MESSAGE), hex(message(0)))
    machine.do('writel', BAR2 + AT['reset_request'], 1)
    machine.do('writel', BAR0 + DOORBELL, 0 << 16 | 1)
    check('a reset is heard on the second one', wait_until(lambda: machine.do('readl', BAR2 + AT['generation']) == 2))
    check('and told by vector 1', wait_until(lambda: message(1) == MESSAGE + 1), hex(message(1)))
    machine.close()
    check('ckdev ends when QEMU does', process.child.wait(5) == 0)
