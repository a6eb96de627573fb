#!/bin/bash
# Makes the Debian root in two steps:
#   debian.sh unpack      packages and chess source -> work/debian.raw, an ext4 image not yet configured
#   debian.sh configure   the second stage, in a virtual machine that writes to it -> debian.ext4
# The first needs fakeroot (owners of files); neither needs root.
set -euo pipefail

here=$(dirname "$0")
out=${GUESTS:-build/guests}
work=$out/work/debian
uuid=d15c0d15-c0d1-4c0d-8c0d-d15c0d15c0d1     # fixed, like the file times: nearly the same image each time

fail() { echo "guests: $*" >&2; exit 1; }

# Our few changes to plain Debian: where packages come from, consoles that log root in, patience.
own_files() {
    local root=$1 unit
    cp "$out/apt/trixie/etc/sources.list" "$root/etc/apt/sources.list"
    for unit in serial-getty@ttyAMA0 serial-getty@hvc0; do
        mkdir -p "$root/etc/systemd/system/$unit.service.d"
        printf '[Service]\nExecStart=\nExecStart=-/sbin/agetty --autologin root --keep-baud 115200 - $TERM\n' \
            > "$root/etc/systemd/system/$unit.service.d/autologin.conf"
    done
    # An emulated CPU that others share: what takes a second elsewhere may take a minute.
    mkdir -p "$root/etc/systemd/system.conf.d"
    printf '[Manager]\nDefaultTimeoutStartSec=10min\nDefaultDeviceTimeoutSec=10min\n' \
        > "$root/etc/systemd/system.conf.d/emulated.conf"
    install -m 755 "$here/debian/second-stage" "$root/second-stage"
}

# The source as Debian has it, patches applied.
chess_source() {
    local root=$1
    rm -rf "$work/chess"
    dpkg-source --no-check -x "$work"/source/gnuchess_*.dsc "$work/chess" > /dev/null
    rm -rf "$work/chess/debian" "$work/chess/.pc"
    mkdir -p "$root/usr/src"
    cp -a "$work/chess" "$root/usr/src/gnuchess"
}

unpack() {
    local root=$work/root
    rm -rf "$root" && mkdir -p "$root"
    echo "guests: unpacking $(ls "$work/debs" | wc -l) packages"
    python3 "$here/debian/unpack.py" "$root" "$work"/debs/*.deb
    own_files "$root"
    chess_source "$root"
    rm -f "$work/debian.raw.part"
    mke2fs -q -t ext4 -b 4096 -J size=8 -m 0 -L debian -U "$uuid" -E "hash_seed=$uuid,lazy_itable_init=0,root_owner=0:0" \
        -d "$root" "$work/debian.raw.part" 1G > /dev/null
    mv "$work/debian.raw.part" "$work/debian.raw"
    rm -rf "$root"
}

# Every ten seconds, how far the virtual machine is, until it ends.
watch() {
    local vm=$1 log=$2 total=$3 start=$SECONDS
    while sleep 10 && kill -0 "$vm" 2> /dev/null; do
        echo "guests: $((SECONDS - start)) s: $(grep -c '^Setting up' "$log") of $total packages configured" \
            "$(sed -n 's/\r//; s/^second stage: /, /p' "$log" | tail -1)"
    done
}

configure() {
    local disk=$work/debian.ext4.part log=$work/second-stage.log
    cp --sparse=always "$work/debian.raw" "$disk"
    echo "guests: configuring the packages in a virtual machine (3 minutes on two idle cores; log: $log)"
    MEMORY=1G TIME=1800 sh "$here/try.sh" "$out/vmlinuz-6.12" "$out/debian-initrd.cpio" \
        "quiet root=/dev/vda rw init=/second-stage panic=-1" -no-reboot \
        -drive "if=none,id=root,file=$disk,format=raw,discard=unmap,cache=unsafe" \
        -device virtio-blk-device,drive=root < /dev/null > "$log" 2>&1 &
    trap 'kill %1 2> /dev/null' EXIT
    watch $! "$log" "$(ls "$work/debs" | wc -l)"
    wait $! || true
    trap - EXIT
    tr -d '\r' < "$log" | grep -qx 'second stage: done' || { tail -30 "$log"; fail "the second stage failed, see $log"; }
    e2fsck -f -p "$disk" > "$work/fsck.log" 2>&1 || fail "e2fsck does not like $disk, see $work/fsck.log"
    mv "$disk" "$out/debian.ext4"
}

"$@"
