#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write well-formed inputs for the fuzzers to start from. Usage: make_seeds.py FOLDER

Each fuzzer X_fuzz.c gets FOLDER/X/. LZ4 seeds need the lz4 program and are left out without it."""
import pathlib, shutil, struct, subprocess, sys

HERE = pathlib.Path(__file__).parent


def newc(entries, magic=b'070701'):
    out = b''
    for inode, (name, mode, data) in enumerate([*entries, ('TRAILER!!!', 0, b'')], 1):
        name = name.encode() + b'\0'
        checksum = sum(data) if magic == b'070702' else 0
        fields = [inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), checksum]
        out += magic + b''.join(b'%08x' % f for f in fields) + name
        out += b'\0' * (-len(out) % 4) + data
        out += b'\0' * (-len(out) % 4)
    return out


def cpio_seeds():
    tree = [('.', 0o40755, b''), ('bin', 0o40755, b''), ('bin/sh', 0o100755, b'#!program'),
            ('./lib//x', 0o100644, b''), ('link', 0o120777, b'../bin/sh'), ('null', 0o20666, b'')]
    yield newc(tree)
    yield newc(tree[:3], b'070702') + b'\0' * 512 + newc(tree[3:])
    yield newc([('large', 0o100644, bytes(range(256)) * 20)])


def elf(kind, base, extra=()):
    headers = [(1, 5, 0, base, 0x200, 0x200, 0x1000), (1, 6, 0x200, base + 0x1200, 0x40, 0x1000, 0x1000),
               (6, 4, 64, base + 64, 56 * 5, 56 * 5, 8), (7, 4, 0x200, base + 0x1200, 8, 16, 8),
               (0x6474e551, 6, 0, 0, 0, 0, 16), *extra]
    image = struct.pack('<4sBBBB8xHHIQQQIHHHHHH', b'\x7fELF', 2, 1, 1, 0, kind, 62, 1, base + 0x1f0, 64, 0, 0, 64,
                        56, len(headers), 0, 0, 0)
    for type_, flags, offset, address, file_bytes, memory_bytes, align in headers:
        image += struct.pack('<IIQQQQQQ', type_, flags, offset, address, address, file_bytes, memory_bytes, align)
    return image + b'\x90' * (0x240 - len(image))


def elf_seeds():
    yield elf(2, 0x400000)
    yield elf(3, 0)
    image = bytearray(elf(3, 0, [(3, 4, 0x210, 0x1210, 11, 11, 1)]))
    image[0x210:0x21b] = b'/lib/ld.so\0'
    yield bytes(image)


def cmdline_seeds():
    yield b'log=info memory=256M a=0x10k quiet -- /bin/sh -c "echo hi"'
    yield b'"env=A=b c" a="\\x41\\n\\"" \\\\ -- "" -- x'
    yield b'/bin/program\0--flag\0two words\0\0quo"te\0'


def acpi_seeds():
    for path in sorted((HERE / 'acpi').glob('*.tables')):
        yield b'\0' + path.read_bytes()
        yield b'\1' + path.read_bytes()


RAM = [(0, 0x9fc00, 1), (0x9fc00, 0x400, 2), (0x100000, 0x7f00000, 1)]


def boot_seeds():
    """Memory starts at 0x1000."""
    layout = struct.pack('<IIIIQQQQII', 0x336ec578, 1, 0, 1, 0x1040, 0x1100, 0xf0000, 0x1060, len(RAM), 0)
    layout = layout.ljust(0x40, b'\0') + struct.pack('<QQQQ', 0x4000000, 0x1234, 0, 0)
    for base, size, kind in RAM:
        layout += struct.pack('<QQII', base, size, kind, 0)
    yield b'\0' + layout.ljust(0x100, b'\0') + b'log=info -- /init\0'.ljust(0x1000, b'\0')

    def tag(kind, payload):
        return (struct.pack('<II', kind, 8 + len(payload)) + payload).ljust((15 + len(payload)) // 8 * 8, b'\0')

    memory_map = struct.pack('<II', 24, 0) + b''.join(struct.pack('<QQII', *r, 0) for r in RAM)
    efi = struct.pack('<II', 40, 1) + b''.join(struct.pack('<IIQQQQ', 7 if r[2] == 1 else 0, 0, r[0], 0, r[1] >> 12, 0)
                                               for r in RAM)
    basic = tag(4, struct.pack('<II', 639, 0x10000))
    framebuffer = tag(8, struct.pack('<QIIIBBH6B', 0xfd000000, 4096, 1024, 768, 32, 1, 0, 16, 8, 8, 8, 0, 8))
    common = tag(1, b'quiet -- /init\0') + tag(3, struct.pack('<II', 0x4000000, 0x4001000) + b'initrd\0')
    for tags in (common + tag(6, memory_map) + framebuffer + tag(14, b'RSD PTR '.ljust(20)), common + tag(17, efi), basic):
        body = tags + tag(0, b'')
        yield b'\1' + struct.pack('<II', 8 + len(body), 0) + body


# Code for gfx900, one instruction of each kind; the last one ends the program.
GFX9_CODE = """
    000106c000000000 00020ac010000000 82000224 7fc08cbf ff02067e007f0000 ff02047e00100000 008050dc02007f04
    088070dc02047f00 00005cdc02000008 000009dd02040005 00001ad801040000 01026ed801000006 00008abf
    000040d801040006 00007ed801040006 1f047ad801000006 02090232 0402987d 6a2082be 041050e000010203
    000074e000040280 004004e100040280 004050dc00007f01 104070dc00017f00 f906026802110506 fa02027e021101ff
    0400ccd1020d2204 016ae0d102070a04 01408ed30207121c 01f804b9 040911bf 0203027e 00009cbf 052a84be
    040089d2010b0000 01008ad2040a0100 fdff88bf 010082bf 020092bf 04010bc200000000 04032ac010000000
    000190c000000000 010090bf 000081bf
