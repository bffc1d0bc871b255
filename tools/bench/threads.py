# SPDX-License-Identifier: Apache-2.0
"""What threads, signals and processes cost: the rows of bench/thread_costs.c; and what disturbs a loop that computes
on every processor: bench/quiet.c."""
from bench.machines import Failure

# What the program calls it, and the most it may cost.
OPERATIONS = (
    ('yield round trip, two switches', 90),
    ('futex ping-pong round trip', 400),
    ('pipe ping-pong round trip', 800),
    ('thread create + join', 3000),
    ('clone + exit + wait, its stack kept', None),
    ('fork + exit + wait', 40_000),
    ('vfork + exec + exit + wait', None),
    ('signal to self, handler and return', 500),
    ('eventfd write', 80),
    ('clock_gettime, by the vDSO', 30),
)
QUIET_MILLIONS = 1000
QUIET_CPUS = 1, 2
PEER_SMP_TIMEOUT_S, PEER_SMP_TRIES = 20, 8
DISTURBANCES = 'interrupts', 'faults', 'switches'


def operations(table, costs):
    """`costs`: of both machines, bench.figures.Costs."""
    table.heading('Threads, signals and processes, on one CPU: instructions of all who take part')
    for name, most in OPERATIONS:
        if most is None:
            costs.row(table, name, lambda of: of[name])
        else:
            costs.row(table, name, lambda of: of[name], f'<= {most:,}', costs.ours[name] <= most)


def quiet_command(machines, cpus, millions):
    """Counted on one processor. On several nothing is counted: they run at the same time."""
    program = machines.guest('quiet.musl')
    if cpus == 1:
        return machines.ours.command(program, str(millions))
    return [f'{machines.build}/ck', 'run', '--cpus', str(cpus), program, str(millions)]


def quiet_counts(machines, command):
    return {name: int(count) for name, count in (line.split('\t') for line in machines.run(command).splitlines())}


def quiet_peer(machines, cpus, millions):
    """What the same loop meets on Linux, by Linux's counters: its counts and the command, or None."""
    peer = machines.peer if cpus == 1 else machines.peer_smp
    if not peer.is_built:
        return None
    arguments = machines.guest('quiet.musl'), str(millions), '/proc/stat'
    if cpus == 1:
        command = peer.command(*arguments)
        return quiet_counts(machines, command), command
    command = peer.command(*arguments, options=('--cpus', str(cpus), '--timeout', str(PEER_SMP_TIMEOUT_S)))
    for _ in range(PEER_SMP_TRIES):
        try:
            return quiet_counts(machines, command), command
        except Failure:
            pass  # under QEMU 7.2 with two processors it does not always come up
    return None


def quiet_loops(table, machines, millions=QUIET_MILLIONS):
    table.heading(f'A loop of {millions:,} million instructions on each CPU: what disturbs it, by the kernel\'s counters')
    for cpus in QUIET_CPUS:
        command = quiet_command(machines, cpus, millions)
        ours, peer = quiet_counts(machines, command), quiet_peer(machines, cpus, millions)
        for name in DISTURBANCES:
            table.row_at_most(f'{name}, {cpus} CPU{"s" * (cpus > 1)}', ours[name], command, 0,
                              peer=peer and (peer[0][name], peer[1]))
