#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes the seed corpora of fuzz_ring and fuzz_gpt: one well-formed input of each kind."""
import os
import struct
import sys

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")
RAM, SIZE = 0x40000000, 8
MEMORY = RAM + 0x1000
NEXT, WRITE, INDIRECT = 1, 2, 4
KICK, DISK, RETRY, TYPE, REGISTER, POKE, ERRORS, WAITS, OFFER, READ = range(10)


def save(folder, name, data):
    os.makedirs(os.path.join(HERE, folder), exist_ok=True)
    with open(os.path.join(HERE, folder, name), "wb") as f:
        f.write(data)


def op(kind, a=0, b=0, c=0, value=0, data=b""):
    return struct.pack("<BBBBI8s", kind, a, b, c, value, data)


def queue(chains):
    """One queue's page: descriptors of all chains, and all heads offered."""
    desc, heads, n = b"", [], 0
    for chain in chains:
        heads.append(n)
        for i, (addr, length, flags) in enumerate(chain):
            last = i + 1 == len(chain)
            desc += struct.pack("<QIHH", addr, length, flags | (0 if last else NEXT), n + 1)
            n += 1
    page = desc.ljust(16 * SIZE, b"\0") + struct.pack("<HH", 0, len(heads))
    page += b"".join(struct.pack("<H", h) for h in heads)
    return page.ljust(0x1000, b"\0")


def ring(name, slot, features, ops, queues, more=b""):
    memory = b"".join(queue(q) for q in queues).ljust(0x5000, b"\0") + more
    save("fuzz_ring", name, bytes([slot, features, len(ops), 0]) + b"".join(ops) + memory)


def rings():
    data = MEMORY + 0x5000  # `more` lies here
    header = lambda kind, sector: struct.pack("<IIQ", kind, 0, sector)
    status = data + 0x100
    for name, kind, ins in (("read", 0, 1), ("write", 1, 0), ("id", 8, 1), ("zeroes", 13, 0)):
        length = 16 if kind == 13 else 512 if kind < 2 else 20
        chain = [(data, 16, 0), (data + 0x200, length, WRITE * ins), (status, 1, WRITE)]
        more = header(kind, 1).ljust(0x200, b"\0") + struct.pack("<QII", 4, 2, 0)
        ring("blk-" + name, 3, 0, [op(KICK), op(DISK), op(RETRY)], [[chain]], more)
    table = b"".join(struct.pack("<QIHH", a, n, f, i + 1) for i, (a, n, f) in enumerate(
        [(data, 16, NEXT), (data + 0x200, 4096, NEXT | WRITE), (status, 1, WRITE)]))
    more = header(0, 8).ljust(0x80, b"\0") + table
    ring("blk-indirect", 3, 6, [op(KICK), op(DISK), op(WAITS, 5), op(OFFER), op(KICK)],
         [[[(data + 0x80, 48, INDIRECT)]]], more)
    ring("blk-flush-error", 3, 0, [op(ERRORS, 1), op(KICK), op(DISK)],
         [[[(data, 16, 0), (status, 1, WRITE)]]], header(4, 0))
    ring("console", 0, 4, [op(KICK, 1), op(TYPE, 5, data=b"hello"), op(KICK, 0)],
         [[[(data + 64, 16, WRITE)]], [[(data, 5, 0)]]], b"hello")
    ring("rng", 1, 0, [op(KICK), op(RETRY)], [[[(data, 64, WRITE)], [(data + 64, 300, WRITE)]]])
    pages = struct.pack("<4I", *((data >> 12) + i for i in (1, 2, 3, 9)))
    ring("balloon", 2, 0, [op(KICK, i) for i in range(3)] + [op(REGISTER, 4, 1, 2, 77)],
         [[[(data, 16, 0)]], [[(data, 16, 0)]], [[(data + 0x1000, 0x3000, WRITE)]]], pages)


def gpts():
    header = struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, 0, 0, 1, 99999, 34, 99966,
                         b"g" * 16, 2, 4, 128, 0).ljust(512, b"\0")
    entry = lambda a, b: (b"t" * 32 + struct.pack("<QQ", a, b)).ljust(128, b"\0")
    entries = entry(34, 99) + bytes(128) + entry(2048, 99966) + entry(100, 100)
    for number in (1, 2, 3, 5):
        save("fuzz_gpt", "entry-%d" % number, struct.pack("<II", 1, number) + header + entries)
    save("fuzz_gpt", "wrong-checksums", struct.pack("<II", 0, 1) + header + entries)
    save("fuzz_gpt", "short", struct.pack("<II", 1, 1) + header + entries[:200])


rings()
gpts()
sys.exit(0)
