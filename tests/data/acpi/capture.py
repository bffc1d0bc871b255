#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Capture the ACPI tables a QEMU machine's firmware leaves in memory.

Usage: capture.py OUTPUT -machine q35 [QEMU ARGUMENTS...]

The output is the RSDP and every table it leads to, each as: uint64 address, uint64 bytes, the bytes
(little endian). lib/acpi_test.c and lib/acpi_fuzz.c read this form."""
import os, socket, struct, subprocess, sys, tempfile, time


def monitor_memory(arguments, ranges):
    """Start QEMU, give the firmware a moment, and save physical ranges through the monitor."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'monitor')
        qemu = subprocess.Popen(['qemu-system-x86_64', '-accel', 'tcg', '-m', '128M', '-display', 'none',
                                 '-no-user-config', '-nodefaults', '-monitor', f'unix:{path},server,nowait',
                                 *arguments])
        try:
            time.sleep(5)
            with socket.socket(socket.AF_UNIX) as monitor:
                monitor.connect(path)
                for n, (base, size) in enumerate(ranges):
                    monitor.sendall(f'pmemsave {base:#x} {size:#x} "{folder}/{n}"\n'.encode())
                time.sleep(1)
            return [(base, open(f'{folder}/{n}', 'rb').read()) for n, (base, size) in enumerate(ranges)]
        finally:
            qemu.kill()
            qemu.wait()


def main():
    output, arguments = sys.argv[1], sys.argv[2:]
    memory = monitor_memory(arguments, [(0xe0000, 0x20000), (0x7e00000, 0x200000)])

    def read(address, size):
        for base, data in memory:
            if base <= address and address + size <= base + len(data):
                return data[address - base:address - base + size]
        sys.exit(f'{address:#x} was not captured')

    area = memory[0][1]
    at = next((i for i in range(0, len(area), 16) if area[i:i + 8] == b'RSD PTR '), None)
    if at is None:
        sys.exit('there is no RSDP')
    rsdp = 0xe0000 + at
    revision, rsdt = struct.unpack('<BI', read(rsdp + 15, 5))
    size = 36 if revision >= 2 else 20
    parts = [(rsdp, read(rsdp, size))]
    root, width = (struct.unpack('<Q', read(rsdp + 24, 8))[0], 8) if revision >= 2 else (rsdt, 4)

    def table(address):
        length = struct.unpack('<I', read(address + 4, 4))[0]
        return address, read(address, length)

    parts.append(table(root))
    entries = parts[1][1][36:]
    for i in range(0, len(entries), width):
        parts.append(table(int.from_bytes(entries[i:i + width], 'little')))
    with open(output, 'wb') as out:
        for address, data in parts:
            if data[:4] == b'SSDT':
                continue
            out.write(struct.pack('<QQ', address, len(data)) + data)
    for address, data in parts:
        print(f'{address:#x} {data[:4].decode()} {len(data)} bytes')


main()
