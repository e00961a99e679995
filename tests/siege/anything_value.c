// SPDX-License-Identifier: GPL-2.0-or-later
/* Chance, and the values that come of it; see anything.h. */
#include "tests/siege/anything.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What bxd may have heard of, so that calls come further than its first look at them. */
static const char *const known[] = {
	"bxlab0",
	"nvme",
	"pci-stub",
	"vfio-pci",
	"bx_emu",
	"bx_nvme",
	"fast-nvm",
	"any0",
	"any1",
	"any2",
	"any3",
	"capacity",
	"64M",
	"1",
	"2",
	"virtio-pci",
	"0000:01:00.0",
	"/dev/nvme0n1",
	"nvme0",
	"nvme0n1",
	"virtio_blk",
	"org.byteexpress.bx1.Device",
	"org.byteexpress.bx1.Manager",
	"org.byteexpress.bx1.Job",
	"State",
	"Version",
	"/org/byteexpress/bx1/device/bxlab0",
};

static const char *const nasty[] = {
	"",
	" ",
	"/",
	".",
	"..",
	"../../../../etc/shadow",
	"any0/../../bxlab0",
	"%s%n%s%n",
	"\n",
	"\x01\x02\x1b[2J",
	"any0\nany1",
	"a=b c=\"d\"",
	"-rf",
	"--help",
	"$(reboot)",
	"'; reboot; '",
	"NaN",
	"-1",
	"0x7fffffffffffffff",
	"18446744073709551616",
	"1e999",
	"null",
	"true",
	"{}",
	"_",
	"_2f",
	"_zz",
	"bxlab0@",
	"bxlab0@00.0",
	"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
	"\xef\xbf\xbf",
	"\xe2\x80\xae",
	":1.1",
	"/org/byteexpress/bx1/job/99999999999999999999",
	"/org/byteexpress/bx1/job/",
	"/org/byteexpress/bx1/device/",
	"//",
	"0123456789abcdef0123456789abcde",
	"0123456789abcdef0123456789abcdef",
};

/* Nothing here takes more of a guest's memory than a few such devices may. The last ones are no settings at all. */
#define SETTINGS_WRONG 4
static const struct {
	const char *name, *values[6];
} settings[] = {
	{ "capacity", { "16M", "64M", "0", "1E", "-1", "many" } },
	{ "queues", { "1", "2", "4", "0", "500", "18446744073709551615" } },
	{ "queue_depth", { "2", "64", "1024", "0", "1", "65537" } },
	{ "type", { "nvm", "nvm", "tape", "", "NVM", "kv" } },
	{ "serial", { "any", "bxlab0", "", "a b", "0123456789012345678901234567890", "\xc3\xa4" } },
	{ "model", { "any", "", "%s", "0123456789", "\t", "-" } },
	{ "memory_source", { "runtime", "runtime", "runtime", "memmap", "none", "" } },
	{ "memory_size", { "64M", "128M", "0", "1", "1E", "-1" } },
	{ "memory_start", { "5G", "0", "1M", "1E", "-1", "0x100000000" } },
	{ "cpus", { "0", "0-1", "99", "", "1,1,1", "-" } },
	{ "numa_node", { "0", "-1", "1024", "x", "2147483648", "" } },
	{ "mdts", { "0", "5", "255", "256", "-1", "x" } },
	{ "cmb_size", { "0", "1M", "3", "1E", "-1", "x" } },
	{ "shadow_doorbells", { "0", "1", "2", "yes", "", "-1" } },
	{ "idle_spin_ns", { "0", "1000", "100000", "-1", "x", "" } },
	{ "namespaces/1/size", { "16M", "32M", "0", "1E", "511", "-1" } },
	{ "namespaces/1/lba_size", { "512", "4096", "0", "513", "-1", "x" } },
	{ "timing/read_latency_ns", { "0", "1000", "100000", "-1", "x", "1e3" } },
	{ "namespaces/4294967296/size", { "16M", "0", "", "1", "x", "-1" } },
	{ "namespaces/../size", { "16M", "0", "", "1", "x", "-1" } },
	{ "fault/present", { "0", "1", "", "x", "-1", "2" } },
	{ "power", { "0", "1", "", "x", "-1", "2" } },
};

static const char *const options[] = { "preset",  "autostart", "force", "driver",
				       "options", "",	       "id",	"name" };

static uint64_t state;

void anything_seed(uint64_t seed)
{
	state = seed;
}

/* A counter that is stirred: no seed is a bad one. */
uint64_t anything_number(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

uint32_t anything_below(uint32_t limit)
{
	return limit ? anything_number() % limit : 0;
}

bool anything_one_in(uint32_t n)
{
	return anything_below(n) == 0;
}

static char *long_text(void)
{
	static const char *const bits[] = { "a", "/", "../", "\xc3\xa4", "%n", "0", "{[", "\"\\" };
	const char *bit = bits[anything_below(COUNT(bits))];
	size_t n = anything_below(1u << anything_below(20)) / strlen(bit), length = strlen(bit);
	char *text = anything_memory(malloc(n * length + 1));

	for (size_t i = 0; i < n; i++)
		memcpy(text + i * length, bit, length);
	text[n * length] = 0;
	return text;
}

char *anything_text(void)
{
	uint32_t kind = anything_below(20);

	if (kind == 0)
		return long_text();
	return anything_memory(strdup(kind < 13 ? known[anything_below(COUNT(known))]
						: nasty[anything_below(COUNT(nasty))]));
}

void anything_setting(char **name, char **value)
{
	size_t n = anything_below(COUNT(settings) - (anything_one_in(8) ? 0 : SETTINGS_WRONG));

	if (anything_one_in(12)) {
		*name = anything_text();
		*value = anything_text();
		return;
	}
	*name = anything_memory(strdup(settings[n].name));
	/* Mostly one that could be, as one that could not ends the whole list. */
	*value = anything_one_in(20)
			 ? anything_text()
			 : anything_memory(strdup(
				   settings[n].values[anything_below(anything_one_in(4) ? 6 : 2)]));
}

const char *anything_option(void)
{
	return options[anything_below(COUNT(options))];
}

double anything_fraction(void)
{
	const double values[] = { NAN,	   INFINITY, -INFINITY, 0.0,  -0.0,
				  DBL_MAX, DBL_MIN,  0.5,	1e18, -1 };

	return values[anything_below(COUNT(values))];
}
