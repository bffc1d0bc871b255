# SPDX-License-Identifier: Apache-2.0
"""gdb commands that know the kernel: `source tools/gdb/cloudkernel.py`, then `ck-help`.

They only read. Names and types come from the kernel's debug information, so they need a kernel.elf with
it (build/kernel/debug-gcc or release-gcc) and QEMU's gdb stub, whose registers include CR0 and CR3.
Page tables are read at their physical addresses, through QEMU's Qqemu.PhyMemMode packet: a walk works
before the kernel has mapped anything and while ring 3 runs.
"""
import contextlib
import pathlib
import re
import struct

import gdb

SOURCE_ROOT = pathlib.Path(__file__).resolve().parents[2]

PAGE_BYTES, HUGE_BYTES, GIANT_BYTES = 1 << 12, 1 << 21, 1 << 30
GROUP_BLOCKS, COUNT_FREE, COUNT_RESERVED = 64, 0x3ff, 0x800  # mm/frame_transition.h
BLOCK_FRAMES = HUGE_BYTES // PAGE_BYTES
KERNEL_HALF = 0xffff800000000000
ADDRESS_MASK = (1 << 64) - 1

CR0_PAGING = 1 << 31

# kernel/arch/paging.h
PTE_PRESENT, PTE_WRITE, PTE_USER = 1 << 0, 1 << 1, 1 << 2
PTE_LEAF, PTE_NO_EXECUTE = 1 << 7, 1 << 63
PTE_ADDRESS = 0x000ffffffffff000
# Names of the remaining bits, in the order they are shown; those marked True mean so in leaves only.
PTE_NAMES = [(1 << 3, 'pwt', False), (1 << 4, 'pcd', False), (1 << 5, 'accessed', False), (1 << 6, 'dirty', True),
             (1 << 8, 'global', True), (1 << 9, 'borrowed', True), (1 << 10, 'hidden', True)]
PAGE_TABLE_LEVELS = 4
LEAF_SIZES = {1: '4 KiB', 2: '2 MiB', 3: '1 GiB'}

BACKTRACE_MAX = 32


class Failure(gdb.GdbError):
    """What a command cannot do, in a sentence; gdb prints it without a Python trace."""


# ---- reading the machine ----

def register(name):
    if not gdb.selected_inferior().pid:
        raise Failure('there is no machine: it has ended, or gdb is not connected')
    value = gdb.newest_frame().read_register(name)
    return int(value.cast(gdb.lookup_type('unsigned long'))) & ADDRESS_MASK


@contextlib.contextmanager
def physical_memory():
    """Inside, addresses that go to the stub are physical."""
    reply = gdb.execute('maintenance packet Qqemu.PhyMemMode:1', to_string=True)
    if '"OK"' not in reply:
        raise Failure('this machine cannot show physical memory: it is not QEMU, or one older than 5.0')
    try:
        yield
    finally:
        gdb.execute('maintenance packet Qqemu.PhyMemMode:0', to_string=True)


def read_words(address, count=1):
    """64-bit words of memory, past gdb's caches."""
    data = gdb.selected_inferior().read_memory(address, 8 * count).tobytes()
    return struct.unpack(f'<{count}Q', data)


def symbol(name):
    try:
        return gdb.parse_and_eval(name)
    except gdb.error as error:
        raise Failure(f'{error} (is this the kernel with debug information?)') from None


