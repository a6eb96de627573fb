#!/bin/sh
# Runs a guest image on plain QEMU, without Disco, with the devices that Disco shows:
#   try.sh KERNEL INITRD "COMMAND LINE" [QEMU OPTION...]      CPUS=2 MEMORY=512M TIME=600 CONSOLE=ttyAMA0
set -eu
kernel=$1 initrd=$2 cmdline=$3
shift 3
exec timeout --foreground "${TIME:-600}" qemu-system-aarch64 \
    -machine virt,gic-version=3,acpi=off -cpu "${CPU:-neoverse-n1}" -smp "${CPUS:-2}" -m "${MEMORY:-512M}" \
    -accel tcg,thread=multi -global virtio-mmio.force-legacy=false -nodefaults -nographic -serial mon:stdio \
    -device virtio-rng-device -device virtio-balloon-device -device virtio-serial-device \
    -kernel "$kernel" -initrd "$initrd" -append "console=${CONSOLE:-ttyAMA0} $cmdline" "$@"
