// SPDX-License-Identifier: GPL-2.0-or-later
/* What a disk has on it; see contents.h. */
#include "daemon/contents.h"
#include "daemon/util.h"

#include <blkid/blkid.h>

BX_DEFINE_CLEANUP(blkid_probe, blkid_free_probe)

static const char *value_of(blkid_probe probe, const char *name)
{
	const char *value;

	return blkid_probe_lookup_value(probe, name, &value, NULL) == 0 ? value : NULL;
}

static void describe(blkid_probe probe, char *text, size_t size)
{
	const char *usage = value_of(probe, "USAGE"), *type = value_of(probe, "TYPE");
	const char *table = value_of(probe, "PTTYPE");

	if (table)
		snprintf(text, size, "a partition table (%s)", table);
	else if (bx_streq(usage ?: "", "filesystem"))
		snprintf(text, size, "a file system (%s)", type ?: "?");
	else /* a member of an array or a volume group, swap, something encrypted */
		snprintf(text, size, "what is of %s", type ?: "?");
}

int bx_contents_find(int fd, char *text, size_t size)
{
	_cleanup_(blkid_free_probep) blkid_probe probe = blkid_new_probe();
	int r;

	if (!probe)
		return -ENOMEM;
	errno = 0;
	if (blkid_probe_set_device(probe, fd, 0, 0) != 0)
		return -errno ?: -EIO;
	blkid_probe_enable_superblocks(probe, true);
	blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_USAGE);
	blkid_probe_enable_partitions(probe, true);
	errno = 0;
	r = blkid_do_safeprobe(probe);
	if (r == 1)
		return 0;
	if (r == 0)
		describe(probe, text, size);
	else if (r == -2)
		snprintf(text, size, "more than one thing");
	else
		return -errno ?: -EIO;
	return 1;
}
