// SPDX-License-Identifier: GPL-2.0-or-later
/* What can be wrong with a machine; see diagnose.h. */
#include "daemon/diagnose.h"
#include "daemon/definition.h"
#include "daemon/util.h"

#include <ctype.h>
#include <stdarg.h>

BX_DEFINE_CLEANUP(struct json_object *, json_object_put)

#define MEMORY_DIR  "sys/devices/system/memory"
#define SECURE_BOOT "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define RESERVED_BYTES \
	(256ULL << 20) /* as much as is suggested to be reserved for a first device */
#define RESERVED_ALIGN (2ULL << 20)

const char *bx_verdict_name(enum bx_verdict verdict)
{
	static const char *const names[] = {
#define X(id, name) [BX_VERDICT_##id] = name,
		BX_VERDICTS(X)
#undef X
	};

	return verdict < BX_VERDICT_COUNT ? names[verdict] : "";
}

static int set(struct json_object *object, const char *name, const char *value)
{
	return json_object_object_add(object, name, json_object_new_string(value)) < 0 ? -ENOMEM
										       : 0;
}

int bx_find(struct json_object *findings, const char *check, enum bx_verdict verdict,
	    const char *advice, const char *format, ...)
{
	_cleanup_(json_object_putp) struct json_object *finding = json_object_new_object();
	char text[1024];
	va_list ap;
	int r;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	bx_clean_text(text);
	if (!finding)
		return -ENOMEM;
	r = set(finding, "check", check);
	if (r >= 0)
		r = set(finding, "verdict", bx_verdict_name(verdict));
	if (r >= 0)
		r = set(finding, "text", text);
	if (r >= 0)
		r = set(finding, "advice", advice);
	if (r >= 0 && json_object_array_add(findings, json_object_get(finding)) < 0) {
		json_object_put(finding);
		r = -ENOMEM;
	}
	return r;
}

/* ---------------------------------------------------------------- modules that the kernel takes */

/* The word in brackets: "none [integrity] confidentiality". */
int bx_lockdown(struct bx_root *root, char *word, size_t size)
{
	char text[128], *begin, *end;
	int r = bx_root_read(root, "sys/kernel/security/lockdown", text, sizeof(text));

	bx_copy(word, size, "none");
	if (r == -ENOENT) /* a kernel that has none */
		return 0;
	if (r < 0)
		return r;
	begin = strchr(text, '[');
	end = begin ? strchr(begin, ']') : NULL;
	if (!end)
		return -EBADMSG;
	*end = 0;
	return bx_copy(word, size, begin + 1);
}

int bx_signatures_wanted(struct bx_root *root, char *why, size_t size)
{
	char lockdown[32], enforced[8];
	int r;

	*why = 0;
	r = bx_root_read(root, "sys/module/module/parameters/sig_enforce", enforced,
			 sizeof(enforced));
	if (r < 0 && r != -ENOENT)
		return r;
	if (r >= 0 && *enforced == 'Y') {
		snprintf(why, size, "module.sig_enforce is on");
		return 0;
	}
	r = bx_lockdown(root, lockdown, sizeof(lockdown));
	if (r >= 0 && !bx_streq(lockdown, "none"))
		snprintf(why, size, "it is locked down (%s)", lockdown);
	return r;
}

bool bx_secure_boot(struct bx_root *root)
{
	_cleanup_free_ char *value = NULL;

	/* Four bytes of attributes, and one of value. */
	return bx_root_read_all(root, SECURE_BOOT, &value) == 5 && value[4] == 1;
}

static int check_signatures(struct bx_root *root, struct json_object *findings)
{
	const char *boot = bx_secure_boot(root) ? ", and the firmware boots securely" : "";
	char why[64];
	int r = bx_signatures_wanted(root, why, sizeof(why));

	if (r < 0)
		return bx_find(findings, "signatures", BX_VERDICT_UNSEEN, "",
			       "Whether the kernel wants modules to be signed cannot be seen: %s.",
			       strerror(-r));
	if (*why)
		return bx_find(
			findings, "signatures", BX_VERDICT_WARNING,
			"sign the modules with a key of your own, and type: mokutil --import KEY.der",
			"The kernel takes only modules that are signed, since %s%s.", why, boot);
	return bx_find(findings, "signatures", BX_VERDICT_OK, "",
		       "The kernel does not want modules to be signed%s.", boot);
}

/* ---------------------------------------------------------------- IOMMU */

