/* SPDX-License-Identifier: BSD-2-Clause */
#include "qemu.h"

#include "blob.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EMULATOR "qemu-system-aarch64"
/* Above this many CPUs, threads of the emulator stand in each other's way. */
#define THREADS_MAX 16

static char *path_if(char *path, int mode)
{
	if (!access(path, mode))
		return path;
	free(path);
	return NULL;
}

/* The folder of this program, "." if that is unknown. */
static char *own_folder(void)
{
	char *self = realpath("/proc/self/exe", NULL);
	char *slash = self ? strrchr(self, '/') : NULL;

	if (!slash) {
		free(self);
		return need_copy(".");
	}
	*slash = 0;
	return self;
}

static char *search_path(const char *name)
{
	const char *at = getenv("PATH");

	while (at && *at) {
		size_t length = strcspn(at, ":");
		char *found = path_if(need_format("%.*s/%s", (int)length, at, name), X_OK);

		if (found)
			return found;
		at += length + (at[length] == ':');
	}
	return NULL;
}

char *qemu_find_emulator(void)
{
	static const char *const places[] = {"qemu/bin", "qemu/usr/bin"};
	const char *given = getenv("DISCO_QEMU");
	char *folder = own_folder();
	char *found = NULL;

	if (given && given[0]) {
		free(folder);
		found = path_if(need_copy(given), X_OK);
		if (!found)
			die(CODE_FAIL, "DISCO_QEMU: %s cannot be run", given);
		return found;
	}
	for (size_t i = 0; i < ARRAY_SIZE(places) && !found; i++)
		found = path_if(need_format("%s/%s/" EMULATOR, folder, places[i]), X_OK);
	free(folder);
	if (!found)
		found = search_path(EMULATOR);
	if (!found)
		die(CODE_FAIL, EMULATOR " is not installed (Debian: apt-get install "
		    "qemu-system-arm; or name it in DISCO_QEMU)");
	return found;
}

char *qemu_find_image(void)
{
	const char *given = getenv("DISCO_IMAGE");
	char *folder = own_folder();
	char *found;

	if (given && given[0])
		found = path_if(need_copy(given), R_OK);
	else
		found = path_if(need_format("%s/disco.img", folder), R_OK);
	if (!found && !given)
		found = path_if(need_copy("/usr/lib/disco/disco.img"), R_OK);
	if (!found && given)
		die(CODE_FAIL, "DISCO_IMAGE: %s cannot be read", given);
	if (!found)
		die(CODE_FAIL, "there is no %s/disco.img: build the monitor (make), or name it "
		    "in DISCO_IMAGE", folder);
	free(folder);
	return found;
}

static void add(struct arguments *to, const char *format, ...) PRINTF(2, 3);
static void add(struct arguments *to, const char *format, ...)
{
	va_list args;

	to->items = need_realloc(to->items, (to->count + 2) * sizeof(char *));
	va_start(args, format);
	to->items[to->count++] = need_vformat(format, args);
	va_end(args);
	to->items[to->count] = NULL;
}

void arguments_free(struct arguments *arguments)
{
	for (size_t i = 0; i < arguments->count; i++)
		free(arguments->items[i]);
	free(arguments->items);
	*arguments = (struct arguments){0};
}

static void add_machine(struct arguments *to, const struct cfg_machine *machine)
{
	const char *accel = getenv("DISCO_QEMU_ACCEL");

	if (!accel || !accel[0])
		accel = machine->cpu_count > THREADS_MAX ? "tcg,thread=single" : "tcg,thread=multi";
	add(to, "-M");
	add(to, "virt,virtualization=on,gic-version=3");
	add(to, "-accel");
	add(to, "%s", accel);
	add(to, "-cpu");
	add(to, "%s", config_cpu_name(machine->cpu));
	add(to, "-smp");
	add(to, "%u", machine->cpu_count);
	add(to, "-m");
	add(to, "%lluM", (unsigned long long)(machine->memory >> 20));
}

