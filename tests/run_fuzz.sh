#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# run_fuzz.sh COUNT SECONDS FUZZER...: each fuzzer for a while, two at a time. What they find new
# is kept in build/tests/corpus; an input that fails in build/tests/fuzz-NAME-*.
count=$1 seconds=$2 passed=0 failed=0
shift 2
one() {
    name=$1 program=$2
    corpus=build/tests/corpus/$name log=build/tests/fuzzers/$name.log
    mkdir -p "$corpus" build/tests/fuzzers
    seeds=tests/fuzz/corpus/$(basename "$program")
    [ "$program" = build/tool/fuzz_config ] && seeds=examples
    [ -d "$seeds" ] && [ "${program#build/tool}" = "$program" -o "$seeds" = examples ] || seeds=
    if [ -x "$program" ] && timeout -k 5 $((seconds + 60)) "$program" -max_total_time="$seconds" \
        -max_len=20000 -timeout=10 -artifact_prefix="build/tests/fuzz-$name-" -print_final_stats=1 \
        "$corpus" $seeds > "$log" 2>&1; then
        echo "ok $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") runs"
    else
        echo "FAIL $name: see $log"
        [ -e "$log" ] && grep -a -E 'ERROR|runtime error|SUMMARY' "$log" | head -5
        return 1
    fi
}
while [ $# -gt 0 ]; do
    name=$(basename "$1")
    case $1 in build/tool/*) name=tool_$name ;; esac
    one "$name" "$1" & first=$!
    second=
    shift
    if [ $# -gt 0 ]; then
        name=$(basename "$1")
        case $1 in build/tool/*) name=tool_$name ;; esac
        one "$name" "$1" & second=$!
        shift
    fi
    for job in $first $second; do
        if wait "$job"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
    done
done
if [ "${BUILT:-0}" != 0 ]; then
    echo "FAIL build: not all could be built; those that run may be old"
    failed=$((failed + 1))
fi
echo "$passed $failed" > "$count"
[ "$failed" = 0 ]
