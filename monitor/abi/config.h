/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration as the monitor reads it: a flattened device tree (Devicetree
 * Specification 0.4, chapter 5), made from YAML by the tool and carried in the boot
 * archive (a newc cpio given to the machine as its initrd). The monitor checks all of
 * it again. Layout (all integers big-endian cells as in any device tree):
 *
 *   / {
 *       compatible = "disco,config-1";
 *       name = "demo";                       machine name, CFG_NAME_MAX
 *       volumes {
 *           root {                           node name = volume name
 *               serial = "root";             id of the machine's virtio disk (20 bytes)
 *               partition = <2>;             optional: GPT partition, from 1
 *           };
 *       };
 *       vms {
 *           a {                              node name = VM name, CFG_NAME_MAX
 *               vcpus = <2>;                 1 to CFG_VCPUS_MAX
 *               memory = <0x0 0x20000000>;   64-bit bytes, multiple of 2 MiB
 *               weight = <100>;              optional, 1 to 10000, default 100
 *               kernel = "files/0";          archive member, an arm64 Image or flat ELF-less binary
 *               initrd = "files/1";          optional archive member
 *               cmdline = "root=/dev/vda";   optional, CFG_CMDLINE_MAX
 *               manual;                      optional: not started at boot
 *               on-reboot = "restart";       optional: "restart" (default) or "stop"
 *               home-node = <0>;             optional: memory and vCPUs prefer this node
 *               disks {
 *                   disk@0 { volume = "root"; mode = "readonly"; };
 *                   disk@1 { volume = "data"; mode = "exclusive"; };
 *               };
 *           };
 *       };
 *   };
 *
 * Unknown properties and nodes are faults: a tool and a monitor of different versions
 * must not disagree silently.
 */
#ifndef ABI_CONFIG_H
#define ABI_CONFIG_H

#define CFG_COMPATIBLE "disco,config-1"
/* Archive members: the configuration, and the directory of all other files. */
#define CFG_ARCHIVE_DTB "disco.dtb"
#define CFG_ARCHIVE_FILES "files/"

#define CFG_NAME_MAX 31       /* letters, digits, '-', '_'; starts with a letter or digit */
#define CFG_CMDLINE_MAX 2047  /* bytes without the terminating zero */
#define CFG_VMS_MAX 250       /* VMs of one configuration */
#define CFG_VCPUS_MAX 64      /* vCPUs of one VM */
#define CFG_DISKS_MAX 8       /* disks of one VM */
#define CFG_VOLUMES_MAX 24    /* disks of the machine: it has 32 virtio-mmio slots */
#define CFG_SERIAL_MAX 20     /* virtio 1.2, 5.2.6.1: VIRTIO_BLK_T_GET_ID */
#define CFG_MEMORY_MIN (16ull << 20)
#define CFG_MEMORY_MAX (255ull << 30)
#define CFG_MEMORY_ALIGN (2ull << 20)
#define CFG_WEIGHT_MAX 10000
#define CFG_WEIGHT_DEFAULT 100

#endif