def list_owners(head, type_name, link):
    """The structs whose field `link` is in the circular list."""
    owner_type = gdb.lookup_type('struct ' + type_name)
    offset = next(field.bitpos // 8 for field in owner_type.fields() if field.name == link)
    node = head['next']
    while int(node) != int(head.address):
        if int(node) == 0:
            raise Failure(f'the list of {type_name} is not set up yet')
        yield gdb.Value(int(node) - offset).cast(owner_type.pointer()).dereference()
        node = node['next']


def tree_owners(node, type_name, link):
    """The structs whose field `link` is in the tree below `node`, in order."""
    if int(node) == 0:
        return
    owner_type = gdb.lookup_type('struct ' + type_name)
    offset = next(field.bitpos // 8 for field in owner_type.fields() if field.name == link)
    yield from tree_owners(node['child'][0], type_name, link)
    yield gdb.Value(int(node) - offset).cast(owner_type.pointer()).dereference()
    yield from tree_owners(node['child'][1], type_name, link)


def text_of(value):
    return value.string('utf-8', 'replace')


def place(address):
    """symbol+offset (file:line), as far as known."""
    name = gdb.execute(f'info symbol {address:#x}', to_string=True)
    match = re.match(r'(\S+)(?: \+ (\d+))? in section', name)
    text = f'{match[1]}+{int(match[2] or 0):#x}' if match else '?'
    line = gdb.find_pc_line(address)
    return f'{text} ({line.symtab.filename}:{line.line})' if line.symtab else text


def current_thread():
    register('rip')  # or there is no machine
    thread = symbol('percpu_boot')['current']
    if int(thread) == 0:
        raise Failure('there are no threads yet: the kernel has not come to sched_init()')
    return thread


# ---- ck-walk ----

def entry_rights(entry):
    rights = 'r' + ('w' if entry & PTE_WRITE else '-') + ('-' if entry & PTE_NO_EXECUTE else 'x')
    return f'{rights} {"user" if entry & PTE_USER else "kernel"}'


def entry_names(entry, is_leaf):
    return ' '.join(name for bit, name, leaves_only in PTE_NAMES if entry & bit and (is_leaf or not leaves_only))


def walk(root, address):
    """(level, index, address of the entry, entry) from the root down to the leaf or the gap."""
    table = root
    with physical_memory():
        for level in range(PAGE_TABLE_LEVELS, 0, -1):
            index = address >> (3 + 9 * level) & 511
            entry, = read_words(table + 8 * index)
            yield level, index, table + 8 * index, entry
            if not entry & PTE_PRESENT or level == 1 or entry & PTE_LEAF:
                return
            table = entry & PTE_ADDRESS


def walk_command(argument):
    """ck-walk ADDRESS: the page-table walk of a virtual address, level by level."""
    if not argument:
        raise Failure('which address? ck-walk ADDRESS')
    value = gdb.parse_and_eval(argument)
    if value.type.code in (gdb.TYPE_CODE_FUNC, gdb.TYPE_CODE_ARRAY, gdb.TYPE_CODE_STRUCT):
        value = value.address
    if value is None:
        raise Failure(f'{argument} has no address')
    address = int(value.cast(gdb.lookup_type('unsigned long')))
    if address + (1 << 47) & ADDRESS_MASK >= 1 << 48:
        raise Failure(f'{address:#018x} is not canonical: bits 63 to 47 differ')
    if not register('cr0') & CR0_PAGING:
        print(f'{address:#018x}: paging is off; the address is physical')
        return
    root = register('cr3') & PTE_ADDRESS
    print(f'{address:#018x} from the root at {root:#x}')
    steps = list(walk(root, address))
    for level, index, at, entry in steps:
        is_leaf = entry & PTE_PRESENT and (level == 1 or entry & PTE_LEAF)
        if entry & PTE_PRESENT:
            what = f'{entry_rights(entry)}  {entry_names(entry, is_leaf)}'.rstrip()
        else:
            what = 'not present' + (f', {entry_names(entry, True)}' if entry_names(entry, True) else '')
        print(f'  level {level} [{index:3}] at {at:#012x} = {entry:#018x}  {what}')
    level, _, _, entry = steps[-1]
    if not entry & PTE_PRESENT:
        print(f'  not mapped, at level {level}')
        return
    # What a walk allows, every level must allow.
    entries = [step[3] for step in steps]
    rights = PTE_PRESENT
    for bit in (PTE_WRITE, PTE_USER):
        if all(e & bit for e in entries):
            rights |= bit
    if any(e & PTE_NO_EXECUTE for e in entries):
        rights |= PTE_NO_EXECUTE
    below = (1 << (3 + 9 * level)) - 1
    physical = entry & PTE_ADDRESS & ~below | address & below
    print(f'  physical {physical:#x}, leaf of {LEAF_SIZES[level]}, {entry_rights(rights)}')


# ---- ck-frames ----

def unready_region_free(memory, index):
    """Whole blocks and single frames that a region will have once it is set up."""
    whole = small = 0
    for i in range(int(memory['extent_count'])):
        extent = memory['extents'][i]
        start = max(int(extent['start']), index * GIANT_BYTES)
        end = min(int(extent['end']), (index + 1) * GIANT_BYTES)
        if start >= end:
            continue
        blocks = max(0, end // HUGE_BYTES - -(-start // HUGE_BYTES))
        whole += blocks
        small += (end - start) // PAGE_BYTES - blocks * BLOCK_FRAMES
    return whole, small


def group_free(group):
    """Whole blocks, single frames and blocks in single use of 64 blocks. [mm/frame_transition.h]"""
    blocks = int(group['whole']) | int(group['fresh']) | int(group['zeroed'])
    whole, small, split = bin(blocks).count('1'), 0, 0
    for block in range(GROUP_BLOCKS):
        count = int(group['count'][block])
        free = count & COUNT_FREE
        if blocks >> block & 1 or not free:
            continue
        # A block that a CPU has reserved and not touched would be given up when one is needed.
        if count & COUNT_RESERVED and free == BLOCK_FRAMES:
            whole += 1
        else:
            small, split = small + free, split + 1
    return whole, small, split


def show_region(memory, index):
    """Prints one line; the whole blocks and single frames that are free in the region."""
    region = memory['regions'][index]
    if int(region) == int(symbol('region_absent')):
        whole, small = unready_region_free(memory, index)
        print(f'  {index:3} GiB: {whole:4} whole blocks, {small:6} single frames free; not used yet')
        return whole, small
    groups = region['groups']
    free = [group_free(groups[i]) for i in range(groups.type.range()[1] + 1)]
    whole, small, split = (sum(column) for column in zip(*free))
    for cpu in range(int(memory['cpu_count'])):  # a block that idle time is zeroing is free, and in no mask
        filling = int(symbol('frame_cpus')[cpu]['filling'])
        whole += filling != 0 and filling // GIANT_BYTES == index
    print(f'  {index:3} GiB: {whole:4} whole blocks, {small:6} single frames free; {split} blocks partly free')
    return whole, small


def frames_command(_):
    """ck-frames: frames in use and free, whole blocks, and each region."""
    memory = symbol('frame_memory')
    total = int(memory['total_frames'])
    if not total:
        raise Failure('frames are not managed yet: the kernel has not come to frame_init()')
    regions = [show_region(memory, i) for i in range(int(memory['region_count'])) if int(memory['region_storage'][i])]
    whole, small = (sum(column) for column in zip(*regions))
    free = whole * BLOCK_FRAMES + small
    print(f'{total} frames of 4 KiB: {total - free} in use, {free} free')
    print(f'free are {whole} whole blocks of 2 MiB and {small} single frames; {int(memory["pool_count"])} blocks are zeroed')


# ---- ck-threads ----

def frame_chain(pc, frame):
    """Return addresses by frame pointers, innermost first. A damaged chain ends it."""
    yield pc
    for _ in range(BACKTRACE_MAX):
        if frame < KERNEL_HALF or frame % 8:
            return
        try:
            above, pc = read_words(frame, 2)
        except gdb.MemoryError:
            return
        if pc < KERNEL_HALF or above and above <= frame:
            return
        yield pc
        frame = above


def show_backtrace(pcs):
    for depth, pc in enumerate(pcs):
        # A return address may be the first byte of the next function; the call is before it.
        print(f'    {pc:016x} {place(pc - 1 if depth else pc)}')


def show_live_backtrace():
    """Of the running thread, by gdb: it may be in a prologue, where frame pointers do not hold."""
    frame = gdb.newest_frame()
    for _ in range(BACKTRACE_MAX):
        if not frame or frame.pc() < KERNEL_HALF:
            return
        line = frame.find_sal()
        where = f' ({line.symtab.filename}:{line.line})' if line.symtab else ''
        print(f'    {frame.pc():016x} {frame.name() or "?"}{where}')
        frame = frame.older()


def saved_chain(thread):
    """arch/context.h: RBP lies at the saved RSP."""
    context = thread['context']
    try:
        words = read_words(int(context['rsp']), 1)
    except gdb.MemoryError:
        return []  # a switch away from it, its first, is under way
    start = int(symbol('(unsigned long)&context_start'))
    if int(context['rip']) == start:
        return [int(thread['entry'])]  # never ran
    return frame_chain(int(context['rip']), words[0])


def threads_command(_):
    """ck-threads: every thread, its state and its kernel backtrace."""
    running = int(current_thread())
    for thread in list_owners(symbol('thread_all'), 'thread', 'all_link'):
        is_running = int(thread.address) == running
        state = str(thread['state']).replace('THREAD_', '').lower()
        if state == 'awake':
            state = 'running' if int(thread['context']['is_on_cpu']) else 'ready'
        name = text_of(thread['user']['name'] if int(thread['user']) else thread['name'])
        notes = [note.removeprefix('is_').replace('user_work', 'interrupted') for note in ('user_work', 'is_interruptible', 'is_detached') if thread[note]]
        process = thread['process']
        if int(process):
            notes.append(f'process {int(process["pid"])} {text_of(process["path"])}')
        suffix = f' ({", ".join(notes)})' if notes else ''
        print(f'{"*" if is_running else " "} {int(thread["id"])} {name}: {state}{suffix}')
        if not is_running:
            show_backtrace(saved_chain(thread))
        elif register('cs') & 3:
            print(f'    {register("rip"):016x} in ring 3')
        else:
            show_live_backtrace()


# ---- ck-areas ----

def area_kind(area, flags):
    if int(area['backing']):
        shared = 'shared file' if flags & int(symbol('SPACE_SHARED')) else 'file'
        return f'{shared}, from page {int(area["backing_page"])}'
    for name in ('STACK', 'HEAP'):
        if flags & int(symbol('SPACE_' + name)):
            return name.lower()
    return 'anonymous'


def areas_command(_):
    """ck-areas: the areas of the running thread's address space."""
    space = current_thread()['space']
    if int(space) == 0:
        raise Failure('the running thread has no address space: it is the kernel\'s own')
    print(f'{int(space["area_count"])} areas, {int(space["mapped_bytes"]) // 1024} KiB mapped, '
          f'{int(space["resident_pages"]) * 4} KiB resident, {int(space["fault_count"])} faults')
    for area in tree_owners(space['areas']['root'], 'area', 'node'):
        flags = int(area['flags'])
        rights = ''.join(letter if flags & int(symbol('SPACE_' + name)) else '-'
                         for letter, name in (('r', 'READ'), ('w', 'WRITE'), ('x', 'EXEC')))
        start, end = int(area['start']), int(area['end'])
        print(f'  {start:012x}-{end:012x} {rights} {(end - start) // 1024:8} KiB  {area_kind(area, flags)}')


# ---- ck-log, ck-syscalls, ck-help ----

def log_command(argument):
    """ck-log [N]: the last N lines of the log (default 20), from memory."""
    count = int(gdb.parse_and_eval(argument)) if argument else 20
    if count < 1:
        raise Failure('ck-log [N]: N is at least 1')
    ring, end = symbol('log_ring'), int(symbol('log_end'))
    size = ring.type.sizeof
    data = gdb.selected_inferior().read_memory(int(ring.address), size).tobytes()
    text = data[end % size:] + data[:end % size] if end > size else data[:end]
    lines = text.decode('utf-8', 'replace').split('\n')[:-1]
    if end > size:
        lines = lines[1:]  # the first one is cut
    print('\n'.join(lines[-count:]) if lines else 'the log is empty')


def syscall_names():
    rows = (SOURCE_ROOT / 'abi/syscalls.def').read_text()
    return {int(number): name for number, name in re.findall(r'^SYSCALL\(\s*(\d+), (\w+)', rows, re.M)}


NOTE_KIND_SHIFT = 56  # kernel/core/unsupported.c
NOTED_CALL = 1        # CHANNEL_STAT_CALL


def syscalls_command(_):
    """ck-syscalls: system calls the program asked for in vain, with counts."""
    notes, names, is_any = symbol('notes'), syscall_names(), False
    for place in range(notes.type.range()[1] + 1):
        key, count = int(notes[place]['key']), int(notes[place]['count'])
        if count and key >> NOTE_KIND_SHIFT == NOTED_CALL:
            number, is_any = key & (1 << NOTE_KIND_SHIFT) - 1, True
            print(f'  {number:3} {names.get(number, "unknown")}: {count}')
    if not is_any:
        print('none was refused')


def help_command(_):
    """ck-help: this list."""
    for function in COMMANDS.values():
        print('  ' + function.__doc__)


COMMANDS = {
    'ck-walk': walk_command,
    'ck-frames': frames_command,
    'ck-threads': threads_command,
    'ck-areas': areas_command,
    'ck-log': log_command,
    'ck-syscalls': syscalls_command,
    'ck-help': help_command,
}


class Command(gdb.Command):
    def __init__(self, name, function):
        self.function = function
        self.__doc__ = function.__doc__
        super().__init__(name, gdb.COMMAND_DATA, gdb.COMPLETE_EXPRESSION)

    def invoke(self, argument, from_tty):
        try:
            self.function(argument.strip())
        except gdb.MemoryError as error:
            early = not register('cr0') & CR0_PAGING
            raise Failure('the kernel has not come to its page tables yet' if early else str(error)) from None


for command_name, command_function in COMMANDS.items():
    Command(command_name, command_function)
