# SPDX-License-Identifier: BSD-2-Clause
"""The boot tests. Data; ../run_boot.py tells what is done with it.

nodes: (CPUs, MiB) of each node. guest(): one of tests/guest; tiny(): a stock Debian kernel with
a busybox initramfs that does one job (guests/tiny/jobs). script: steps, see do_*() of
run_boot.py; without one all VMs start and must power off. Of 64 CPUs the emulator runs one at a
time (thread=single), which boots faster. Long ones first: two run side by side.
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


def many(count, make):
    return {f"v{i}": make(i) for i in range(count)}


SELFTEST = r"selftest: \d+ passed, 0 failed"
ALL_OFF = [("start", "*"), ("ended", "*")]
TWICE = ALL_OFF + [("cycle",)]
FOUR = [(2, 512)] * 4
SIXTEEN = [(4, 128)] * 16

TESTS = [
    # --- stock kernels ---
    {"name": "linux-64", "what": "a Debian kernel with 64 vCPUs on 64 CPUs in 16 nodes",
     "nodes": SIXTEEN, "time": 900, "named": True,
     "vms": {"a": tiny("poweroff", r"tiny: ready CPUS=64", vcpus=64, memory=512)}},
    {"name": "linux-both", "what": "both kernels at once, each with disks, on 4 nodes",
     "nodes": FOUR, "time": 200,
     "volumes": {"base": {"size": 64}, "one": {"size": 64}, "two": {"size": 64}},
     "vms": {"old": tiny("selftest", SELFTEST, "6.1", disks=[("base", "readonly"),
                                                             ("one", "exclusive")]),
             "new": tiny("selftest", SELFTEST, "6.12", disks=[("base", "readonly"),
                                                              ("two", "exclusive")])},
     "counters": {"blk_reads": (20, None), "blk_writes": (2, None), "blk_errors": (0, 0),
                  "virtio_broken": (0, 0)}},
    {"name": "linux-max", "what": "-cpu max hides what is not virtualized",
     "nodes": [(2, 1024)], "cpu": "max", "time": 200,
     "volumes": {"base": {"size": 64}, "one": {"size": 64}},
     "vms": {"a": tiny("selftest", SELFTEST, "6.12", disks=[("base", "readonly"),
                                                            ("one", "exclusive")])}},
    {"name": "linux-reset", "what": "a Debian kernel reboots once, its disk keeps the mark",
     "nodes": [(2, 1024)], "time": 200, "volumes": {"a": {"size": 8}, "b": {"size": 8}},
     "vms": {"a": tiny("reboot-once", "reboot-once: ok, second boot", vcpus=2,
                       disks=[("a", "readonly"), ("b", "exclusive")])},
     "script": [("start", "*"), ("resets", "a", 1), ("ended", "*")]},
    {"name": "linux-hotplug", "what": "CPUs off line and back, 4 vCPUs on 2 CPUs",
     "nodes": [(2, 1024)], "time": 200,
     "vms": {"a": tiny("hotplug", r"hotplug: \d+ passed, 0 failed, 4 CPUS", vcpus=4)}},
    {"name": "linux-stress", "what": "fork, exec and faults in 3 VMs on 4 uneven nodes",
     "nodes": [(1, 384), (2, 768), (1, 256), (0, 256)], "time": 240,
     "vms": many(3, lambda i: tiny("stress", "stress: ok", "6.1" if i == 1 else "6.12", vcpus=3,
                                   args="seconds=10"))},

    # --- width and over-commitment ---
    {"name": "smp-64", "what": "a VM as wide as the machine: 64 vCPUs on 64 CPUs, 16 nodes",
     "nodes": SIXTEEN, "time": 240, "vms": {"a": guest("smp", 64, args="rounds=2")}},
    {"name": "smp-8", "what": "8 vCPUs on 8 CPUs in 2 nodes", "nodes": [(4, 256)] * 2,
     "time": 120, "vms": {"a": guest("smp", 8, args="rounds=5")}},
    {"name": "smp-8-on-1", "what": "8 vCPUs on 1 CPU", "nodes": [(1, 256)], "time": 120,
     "vms": {"a": guest("smp", 8, args="rounds=5")}, "counters": {"switches": (50, None)}},
    {"name": "smp-8-on-2", "what": "8 vCPUs on 2 CPUs", "nodes": [(2, 256)], "time": 120,
     "vms": {"a": guest("smp", 8)}},
    {"name": "wide-on-1", "what": "64 vCPUs on 1 CPU", "nodes": [(1, 512)], "time": 240,
     "vms": {"a": guest("smp", 64, memory=128, args="rounds=1")}},
    {"name": "sixteen", "what": "16 VMs at once on 8 CPUs in 4 nodes", "nodes": FOUR, "time": 240,
     "vms": many(16, lambda i: guest(("smp", "timer", "litmus", "storm")[i % 4], 1 + i % 3,
                                     args="n=512 rounds=2 ticks=30 late_ms=5000")),
     "script": TWICE},

    # --- what a guest may rely on ---
    {"name": "litmus-8-on-8", "what": "memory model, 8 vCPUs on 8 CPUs in 4 nodes", "nodes": FOUR,
     "thread": "single", "time": 240, "vms": {"a": guest("litmus", 8)}},
    {"name": "litmus-8-on-1", "what": "memory model, 8 vCPUs on 1 CPU", "nodes": [(1, 256)],
     "time": 240, "vms": {"a": guest("litmus", 8)}},
    {"name": "litmus-8-on-2", "what": "memory model, 8 vCPUs on 2 CPUs of 2 nodes",
     "nodes": [(1, 256)] * 2, "time": 240, "vms": {"a": guest("litmus", 8)}},
    {"name": "litmus-4-max", "what": "memory model, -cpu max", "nodes": [(2, 256)] * 2,
     "cpu": "max", "time": 120, "vms": {"a": guest("litmus", 4)}},
    {"name": "litmus-2", "what": "memory model, 2 vCPUs on 2 CPUs, twice", "nodes": [(2, 256)],
     "time": 120, "vms": {"a": guest("litmus", 2)}, "script": TWICE},
    {"name": "litmus-1", "what": "memory model, alone", "nodes": [(1, 256)], "time": 60,
     "vms": {"a": guest("litmus", 1)}},
    {"name": "gic", "what": "interrupt controller, 2 vCPUs on 2 CPUs", "nodes": [(2, 256)],
     "time": 120, "vms": {"a": guest("gic", 2)}, "counters": {"irq_overflow": (1, None)}},
    {"name": "gic-on-1", "what": "interrupt controller, 2 vCPUs on 1 CPU", "nodes": [(1, 256)],
     "time": 120, "vms": {"a": guest("gic", 2)}},
    {"name": "gic-max", "what": "interrupt controller, -cpu max, beside another VM",
     "nodes": [(2, 256)], "cpu": "max", "time": 120,
     "vms": {"a": guest("gic", 2), "b": guest("storm", 2)}},
    {"name": "timers", "what": "both timers of 4 vCPUs on 4 CPUs", "nodes": [(2, 256)] * 2,
     "time": 120, "vms": {"a": guest("timer", 4)}},
    {"name": "timers-on-1", "what": "both timers of 4 vCPUs on 1 CPU: late, but none lost",
     "nodes": [(1, 256)], "time": 120, "vms": {"a": guest("timer", 4)}},
    {"name": "mistakes", "what": "what no guest should do, 2 vCPUs on 2 CPUs", "nodes": [(2, 256)],
     "time": 120, "vms": {"a": guest("mistakes", 2)}, "counters": {"guest_aborts": (20, None)}},
    {"name": "mistakes-max", "what": "the same with -cpu max, beside a good neighbour",
     "nodes": [(2, 256)], "cpu": "max", "time": 120,
     "vms": {"a": guest("mistakes", 2), "b": guest("litmus", 2)}},
    {"name": "fp", "what": "FP registers of 3 VMs with 6 vCPUs on 1 CPU", "nodes": [(1, 256)],
     "time": 120, "vms": many(3, lambda i: guest("mistakes", 2, args="fp_ms=3000"))},
    {"name": "isolate", "what": "no word of another VM, beside and after each other",
     "nodes": [(1, 128), (1, 128)], "time": 180,
     "vms": many(2, lambda i: guest("isolate", 1, memory=64 + 32 * i)), "script": TWICE},
    {"name": "isolate-max", "what": "the same with -cpu max, 3 VMs on 1 CPU",
     "nodes": [(1, 256)], "cpu": "max", "time": 180,
     "vms": many(3, lambda i: guest("isolate", 1, memory=32)), "script": TWICE},
    {"name": "steal", "what": "stolen time of 4 vCPUs on 1 CPU", "nodes": [(1, 256)], "time": 60,
     "vms": {"a": guest("steal", 4, args="ms=2000 least=50")}},
    {"name": "no-steal", "what": "hardly any on a CPU of one's own", "nodes": [(2, 256)],
     "time": 60, "vms": {"a": guest("steal", 1, args="most=30")}},
    {"name": "trng", "what": "entropy by hypercall", "nodes": [(2, 256)], "time": 60,
     "vms": {"a": guest("trng", 2)}},
    {"name": "storm", "what": "exits of 3 VMs on 2 CPUs of 2 nodes", "nodes": [(1, 256)] * 2,
     "time": 120, "vms": many(3, lambda i: guest("storm", 2))},

    # --- machines ---
    {"name": "hello", "what": "1 vCPU on 1 CPU, twice", "nodes": [(1, 128)], "time": 60,
     "vms": {"a": guest("hello")}, "script": TWICE},
    {"name": "uneven", "what": "uneven nodes, one without memory, one without CPUs",
     "nodes": [(2, 256), (1, 0), (0, 512), (3, 128)], "time": 60,
     "vms": many(4, lambda i: guest("smp", 3)),
     "distances": [(a, b, 10 if a == b else 20 + 10 * (a ^ b)) for a in range(4) for b in range(4)],
     "script": TWICE},
    {"name": "far-memory", "what": "a VM larger than any node", "nodes": [(1, 128)] * 4, "time": 120,
     "vms": {"a": guest("isolate", 1, memory=256)}, "counters": {"far_frames": (1, None)}},
    {"name": "home-node", "what": "a VM with a home on node 1", "nodes": [(1, 256)] * 2, "time": 60,
     "vms": {"a": {**guest("isolate", 1, memory=64), "home-node": 1}},
     "counters": {"far_frames": (0, 0)}},
    {"name": "sixteen-nodes", "what": "16 nodes with a CPU each", "nodes": [(1, 128)] * 16,
     "time": 120, "vms": many(4, lambda i: guest("smp", 4, args="rounds=5"))},
    {"name": "too-many-cpus", "what": "65 CPUs are refused", "nodes": [(65, 512)], "time": 60,
     "vms": {"a": guest("hello")}, "refused": r"CPUs.*\b64\b|\b64\b.*CPUs"},
    {"name": "too-many-nodes", "what": "17 nodes are refused", "nodes": [(1, 64)] * 17, "time": 60,
     "vms": {"a": guest("hello")}, "refused": r"node.*at most"},
    {"name": "old-gic", "what": "GICv2 is refused", "nodes": [(1, 256)], "time": 60,
     "machine": "virt,virtualization=on,gic-version=2", "vms": {"a": guest("hello")},
     "refused": "no GICv3"},
    {"name": "no-el2", "what": "a CPU without EL2 is refused", "nodes": [(1, 256)], "time": 60,
     "machine": "virt,gic-version=3", "vms": {"a": guest("hello")}, "refused": "EL2"},
    {"name": "old-cpu", "what": "a CPU before Armv8.1 is refused", "nodes": [(1, 256)], "time": 60,
     "cpu": "cortex-a57", "vms": {"a": guest("hello")}, "refused": r"machine:.*8\.1|LSE|atomics"},

    # --- the operator ---
    {"name": "reset", "what": "a guest that resets for ever, then is ended", "nodes": [(1, 128)],
     "time": 120, "vms": {"a": guest("hello", args="reset=1", expect=["el1: ok"])},
     "script": [("start", "a"), ("resets", "a", 10), ("kill", "a")]},
    {"name": "pause", "what": "paused, resumed, restarted, ended; the neighbour goes on",
     "nodes": [(2, 256)], "time": 120,
     "vms": {"a": guest("storm", 4, args="spin=1", expect=["still here"]), "b": guest("litmus", 2)},
     "script": [("start", "a"), ("see", "a", "still here"), ("pause", "a"), ("start", "b"),
                ("ended", "b"), ("resume", "a"), ("sleep", 1), ("check",), ("restart", "a"),
                ("sleep", 2), ("pause", "a"), ("kill", "a"), ("start", "a"), ("sleep", 1),
                ("kill", "a")]},
    {"name": "check-running", "what": "the invariant check beside running VMs",
     "nodes": [(2, 256)] * 2, "time": 120, "vms": many(3, lambda i: guest("litmus", 3)),
     "script": [("start", "*")] + [("check",)] * 5 + [("ended", "*")]},
    {"name": "tool-run", "what": "`disco run` of a machine with two VMs", "time": 120,
     "needs": ["build/disco", "build/tests/guest/smp.img"],
     "tool": "build/disco run tests/boot/two.yaml",
     "expect": [r"PASS", "a: powered off", "b: powered off"]},
    {"name": "tool-up", "what": "`disco up -d`, ps, stats, check, logs, stop, down", "time": 120,
     "needs": ["build/disco", "build/tests/guest/storm.img"],
     "tool": "d=build/disco; set -e; $d up -d -f tests/boot/spin.yaml; sleep 2; $d ps; $d stats; $d check;"
             " $d pause a; $d resume a; $d logs a | head -3; $d stop --force a; $d down; $d ps",
     "expect": [r"a .*running", r"storm: 2 CPUs", r"hvc .*hypercall"]},
]
