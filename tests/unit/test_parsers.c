// SPDX-License-Identifier: GPL-2.0-or-later
/* What comes in as text: PCI addresses, slots, mount tables, names, remembered identities. */
#include "daemon/identity.h"
#include "daemon/mountinfo.h"
#include "daemon/names.h"
#include "daemon/pci.h"
#include "daemon/util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <systemd/sd-bus.h>

#include <cmocka.h>

/* ---------------------------------------------------------------- PCI */

static void pci_addresses_are_told_from_everything_else(void **state)
{
	static const char *const good[] = { "0000:01:00.0", "ffff:ff:1f.7", "10000:e1:00.0",
					    "00012345:00:00.0" };
	static const char *const bad[] = { "",
					   "01:00.0",
					   "0000:01:00",
					   "0000:01:00.8",
					   "0000:01:00.0 ",
					   "0000:01:00.00",
					   "000:01:00.0",
					   "0000:1:00.0",
					   "0000:01:0g.0",
					   "0000:0A:00.0",
					   "0000/01/00.0",
					   "../../01:00.0",
					   "123456789:00:00.0" };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(bx_pci_address_valid(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(bx_pci_address_valid(bad[i]));
}

static void the_address_of_a_device_is_the_last_one_in_its_path(void **state)
{
	char address[BX_ADDRESS_MAX];

	assert_int_equal(
		bx_pci_address_in_path("/devices/pci0000:00/0000:00:05.0/0000:01:00.0/nvme/"
				       "nvme0/nvme0n1",
				       address),
		0);
	assert_string_equal(address, "0000:01:00.0");
	assert_int_equal(bx_pci_address_in_path("/devices/virtual/nvme-subsystem/nvme-subsys0",
						address),
			 -ENOENT);
}

static void a_slot_has_no_bus_numbers_in_it(void **state)
{
	static const char *const slots[][2] = {
		{ "../../../devices/pci0000:00/0000:00:05.0/0000:01:00.0", "0000:00-05.0-00.0" },
		{ "../../../devices/pci0000:00/0000:00:05.0/0000:07:00.0", "0000:00-05.0-00.0" },
		{ "../../../devices/pci0000:80/0000:80:01.1/0000:81:00.0/0000:82:04.0/0000:85:00.1",
		  "0000:80-01.1-00.0-04.0-00.1" },
		{ "../../../devices/pci0000:00/0000:00:0e.0/pci10000:e0/10000:e0:06.0/10000:e1:00.0",
		  "0000:00-0e.0-06.0-00.0" },
	};
	char slot[BX_SLOT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(slots); i++) {
		assert_int_equal(bx_pci_slot_from_link(slots[i][0], slot, sizeof(slot)), 0);
		assert_string_equal(slot, slots[i][1]);
	}
}

static void a_link_that_is_no_pci_path_has_no_slot(void **state)
{
	static const char *const links[] = { "",
					     "../../../devices/platform/x",
					     "devices/pci",
					     "../devices/pci0000:00",
					     "../devices/pci0000:00/",
					     "../devices/pci0000:00/usb1" };
	char slot[BX_SLOT_MAX], small[12];

	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		assert_true(bx_pci_slot_from_link(links[i], slot, sizeof(slot)) < 0);
	assert_true(bx_pci_slot_from_link("../devices/pci0000:00/0000:00:05.0/0000:01:00.0", small,
					  sizeof(small)) < 0);
}

static void namespaces_are_found_whatever_number_their_subsystem_has(void **state)
{
	static const char *const entries[][2] = {
		{ "nvme0n1", "nvme0n1" },
		{ "nvme1n12", "nvme1n12" },
		{ "nvme0c3n1", "nvme0n1" },
		{ "nvme12c0n3", "nvme12n3" },
		{ "ng0n1", "" },
		{ "nvme0", "" },
		{ "nvme0n1p1", "" },
		{ "nvme-subsys0", "" },
		{ "nvmen1", "" },
		{ "nvme0cn1", "" },
		{ "hwmon0", "" },
		{ "power", "" },
	};
	char disk[BX_NAME_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		assert_int_equal(bx_nvme_disk_of(entries[i][0], disk, sizeof(disk)),
				 *entries[i][1] ? 1 : 0);
		assert_string_equal(disk, entries[i][1]);
	}
}

/* ---------------------------------------------------------------- object paths */

static void an_id_survives_the_way_through_an_object_path(void **state)
{
	static const char *const ids[] = {
		"bxlab0", "slot-0000:00-05.0-00.0", "S4EVNF0M@0000:00-05.0", "_", "a_b", "1"
	};

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		_cleanup_free_ char *path = NULL, *id = NULL;

		assert_true(sd_bus_path_encode(BX_PATH_DEVICES, ids[i], &path) >= 0);
		assert_true(sd_bus_object_path_is_valid(path));
		assert_int_equal(sd_bus_path_decode(path, BX_PATH_DEVICES, &id), 1);
		assert_string_equal(id, ids[i]);
	}
}

/* ---------------------------------------------------------------- mount tables */

static void a_line_of_mountinfo_is_understood(void **state)
{
	static const char line[] =
		"36 35 259:3 /sub /mnt/a\\040b\\011\\134 rw,noatime shared:5 master:2 - ext4 /dev/nvme0n1p3 rw,errors=continue";
	static const char none[] = "22 27 0:21 / /proc rw - proc proc rw";
	struct bx_mount mount;

	assert_int_equal(bx_mountinfo_parse_line(line, strlen(line), &mount), 0);
	assert_int_equal(mount.major, 259);
	assert_int_equal(mount.minor, 3);
	assert_string_equal(mount.mount_point, "/mnt/a b\t\\");
	assert_string_equal(mount.type, "ext4");
	assert_string_equal(mount.source, "/dev/nvme0n1p3");
	assert_int_equal(bx_mountinfo_parse_line(none, strlen(none), &mount), 0);
	assert_string_equal(mount.mount_point, "/proc");
}

static void a_line_that_is_not_mountinfo_is_refused(void **state)
{
	static const char *const lines[] = {
		"",
		"36",
		"36 35 259:3 / /mnt rw",
		"36 35 259:3 / /mnt rw shared:1",
		"36 35 259 / /mnt rw - ext4 /dev/x rw",
		"36 35 259: / /mnt rw - ext4 /dev/x rw",
		"36 35 259:3x / /mnt rw - ext4 /dev/x rw",
		"36 35 -1:3 / /mnt rw - ext4 /dev/x rw",
		"36 35 259:3 / /mnt\\000 rw - ext4 /dev/x rw",
		"36 35 259:3 / /mnt rw -",
	};
	struct bx_mount mount;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		assert_int_equal(bx_mountinfo_parse_line(lines[i], strlen(lines[i]), &mount),
				 -EINVAL);
}

static int count_mounts(const struct bx_mount *mount, void *userdata)
{
	(*(int *)userdata)++;
	return 0;
}

static int stop_at_once(const struct bx_mount *mount, void *userdata)
{
	(*(int *)userdata)++;
	return 7;
}

static void a_bad_line_does_not_hide_the_others(void **state)
{
	static const char table[] = "22 27 0:21 / /proc rw - proc proc rw\n"
				    "nonsense\n"
				    "36 35 259:3 / /mnt rw - ext4 /dev/nvme0n1p3 rw\n";
	size_t bad;
	int n = 0;

	assert_int_equal(bx_mountinfo_parse(table, count_mounts, &n, &bad), 0);
	assert_int_equal(n, 2);
	assert_int_equal(bad, 1);
	n = 0;
	assert_int_equal(bx_mountinfo_parse(table, stop_at_once, &n, NULL), 7);
	assert_int_equal(n, 1);
}

static int collect(const char *path, void *userdata)
{
	return bx_strv_addf(userdata, "%s", path);
}

static void swaps_are_found_below_the_heading(void **state)
{
	_cleanup_strv_ char **list = NULL;
	static const char table[] =
		"Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
		"/dev/nvme0n1p2                          partition\t999420\t0\t-2\n"
		"/var/swap\\040file file 1 0 -3\n";

	assert_int_equal(bx_swaps_parse(table, collect, &list), 0);
	assert_int_equal(bx_strv_length(list), 2);
	assert_string_equal(list[0], "/dev/nvme0n1p2");
	assert_string_equal(list[1], "/var/swap file");
	assert_int_equal(bx_swaps_parse("", collect, &list), 0);
	assert_int_equal(bx_swaps_parse("Filename", collect, &list), 0);
	assert_int_equal(bx_strv_length(list), 2);
}

/* ---------------------------------------------------------------- text */

static void only_valid_text_gets_through(void **state)
{
	static const char *const texts[][2] = {
		{ "plain", "plain" },
		{ "Größe €  😀", "Größe €  😀" },
		{ "a\nb\tc\x7f", "a?b?c?" },
		{ "\xff\xfe", "??" },
		{ "\xc3", "?" },
		{ "\xc0\xaf", "??" },
		{ "\xe0\x82\xaf", "???" },
		{ "\xed\xa0\x80", "???" },
		{ "\xf4\x90\x80\x80", "????" },
		{ "\xc2\x85", "??" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		char text[64];

		strcpy(text, texts[i][0]);
		assert_string_equal(bx_clean_text(text), texts[i][1]);
	}
}

/* ---------------------------------------------------------------- identities */

static const char two_identities[] =
	"0000:01:00.0\t4142\tbxlab0\tA model\t1.0\tnqn.2019-08.org.qemu:bxlab0\n"
	"0000:02:00.0\t77\tS2\t\t\t\n";

static void an_identity_is_only_believed_for_the_same_function(void **state)
{
	struct bx_identities identities = { 0 };

	assert_int_equal(bx_identities_parse(&identities, two_identities), 0);
	assert_int_equal(identities.count, 2);
	assert_string_equal(bx_identities_find(&identities, "0000:01:00.0", 4142)->serial,
			    "bxlab0");
	assert_string_equal(bx_identities_find(&identities, "0000:01:00.0", 4142)->nqn,
			    "nqn.2019-08.org.qemu:bxlab0");
	assert_null(bx_identities_find(&identities, "0000:01:00.0", 4143));
	assert_null(bx_identities_find(&identities, "0000:03:00.0", 4142));
	bx_identities_done(&identities);
}

static void a_damaged_identity_is_left_out(void **state)
{
	static const char *const lines[] = {
		"0000:01:00.0\t1\tserial\tmodel\tfirmware\n",
		"0000:01:00.0\t1\tserial\tmodel\tfirmware\tnqn\tmore\n",
		"0000:01:00.0\tx\tserial\tmodel\tfirmware\tnqn\n",
		"0000:01:00.0\t99999999999999999999999\tserial\tmodel\tfirmware\tnqn\n",
		"nvme0\t1\tserial\tmodel\tfirmware\tnqn\n",
		"\t\t\t\t\t\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct bx_identities identities = { 0 };

		assert_int_equal(bx_identities_parse(&identities, lines[i]), 0);
		assert_int_equal(identities.count, 0);
		bx_identities_done(&identities);
	}
}

static void an_exchanged_device_is_not_taken_for_the_old_one(void **state)
{
	struct bx_pci other = { .address = "0000:01:00.0", .inode = 5000, .driver = "vfio-pci" };
	struct bx_identities identities = { 0 };

	assert_int_equal(bx_identities_parse(&identities, two_identities), 0);
	assert_int_equal(bx_identities_learn(&identities, &other), 0);
	assert_true(identities.changed);
	assert_null(bx_identities_find(&identities, "0000:01:00.0", 4142));
	assert_string_equal(bx_identities_find(&identities, "0000:01:00.0", 5000)->serial, "");
	bx_identities_done(&identities);
}

static void nothing_is_forgotten_while_another_driver_has_the_device(void **state)
{
	struct bx_pci same = { .address = "0000:01:00.0", .inode = 4142, .driver = "vfio-pci" };
	struct bx_identities identities = { 0 };

	assert_int_equal(bx_identities_parse(&identities, two_identities), 0);
	assert_int_equal(bx_identities_learn(&identities, &same), 0);
	assert_false(identities.changed);
	assert_string_equal(bx_identities_find(&identities, "0000:01:00.0", 4142)->serial,
			    "bxlab0");
	bx_identities_done(&identities);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pci_addresses_are_told_from_everything_else),
		cmocka_unit_test(the_address_of_a_device_is_the_last_one_in_its_path),
		cmocka_unit_test(a_slot_has_no_bus_numbers_in_it),
		cmocka_unit_test(a_link_that_is_no_pci_path_has_no_slot),
		cmocka_unit_test(namespaces_are_found_whatever_number_their_subsystem_has),
		cmocka_unit_test(an_id_survives_the_way_through_an_object_path),
		cmocka_unit_test(a_line_of_mountinfo_is_understood),
		cmocka_unit_test(a_line_that_is_not_mountinfo_is_refused),
		cmocka_unit_test(a_bad_line_does_not_hide_the_others),
		cmocka_unit_test(swaps_are_found_below_the_heading),
		cmocka_unit_test(only_valid_text_gets_through),
		cmocka_unit_test(an_identity_is_only_believed_for_the_same_function),
		cmocka_unit_test(a_damaged_identity_is_left_out),
		cmocka_unit_test(an_exchanged_device_is_not_taken_for_the_old_one),
		cmocka_unit_test(nothing_is_forgotten_while_another_driver_has_the_device),
	};

	return cmocka_run_group_tests_name("parsers", tests, NULL, NULL);
}