"""


def gfx9_seeds():
    """A launch of one wave, a kernel descriptor, code: see host/ckdev/gfx9/gfx9_fuzz.c."""
    launch = struct.pack('<B3B3I3I4IHxx', 1, 64, 1, 1, 128, 1, 1, 64, 1024, 65536, 0x1000, 0x80007f00, 8192, 0xe00000, 0)
    rsrc1, rsrc2, properties = 63 | 0xc0 << 12 | 1 << 21 | 1 << 23, 2 << 1 | 1 << 7 | 2 << 11 | 1, 1 << 3
    descriptor = struct.pack('<IIIIq20xIIIH6x', 1024, 64, 64, 0, 64, 0, rsrc1, rsrc2, properties)
    code = [bytes.fromhex(word) for word in GFX9_CODE.split()]
    yield launch + descriptor + b''.join(code)
    for instruction in code[:-1]:
        yield launch + descriptor + instruction + code[-1]


def lz4_frame_seeds():
    if not shutil.which('lz4'):
        return
    text = b''.join(b'line %d of a text that repeats itself\n' % (i % 7) for i in range(40))
    for options in ('-1', '-9 --no-frame-crc', '-l', '-BD -BX', '--content-size'):
        yield subprocess.run(['lz4', '-q', '-c', *options.split()], input=text, stdout=subprocess.PIPE, check=True).stdout


def main():
    root = pathlib.Path(sys.argv[1])
    for name, seeds in {'cpio': cpio_seeds, 'elf': elf_seeds, 'cmdline': cmdline_seeds, 'acpi': acpi_seeds,
                        'boot': boot_seeds, 'gfx9': gfx9_seeds, 'lz4_frame': lz4_frame_seeds}.items():
        folder = root / name
        folder.mkdir(parents=True, exist_ok=True)
        for n, seed in enumerate(seeds()):
            (folder / f'{n}').write_bytes(seed)


main()
