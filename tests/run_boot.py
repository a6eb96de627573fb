#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Boot tests: machines of the emulator with the monitor and its VMs, from boot/table.py.

run_boot.py [--list] [--jobs N] [--image build/disco.img] [NAME...]

Prints `ok NAME (S s)` or `FAIL NAME: why` for each; the log, with the monitor's serial line, all
consoles and the counters, stays in build/tests/boot/NAME.log. What every test checks beside
its own: no panic, every VM ended as expected, the invariant check finds nothing, no guest
memory is left when all VMs have ended, free memory is the same after a second cycle.
"""

import argparse
import concurrent.futures
import fnmatch
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from boot import blob, control, table  # noqa: E402

OUT = "build/tests/boot"
PANIC = re.compile(r"PANIC|stack smashed|exception in the monitor")
# What the record of a VM (vCPUs, devices) may take from its first start on, per VM and per vCPU.
RECORD, RECORD_VCPU = 1 << 20, 64 << 10


def emulator(test, image, folder):
    """The command line of a test's machine."""
    cpus = sum(n[0] for n in test["nodes"])
    memory = sum(n[1] for n in test["nodes"])
    thread = test.get("thread", "single" if cpus > 16 else "multi")
    line = ["qemu-system-aarch64", "-M", test.get("machine", "virt,virtualization=on,gic-version=3"),
            "-cpu", test.get("cpu", "neoverse-n1"), "-smp", str(cpus), "-m", f"{memory}M",
            "-accel", f"tcg,thread={thread}", "-display", "none", "-nodefaults", "-no-reboot",
            "-serial", f"file:{folder}/serial", "-global", "virtio-mmio.force-legacy=false"]
    if len(test["nodes"]) > 1:
        first = 0
        for i, (n, m) in enumerate(test["nodes"]):
            node = f"node,nodeid={i}"
            if n:
                node += f",cpus={first}-{first + n - 1}"
            if m:
                line += ["-object", f"memory-backend-ram,id=m{i},size={m}M"]
                node += f",memdev=m{i}"
            line += ["-numa", node]
            first += n
    for a, b, distance in test.get("distances", ()):
        line += ["-numa", f"dist,src={a},dst={b},val={distance}"]
    if test.get("control", True):
        line += ["-device", "virtio-serial-device", "-chardev",
                 f"socket,id=ctl,path={folder}/control,server=on,wait=off",
                 "-device", "virtserialport,chardev=ctl,name=disco.control"]
    for name, volume in test.get("volumes", {}).items():
        path = f"{folder}/{name}.disk"
        if "file" in volume:
            path = volume["file"]
        else:
            with open(path, "wb") as f:
                f.truncate(volume["size"] << 20)
        readonly = "on" if "file" in volume else "off"
        line += ["-drive", f"if=none,id={name},file={path},format=raw,readonly={readonly},"
                           "discard=unmap,file.locking=off",
                 "-device", f"virtio-blk-device,drive={name},serial={name}"]
    if "append" in test:  # the monitor's own command line
        line += ["-append", test["append"]]
    return line + ["-kernel", image, "-initrd", f"{folder}/boot.cpio"]


