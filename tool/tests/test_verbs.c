/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands themselves, against the fake monitor. */
#include "helper.h"

#include <stdlib.h>
#include <string.h>

#define HEAD "machine: {nodes: 2, cpus: 4, memory: 2G}\nvms:\n"
#define VM(name, more) "  " name ": {vcpus: 1, memory: 64M, kernel: k, " more "}\n"

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		print_error("'%s' is not in:\n%s\n", part, text);
	assert_non_null(strstr(text, part));
}

/* Run a command; it must end with `code` and have said `part`. */
static void expect(const char *command, int code, const char *part)
{
	int got;
	char *said = test_run(&got, "%s", command);

	if (got != code)
		print_error("%s: status %d, not %d:\n%s\n", command, got, code, said);
	assert_int_equal(got, code);
	assert_has(said, part);
	assert_null(strstr(said, "Sanitizer"));
	free(said);
}

static void usage(void **state)
{
	(void)state;
	expect("$D", 2, "usage: disco");
	expect("$D help", 0, "exit status");
	expect("$D --help", 0, "exit status");
	expect("$D help run", 0, "Example: disco run");
	expect("$D stats --help", 0, "Example: disco stats");
	expect("$D upp", 2, "did you mean 'up'?");
	expect("$D ps --nope", 2, "there is no option '--nope'");
	expect("$D stop", 2, "a word is missing");
	expect("$D run", 2, "a word is missing");
	expect("$D run nothere.yaml", 2, "nothere.yaml: No such file");
	expect("$D run t.yaml --timeout soon", 2, "not a number of seconds");
	expect("$D -m", 2, "there is no option '-m' here");
	expect("$D ps", 0, "no machine runs");
	expect("$D stats", 3, "no machine runs");
	expect("$D -m nope stats", 3, "no machine 'nope' runs");
	expect("$D -m ../x stats", 3, "no machine '../x' runs");
}

static void check_a_file(void **state)
{
	(void)state;
	test_file("good.yaml", "name: g\n" HEAD VM("a", ""));
	test_file("bad.yaml", "name: g\n" HEAD VM("a", "vcpu: 1"));
	expect("$D config good.yaml", 0, "good.yaml: good. Machine 'g': 2 nodes, 4 CPUs, 2G");
	expect("$D check-config good.yaml", 0, "good.yaml: good");
	expect("$D config good.yaml --dump", 0, "compatible = \"disco,config-1\";");
	expect("$D config good.yaml --qemu", 0, "-M virt,virtualization=on,gic-version=3");
	expect("$D config good.yaml --dtb x.dtb && test -s x.dtb", 0, "good");
	expect("$D config bad.yaml", 2, "bad.yaml:4:41: vms.a.vcpu: there is no such field; did "
				       "you mean 'vcpus'?\n");
	expect("$D up -f bad.yaml", 2, "did you mean 'vcpus'?");
	expect("DISCO_IMAGE=/nope $D run good.yaml", 1, "DISCO_IMAGE: /nope cannot be read");
	expect("DISCO_QEMU=/nope $D run good.yaml", 1, "DISCO_QEMU: /nope cannot be run");
}

