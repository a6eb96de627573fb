#!/bin/sh
# Fetches arm64 packages with an apt of our own below build/: its configuration, indexes and
# (empty) package database are private, so the host's apt is read for its mirror and nothing else.
#
#   apt.sh fetch   SUITE DIR PACKAGE...   these packages into DIR
#   apt.sh closure SUITE DIR PACKAGE...   these, what they need, and all essential packages
#   apt.sh source  SUITE DIR PACKAGE      the source package, as Debian has it, into DIR
#   apt.sh depends SUITE PACKAGE          the first package it depends on (what a meta package means)
#
# DEBIAN_MIRROR overrides the mirror. A stale index is refreshed once when a fetch fails.
set -eu

verb=$1 suite=$2
shift 2
home=$(pwd)/${GUESTS:-build/guests}/apt/$suite
sources="$home/etc/sources.list"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

fail() { echo "guests: $*" >&2; exit 1; }

# The host's own mirror is the one known to work from here (a proxy or a local copy, perhaps).
mirror() {
    if [ -n "${DEBIAN_MIRROR:-}" ]; then echo "$DEBIAN_MIRROR"; return; fi
    found=$(apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | grep -m1 -E '/debian/?$' || true)
    echo "${found:-http://deb.debian.org/debian}"
}

# How to reach the mirror (proxies, date checks) is the host's business: taken over as it is.
host_acquire() {
    apt-config dump | grep -E '^Acquire::(http|https|Retries|Check-)' || true
}

configure() {
    [ -r "$keyring" ] || fail "$keyring is missing: install debian-archive-keyring"
    mkdir -p "$home/lists/partial" "$home/archives/partial" "$home/etc/preferences.d"
    : > "$home/status"
    source="[arch=arm64 signed-by=$keyring] $(mirror) $suite main"
    printf 'deb %s\ndeb-src %s\n' "$source" "$source" > "$sources"
    host_acquire > "$home/apt.conf"
    cat >> "$home/apt.conf" <<CONF
Dir "$home";
Dir::Etc "$home/etc";
Dir::Etc::Parts "/dev/null";
Dir::State "$home";
Dir::State::status "$home/status";
Dir::Cache "$home";
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Languages "none";
CONF
}

update() {
    echo "guests: reading the package index of $suite (arm64)" >&2
    apt-get -qq -o APT::Update::Error-Mode=any update >&2 || fail "cannot read the index of $suite from $(mirror) (network? DEBIAN_MIRROR?)"
    touch "$home/updated"
}

# Runs an apt command; if it fails, once more with a fresh index: point releases remove old files.
try() {
    "$@" >"$home/log" 2>&1 && return
    update
    "$@" >"$home/log" 2>&1 || { cat "$home/log" >&2; fail "cannot fetch from $(mirror), suite $suite: $*"; }
}

export APT_CONFIG="$home/apt.conf"
if [ ! -e "$home/updated" ]; then
    unset APT_CONFIG                    # the mirror is read with the host's configuration
    configure
    export APT_CONFIG="$home/apt.conf"
    update
fi

case $verb in
depends)
    apt-cache depends "$1" | awk '/Depends:/ { print $2; exit }'
    ;;
fetch)
    mkdir -p "$1" && cd "$1" && shift
    try apt-get download "$@"
    ;;
closure)
    # archives/ may also hold files of other closures: apt says which ones are ours.
    out=$1; shift
    echo "guests: fetching $# packages and what they need" >&2
    try apt-get install -y --download-only "$@" '?essential'
    rm -rf "$out" && mkdir -p "$out" "$home/none/partial"
    apt-get install -y --print-uris -o Dir::Cache::archives="$home/none" "$@" '?essential' > "$home/log"
    awk '/^.http|^.file/ { print $2 }' "$home/log" | while read -r file; do
        ln "$home/archives/$file" "$out/" || fail "$file is missing after the download"
    done
    ;;
source)
    mkdir -p "$1" && cd "$1" && shift
    try apt-get source --download-only "$@"
    ;;
*)
    fail "apt.sh: unknown verb $verb"
    ;;
esac
