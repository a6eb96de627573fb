# SPDX-License-Identifier: BSD-2-Clause
"""The control protocol (monitor/abi/control.h), as much as boot tests need."""

import re
import select
import socket
import struct
import time
import zlib

HEADER = struct.Struct("<IHHIIIIII")
MAGIC, VERSION = 0x4F435344, 1
NO_VM = 0xFFFFFFFF
(HELLO, VMS, START, STOP, KILL, RESTART, PAUSE, RESUME, STATS, CHECK, LOG, INPUT, NODES, WATCH,
 OFF, VCPUS) = range(1, 17)
REPLY, EVENT_STATE, EVENT_CONSOLE, EVENT_GARBLED = 100, 101, 102, 103
STATES = ("off", "starting", "running", "paused", "ending")
VM = struct.Struct("<4I8Q2I32s96s")
VM_FIELDS = ("vm state end vcpus memory owned started ended cpu_ns monitor_ns steal_ns exits"
             " resets weight name reason").split()
NODE = struct.Struct("<2I5Q")
NODE_FIELDS = "node cpus total free zeroed monitor guest".split()


class Failed(Exception):
    pass


def counter_names(path="monitor/abi/counters.h"):
    with open(path) as f:
        return re.findall(r"^\tX\((\w+),", f.read(), re.M)


class Control:
    def __init__(self, path, deadline):
        self.deadline = deadline
        self.buffer, self.seq = b"", 0
        self.console = {}  # vm -> bytearray
        self.position = {}  # vm -> where it ends
        self.socket = None
        while not self.socket:
            try:
                s = socket.socket(socket.AF_UNIX)
                s.connect(path)
                self.socket = s
            except OSError:
                s.close()
                self._in_time("no control channel")
                time.sleep(0.05)

    def _in_time(self, what):
        if time.time() > self.deadline:
            raise Failed(f"time is up: {what}")

    def _send(self, kind, vm, payload):
        head = HEADER.pack(MAGIC, VERSION, kind, len(payload), self.seq, vm, 0,
                           zlib.crc32(payload), 0)[:28]
        self.socket.sendall(head + struct.pack("<I", zlib.crc32(head)) + payload)

    def _message(self, wait):
        """The next message as (type, seq, vm, status, payload), or None after `wait` s."""
        end = time.time() + wait
        while True:
            at = self.buffer.find(struct.pack("<I", MAGIC))
            if at >= 0 and len(self.buffer) >= at + 32:
                head = self.buffer[at:at + 32]
                _, _, kind, length, seq, vm, status, crc, own = HEADER.unpack(head)
                if zlib.crc32(head[:28]) != own:
                    self.buffer = self.buffer[at + 1:]
                    continue
                if len(self.buffer) >= at + 32 + length:
                    payload = self.buffer[at + 32:at + 32 + length]
                    self.buffer = self.buffer[at + 32 + length:]
                    if zlib.crc32(payload) != crc:
                        raise Failed("a message with a bad checksum")
                    return kind, seq, vm, status, payload
            left = end - time.time()
            if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                return None
            data = self.socket.recv(65536)
            if not data:
                raise Failed("the machine ended: the control channel is closed")
            self.buffer += data

    def _event(self, kind, vm, payload):
        if kind == EVENT_CONSOLE:
            position, count, _ = struct.unpack_from("<QII", payload)
            self._add(vm, position, payload[16:16 + count])

    def _add(self, vm, position, data):
        have = self.position.get(vm, 0)
        if position > have:
            self.console.setdefault(vm, bytearray()).extend(b"\n[bytes lost]\n")
        elif position < have:
            data = data[have - position:]
            position = have
        self.console.setdefault(vm, bytearray()).extend(data)
        self.position[vm] = position + len(data)

    def ask(self, kind, vm=NO_VM, payload=b"", repeat=10, every=3.0):
        """Sends a request, again when no answer comes. Returns (status, payload)."""
        self.seq += 1
        for _ in range(repeat):
            self._send(kind, vm, payload)
            end = time.time() + every
            while time.time() < end:
                m = self._message(min(1.0, end - time.time()))
                self._in_time(f"request {kind}")
                if not m:
                    continue
                if m[0] == REPLY and m[1] == self.seq:
                    return m[3], m[4]
                self._event(m[0], m[2], m[4])
        raise Failed(f"no answer to request {kind}")

    def pump(self, seconds):
        """Takes events for so long."""
        end = time.time() + seconds
        while True:
            m = self._message(max(0, end - time.time()))
            if not m:
                return
            self._event(m[0], m[2], m[4])

    def need(self, kind, vm=NO_VM, payload=b"", **how):
        status, answer = self.ask(kind, vm, payload, **how)
        if status:
            raise Failed(f"request {kind} of VM {vm}: status {status}")
        return answer

    def hello(self):
        version, counters, vms, nodes, cpus, _, now = struct.unpack_from(
            "<6IQ", self.need(HELLO, repeat=1000, every=2.0))
        return {"counters": counters, "vms": vms, "nodes": nodes, "cpus": cpus, "now": now}

    def vms(self):
        out = []
        while True:
            data = self.need(VMS, payload=struct.pack("<II", len(out), 0))
            if not data:
                return out
            for at in range(0, len(data), VM.size):
                vm = dict(zip(VM_FIELDS, VM.unpack_from(data, at)))
                for text in ("name", "reason"):
                    vm[text] = vm[text].split(b"\0")[0].decode(errors="replace")
                out.append(vm)

    def nodes(self):
        data = self.need(NODES)
        return [dict(zip(NODE_FIELDS, NODE.unpack_from(data, at)))
                for at in range(0, len(data), NODE.size)]

    def stats(self, vm=NO_VM):
        data = self.need(STATS, vm)
        _, count, _ = struct.unpack_from("<QII", data)
        return dict(zip(counter_names(), struct.unpack_from(f"<{count}Q", data, 16)))

    def check(self):
        status, data = self.ask(CHECK, repeat=1, every=120.0)
        while status == 7:  # another one is on its way
            time.sleep(0.2)
            status, data = self.ask(CHECK, repeat=1, every=120.0)
        frames, entries, faults, slices = struct.unpack_from("<QQII", data)
        return {"frames": frames, "entries": entries, "faults": faults, "slices": slices,
                "status": status}

    def catch_up(self, vm):
        """The rest of a console's history."""
        while True:
            have = self.position.get(vm, 0)
            data = self.need(LOG, vm, struct.pack("<QII", have, 3000, 0))
            position, count, _ = struct.unpack_from("<QII", data)
            if not count:
                return
            self._add(vm, position, data[16:16 + count])

    def text(self, vm):
        return bytes(self.console.get(vm, b"")).decode(errors="replace").replace("\r", "")
