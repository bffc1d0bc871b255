# SPDX-License-Identifier: Apache-2.0
"""What launches, copies and sleeping waits of a GPU cost the machine: bench/gpu_costs.c, counted by
tools/qemu_phases.c while the device runs beside it. The device's pace decides how often a program polls, so only
medians are told, of the kernel's instructions, and of the program's where it sleeps."""
import statistics

# Numbers of bench/gpu_costs.c.
LAUNCH, PINNED_POLLED, PINNED_ASLEEP, REGISTER, OWN_POLLED, OWN_ASLEEP, WAIT = range(1, 8)
COPY_BYTES = 64 << 20
STORE_BYTES = 64  # the longest store that there is: fewer instructions than this cannot have copied it
WAKE_TARGET = 1500


def run(machines):
    """The command; instructions of the kernel and of the program by stretch, and of wakes."""
    result, name = machines.work / 'phases', 'FILE'
    plugin = f'-plugin {machines.build}/bench/qemu_phases.so,out='
    command = [f'{machines.build}/ck', 'run', '--memory', '2G', '--gpu', 'gfx900,vram=512M', '--qemu', plugin + name,
               '--rootfs', f'{machines.build}/bench/gpu.cpio', '/app/gpu_costs', '/app/gpu_costs.hsaco']
    machines.run([word.replace(plugin + name, plugin + str(result)) for word in command])
    kernel, user, wakes = {}, {}, []
    for kind, phase, *counts in (line.split() for line in result.read_text().splitlines()):
        if kind == 'wake':
            if int(phase) == WAIT:
                wakes.append(int(counts[0]))
            continue
        kernel.setdefault(int(phase), []).append(int(counts[0]))
        user.setdefault(int(phase), []).append(int(counts[1]))
    return command, *({n: statistics.median_low(c) for n, c in of.items()} for of in (kernel, user)), \
        statistics.median_low(wakes)


def rows(table, machines):
    command, kernel, user, wake = run(machines)
    table.heading('A GPU, through unmodified ROCr: guest instructions')
    table.row_at_most('launch by AQL packet and doorbell, polled: the kernel', kernel[LAUNCH], command, 0)
    for name, polled, asleep in (('pinned', PINNED_POLLED, PINNED_ASLEEP), ('registered', OWN_POLLED, OWN_ASLEEP)):
        count = kernel[polled] + user[asleep]
        table.row(f'64 MiB from {name} memory: kernel and program', count, command, 'no byte copied',
                  count < COPY_BYTES / STORE_BYTES)
    table.row('registering 64 MiB: the kernel', kernel[REGISTER], command)
    table.row_at_most('sleeping wait: from interrupt to ring 3', wake, command, WAKE_TARGET)
