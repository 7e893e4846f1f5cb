"""The random numbers of base/rng.c and the names that layers draw them by.

    Philox 4x32-10: Salmon, Moraes, Dror and Shaw, SC 2011.

What is drawn hangs on a 64-bit key and a 128-bit counter alone.  Arrays are
NumPy's; single numbers are Python's, whose arithmetic is that of C's double.
make_draw_references.py writes what comes out, test_draws.c compares it with
ours, bit by bit.
"""
import math

import numpy

LOW = 0xFFFFFFFF


def philox(counter, key):
    """Four numbers below 2^32 for a counter of four and a key of two.

    Each of these may be an array; the result is of uint64."""
    c = [numpy.asarray(v, numpy.uint64) for v in counter]
    k = [int(v) for v in key]
    low = numpy.uint64(LOW)
    half = numpy.uint64(32)
    for _ in range(10):
        a = numpy.uint64(0xD2511F53) * c[0]
        b = numpy.uint64(0xCD9E8D57) * c[2]
        c = [(b >> half) ^ c[1] ^ numpy.uint64(k[0]), b & low,
             (a >> half) ^ c[3] ^ numpy.uint64(k[1]), a & low]
        k = [(k[0] + 0x9E3779B9) & LOW, (k[1] + 0xBB67AE85) & LOW]
    return c


def halves(v):
    return v & LOW, v >> 32


class Rng:
    """ost_rng: the numbers of a stream, one after the other."""

    def __init__(self, key, stream):
        self.key, self.stream = halves(key), halves(stream)
        self.counter, self.block = 0, []

    def u32(self):
        if not self.block:
            out = philox((*halves(self.counter), *self.stream), self.key)
            self.block = [int(v) for v in out]
            self.counter += 1
        return self.block.pop(0)

    def u64(self):
        low = self.u32()
        return self.u32() << 32 | low

    def f64(self):
        return (self.u64() >> 11) * 2.0 ** -53

    def normal(self):
        radius = math.sqrt(-2 * log_of(1 - self.f64()))
        return radius * cos_turn(self.f64())


def log_of(x):
    m, e = math.frexp(x)
    if m < 0.70710678118654752440:
        m, e = m * 2, e - 1
    s = (m - 1) / (m + 1)
    z, total = s * s, 0.0
    for k in range(21, 0, -2):
        total = total * z + 1.0 / k
    return e * 0.693147180559945309417 + 2 * s * total


def series(x, first):
    z, total = x * x, 1.0
    for k in range(first, 0, -2):
        total = 1 - z / (k * (k + 1)) * total
    return total


def cos_turn(u):
    """cos(2 pi u) for 0 <= u < 1, by the nearest quarter turn."""
    quarter = int(u * 4 + 0.5)
    x = (u - quarter * 0.25) * 2 * 3.14159265358979323846
    if quarter % 2:
        y = x * series(x, 16)
        return y if quarter % 4 == 3 else -y
    y = series(x, 17)
    return y if quarter % 4 == 0 else -y


def gan_draw(key, step, number):
    """ost_gan_draw(): names the numbers of pass `number` of a step."""
    return Rng(key, step * 64 + number).u64()


def drawn_rows(shape):
    """Rows, as kernels/cpu/drawn_rows.h: how many, and numbers in each."""
    rows, length = (shape[0], shape[1]) if len(shape) == 2 else \
        (shape[0] * shape[1], math.prod(shape[2:]))
    if length == 1:  # no positions: channels are a row
        rows, length = shape[0], shape[1]
    return rows, length


def row_bits(shape, draw, index):
    """The four numbers of each block of each row, (4, rows, blocks)."""
    rows, length = drawn_rows(shape)
    row, group = numpy.mgrid[:rows, :(length + 3) // 4]
    bits = philox((group, row, 0 * row, 0 * row + index), halves(draw))
    return numpy.stack(bits)


def of_rows(shape, numbers):
    """From (4, rows, blocks) to the shape."""
    rows, length = drawn_rows(shape)
    numbers = numpy.moveaxis(numbers, 0, 2).reshape(rows, -1)
    return numbers[:, :length].reshape(shape)


def dropout_keep(shape, p, draw, index):
    """What the layer `index` of a network keeps (kernels/cpu/dropout.c)."""
    return of_rows(shape, row_bits(shape, draw, index)) >= int(p * 2 ** 32)


def gaussian_noise(shape, draw, index):
    """What the layer `index` adds with sigma 1, but for rounding
    (kernels/cpu/gaussian_noise.c)."""
    bits = (row_bits(shape, draw, index) >> numpy.uint64(8)).astype(float)
    radius = numpy.sqrt(-2 * numpy.log((bits[0::2] + 0.5) / 2 ** 24))
    turn = 2 * math.pi * bits[1::2] / 2 ** 24
    pairs = numpy.stack([radius * numpy.cos(turn), radius * numpy.sin(turn)], 1)
    return of_rows(shape, pairs.reshape(bits.shape))


def latent(items, out, distribution, draw, index):
    """What the layer `index` draws (kernels/cpu/latent.c), (items, out)."""
    def row(item):
        rng = Rng(draw, index << 32 | item)
        if distribution == "uniform":
            return [2 * rng.f64() - 1 for _ in range(out)]
        return [rng.normal() for _ in range(out)]

    return numpy.array([row(n) for n in range(items)], numpy.float32)
