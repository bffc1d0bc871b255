# SPDX-License-Identifier: Apache-2.0
"""What a server costs per request, on our kernel and on Debian's cloud kernel.

The client runs on this host, so the machine is not counted by its own clock but by tools/qemu_count.c, from reset to
the end. The same server is run twice with different numbers of requests; the difference of the two counts, divided by
that of the numbers, is what one request costs, and start and end cancel out.
"""
import dataclasses
import pathlib
import signal
import socket
import subprocess
import time

from bench.machines import Failure

START_S, END_S, CLIENT_S = 120, 30, 300
CONNECTIONS = 8


@dataclasses.dataclass(frozen=True)
class Server:
    name: str
    words: tuple  # what is run in the guest
    port: int  # in the guest
    client: tuple  # on the host; {port} and {requests} are filled in
    proof: str  # what the client's output has when every request was served
    requests: tuple  # the smaller and the larger number


def redis(command):
    return Server(f'redis {command.upper()}', ('/usr/bin/redis-server', '--save', '', '--protected-mode', 'no'), 6379,
                  ('redis-benchmark', '--csv', '-t', command, '-c', str(CONNECTIONS), '-n', '{requests}', '-p', '{port}'),
                  f'"{command.upper()}",', (1000, 11000))


SERVERS = [
    Server('HTTP request, nginx, keep-alive', ('/usr/sbin/nginx', '-c', '/bench/nginx.conf'), 80,
           ('ab', '-q', '-k', '-c', str(CONNECTIONS), '-n', '{requests}', 'http://127.0.0.1:{port}/index.html'),
           'Failed requests:        0', (1000, 6000)),
    redis('get'),
    redis('set'),
]


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def wait_until_it_answers(port, machine):
    """QEMU's forward accepts at once, and closes when the guest refuses: an answer is a connection that stays."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if machine.poll() is not None:
            raise Failure(f'the machine ended: {machine.stderr.read().decode(errors="replace")}')
        try:
            with socket.create_connection(('127.0.0.1', port), 1) as probe:
                probe.settimeout(0.3)
                if probe.recv(1) != b'':
                    return
        except TimeoutError:
            return
        except OSError:
            pass
        time.sleep(0.1)
    raise Failure(f'no answer on port {port} within {START_S} s')


def count(command, server, requests, port, result):
    """Instructions of the machine that `command` starts, from reset until the client is served and it is ended."""
    machine = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        wait_until_it_answers(port, machine)
        words = [word.format(port=port, requests=requests) for word in server.client]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=CLIENT_S, text=True)
        if done.returncode or server.proof not in done.stdout:
            raise Failure(f'{words}: status {done.returncode}: {done.stdout[-500:]}{done.stderr[-500:]}')
    finally:
        machine.send_signal(signal.SIGTERM)
        try:
            machine.wait(END_S)
        except subprocess.TimeoutExpired:
            machine.kill()
            machine.wait()
        machine.stderr.close()
    return int(pathlib.Path(result).read_text())


def cost_per_request(start, server, work):
    """`start(server, port, plugin)` is the command of a machine whose `port` on this host leads to the server's."""
    counts = []
    for requests in server.requests:
        port, result = free_port(), work / 'count'
        plugin = f'-plugin build/bench/qemu_count.so,out={result}'
        counts.append(count(start(server, port, plugin), server, requests, port, result))
        result.unlink()
    return (counts[1] - counts[0]) / (server.requests[1] - server.requests[0])