static int check_iommu(struct bx_root *root, struct json_object *findings)
{
	_cleanup_strv_ char **units = NULL, **groups = NULL;

	bx_root_list(root, "sys/class/iommu", &units);
	bx_root_list(root, "sys/kernel/iommu_groups", &groups);
	if (groups)
		return bx_find(findings, "iommu", BX_VERDICT_OK, "",
			       "The IOMMU is on, with %zu groups, so vfio-pci can have devices.",
			       bx_strv_length(groups));
	if (units)
		return bx_find(
			findings, "iommu", BX_VERDICT_WARNING,
			"add intel_iommu=on (on Intel) to the kernel command line, and reboot",
			"There is an IOMMU and it is off, so vfio-pci cannot have devices.");
	return bx_find(
		findings, "iommu", BX_VERDICT_WARNING,
		"switch it on in the firmware, add intel_iommu=on (on Intel) to the kernel command line, and reboot",
		"The kernel knows of no IOMMU, so vfio-pci cannot have devices; all else works.");
}

/* ---------------------------------------------------------------- memory for emulated devices */

static int read_number(struct bx_root *root, const char *path, int base, unsigned long long *ret)
{
	char text[32], *end;
	int r = bx_root_read(root, path, text, sizeof(text));

	if (r < 0)
		return r;
	errno = 0;
	*ret = strtoull(text, &end, base);
	return errno || end == text || *end ? -EBADMSG : 0;
}

/* In bytes. */
static int read_available(struct bx_root *root, unsigned long long *ret)
{
	_cleanup_free_ char *text = NULL;
	ssize_t n = bx_root_read_all(root, "proc/meminfo", &text);
	const char *line = n < 0 ? NULL : strstr(text, "MemAvailable:");

	if (!line || sscanf(line, "MemAvailable: %llu kB", ret) != 1)
		return n < 0 ? n : -EBADMSG;
	*ret <<= 10;
	return 0;
}

/* Of blocks that the kernel would try to take out. */
static int count_blocks(struct bx_root *root, unsigned int *ret)
{
	_cleanup_strv_ char **names = NULL;
	int r = bx_root_list(root, MEMORY_DIR, &names);

	*ret = 0;
	for (size_t i = 0; r >= 0 && names && names[i]; i++) {
		char removable[4];

		if (bx_startswith(names[i], "memory") && isdigit((unsigned char)names[i][6]) &&
		    bx_root_read(root, bx_path(MEMORY_DIR "/%s/removable", names[i]).s, removable,
				 sizeof(removable)) > 0 &&
		    *removable == '1')
			(*ret)++;
	}
	return r;
}

/* The end of the highest RAM that the firmware tells of, where the kernel has put nothing of its own. */
static int find_reservation(struct bx_root *root, unsigned long long *ret)
{
	_cleanup_strv_ char **entries = NULL;
	unsigned long long best = 0;
	int r = bx_root_list(root, "sys/firmware/memmap", &entries);

	for (size_t i = 0; r >= 0 && entries && entries[i]; i++) {
		struct bx_path folder = bx_path("sys/firmware/memmap/%s", entries[i]);
		unsigned long long start, end, from;
		char type[32];

		if (bx_root_read(root, bx_path("%.300s/type", folder.s).s, type, sizeof(type)) <
			    0 ||
		    !bx_streq(type, "System RAM") ||
		    read_number(root, bx_path("%.300s/start", folder.s).s, 16, &start) < 0 ||
		    read_number(root, bx_path("%.300s/end", folder.s).s, 16, &end) < 0 ||
		    end < RESERVED_BYTES)
			continue;
		from = (end + 1 - RESERVED_BYTES) & ~(RESERVED_ALIGN - 1);
		if (from >= start && from > best)
			best = from;
	}
	*ret = best;
	return r < 0 ? r : best ? 0 : -ENOENT;
}

static int find_no_memory(struct bx_root *root, struct json_object *findings, const char *why)
{
	char advice[512] = "reserve memory at boot, with memmap=: see bx_emu(4)";
	unsigned long long start;

	if (find_reservation(root, &start) >= 0)
		snprintf(
			advice, sizeof(advice),
			"reserve memory at boot: write GRUB_CMDLINE_LINUX_DEFAULT=\"$GRUB_CMDLINE_LINUX_DEFAULT \"'memmap=%lluM\\$%#llx' into /etc/default/grub.d/bxd.cfg, type update-grub, and reboot",
			RESERVED_BYTES >> 20, start);
	return bx_find(findings, "memory", BX_VERDICT_WARNING, advice,
		       "An emulated device will hardly find memory in the running kernel: %s.",
		       why);
}

