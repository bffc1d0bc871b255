# SPDX-License-Identifier: Apache-2.0
"""Linear algebra by NumPy and OpenBLAS, printed to the last bit, so that two systems on the same CPU can be compared.

Usage: numpy_linear.py
"""
import os

import numpy as np

SIZES = (3, 17, 64, 150)


def threads():
    """Of this process, which OpenBLAS has started for all CPUs when it was loaded."""
    return len(os.listdir('/proc/self/task'))


def tell(name, array):
    """Enough of an array to know it again: its sum, a digest of its bytes, and its first number."""
    array = np.ascontiguousarray(array)
    digest = 0xcbf29ce484222325  # FNV-1a, whose steps need no library
    for byte in array.tobytes():
        digest = (digest ^ byte) * 0x100000001b3 % (1 << 64)
    print(f'{name:12} {array.dtype} {"x".join(map(str, array.shape)):8} {digest:016x} {float(abs(array).sum()).hex()}')


def algebra(size, random):
    a, b = random.standard_normal((size, size)), random.standard_normal((size, size))
    v = random.standard_normal(size)
    symmetric, definite = a + a.T, a @ a.T + size * np.eye(size)
    print('size', size)
    tell('product', a @ b)
    tell('single', a.astype(np.float32) @ b.astype(np.float32))
    tell('complex', (a + 1j * b) @ (b - 1j * a))
    tell('vector', a @ v)
    tell('dot', np.array(v @ v))
    tell('solve', np.linalg.solve(definite, b))
    tell('inverse', np.linalg.inv(definite))
    tell('cholesky', np.linalg.cholesky(definite))
    tell('singular', np.linalg.svd(a, compute_uv=False))
    tell('eigen', np.linalg.eigvalsh(symmetric))
    for part, array in zip(('q', 'r'), np.linalg.qr(a)):
        tell(part, array)
    tell('determinant', np.array(np.linalg.slogdet(definite)))


def elsewhere(random):
    """What is NumPy's own: transforms, sorting, elementary functions, files."""
    x = random.standard_normal(4096)
    tell('transform', np.fft.fft(x))
    tell('sorted', np.sort(x))
    tell('functions', np.exp(np.sin(x)) + np.sqrt(abs(x)) + np.log1p(abs(x)))
    tell('integers', random.integers(0, 1 << 40, 1000))
    tell('fit', np.polyfit(np.arange(50.0), x[:50], 5))
    np.save('/tmp/array.npy', x)
    print('saved and loaded', np.array_equal(np.load('/tmp/array.npy'), x))
    print('mapped', np.array_equal(np.load('/tmp/array.npy', mmap_mode='r'), x))


def main():
    random = np.random.default_rng(5)
    print('threads', threads())
    for size in SIZES:
        algebra(size, random)
    elsewhere(random)


main()
