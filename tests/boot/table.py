# SPDX-License-Identifier: BSD-2-Clause
"""The boot tests. Data; ../run_boot.py tells what is done with it.

nodes: (CPUs, MiB) of each node. guest(): one of tests/guest; tiny(): a stock Debian kernel
with a busybox initramfs that does one job (guests/tiny/jobs). script: steps, see run_boot.py's do_*().
"""


def guest(name, vcpus=1, memory=64, args="", **more):
    vm = {"kernel": f"build/tests/guest/{name}.img", "vcpus": vcpus, "memory": memory,
          "cmdline": args or "x", "expect": [r"^PASS$"]}
    return {**vm, **more}


def tiny(job, expect, kernel="6.12", vcpus=2, memory=256, args="", **more):
    vm = {"kernel": f"build/guests/vmlinuz-{kernel}", "initrd": f"build/guests/tiny-{kernel}.cpio",
          "vcpus": vcpus, "memory": memory, "cmdline": f"console=ttyAMA0 job={job} {args}".strip(),
          "expect": [expect]}
    return {**vm, **more}


TESTS = [
    {"name": "hello", "what": "one vCPU on one CPU", "nodes": [(1, 256)], "time": 60,
     "vms": {"a": guest("hello")}, "script": [("start", "*"), ("ended", "*"), ("cycle",)]},
    {"name": "smp-2", "what": "2 vCPUs on 2 CPUs", "nodes": [(2, 256)], "time": 60,
     "vms": {"a": guest("smp", 2)}},
    {"name": "smp-8-on-2", "what": "8 vCPUs on 2 CPUs", "nodes": [(2, 256)], "time": 120,
     "vms": {"a": guest("smp", 8)}},
    {"name": "gic", "what": "interrupt controller", "nodes": [(2, 256)], "time": 60,
     "vms": {"a": guest("gic", 2)}},
    {"name": "gic-1", "what": "interrupt controller", "nodes": [(1, 256)], "time": 60,
     "vms": {"a": guest("gic", 2)}},
    {"name": "litmus-2", "what": "litmus", "nodes": [(2, 256)], "time": 60,
     "vms": {"a": guest("litmus", 2)}},
    {"name": "litmus-8-on-2", "what": "litmus", "nodes": [(2, 256)], "time": 160,
     "vms": {"a": guest("litmus", 8)}},
    {"name": "mistakes", "what": "mistakes", "nodes": [(2, 256)], "time": 60,
     "vms": {"a": guest("mistakes", 2)}},
    {"name": "tiny", "what": "tiny", "nodes": [(2, 1024)], "time": 60,
     "vms": {"a": tiny("selftest", " 0 failed")}},
]
