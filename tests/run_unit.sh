#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# run_unit.sh COUNT PROGRAM...: runs cmocka programs, a line each; PASSED FAILED go to COUNT.
count=$1 passed=0 failed=0
shift
for program; do
    name=$(basename "$program") log=build/tests/unit/$(basename "$program").log start=$(date +%s)
    if [ ! -x "$program" ]; then
        echo "FAIL $name: not built"
        failed=$((failed + 1))
        continue
    fi
    timeout -k 5 300 "$program" > "$log" 2>&1
    status=$?
    p=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$log" | awk '{ n += $1 } END { print n + 0 }')
    f=$(sed -n 's/^\[  FAILED  \] \([0-9]*\) test.*/\1/p' "$log" | awk '{ n += $1 } END { print n + 0 }')
    if [ $status -ne 0 ] && [ "$f" = 0 ]; then f=1; fi
    if [ "$p" = 0 ] && [ "$f" = 0 ]; then f=1; fi
    passed=$((passed + p)) failed=$((failed + f))
    if [ "$f" = 0 ]; then
        echo "ok $name: $p tests ($(($(date +%s) - start)) s)"
    else
        echo "FAIL $name: $f of $((p + f)), status $status; see $log"
        grep -a -E '^\[  (FAILED|ERROR) |error:|runtime error|SUMMARY|panic' "$log" | head -12
    fi
done
if [ "${BUILT:-0}" != 0 ]; then
    echo "FAIL build: not all could be built; those that run may be old"
    failed=$((failed + 1))
fi
echo "$passed $failed" > "$count"
[ "$failed" = 0 ]
