# SPDX-License-Identifier: BSD-2-Clause
"""Boot archives for tests: a flattened device tree (abi/config.h) in a newc cpio."""

import struct


class Tree:
    """Device Tree Specification 0.4, chapter 5; only what a configuration needs."""

    def __init__(self):
        self.struct, self.strings, self.known = b"", b"", {}

    def _pad(self, data):
        return data + bytes(-len(data) % 4)

    def begin(self, name):
        self.struct += struct.pack(">I", 1) + self._pad(name.encode() + b"\0")

    def end(self):
        self.struct += struct.pack(">I", 2)

    def prop(self, name, value=b""):
        if isinstance(value, str):
            value = value.encode() + b"\0"
        if isinstance(value, int):
            value = struct.pack(">I", value)
        if name not in self.known:
            self.known[name] = len(self.strings)
            self.strings += name.encode() + b"\0"
        self.struct += struct.pack(">III", 3, len(value), self.known[name]) + self._pad(value)

    def blob(self):
        body = self.struct + struct.pack(">I", 9)
        at = 40 + 16
        total = at + len(body) + len(self.strings)
        head = struct.pack(">10I", 0xD00DFEED, total, at, at + len(body), 40, 17, 16, 0,
                           len(self.strings), len(body))
        return head + bytes(16) + body + self.strings


def configuration(test):
    """The blob of a test's VMs, and the files it names, as [(member, path)]."""
    files = []

    def member(path):
        for name, known in files:
            if known == path:
                return name
        files.append((f"files/{len(files)}", path))
        return files[-1][0]

    tree = Tree()
    tree.begin("")
    tree.prop("compatible", "disco,config-1")
    tree.prop("name", test["name"])
    tree.begin("volumes")
    for name, volume in test.get("volumes", {}).items():
        tree.begin(name)
        tree.prop("serial", name)
        if "partition" in volume:
            tree.prop("partition", volume["partition"])
        tree.end()
    tree.end()
    tree.begin("vms")
    for name, vm in test["vms"].items():
        tree.begin(name)
        tree.prop("vcpus", vm["vcpus"])
        tree.prop("memory", struct.pack(">Q", vm["memory"] << 20))
        tree.prop("kernel", member(vm["kernel"]))
        if vm.get("initrd"):
            tree.prop("initrd", member(vm["initrd"]))
        tree.prop("cmdline", vm["cmdline"])
        tree.prop("manual")
        for field in ("weight", "home-node", "on-reboot"):
            if field in vm:
                tree.prop(field, vm[field])
        if vm.get("disks"):
            tree.begin("disks")
            for i, (volume, mode) in enumerate(vm["disks"]):
                tree.begin(f"disk@{i}")
                tree.prop("volume", volume)
                tree.prop("mode", mode)
                tree.end()
            tree.end()
        tree.end()
    tree.end()
    tree.end()
    return tree.blob(), files


def archive(path, blob, files):
    """A newc cpio with disco.dtb and the files."""
    def write(out, name, data):
        fields = [1, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
        head = b"070701" + b"".join(b"%08x" % f for f in fields) + name.encode() + b"\0"
        out.write(head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4))

    with open(path, "wb") as out:
        write(out, "disco.dtb", blob)
        for name, source in files:
            with open(source, "rb") as f:
                write(out, name, f.read())
        write(out, "TRAILER!!!", b"")
