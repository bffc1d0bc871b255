# SPDX-License-Identifier: Apache-2.0
"""TAP, for tests in Python: tap.bash is the same for those in the shell."""
import sys

tests = 0
failed = 0


def check(name, is_true, note=''):
    global tests, failed
    tests += 1
    failed += not is_true
    print(f'{"ok" if is_true else "not ok"} {tests} - {name}')
    if not is_true and note:
        print('\n'.join(f'# {line}' for line in str(note).splitlines()))


def end():
    print(f'1..{tests}')
    sys.exit(failed > 0)