class Run:
    """One test, from making its folder to its verdict."""

    def __init__(self, test, image):
        self.test, self.image = test, image
        self.folder = tempfile.mkdtemp(prefix="disco-boot-")
        self.deadline = time.time() + test["time"]
        self.control = self.machine = None
        self.notes = []
        self.names = list(test.get("vms", {}))

    # --- steps of a script ---

    def vm(self, name):
        return self.names.index(name)

    def each(self, name):
        return self.names if name == "*" else [name]

    def late(self, what):
        if time.time() > self.deadline:
            raise control.Failed(f"time is up ({self.test['time']} s): {what}")
        if self.machine.poll() is not None:
            raise control.Failed(f"the emulator ended ({self.machine.returncode}): {what}")
        self.panicked()

    def panicked(self):
        for line in self.serial().splitlines():
            if PANIC.search(line):
                raise control.Failed(line.strip())

    def serial(self):
        try:
            with open(f"{self.folder}/serial", "rb") as f:
                return f.read().decode(errors="replace").replace("\r", "")
        except OSError:
            return ""

    def do_start(self, name):
        for n in self.each(name):
            self.control.need(control.START, self.vm(n))

    def do_ended(self, name, reason="powered off"):
        for n in self.each(name):
            while True:
                vm = self.control.vms()[self.vm(n)]
                if vm["state"] == 0 and vm["end"]:
                    break
                self.late(f"{n} is {control.STATES[vm['state']]}")
                self.control.pump(0.3)
            if not re.search(reason, vm["reason"]):
                raise control.Failed(f"{n} ended: {vm['reason']}; wanted: {reason}")

    def do_see(self, name, text):
        for n in self.each(name):
            while not re.search(text, self.control.text(self.vm(n)), re.M):
                self.late(f"{n} doesn't say '{text}'")
                self.control.pump(0.3)

    def do_resets(self, name, count):
        while self.control.vms()[self.vm(name)]["resets"] < count:
            self.late(f"{name} was reset less than {count} times")
            self.control.pump(0.3)

    def do_pause(self, name):
        """Paused is only what stands still: no output, no exits, no time."""
        for n in self.each(name):
            self.control.need(control.PAUSE, self.vm(n))
        self.control.pump(1.0)
        first = self.control.vms()
        self.control.pump(1.0)
        second = self.control.vms()
        for n in self.each(name):
            a, b = first[self.vm(n)], second[self.vm(n)]
            if b["state"] != 3 or a["exits"] != b["exits"] or a["cpu_ns"] != b["cpu_ns"]:
                raise control.Failed(f"{n} goes on while paused: {a} {b}")

    def do_resume(self, name):
        for n in self.each(name):
            self.control.need(control.RESUME, self.vm(n))

    def do_kill(self, name):
        for n in self.each(name):
            self.control.need(control.KILL, self.vm(n))
        self.do_ended(name, "operator")

    def do_restart(self, name):
        for n in self.each(name):
            self.control.need(control.RESTART, self.vm(n))

    def do_sleep(self, seconds):
        self.control.pump(seconds)

    def do_check(self):
        found = self.control.check()
        if found["faults"] or found["status"]:
            raise control.Failed(f"the invariant check: {found}")
        self.notes.append(f"check: {found}")

    def do_cycle(self):
        """All VMs once more: free memory must be what it was after the first time."""
        self.settle()
        before = self.free()
        self.do_start("*")
        self.do_ended("*")
        self.settle()
        if self.free() != before:
            raise control.Failed(f"free memory by node was {before}, is {self.free()} "
                                 "after the second cycle")

    # --- what all tests check ---

    def free(self):
        return [n["free"] for n in self.control.nodes()]

    def settle(self):
        """Ended VMs give back at once; the pool's zeroing doesn't change `free`."""
        self.control.pump(0.2)

    def check_nothing_left(self, before):
        self.settle()
        nodes = self.control.nodes()
        left = sum(n["guest"] for n in nodes)
        if left:
            raise control.Failed(f"{left} bytes of guest memory are left")
        taken = sum(n["free"] for n in before) - sum(n["free"] for n in nodes)
        allowed = sum(RECORD + RECORD_VCPU * vm["vcpus"] for vm in self.test["vms"].values())
        if taken > allowed:
            raise control.Failed(f"{taken} bytes are gone, VM records explain {allowed}")
        self.notes.append(f"bytes taken since before the first start: {taken}")

    def check_consoles(self):
        for name, vm in self.test["vms"].items():
            self.control.catch_up(self.vm(name))
            text = self.control.text(self.vm(name))
            for line in text.splitlines():
                if re.search(vm.get("forbid", r"\bFAIL\b|wrong|Kernel panic|Oops"), line):
                    raise control.Failed(f"{name}: {line.strip()}")
            for pattern in vm["expect"]:
                if not re.search(pattern, text, re.M):
                    raise control.Failed(f"{name} didn't say '{pattern}'")

    def check_counters(self):
        self.stats = self.control.stats()
        for name, (low, high) in self.test.get("counters", {}).items():
            if not low <= self.stats[name] <= (high if high is not None else 1 << 64):
                raise control.Failed(f"counter {name} is {self.stats[name]}, "
                                     f"not {low} to {high}")

    # --- one test ---

    def go(self):
        for vm in self.test.get("vms", {}).values():
            for path in (vm["kernel"], vm.get("initrd")):
                if path and not os.path.exists(path):
                    raise control.Failed(f"{path} is missing")
        config, files = blob.configuration(self.test)
        blob.archive(f"{self.folder}/boot.cpio", config, files)
        shutil.copy(self.image, f"{self.folder}/disco.img")  # a build beside us doesn't matter
        line = emulator(self.test, f"{self.folder}/disco.img", self.folder)
        self.notes.append(" ".join(line))
        limit = ["timeout", "-k", "5", str(self.test["time"] + 20)]
        with open(f"{self.folder}/emulator", "wb") as out:
            self.machine = subprocess.Popen(limit + line, stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=subprocess.STDOUT, start_new_session=True)
        if "refused" in self.test:
            return self.see_refusal()
        self.control = control.Control(f"{self.folder}/control", self.deadline)
        self.notes.append(f"hello: {self.control.hello()}")
        self.control.need(control.WATCH, payload=b"\1\0\0\0\1\0\0\0")
        before = self.control.nodes()
        for step in self.test.get("script", [("start", "*"), ("ended", "*")]):
            getattr(self, "do_" + step[0])(*step[1:])
        self.check_consoles()
        self.do_check()
        self.check_nothing_left(before)
        self.check_counters()
        for pattern in self.test.get("serial", ()):
            if not re.search(pattern, self.serial(), re.M):
                raise control.Failed(f"the monitor didn't say '{pattern}'")
        self.control.need(control.OFF)
        while self.machine.poll() is None:
            if time.time() > self.deadline:
                raise control.Failed("the machine doesn't switch off")
            time.sleep(0.05)
        self.panicked()

    def see_refusal(self):
        """The machine can't be used: one clear line, then nothing."""
        while not re.search(self.test["refused"], self.serial() + self.output()):
            if time.time() > self.deadline or self.machine.poll() is not None:
                said = (self.serial() + self.output())[-160:]
                raise control.Failed(f"'{self.test['refused']}' wasn't said, but {said!r}")
            time.sleep(0.1)

    def last_words(self):
        """What each VM said last: where a test that takes too long stands."""
        said = [(self.names[vm], self.control.text(vm).strip().rpartition("\n")[2][-60:])
                for vm in sorted(self.control.console if self.control else ()) if vm < len(self.names)]
        return "".join(f"; {name}: ...{line!r}" for name, line in said[:4])

    def output(self):
        with open(f"{self.folder}/emulator", "rb") as f:
            return f.read().decode(errors="replace")

    def tool(self):
        """Tests that use the command people use."""
        for name in self.test.get("needs", ()):
            if not os.path.exists(name):
                raise control.Failed(f"{name} is missing")
        env = dict(os.environ, XDG_RUNTIME_DIR=self.folder, DISCO_IMAGE=self.image)
        with open(f"{self.folder}/emulator", "wb") as out:
            self.machine = subprocess.Popen(
                ["timeout", "-k", "5", str(self.test["time"]), "bash", "-c", self.test["tool"]],
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, env=env,
                start_new_session=True)
        status = self.machine.wait()
        if status != self.test.get("status", 0):
            raise control.Failed(f"status {status}, last words: {self.output()[-160:]!r}")
        for pattern in self.test["expect"]:
            if not re.search(pattern, self.output(), re.M):
                raise control.Failed(f"'{pattern}' wasn't said")

    def end(self, verdict):
        """Ends what runs, keeps the log."""
        if self.machine and self.machine.poll() is None:
            os.killpg(self.machine.pid, signal.SIGKILL)
            self.machine.wait()
        with open(f"{OUT}/{self.test['name']}.log", "w") as log:
            log.write(f"{verdict}\n" + "\n".join(self.notes) + "\n")
            if os.path.exists(f"{self.folder}/emulator"):
                log.write(f"--- output ---\n{self.output()}")
            log.write(f"--- serial line ---\n{self.serial()}")
            if self.control:
                for vm in sorted(self.control.console):
                    name = "monitor" if vm == control.NO_VM else self.names[vm]
                    log.write(f"--- console of {name} ---\n{self.control.text(vm)}\n")
            for name, value in getattr(self, "stats", {}).items():
                if value:
                    log.write(f"{value:16} {name}\n")
        shutil.rmtree(self.folder, ignore_errors=True)


