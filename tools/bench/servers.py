# SPDX-License-Identifier: Apache-2.0
"""What a server costs per request, on our kernel and on Debian's cloud kernel.

The client runs on this host, so the machine is not counted by its own clock but by tools/qemu_count.c, from reset to
the end. The same server is run twice with different numbers of requests; the difference of the two counts, divided by
that of the numbers, is what one request costs, and start and end cancel out. Unlike the other figures
these do not repeat, for the client runs in real time: two runs have differed by a half, for redis on Linux. So the
median of three is told.
"""
import dataclasses
import signal
import socket
import statistics
import subprocess
import tempfile
import time

from bench.machines import Failure
from bench.programs import Cloud
from bench.table import number, tenths

START_S, PROBE_S, END_S, CLIENT_S = 120, 5, 30, 300
CONNECTIONS = 8
ROUNDS = 3
MEMORY = '1G'
KIB_PER_MIB = 1024


@dataclasses.dataclass(frozen=True)
class Server:
    name: str
    words: tuple  # what is run in the guest
    port: int  # in the guest
    probe: bytes  # to which it answers something, once it is there
    client: tuple  # on the host; {port} and {requests} are filled in
    proof: str  # what the client's output has when every request was served
    requests: tuple  # the smaller and the larger number
    least_ratio: float  # of Linux's instructions to ours, to be reached
    units: int = 1  # in a request, for which the cost is told


def redis(command):
    return Server(f'redis {command.upper()}', ('/usr/bin/redis-server', '--save', '', '--protected-mode', 'no'), 6379, b'PING\r\n',
                  ('redis-benchmark', '--csv', '-t', command, '-c', str(CONNECTIONS), '-n', '{requests}', '-p', '{port}'),
                  f'"{command.upper()}",', (1000, 11000), 1.5)


SERVERS = [
    Server('HTTP request, nginx, keep-alive', ('/usr/sbin/nginx', '-c', '/bench/nginx.conf'), 80, b'GET / HTTP/1.0\r\n\r\n',
           ('ab', '-q', '-k', '-c', str(CONNECTIONS), '-n', '{requests}', 'http://127.0.0.1:{port}/index.html'),
           'Failed requests:        0', (1000, 6000), 1.5),
    redis('get'),
    redis('set'),
    Server('bulk TCP receive, 1 KiB', ('/bench/receive_bulk.musl', '5001'), 5001, b'probe',
           ('tools/bench/send_bulk.py', '{port}', '{requests}'), 'received', (16, 80), 1.0, KIB_PER_MIB),
]


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def wait_until_it_answers(server, machine, port):
    """QEMU's forward accepts at once, also while nobody listens in the guest, so only bytes are an answer."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if machine.poll() is not None:
            raise Failure('the machine ended')
        try:
            with socket.create_connection(('127.0.0.1', port), PROBE_S) as probe:
                probe.sendall(server.probe)
                probe.shutdown(socket.SHUT_WR)
                if probe.recv(1):
                    return
        except OSError:
            pass
        time.sleep(0.1)
    raise Failure(f'no answer on port {port} within {START_S} s')


def be_served(server, machine, requests, port):
    wait_until_it_answers(server, machine, port)
    words = [word.format(port=port, requests=requests) for word in server.client]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=CLIENT_S, text=True)
    if done.returncode or server.proof not in done.stdout:
        raise Failure(f'{words}: status {done.returncode}: {done.stdout[-500:]}{done.stderr[-500:]}')


def end(machine):
    machine.send_signal(signal.SIGTERM)
    try:
        machine.wait(END_S)
    except subprocess.TimeoutExpired:
        machine.kill()
        machine.wait()


def count(command, server, requests, port, result):
    """Instructions of the machine that `command` starts, from reset until the client is served and it is ended."""
    with tempfile.TemporaryFile() as said:
        machine = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT)
        try:
            be_served(server, machine, requests, port)
        except Failure as failure:
            said.seek(0)
            raise Failure(f'{command}: {failure}: {said.read()[-500:].decode(errors="replace")}') from None
        finally:
            end(machine)
    try:
        return int(result.read_text())
    finally:
        result.unlink()


def cost_once(start, server, work):
    result, counts = work / 'count', []
    for requests in server.requests:
        port = free_port()
        counts.append(count(start(server, port, f'-plugin build/bench/qemu_count.so,out={result}'),
                            server, requests, port, result))
    return (counts[1] - counts[0]) / (server.requests[1] - server.requests[0]) / server.units


def cost(start, server, work):
    """Per unit, and the command. `start(server, port, plugin)` is that of a machine whose `port` on this host leads to the
    server's."""
    costs = [cost_once(start, server, work) for _ in range(ROUNDS)]
    return statistics.median(costs), start(server, 0, '-plugin build/bench/qemu_count.so,out=FILE')


def rows(table, machines):
    archive = f'{machines.build}/bench/servers.cpio'
    cloud = Cloud(machines.build)
    same = ('--memory', MEMORY, '--env', 'PATH=/usr/bin', '--rootfs', archive)

    def ours(server, port, plugin):
        options = '--machine', 'q35', *same, '-p', f'{port}:{server.port}', '--qemu', plugin
        return [f'{machines.build}/ck', 'run', *options, *server.words]

    def theirs(server, port, plugin):
        options = '--no-count', *same, '--port', f'{port}:{server.port}', '--qemu', plugin
        return cloud.command(*server.words, options=options)

    table.heading("Servers, asked from the host: instructions of the whole machine; Linux is Debian's cloud kernel")
    for server in SERVERS:
        value, command = cost(ours, server, machines.work)
        peer = cost(theirs, server, machines.work) if cloud.is_built else None
        is_reached = peer[0] >= server.least_ratio * value if peer else None
        form = tenths if server.units > 1 else lambda n: number(round(n))
        table.row(server.name, value, command, f'ratio >= {server.least_ratio}', is_reached, form, peer)
