// SPDX-License-Identifier: GPL-2.0-or-later
/* What doctor finds on machines that are made of files, each with one thing wrong. */
#include "daemon/definition.h"
#include "daemon/diagnose.h"
#include "daemon/util.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>

#include <cmocka.h>

struct machine {
	char directory[32];
	struct bx_root root;
};

/* With the folders that are on the way. */
static void put(struct machine *machine, const char *path, const char *text, size_t length)
{
	char part[256];
	int fd;

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		mkdirat(machine->root.fd, part, 0755);
	}
	fd = openat(machine->root.fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, length), length);
	close(fd);
}

static void say(struct machine *machine, const char *path, const char *text)
{
	put(machine, path, text, strlen(text));
}

/* One with nothing wrong. */
static void machine_begin(struct machine *machine)
{
	strcpy(machine->directory, "/tmp/bx-machine-XXXXXX");
	assert_non_null(mkdtemp(machine->directory));
	assert_int_equal(bx_root_open(&machine->root, machine->directory), 0);
	say(machine, "sys/module/module/parameters/sig_enforce", "N\n");
	say(machine, "sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
	say(machine, "sys/kernel/iommu_groups/0/type", "DMA\n");
	say(machine, "sys/class/iommu/dmar0/x", "");
	say(machine, "sys/devices/system/memory/block_size_bytes", "8000000\n");
	say(machine, "sys/devices/system/memory/memory0/removable", "0\n");
	say(machine, "sys/devices/system/memory/memory32/removable", "1\n");
	say(machine, "proc/meminfo", "MemTotal: 4000000 kB\nMemAvailable:    3000000 kB\n");
	say(machine, "sys/firmware/memmap/0/type", "System RAM\n");
	say(machine, "sys/firmware/memmap/0/start", "0x0\n");
	say(machine, "sys/firmware/memmap/0/end", "0x9fbff\n");
	say(machine, "sys/firmware/memmap/1/type", "System RAM\n");
	say(machine, "sys/firmware/memmap/1/start", "0x100000000\n");
	say(machine, "sys/firmware/memmap/1/end", "0x13fffffff\n");
	say(machine, "sys/firmware/memmap/2/type", "Reserved\n");
	say(machine, "sys/firmware/memmap/2/start", "0xfd00000000\n");
	say(machine, "sys/firmware/memmap/2/end", "0xffffffffff\n");
	say(machine, bx_path("%s/plain.json", BX_PRESETS).s, "{\"version\":1,\"settings\":{}}");
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static void drop(struct machine *machine, const char *path)
{
	nftw(bx_path("%s/%s", machine->directory, path).s, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void machine_end(struct machine *machine)
{
	bx_root_close(&machine->root);
	drop(machine, "");
}

static const char *member(struct json_object *finding, const char *name)
{
	return json_object_get_string(json_object_object_get(finding, name)) ?: "";
}

/* There is a finding of the check with this verdict, text and advice; of all others the verdict is ok. */
static void expect(struct machine *machine, const char *check, const char *verdict,
		   const char *text, const char *advice)
{
	struct json_object *findings = json_object_new_array();
	bool found = false;

	assert_int_equal(bx_diagnose(&machine->root, findings), 0);
	for (size_t i = 0; i < json_object_array_length(findings); i++) {
		struct json_object *finding = json_object_array_get_idx(findings, i);

		if (!bx_streq(member(finding, "check"), check)) {
			assert_string_equal(member(finding, "verdict"), "ok");
			assert_string_equal(member(finding, "advice"), "");
			continue;
		}
		assert_string_equal(member(finding, "verdict"), verdict);
		found |= strstr(member(finding, "text"), text) &&
			 strstr(member(finding, "advice"), advice);
	}
	if (!found)
		fail_msg("no %s of %s with '%s' and '%s': %s", verdict, check, text, advice,
			 json_object_to_json_string(findings));
	json_object_put(findings);
}

static void a_healthy_machine_has_nothing(void **state)
{
	static const char *const checks[] = { "signatures", "iommu", "memory", "definitions",
					      "presets" };
	struct machine machine;

	machine_begin(&machine);
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++)
		expect(&machine, checks[i], "ok", "", "");
	/* A kernel without these can be well, too. */
	drop(&machine, "sys/kernel/security");
	drop(&machine, "sys/module");
	expect(&machine, "signatures", "ok", "", "");
	machine_end(&machine);
}

static void what_a_kernel_wants_signed_is_told(void **state)
{
	struct machine machine;

	machine_begin(&machine);
	say(&machine, "sys/module/module/parameters/sig_enforce", "Y\n");
	expect(&machine, "signatures", "warning", "sig_enforce", "mokutil");
	say(&machine, "sys/module/module/parameters/sig_enforce", "N\n");
	say(&machine, "sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	put(&machine, "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
	    "\6\0\0\0\1", 5);
	expect(&machine, "signatures", "warning",
	       "locked down (integrity), and the firmware boots securely", "mokutil");
	say(&machine, "sys/kernel/security/lockdown", "nonsense\n");
	expect(&machine, "signatures", "unseen", "cannot be seen", "");
	machine_end(&machine);
}

static void an_iommu_that_is_off_is_told_from_none(void **state)
{
	struct machine machine;

	machine_begin(&machine);
	drop(&machine, "sys/kernel/iommu_groups");
	expect(&machine, "iommu", "warning", "it is off", "intel_iommu=on");
	drop(&machine, "sys/class/iommu");
	expect(&machine, "iommu", "warning", "no IOMMU", "in the firmware");
	machine_end(&machine);
}

static void where_no_memory_can_be_had_it_is_to_be_reserved(void **state)
{
	/* The last 256 MiB of the highest RAM that there is. */
	static const char reservation[] = "memmap=256M\\$0x130000000";
	struct machine machine;

	machine_begin(&machine);
	say(&machine, "proc/meminfo", "MemAvailable: 200000 kB\n");
	expect(&machine, "memory", "warning", "in blocks of 128 MiB, and 195 MiB", reservation);
	say(&machine, "proc/meminfo", "MemAvailable: 300000 kB\n");
	say(&machine, "sys/devices/system/memory/memory32/removable", "0\n");
	expect(&machine, "memory", "warning", "none of its blocks", reservation);
	drop(&machine, "sys/devices/system/memory");
	expect(&machine, "memory", "warning", "while it runs", reservation);
	drop(&machine, "sys/firmware");
	expect(&machine, "memory", "warning", "while it runs", "bx_emu(4)");
	say(&machine, "sys/devices/system/memory/block_size_bytes", "many\n");
	expect(&machine, "memory", "unseen", "cannot be seen", "");
	machine_end(&machine);
}

static void files_that_cannot_be_read_are_named(void **state)
{
	struct machine machine;

	machine_begin(&machine);
	say(&machine, "etc/bxd/devices/good.json", "{\"version\":1,\"settings\":{}}");
	expect(&machine, "definitions", "ok", "read: 1.", "");
	say(&machine, "etc/bxd/devices/newer.json", "{\"version\":9}");
	expect(&machine, "definitions", "problem",
	       "/etc/bxd/devices/newer.json cannot be used: it has version 9",
	       "systemctl reload bxd");
	drop(&machine, "etc/bxd/devices/newer.json");
	say(&machine, "etc/bxd/presets/odd.json",
	    "{\"version\":1,\"settings\":{\"colour\":\"red\"}}");
	expect(&machine, "presets", "problem", "there is no setting 'colour'",
	       "/etc/bxd/presets/odd.json");
	drop(&machine, "etc/bxd/presets");
	drop(&machine, BX_PRESETS);
	expect(&machine, "presets", "problem", "no presets", "make install");
	machine_end(&machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_healthy_machine_has_nothing),
		cmocka_unit_test(what_a_kernel_wants_signed_is_told),
		cmocka_unit_test(an_iommu_that_is_off_is_told_from_none),
		cmocka_unit_test(where_no_memory_can_be_had_it_is_to_be_reserved),
		cmocka_unit_test(files_that_cannot_be_read_are_named),
	};

	return cmocka_run_group_tests_name("diagnose", tests, NULL, NULL);
}