static void add_nodes(struct arguments *to, const struct cfg_machine *machine)
{
	unsigned int cpu = 0;

	for (unsigned int i = 0; i < machine->node_count; i++) {
		const struct cfg_node *node = &machine->nodes[i];
		char cpus[40] = "", memory[24] = "";

		if (node->cpus)
			snprintf(cpus, sizeof(cpus), ",cpus=%u-%u", cpu, cpu + node->cpus - 1);
		if (node->memory) {
			snprintf(memory, sizeof(memory), ",memdev=m%u", i);
			add(to, "-object");
			add(to, "memory-backend-ram,id=m%u,size=%lluM", i,
			    (unsigned long long)(node->memory >> 20));
		}
		add(to, "-numa");
		add(to, "node,nodeid=%u%s%s", i, cpus, memory);
		cpu += node->cpus;
	}
}

static void add_distances(struct arguments *to, const struct cfg_machine *machine)
{
	for (unsigned int i = 0; machine->has_distances && i < machine->node_count; i++) {
		for (unsigned int j = 0; j < machine->node_count; j++) {
			add(to, "-numa");
			add(to, "dist,src=%u,dst=%u,val=%u", i, j, machine->distance[i][j]);
		}
	}
}

static void add_channels(struct arguments *to, const struct qemu_setup *setup)
{
	add(to, "-display");
	add(to, "none");
	add(to, "-nodefaults");
	add(to, "-no-reboot");
	add(to, "-chardev");
	add(to, "socket,id=line,fd=%d", setup->serial_fd);
	add(to, "-serial");
	add(to, "chardev:line");
	add(to, "-global");
	add(to, "virtio-mmio.force-legacy=false");
	add(to, "-device");
	add(to, "virtio-serial-device,max_ports=4");
	add(to, "-chardev");
	add(to, "socket,id=ctl,fd=%d", setup->control_fd);
	add(to, "-device");
	add(to, "virtserialport,chardev=ctl,name=disco.control");
}

/* The emulator's option parser wants each comma of a value twice. */
static char *double_commas(const char *path)
{
	char *out = need_alloc(2 * strlen(path) + 1);
	char *to = out;

	for (; *path; path++) {
		*to++ = *path;
		if (*path == ',')
			*to++ = ',';
	}
	*to = 0;
	return out;
}

static bool drive_written(const struct config *config, unsigned int drive)
{
	for (unsigned int i = 0; i < config->volume_count; i++)
		if (config->volumes[i].drive == drive && config->volumes[i].written)
			return true;
	return false;
}

static void add_drives(struct arguments *to, const struct config *config)
{
	for (unsigned int i = 0; i < config->volume_count; i++) {
		const struct cfg_volume *volume = &config->volumes[i];
		char serial[CFG_SERIAL_MAX + 1];
		char *path;

		if (volume->drive != i)
			continue;
		path = double_commas(volume->file.path);
		add(to, "-drive");
		add(to, "if=none,id=vol-%s,file=%s,format=raw,cache=writeback,readonly=%s,"
		    "discard=unmap", volume->name, path, drive_written(config, i) ? "off" : "on");
		add(to, "-device");
		add(to, "virtio-blk-device,drive=vol-%s,serial=%s", volume->name,
		    volume_serial(config, i, serial));
		free(path);
	}
}

/* More arguments from the environment, split at blanks: for tests and debugging. */
static void add_extra(struct arguments *to)
{
	const char *at = getenv("DISCO_QEMU_EXTRA");

	while (at && *at) {
		size_t length = strcspn(at, " ");

		if (length)
			add(to, "%.*s", (int)length, at);
		at += length + (at[length] == ' ');
	}
}

struct arguments qemu_arguments(const struct config *config, const struct qemu_setup *setup)
{
	struct arguments to = {0};

	add(&to, "%s", setup->emulator);
	add_machine(&to, &config->machine);
	add_nodes(&to, &config->machine);
	add_distances(&to, &config->machine);
	add_channels(&to, setup);
	add_drives(&to, config);
	add(&to, "-kernel");
	add(&to, "%s", setup->image);
	add(&to, "-initrd");
	add(&to, "%s", setup->archive);
	add_extra(&to);
	return to;
}