static void run_ends_with_the_worst(void **state)
{
	(void)state;
	test_file("off.yaml", "name: r\n" HEAD VM("a", "cmdline: off=100 print=2")
		  VM("b", "cmdline: off=300") VM("c", "autostart: false"));
	test_file("fault.yaml", "name: r\n" HEAD VM("a", "cmdline: off=100")
		  VM("b", "cmdline: fault=200"));
	test_file("reset.yaml", "name: r\n" HEAD VM("a", "cmdline: reset=100, on_reboot: stop"));
	test_file("none.yaml", "name: r\n" HEAD VM("a", "autostart: false"));
	test_file("long.yaml", "name: r\n" HEAD VM("a", "cmdline: x"));
	expect("$D run off.yaml", 0, "a       | line 1 of a longer output\n");
	expect("$D run off.yaml --table -q", 0, "(machine)  2 nodes, 4 CPUs");
	expect("$D run fault.yaml", 1, "b: fault: vCPU 0 ran off its memory");
	expect("$D run reset.yaml", 1, "a: reset: the guest reset itself");
	expect("$D run none.yaml", 2, "nothing to wait for");
	expect("$D run long.yaml --timeout 2", 124, "the time limit is over");
	expect("$D -m other run off.yaml --logs l && cat l/a.log l/serial.log", 0,
	       "line 1 of a longer output\r\nfake monitor boots");
	expect("FAKE_DIE=300 $D run long.yaml", 1, "the emulator has a bug");
	expect("$D run long.yaml >o 2>&1 & till 'grep hello o'; kill -INT $!; till 'grep order o'; "
	       "kill -INT $!; wait $!; echo status $?; cat o", 0, "status 130\n");
	expect("cat o", 0, "stopping 'r' in order (Ctrl-C again: at once)\n");
	expect("cat o", 0, "a is ended by force\n");
	expect("ls run/disco", 0, "");
	expect("test -z \"$(ls run/disco)\"", 0, "");
}

static void a_machine_in_the_background(void **state)
{
	(void)state;
	test_file("two.yaml", "name: bg\n" HEAD VM("a", "cmdline: print=3")
		  VM("b", "cmdline: polite") VM("c", "autostart: false"));
	expect("$D up -d -f two.yaml", 0, "bg is up: 3 VMs on 2 nodes, 4 CPUs");
	expect("$D up -d -f two.yaml", 1, "the machine 'bg' runs already");
	expect("$D ps", 0, "a   running");
	expect("$D vms", 0, "c   off");
	expect("$D ps -q", 0, "bg\n");
	expect("$D start c", 0, "c: running");
	expect("$D start nope", 3, "the machine 'bg' has no VM 'nope'; it has: a, b, c");
	expect("$D pause a", 0, "a: paused");
	expect("$D ps", 0, "a   paused");
	expect("$D resume a", 0, "a: resumed");
	expect("$D restart a", 0, "a: restarted");
	expect("$D stop b", 0, "b: powered off");
	expect("$D stop b", 0, "b: is off already");
	expect("$D pause b", 1, "b cannot be paused: it is off");
	expect("$D stop a -t 0.3", 1, "did not power off within");
	expect("$D stop --force a", 0, "a: killed: by the operator");
	expect("$D start a b", 0, "b: running");
	expect("$D stats", 0, "NODE  CPUS  MEMORY");
	expect("$D stats a", 0, "0x40080000");
	expect("$D check", 0, "1000 frames and 500 table entries looked at in 3 slices: 0 faults");
	expect("$D logs", 0, "fake monitor is up\n");
	expect("$D logs --serial", 0, "fake monitor boots\r\n");
	expect("$D logs a", 0, "line 2 of a longer output\r\n");
	expect("$D down -t 0.3", 0, "a did not power off within 1 s: ended by force\n");
	expect("$D ps", 0, "no machine runs");
}

static void consoles_take_input(void **state)
{
	(void)state;
	test_file("two.yaml", "name: in\n" HEAD VM("a", "cmdline: print=1"));
	expect("$D up -d -f two.yaml", 0, "in is up");
	expect("echo uname | $D console a --quiet 1", 0,
	       "line 0 of a longer output\r\nuname\n\r\nyou said: uname\r\n");
	expect("echo again | $D console a --quiet 1 --no-scrollback | grep -c uname; true", 0,
	       "0\n");
	/* more than the monitor takes at once, in order and nothing twice */
	expect("for i in $(seq 300); do echo number $i; done | $D console a --quiet 2 | "
	       "tr -d '\\r' | grep '^you said: number' | cut -d' ' -f4 >got; seq 300 | "
	       "cmp - got && echo same", 0, "same\n");
	expect("echo poweroff | $D console a", 0, "a: powered off");
	expect("$D console a </dev/null", 0, "a: powered off");
	expect("$D console b </dev/null", 3, "no VM 'b'");
	expect("$D console </dev/null", 2, "name one VM");
	expect("$D down", 0, "in is down");
}

