#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The real ckdev: its processes, what becomes of it when the engine dies, hangs or is lied to, and QEMU's side of it.

Usage: ckdev_test.py CKDEV CODE-OBJECT... TAP on stdout. The code objects are those of tests/gfx9/kernels.cl.
"""
import os
import signal
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from ckdev_device import *  # noqa: E402,F403
import ckdev_compute  # noqa: E402
import ckdev_qtest  # noqa: E402
import tap  # noqa: E402
from tap import check  # noqa: E402

PROGRAM = sys.argv[1]


def greeting():
    device = Device(PROGRAM)
    numbers = [number for number, _ in device.messages]
    check('the server says version 0, our number 1, and the window', numbers[:3] == [0, 1, -1], numbers)
    check('then the vectors of the device, peer 0, and ours', numbers[3:] == [0, 0, 1, 1], numbers)
    check('each with a descriptor', all(fd is not None for _, fd in device.messages[2:]))
    check('the device gets ready and says so', device.is_in(READY, 1) and device.interrupted(1))
    magic, major, _, size = struct.unpack_from('<IHHQ', device.window, 0)
    check('the registers name the protocol', (magic, major) == (MAGIC, 1))
    check('the window is a power of two', size == len(device.window) and size & (size - 1) == 0, size)
    result, body = device.command(CLOCK)
    check('commands are answered, with an interrupt', result == DONE and device.interrupted(0))
    check('the clock is that of this machine', abs(struct.unpack_from('<Q', body)[0] - time.monotonic_ns()) < 5e9)
    check('ckdev ends with its machine', device.close() == 0)


def crashes():
    with tempfile.TemporaryFile() as log:
        device = Device(PROGRAM, log)
        device.is_in(READY, 1)
        device.interrupted(1)
        device.command(CONTEXT_CREATE, 0, struct.pack('<Q', RAM_AT))
        vram = device.get('vram', '<Q')
        device.window[vram:vram + 8] = b'secrets!'
        device.end_engine()
        check('an engine that dies is reported', device.is_in(LOST, 1) and device.get('failure') == CRASHED)
        check('with an interrupt', device.interrupted(1))
        check('a reset brings another generation', device.reset())
        check('whose memory is zero', device.window[vram:vram + 8] == bytes(8))
        check('and in which nothing is left of the context',
              device.command(CONTEXT_CREATE, 0, struct.pack('<Q', RAM_AT))[0] == DONE)
        device.end_engine(signal.SIGSTOP)
        time.sleep(0.05)
        check('an engine that hangs is ended by a reset', device.reset() and device.command(CLOCK)[0] == DONE)
        before = device.engines()
        device.put('reset_request', 1)
        device.kick(KICK_RESET)
        time.sleep(0.1)
        check('a reset of a generation that is over does nothing',
              device.get('generation') == 3 and device.engines() == before)
        device.put('generation', 70)
        check('an engine that lies about its generation is ended all the same', device.reset() and
              device.get('generation') == 71 and device.command(CLOCK)[0] == DONE)
        device.put('command_tail', 1 << 40, '<Q')
        device.kick(KICK_WORK)
        check('an index that cannot be ends the engine, and is called what it is',
              device.is_in(LOST, 71) and device.get('failure') == PROTOCOL)
        for _ in range(5):
            device.reset()
        check('the device comes back as often as it is asked', device.get('generation') == 76)
        check('there is one engine at a time', len(device.engines()) == 1)
        engine = device.engines()[0]
        check('ckdev ends with its machine, whatever happened before', device.close() == 0)
        check('and no engine outlives it', wait_until(lambda: not os.path.exists(f'/proc/{engine}')))
        log.seek(0)
        text = log.read().decode()
        check('the log names the causes', 'signal 9' in text and 'breaks the protocol: command_tail' in text, text)


def supervisor_dies():
    device = Device(PROGRAM)
    device.is_in(READY, 1)
    engine = device.engines()[0]
    device.child.kill()
    device.child.wait()
    check('an engine ends with its supervisor', wait_until(lambda: not os.path.exists(f'/proc/{engine}')))


def idles():
    device = Device(PROGRAM)
    device.is_in(READY, 1)
    engine = device.engines()[0]

    def ticks():
        with open(f'/proc/{engine}/stat') as stat:
            fields = stat.read().rsplit(')', 1)[1].split()
        return int(fields[11]) + int(fields[12])

    wait_until(lambda: device.get('is_sleeping') == 1)
    time.sleep(0.05)
    before = ticks()
    time.sleep(1)
    check('an idle device uses no processor', ticks() == before)
    device.close()


def usage():
    unknown = '--engine voodoo --vram 2097152 --server-fd 0 --ram 0:4096:0:0'.split()
    for arguments in ([], ['--engine', 'gfx900'], unknown):
        ended = subprocess.run([PROGRAM] + arguments, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        check(f'{len(arguments)} arguments that are not enough are refused', ended.returncode == 1 and ended.stderr)


usage()
greeting()
crashes()
supervisor_dies()
idles()
ckdev_compute.run(PROGRAM, sys.argv[2:], check)
ckdev_qtest.run(PROGRAM, check)
tap.end()
