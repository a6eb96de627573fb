#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The main job of `make run`: builds the guests (two small ones are shown meanwhile), runs four
# Debian machines that compile GNU Chess on a 4-node machine, checks what they did, and sums up.
set -u
cd "$(dirname "$0")/.." || exit 1
out=build/run
mkdir -p "$out"
rm -f "$out"/*.log "$out"/counters
begin=$(date +%s)

stop_with() {
	echo "run: $*"
	exit 1
}

# "3 min 5 s" since the given second.
since() {
	s=$(($(date +%s) - $1))
	[ $s -lt 60 ] && echo "$s s" || echo "$((s / 60)) min $((s % 60)) s"
}

needs() {
	memory=$(awk '/MemAvailable/ {print int($2 / 1048576)}' /proc/meminfo)
	disk=$(df -Pk . | awk 'NR == 2 {print int($4 / 1048576)}')
	echo "Disco: four Debian machines on one emulated machine of 4 nodes, 8 CPUs, 4 GiB."
	echo "  needs   5 GiB of memory ($memory free), 4 GiB of disk ($disk free)," \
		"the packages of packages.txt"
	if [ -e build/guests/debian.ext4 ]; then
		echo "  takes   4 to 6 minutes on 2 cores"
	else
		echo "  takes   15 to 20 minutes on 2 cores the first time (the Debian image is built), 4 to 6 later"
	fi
	[ "$memory" -ge 5 ] || echo "  WARNING: less than 5 GiB of memory is free"
	[ "$disk" -ge 4 ] || [ -e build/guests/debian.ext4 ] ||
		stop_with "not enough disk below $(pwd)/build: free 4 GiB, or link build/ to another disk"
	echo
}

# Two stock kernels boot while the big image is built.
show_tiny() {
	echo "Two small machines first: stock Debian 13 and Debian 12 kernels."
	build/disco run examples/two-tiny.yaml --timeout 300 --table ||
		stop_with "the small machines did not end well (consoles above)"
	echo
}

build_image() {
	echo "Building the Debian image (once):"
	make --no-print-directory guests-debian ||
		stop_with "the image could not be built (see above); 'make run' goes on where it stopped"
	echo
}

# The newest progress line of each machine, every 15 s.
progress() {
	while sleep 15; do
		line=
		for vm in a b c d; do
			now=$(grep -a '^chess:\|^debian:' "$out/$vm.log" 2>/dev/null | tail -n 1 |
				tr -d '\r' | cut -c 1-30)
			line="$line  $vm: ${now:-boots}"
		done
		echo "  $(since "$start")$line"
	done
}

check_chess() {
	bad=0
	for vm in a b c d; do
		if ! grep -aq '^chess: move a1a6' "$out/$vm.log" || ! grep -aq '^chess: done' "$out/$vm.log"; then
			echo "run: machine $vm did not solve the problem; its console: $out/$vm.log"
			bad=1
		fi
	done
	[ $bad = 0 ] || exit 1
	echo
	echo "All four compiled the engine and found the mate in two (a1a6)."
}

counter() {
	awk -v n="$1" '$1 == n {print $2}' "$out/counters"
}

special() {
	total=0
	for e in irq wfi hvc smc sysreg sgi fault mmio_gic mmio_dev fp debug other; do
		total=$((total + $(counter exit_$e)))
	done
	echo
	echo "What is special here"
	echo "  4 unmodified Debian 13 machines took $total exits; the monitor handled each at EL2, no host OS."
	echo "  Memory on demand: $(($(counter pool_hits) + $(counter pool_misses))) frames given at first" \
		"touch, $(counter pool_hits) of them zeroed ahead by idle CPUs;" \
		"$(counter far_frames) from another node."
	echo "  $(counter frames_returned) frames came back from the guests (free page reporting)."
	echo "  Second-stage tables are local to each node: $(counter fault_refill) refills," \
		"$(counter tables) tables."
	echo "  $(counter steals) vCPUs moved inside a node, $(counter steals_far) between nodes;" \
		"$(counter ipis) interrupts between CPUs."
	echo
	echo "Next:"
	echo "  make shell                              the same machine, yours to use"
	echo "  build/disco run examples/two-tiny.yaml  two small machines in seconds"
	echo "  build/disco --help                      all commands; docs/USING.md explains them"
	echo "  make test                               the tests"
}

needs
make --no-print-directory guests-tiny || stop_with "the small guests could not be built (see above)"
if [ -e build/guests/debian.ext4 ]; then
	show_tiny
else
	make --no-print-directory guests-debian >"$out/guests.log" 2>&1 &
	image=$!
	show_tiny
	echo "The Debian image is being built meanwhile (log: $out/guests.log)."
	while kill -0 $image 2>/dev/null; do
		sleep 10
		echo "  $(since "$begin"): $(tail -n 1 "$out/guests.log" | cut -c 1-90)"
	done
	wait $image || { tail -n 20 "$out/guests.log"; echo; }
fi
build_image
echo "Four Debian machines compile GNU Chess with make -j2 (consoles: $out/a.log to d.log):"
start=$(date +%s)
progress &
progress=$!
trap 'kill $progress 2>/dev/null' EXIT
build/disco run examples/chess.yaml --timeout 1500 --quiet --table --logs "$out" \
	--counters "$out/counters"
status=$?
kill $progress 2>/dev/null
[ $status = 0 ] || stop_with "the machine ended with status $status; consoles: $out/*.log"
check_chess
special
echo
echo "Done in $(since "$begin")."
