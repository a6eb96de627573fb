#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Each header compiles alone: it includes what it uses. FLAGS are the monitor's.
bad=0 n=0
[ -n "$FLAGS" ] || FLAGS="-std=gnu11 -ffreestanding -mgeneral-regs-only -march=armv8.1-a -Imonitor -Ibuild/gen"
for header in monitor/*/*.h; do
    n=$((n + 1))
    printf '#include "%s"\n#include "%s"\n' "${header#monitor/}" "${header#monitor/}" |
        aarch64-linux-gnu-gcc $FLAGS -isystem third_party/libfdt -isystem third_party/libfdt/env \
            -fsyntax-only -x c - || { echo "$header doesn't compile alone, or not twice"; bad=1; }
done
echo "$n headers compile alone and twice"
exit $bad
