#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# `make shell`: the machine of `make run`, interactive: machine a's console; the rest by
# build/disco in another terminal. Leaving the console (Ctrl-]) ends the machine.
set -u
cd "$(dirname "$0")/.." || exit 1
make --no-print-directory guests-tiny guests-debian || exit 1
build/disco up -d -f examples/demo.yaml || exit 1
trap 'build/disco -m demo down --force' EXIT
echo "Machines a, b, c, d run. This is a's console; Ctrl-] leaves and ends all."
echo "In another terminal: build/disco -m demo ps | stats | console b | check"
build/disco -m demo console a