static int check_memory(struct bx_root *root, struct json_object *findings)
{
	unsigned long long block, available;
	unsigned int count = 0;
	int r = read_number(root, MEMORY_DIR "/block_size_bytes", 16, &block);

	if (r == -ENOENT)
		return find_no_memory(root, findings, "it cannot take memory out while it runs");
	if (r >= 0)
		r = read_available(root, &available);
	if (r >= 0)
		r = count_blocks(root, &count);
	if (r < 0)
		return bx_find(findings, "memory", BX_VERDICT_UNSEEN, "",
			       "What memory could be had cannot be seen: %s.", strerror(-r));
	if (!count)
		return find_no_memory(root, findings, "none of its blocks can be taken out");
	/* What is in the block goes elsewhere, and that much is to be left. */
	if (available < 2 * block)
		return find_no_memory(
			root, findings,
			bx_path("that is taken in blocks of %llu MiB, and %llu MiB are "
				"available in all",
				block >> 20, available >> 20)
				.s);
	return bx_find(
		findings, "memory", BX_VERDICT_OK, "",
		"Memory for emulated devices is taken in blocks of %llu MiB, of which several devices share one; %llu MiB are available.",
		block >> 20, available >> 20);
}

/* ---------------------------------------------------------------- files */

/* Who is called with what is damaged is given nothing else. */
static struct json_object *damaged_findings;

static void find_damaged(const char *path, const char *why)
{
	bx_find(damaged_findings, "definitions", BX_VERDICT_PROBLEM,
		bx_path("mend or remove %s, and type: systemctl reload bxd", path).s,
		"%s cannot be used: %s.", path, why);
}

static int check_definitions(struct bx_root *root, struct json_object *findings)
{
	size_t before = json_object_array_length(findings);
	struct bx_definition *list;
	size_t n = 0;
	int r;

	damaged_findings = findings;
	r = bx_definitions_load(root, find_damaged, &list);
	damaged_findings = NULL;
	if (r < 0)
		return bx_find(findings, "definitions", BX_VERDICT_UNSEEN, "",
			       "The definitions of devices cannot be read: %s.", strerror(-r));
	for (const struct bx_definition *definition = list; definition;
	     definition = definition->next)
		n++;
	bx_definitions_free(list);
	if (json_object_array_length(findings) > before)
		return 0;
	return bx_find(findings, "definitions", BX_VERDICT_OK, "",
		       "All definitions of emulated devices can be read: %zu.", n);
}

static int check_preset_folder(struct bx_root *root, const char *folder,
			       struct json_object *findings, size_t *count)
{
	_cleanup_strv_ char **files = NULL;
	int r = bx_root_list(root, folder, &files);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (size_t i = 0; r >= 0 && files && files[i]; i++) {
		_cleanup_(json_object_putp) struct json_object *settings = NULL;
		struct bx_failure failure = { 0 };
		char name[64] = "";
		size_t n = strlen(files[i]);

		if (n <= 5 || n - 5 >= sizeof(name) || !bx_streq(files[i] + n - 5, ".json"))
			continue;
		memcpy(name, files[i], n - 5);
		(*count)++;
		if (bx_preset_read(root, name, &settings, &failure) < 0)
			r = bx_find(findings, "presets", BX_VERDICT_PROBLEM,
				    bx_path("mend or remove /%s/%s", folder, files[i]).s, "%s.",
				    failure.message);
	}
	return r;
}

static int check_presets(struct bx_root *root, struct json_object *findings)
{
	size_t before = json_object_array_length(findings), n = 0;
	int r;

	r = check_preset_folder(root, BX_PRESETS_ADMINISTRATOR, findings, &n);
	if (r >= 0)
		r = check_preset_folder(root, BX_PRESETS, findings, &n);
	if (r < 0)
		return bx_find(findings, "presets", BX_VERDICT_UNSEEN, "",
			       "The presets cannot be read: %s.", strerror(-r));
	if (json_object_array_length(findings) > before)
		return 0;
	return n ? bx_find(findings, "presets", BX_VERDICT_OK, "", "All presets can be read: %zu.",
			   n)
		 : bx_find(findings, "presets", BX_VERDICT_PROBLEM,
			   "install bxd again: sudo make install",
			   "There are no presets, not even those that come with bxd.");
}

int bx_diagnose(struct bx_root *root, struct json_object *findings)
{
	static int (*const checks[])(struct bx_root * root, struct json_object * findings) = {
		check_signatures, check_iommu, check_memory, check_definitions, check_presets,
	};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(checks); i++)
		r = checks[i](root, findings);
	return r;
}
