/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine and its VMs as the YAML file says it, checked: what the monitor's blob
 * (blob.h), the boot archive (archive.h) and the emulator's command line (qemu.h) are made
 * from. docs/USING.md describes every field of the file.
 *
 * A relative path is looked up in the current folder first, then in the folder of the YAML
 * file; the configuration holds absolute paths.
 */
#ifndef TOOL_CONFIG_H
#define TOOL_CONFIG_H

#include "faults.h"

#include "abi/config.h"

#define CFG_NODES_MAX 16
#define CFG_CPUS_MAX 64

struct cfg_node {
	unsigned int cpus;
	uint64_t memory;
};

enum cfg_cpu { CFG_CPU_NEOVERSE_N1, CFG_CPU_MAX };

struct cfg_machine {
	unsigned int node_count;
	unsigned int cpu_count;
	uint64_t memory;
	enum cfg_cpu cpu;
	bool has_distances;
	unsigned int distance[CFG_NODES_MAX][CFG_NODES_MAX];
	struct cfg_node nodes[CFG_NODES_MAX];
};

/* A file that VMs use: its real path, and which one it is. */
struct cfg_file {
	char *path;
	uint64_t size;
	uint64_t device;
	uint64_t inode;
};

struct cfg_volume {
	char name[CFG_NAME_MAX + 1];
	struct mark mark;
	struct cfg_file file;
	unsigned int partition; /* 0: the whole file */
	unsigned int drive;     /* first volume with the same file: they are one disk */
	unsigned int users;
	bool written;
};

struct cfg_disk {
	char volume_name[CFG_NAME_MAX + 1];
	struct mark mark;
	unsigned int volume;
	bool exclusive;
};

struct cfg_vm {
	char name[CFG_NAME_MAX + 1];
	struct mark mark;
	struct mark memory_mark;
	unsigned int vcpus;
	uint64_t memory;
	struct cfg_file kernel;
	struct cfg_file initrd; /* path NULL: none */
	char *cmdline;          /* NULL: none */
	struct mark node_mark;
	int node;               /* -1: anywhere */
	unsigned int weight;    /* 0: not said */
	bool manual;            /* not started with the machine */
	bool stop_on_reboot;
	unsigned int disk_count;
	struct cfg_disk disks[CFG_DISKS_MAX];
};

struct config {
	char name[CFG_NAME_MAX + 1];
	char *folder; /* of the YAML file */
	struct cfg_machine machine;
	unsigned int volume_count;
	struct cfg_volume volumes[CFG_VOLUMES_MAX];
	unsigned int vm_count;
	struct cfg_vm vms[CFG_VMS_MAX];
	struct faults *faults; /* while it is being read */
};

/**
 * Read and check the YAML text of the file `path`. Everything that is wrong goes to `faults`;
 * the result is NULL if any of it is more than a warning.
 */
struct config *config_parse(const char *path, const char *text, size_t size,
			    struct faults *faults);

/** Read the file `path` likewise; prints faults and warnings, leaves with CODE_USAGE if bad. */
struct config *config_load(const char *path);

/** Release it. */
void config_free(struct config *config);

/** Number of the VM called `name`, or -1. */
int config_find_vm(const struct config *config, const char *name);

/** Name of the CPU model as the file and the emulator write it. */
const char *config_cpu_name(enum cfg_cpu cpu);

#endif
