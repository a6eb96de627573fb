#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Installs the Debian packages that are missing, by name, from the distribution as it is set
# up. Without root or sudo it says the one command that an administrator has to type.
set -u
cd "$(dirname "$0")/.." || exit 1

wanted=$(cat packages.txt guests/packages.txt | sed 's/#.*//' | sort -u)
missing=
for p in $wanted; do
	dpkg-query -W -f '${db:Status-Status}\n' "$p" 2>/dev/null | grep -q '^installed$' ||
		missing="$missing $p"
done
if [ -z "$missing" ]; then
	exit 0
fi
install="apt-get install -y --no-install-recommends$missing"
if [ "$(id -u)" = 0 ]; then
	as_root=
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
	as_root=sudo
else
	echo "deps: these packages are missing; please have an administrator run:"
	echo "  sudo $install"
	exit 1
fi
echo "deps: installing from the distribution:$missing"
export DEBIAN_FRONTEND=noninteractive
log=build/deps.log
mkdir -p build
if ! { $as_root apt-get update && $as_root env DEBIAN_FRONTEND=noninteractive $install; } >"$log" 2>&1; then
	tail -n 20 "$log"
	echo "deps: the installation failed (whole output: $log)"
	exit 1
fi
