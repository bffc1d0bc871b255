#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A machine whose device process dies, hangs, lies, and is gone, while programs use the GPU: they are told, others go on,
and the next one has the GPU again where it can be had. tests/guest/gpu_faults.c is the container.

Usage: gpu_faults_test.py CK GUEST_PROGRAMS. TAP on stdout. FAULTS names those that are tried, with all that is said.
"""
import ctypes
import mmap
import os
import random
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from ckdev_device import AT, wait_until  # noqa: E402
import tap  # noqa: E402
from tap import check  # noqa: E402

CK, PROGRAM = sys.argv[1], os.path.join(sys.argv[2], 'gpu_faults.musl')
SYS_PIDFD_GETFD = 438
EVENT_TAIL, EVENT_HEAD, EVENT_BYTES = 0x180, 0x200, 32


def children(pid):
    found = []
    for task in os.listdir(f'/proc/{pid}/task'):
        with open(f'/proc/{pid}/task/{task}/children') as file:
            found += [int(child) for child in file.read().split()]
    return found


class Device:
    """The device process of a machine that runs: what it shares with the kernel, behind its back."""

    def __init__(self, ck):
        self.pid = next(pid for pid in children(ck) if open(f'/proc/{pid}/comm').read() == 'ckdev\n')
        links = {}
        for fd in os.listdir(f'/proc/{self.pid}/fd'):
            links.setdefault(os.readlink(f'/proc/{self.pid}/fd/{fd}').split(' ')[0], []).append(int(fd))
        with open(f'/proc/{self.pid}/fd/{links["/memfd:window"][0]}', 'r+b') as file:
            self.window = mmap.mmap(file.fileno(), 0)
        # In the order in which ckdev makes them: two kicks, two interrupts.
        eventfds = sorted(links['anon_inode:[eventfd]'])[2:4]
        pidfd = os.pidfd_open(self.pid)
        libc = ctypes.CDLL(None, use_errno=True)
        self.interrupts = [libc.syscall(SYS_PIDFD_GETFD, pidfd, fd, 0) for fd in eventfds]
        os.close(pidfd)

    def end_engine(self, number):
        for pid in children(self.pid):
            os.kill(pid, number)

    def interrupt(self, number):
        os.write(self.interrupts[number], struct.pack('<Q', 1))

    # By views, whose words are read and written in one piece, as those at the other end do.
    def get(self, at, form='Q'):
        return memoryview(self.window).cast(form)[at // struct.calcsize(form)]

    def put(self, at, value, form='Q'):
        memoryview(self.window).cast(form)[at // struct.calcsize(form)] = value

    def tell(self, tail, data):
        """An event that the engine knows nothing of."""
        at = self.get(AT['events']) + tail % self.get(0x54, 'I') * EVENT_BYTES
        self.window[at:at + EVENT_BYTES] = data
        self.put(EVENT_TAIL, tail + 1)


# ---- what goes wrong: how the round ends in the container, and what is done to the device meanwhile ----

def dies(device):
    device.end_engine(signal.SIGKILL)


def hangs(device):
    device.end_engine(signal.SIGSTOP)


def claims_commands(device):
    device.put(AT['command_head'], device.get(AT['command_head']) + 1000)
    device.interrupt(0)


def claims_events(device):
    device.put(EVENT_TAIL, 1 << 40)
    device.interrupt(0)


def interrupts_for_nothing(device):
    end = time.monotonic() + 1
    while time.monotonic() < end:
        for _ in range(100):
            device.interrupt(0)
            device.interrupt(1)


def tells_endless_events(device):
    """All kinds of events of all contexts, as fast as they are taken, while the engine itself says nothing."""
    rng = random.Random(6)
    device.end_engine(signal.SIGSTOP)
    tail = start = device.get(EVENT_TAIL)
    end = time.monotonic() + 2
    while time.monotonic() < end:
        while tail - device.get(EVENT_HEAD) < 1000:
            kind = rng.choice([0, 1, 1, 1, 2, 3, 4, 5])
            device.tell(tail, struct.pack('<IIII', kind, rng.randrange(4), rng.getrandbits(32), rng.choice([0, 1, 8]))
                        + rng.randbytes(16))
            tail += 1
        device.interrupt(0)
    taken = device.get(EVENT_HEAD) - start
    check('the kernel takes as many events as it is told', taken > 1000, taken)
    device.end_engine(signal.SIGKILL)


def says_that_it_is_another(device):
    """The page says that the engine has ended, in a generation that never was."""
    device.put(AT['generation'], 77, 'I')
    device.interrupt(1)


def scribbles(device):
    """Garbage in all that the device writes: registers and both rings."""
    rng = random.Random(7)
    generation = device.get(AT['generation'], 'I')
    end = time.monotonic() + 0.5
    places = [0x10c, 0x110, 0x140, 0x180] + [AT['failure']]
    while time.monotonic() < end and device.get(AT['generation'], 'I') == generation:
        for ring in ('commands', 'events'):
            at = device.get(AT[ring]) + rng.randrange(0x8000)
            device.window[at:at + 64] = rng.randbytes(64)
        device.put(rng.choice(places), rng.getrandbits(32), 'I')
        device.interrupt(rng.randrange(2))


def is_gone(device):
    os.kill(device.pid, signal.SIGKILL)


ROUNDS = [
    ('lost', dies, 'its process died'),
    ('lost', hangs, 'no answer for'),
    ('lost', claims_commands, 'it says that [0-9]+ commands are done'),
    ('lost', claims_events, 'it says that it has told [0-9]+ events'),
    ('live', interrupts_for_nothing, ''),
    ('lost', tells_endless_events, 'an event of unknown kind'),
    ('lost', says_that_it_is_another, 'it says that this is generation 77'),
    ('any', scribbles, ''),
    ('gone', is_gone, 'does not come back'),
]


def run(rounds, work):
    log_path = os.path.join(work, 'log')
    arguments = [CK, 'run', '--timeout', '150', '--cpus', '1', '--memory', '512M', '--gpu', 'gfx900,vram=64M',
                 '--log', log_path, PROGRAM] + [kind for kind, _, _ in rounds]
    machine = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True)
    device = None
    output = {0: ''}
    number = 0
    for line in machine.stdout:
        if re.match('== round', line):
            number += 1
            output[number] = ''
            device = device or Device(machine.pid)
            try:
                rounds[number - 1][1](device)
            except OSError as error:  # the machine has ended, which others say better
                print(f'# {error}')
        output[number] += line
    complaints = machine.stderr.read()
    status = machine.wait()
    with open(log_path, errors='replace') as log:
        text = re.sub('ckdev: .*\n', '', log.read())  # which may be in the midst of one of the kernel's lines
    for i, (kind, fault, cause) in enumerate(rounds, 1):
        name = f'a device that {fault.__name__.replace("_", " ")} ({kind})'
        told = output.get(i, 'the round never came')
        work, _, after = told.partition('the work ended')
        good = 'the new process took' in after and 'wrong: ' not in work + after.split('once more')[-1]
        check(f'{name}: all is as it should be', good, told)
        if cause:
            check(f'{name}: the log names the cause', re.search(cause, text), text[-3000:])
    check('the machine ends well', status == 0 and '0 wrong' in output[number], (status, output, complaints))
    check('the kernel is content', 'panic' not in text.lower() and 'assert' not in text.lower(), text[-3000:])
    return output, text


if __name__ == '__main__':
    names = os.environ.get('FAULTS', '').split()
    chosen = [entry for entry in ROUNDS if not names or entry[1].__name__ in names]
    with tempfile.TemporaryDirectory() as folder:
        output, text = run(chosen, folder)
        if names:
            print(output, text, sep='\n')
    tap.end()