def run(test, image):
    start, this = time.time(), Run(test, image)
    name = test["name"]
    try:
        this.tool() if "tool" in test else this.go()
        verdict = f"ok {name} ({time.time() - start:.0f} s)"
    except (control.Failed, OSError) as e:
        try:
            this.panicked()
        except control.Failed as panic:
            e = panic
        verdict = f"FAIL {name}: {e}" + this.last_words()
    this.end(verdict)
    print(verdict, flush=True)
    return verdict.startswith("ok")


def main():
    args = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    args.add_argument("--list", action="store_true")
    args.add_argument("--jobs", type=int, default=2)
    args.add_argument("--image", default="build/disco.img")
    args.add_argument("--count", help="file for the line `PASSED FAILED`")
    args.add_argument("names", nargs="*", metavar="NAME")
    args = args.parse_args()
    tests = [t for t in table.TESTS
             if not args.names and not t.get("named") or any(fnmatch.fnmatch(t["name"], n) for n in args.names)]
    if args.list:
        for t in tests:
            print(f"{t['name']:24} {t['what']}")
        return 0
    if not tests:
        sys.exit("no such test; see --list")
    os.makedirs(OUT, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        good = list(pool.map(lambda t: run(t, args.image), tests))
    if args.count:
        with open(args.count, "w") as f:
            f.write(f"{sum(good)} {len(good) - sum(good)}\n")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
