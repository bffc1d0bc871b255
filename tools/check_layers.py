#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fail when an #include goes against kernel/LAYERS.

Usage: check_layers.py LAYERS ROOT

Checked are kernel/, lib/ and abi/ (each folder sees lower lines only) and the programs outside the
kernel (host/, demos/, bench/), which see abi/ and lib/ and nothing of kernel/. Tests may look
anywhere. An include that names no file of the tree, or one in build/, is generated and not judged.
"""
import pathlib
import re
import sys

KERNEL_SIDE = ('kernel', 'lib', 'abi')
OUTSIDE = ('host', 'demos', 'bench')
TEST_ENDINGS = ('_test.c', '_ktest.c', '_ktest.h', '_fuzz.c')
# lib/base.h is the vocabulary of the tree, and the structures in abi/ are written in it.
SEEN_BY_ALL = {'lib/base.h'}
INCLUDE = re.compile(r'\s*#\s*include\s+"([^"]+)"')


class Layers:
    def __init__(self, path):
        lines = [line.split('#')[0].split() for line in path.read_text().splitlines()]
        lines = [names for names in lines if names]
        self.height = {}
        self.leaves = set()
        for height, names in enumerate(reversed(lines)):
            for name in names:
                self.height[name.rstrip('*')] = height
                if name.endswith('*'):
                    self.leaves.add(name.rstrip('*'))

    def layer_of(self, name):
        """The longest layer that is `name` itself or a folder above it."""
        inside = [l for l in self.height if name == l or name.startswith(l + '/')]
        return max(inside, key=len, default=None)

    def problem(self, source, target):
        """Why `source` may not include `target`, or None. Both are named as LAYERS names them."""
        above, below = self.layer_of(source), self.layer_of(target)
        if above is None:
            return f'{source} is in no layer'
        if below is None:
            return f'{target} is in no layer'
        if target.endswith('_internal.h') and folder(source) != folder(target):
            return f'{target} is private to {folder(target)}/'
        if target in SEEN_BY_ALL:
            return None
        if above == below:
            if above in self.leaves and device(source, above) != device(target, above):
                return f'the parts of {above}/ do not see each other'
            return None
        if below in self.leaves and above != 'main.c':
            return f'{below}/ is a leaf that only main.c names'
        if self.height[below] >= self.height[above]:
            return f'{above} does not sit above {below}'
        return None


def folder(name):
    return name.rpartition('/')[0]


def device(name, leaf):
    """Folder inside a leaf, or '' for a file directly in it, which all of the leaf shares."""
    return folder(name)[len(leaf):]


def includes(path):
    for number, line in enumerate(path.read_text(errors='replace').splitlines(), 1):
        if match := INCLUDE.match(line):
            yield number, match[1]


def resolve(root, path, include):
    """The included file relative to the root, or None."""
    for base in (path.parent, root, root / 'kernel'):
        candidate = base / include
        if candidate.is_file():
            return candidate.resolve().relative_to(root.resolve()).as_posix()
    return None


def layer_name(name):
    return name.removeprefix('kernel/')


def check_file(root, layers, path):
    name = path.relative_to(root).as_posix()
    outside = name.startswith(tuple(top + '/' for top in OUTSIDE))
    for number, include in includes(path):
        target = resolve(root, path, include)
        if target is None or target.startswith('build/'):
            continue
        if outside:
            why = f'{name.split("/")[0]}/ sees nothing of kernel/' if target.startswith('kernel/') else None
        elif target.startswith(tuple(top + '/' for top in KERNEL_SIDE)):
            why = layers.problem(layer_name(name), layer_name(target))
        else:
            why = f'the kernel includes nothing of {target.split("/")[0]}/'
        if why:
            yield f'{name}:{number}: #include "{include}": {why}'


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    layers, root = Layers(pathlib.Path(sys.argv[1])), pathlib.Path(sys.argv[2])
    problems = []
    for top in KERNEL_SIDE + OUTSIDE:
        for path in sorted((root / top).rglob('*')):
            if path.suffix in ('.c', '.h', '.S', '.def') and not path.name.endswith(TEST_ENDINGS):
                problems += check_file(root, layers, path)
    print(*problems, sep='\n', end='\n' if problems else '')
    sys.exit(bool(problems))


main()
