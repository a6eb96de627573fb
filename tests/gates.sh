#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# gates.sh COUNT: rules that the sources keep. A line each; the output of those that fail.
count=$1 passed=0 failed=0
out=build/tests/gate.out
gate() {
    name=$1
    shift
    if "$@" > $out 2>&1; then
        passed=$((passed + 1))
        echo "ok $name: $(tail -n 1 $out)"
    else
        failed=$((failed + 1))
        echo "FAIL $name"
        tail -n 40 $out
    fi
}
${MAKE:-make} --no-print-directory -j2 monitor > $out 2>&1 || tail -n 20 $out
${MAKE:-make} --no-print-directory -j2 DEBUG=0 monitor > $out 2>&1 || tail -n 20 $out
gate layers python3 tests/layers.py
gate sizes python3 tests/sizes.py
gate headers sh tests/headers.sh
gate clang ${MAKE:-make} --no-print-directory -k -j2 test-clang
gate tidy ${MAKE:-make} --no-print-directory -k -j2 test-tidy
echo "$passed $failed" > "$count"
[ "$failed" = 0 ]