static void noise_on_the_line(void **state)
{
	(void)state;
	test_file("noise.yaml", "name: n\n" HEAD VM("a", "cmdline: print=400 off=100")
		  VM("b", "cmdline: print=400"));
	for (int seed = 1; seed <= 2; seed++) {
		int code;
		char *said = test_run(&code,
			"export FAKE_NOISE=6 FAKE_SEED=%d; $D up -d -f noise.yaml && "
			"for i in $(seq 20); do echo number $i; done | $D console b --quiet 60 "
			"--no-scrollback >/dev/null & for i in $(seq 300); do sleep 0.1; "
			"$D logs b | grep -q 'you said: number 20' && break; done; "
			"$D logs a >a.txt; $D logs b | tr -d '\\r' | grep '^you said: number' | "
			"cut -d' ' -f4 >b.txt; "
			"$D down --force; wait; "
			"grep -c 'of a longer' a.txt; seq 20 | cmp - b.txt && echo same", seed);

		if (code)
			print_error("%s", said);
		assert_int_equal(code, 0);
		assert_has(said, "400\n");
		assert_has(said, "same\n");
		assert_null(strstr(said, "Sanitizer"));
		free(said);
	}
}

static void dead_machines_are_cleared(void **state)
{
	(void)state;
	test_file("dead.yaml", "name: d\n" HEAD VM("a", ""));
	expect("FAKE_DIE=2000 $D up -d -f dead.yaml; till '! kill -0 $(cat run/disco/d/lock)'; "
	       "$D ps", 0,
	       "the machine 'd' died: the emulator ended with status 7: disco: fake: the emulator "
	       "has a bug; its folder is cleared");
	expect("$D up -d -f dead.yaml; p=$(cat run/disco/d/lock); kill -9 $p; "
	       "till '! kill -0 $p'; $D ps", 0, "and its supervisor with it");
	expect("$D ps", 0, "no machine runs");
	expect("mkdir -p run/disco/e; $D -m e ps", 3, "the machine 'e' died");
}

static void several_machines(void **state)
{
	(void)state;
	test_file("m.yaml", "name: m1\n" HEAD VM("a", ""));
	expect("$D up -d -f m.yaml && $D -m m2 up -d -f m.yaml", 0, "m2 is up");
	expect("$D ps", 0, "m2: 2 nodes");
	expect("$D logs a", 2, "several machines run: m1, m2 (pick one: disco -m m1 ...)");
	expect("$D logs a -m m2", 0, "hello from a");
	expect("$D down m1 --force && $D down --force", 0, "m2 is down");
}

static void silent_monitor(void **state)
{
	(void)state;
	test_file("mute.yaml", "name: mute\n" HEAD VM("a", ""));
	expect("FAKE_MUTE=1 $D up -d -f mute.yaml & till 'grep boots run/disco/mute/serial.log'; "
	       "$D ps; $D logs --serial; $D down; wait", 0,
	       "mute: boots (see: disco logs --serial)\nfake monitor boots");
	expect("FAKE_MUTE=1 $D up -d -f mute.yaml & till 'test -e run/disco/mute/serial.log'; "
	       "kill -9 $!; till '! test -e run/disco/mute'; $D ps", 0,
	       "no machine runs");
	expect("FAKE_MUTE=1 $D run mute.yaml -t 3", 124, "the serial line said last:\n"
							   "fake monitor boots");
	expect("FAKE_PANIC=300 $D run mute.yaml", 1, "monitor: PANIC: on purpose");
	expect("test -z \"$(ls run/disco)\"", 0, "");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(usage),
	cmocka_unit_test(check_a_file),
	cmocka_unit_test(run_ends_with_the_worst),
	cmocka_unit_test(a_machine_in_the_background),
	cmocka_unit_test(consoles_take_input),
	cmocka_unit_test(dead_machines_are_cleared),
	cmocka_unit_test(several_machines),
	cmocka_unit_test(silent_monitor),
	cmocka_unit_test(noise_on_the_line),
};

const struct test_list verb_tests = {tests, ARRAY_SIZE(tests)};
