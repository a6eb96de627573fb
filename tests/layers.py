#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A folder of monitor/ calls only folders of lower rank; equal ranks don't call each other.

First and foremost by symbols: an object of folder A that needs a symbol of folder B calls B
(nm over build/obj). Then by includes, for what leaves no symbol: inline functions, macros. A
header that gives types only may be included upwards when TYPES_ONLY says so and why; that nothing
is called is what the first check proves. Prints the largest circle of files that call each other.
"""

import collections
import glob
import os
import re
import subprocess
import sys

RANKS = {"arm64": 0, "lib": 1, "hw": 2, "mem": 3, "vcpu": 4, "disk": 4, "net": 4, "vdev": 5,
         "place": 6, "control": 6, "trap": 7, "boot": 8}
FREE = {"abi"}  # shared with guests, tool and tests; no code

# (folder that includes, header): why types of a higher or equal rank are needed there.
TYPES_ONLY = {
    ("arm64", "lib/types.h"): "names of the fixed-width integers",
}

OBJECTS = "build/obj"


def folder(path):
    return path.split("/")[-2]


def allowed(a, b):
    return a == b or b in FREE or RANKS[b] < RANKS[a]


def symbols():
    """(folder/file, defined names, needed names) of each object."""
    out = []
    for path in sorted(glob.glob(f"{OBJECTS}/*/*.o")):
        if folder(path) not in RANKS:
            continue
        defined, needed = set(), set()
        text = subprocess.run(["aarch64-linux-gnu-nm", path], capture_output=True, text=True,
                              check=True).stdout
        for line in text.splitlines():
            kind, name = line.split()[-2:]
            if kind == "U":
                needed.add(name)
            elif kind.isupper():
                defined.add(name)
        out.append((f"{folder(path)}/{os.path.basename(path)[:-2]}", defined, needed))
    return out


def check_calls(objects, faults):
    home = {name: place for place, defined, _ in objects for name in defined}
    edges = collections.defaultdict(set)
    for place, _, needed in objects:
        for name in sorted(needed):
            to = home.get(name)
            if not to or to == place:
                continue
            edges[place].add(to)
            a, b = place.split("/")[0], to.split("/")[0]
            if not allowed(a, b):
                faults.append(f"monitor/{place} uses {name} of {to}: rank {RANKS[a]} calls {RANKS[b]}")
    return edges


def check_includes(faults):
    used = set()
    for path in sorted(glob.glob("monitor/*/*.[chS]")):
        with open(path) as f:
            for number, line in enumerate(f, 1):
                m = re.match(r'\s*#\s*include\s+"(\w+)/(\w+\.\w+)"', line)
                if not m or m[1] not in RANKS or allowed(folder(path), m[1]):
                    continue
                what = (folder(path), f"{m[1]}/{m[2]}")
                if what in TYPES_ONLY:
                    used.add(what)
                else:
                    faults.append(f"{path}:{number}: includes {what[1]}: rank "
                                  f"{RANKS[what[0]]} looks up to {RANKS[m[1]]}")
    for what in sorted(set(TYPES_ONLY) - used):
        faults.append(f"TYPES_ONLY has {what}, which nobody needs")


def largest_circle(edges):
    """The largest strongly connected group of files (Tarjan, without recursion)."""
    index, low, on, stack, best = {}, {}, set(), [], []
    for root in sorted(edges):
        if root in index:
            continue
        work = [(root, iter(sorted(edges[root])))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on.add(root)
        while work:
            node, rest = work[-1]
            step = next(rest, None)
            if step is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    at = stack.index(node)
                    group, stack[at:] = stack[at:], []
                    on -= set(group)
                    if len(group) > max(len(best), 1):
                        best = group
            elif step not in index:
                index[step] = low[step] = len(index)
                stack.append(step)
                on.add(step)
                work.append((step, iter(sorted(edges.get(step, ())))))
            elif step in on:
                low[node] = min(low[node], index[step])
    return best


def main():
    faults = []
    unknown = {folder(p) for p in glob.glob("monitor/*/*.[chS]")} - set(RANKS) - FREE
    faults += [f"monitor/{name}: has no rank" for name in sorted(unknown)]
    objects = symbols()
    if not objects:
        sys.exit(f"no objects in {OBJECTS}: make monitor first")
    edges = check_calls(objects, faults)
    check_includes(faults)
    circle = sorted(largest_circle(edges))
    print(f"largest circle of calls: {len(circle)} files: {', '.join(circle) or '-'}")
    for fault in faults:
        print(fault)
    print(f"{len(objects)} files, {sum(map(len, edges.values()))} calls between files, "
          f"largest circle {len(circle)}, {len(faults)} against the order of layers")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
