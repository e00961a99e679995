// SPDX-License-Identifier: GPL-2.0-only
/*
 * What can be made to go wrong, as files in configfs. What a rule does to a command is fault.c's; here is how it is
 * written: ACTION KEY=VALUE..., such as `status opcode=0x02 lba=100-200 status=0x281 count=3'. All of it is about
 * a device that is on, and forgotten when it goes off.
 */
#define pr_fmt(format) "bx_emu: " format

#include <linux/configfs.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "admin.h"
#include "attribute.h"
#include "fault.h"

static struct bx_item *fault_item_of(struct config_item *item)
{
	return container_of(to_config_group(item), struct bx_item, fault);
}

/* The next word of @text, which is taken apart; NULL if there is none. */
static char *next_word(char **text)
{
	char *word;

	while ((word = strsep(text, " ")))
		if (*word)
			return word;
	return NULL;
}

/* ---- the slot and the link */

/* What is in the slot, and whether its link is up. */
static ssize_t bx_fault_show_plug(struct config_item *config, char *page, bool link)
{
	struct bx_item *item = fault_item_of(config);
	ssize_t ret = -ENODEV;

	mutex_lock(&item->lock);
	if (item->device)
		ret = sysfs_emit(page, "%d\n", link ? item->device->link : item->device->present);
	mutex_unlock(&item->lock);
	return ret;
}

static ssize_t bx_fault_store_plug(struct config_item *config, const char *page, size_t count,
				   enum bx_plug what)
{
	struct bx_item *item = fault_item_of(config);
	bool on;
	int ret;

	ret = kstrtobool(page, &on);
	if (ret)
		return ret;
	mutex_lock(&item->lock);
	ret = item->device ? bx_device_plug(item->device, what, on) : -ENODEV;
	mutex_unlock(&item->lock);
	return ret ?: count;
}

#define BX_PLUG_ATTRIBUTE(name, what)                                                        \
	static ssize_t bx_fault_##name##_show(struct config_item *config, char *page)        \
	{                                                                                    \
		return bx_fault_show_plug(config, page, what);                               \
	}                                                                                    \
	static ssize_t bx_fault_##name##_store(struct config_item *config, const char *page, \
					       size_t count)                                 \
	{                                                                                    \
		return bx_fault_store_plug(config, page, count, what);                       \
	}                                                                                    \
	CONFIGFS_ATTR(bx_fault_, name)

BX_PLUG_ATTRIBUTE(present, BX_PLUG_PRESENT);
BX_PLUG_ATTRIBUTE(link, BX_PLUG_LINK);

/* ---- rules */

static const char *const actions[] = {
	[BX_FAULT_STATUS] = "status", [BX_FAULT_DROP] = "drop", [BX_FAULT_DELAY] = "delay",
	[BX_FAULT_FLIP] = "flip",     [BX_FAULT_FAIL] = "fail", [BX_FAULT_REMOVE] = "remove",
};

static int parse_action(struct bx_fault_rule *rule, const char *word)
{
	int i = match_string(actions + 1, ARRAY_SIZE(actions) - 1, word);

	if (i < 0)
		return -EINVAL;
	rule->action = i + 1;
	return 0;
}

static int parse_queue(struct bx_fault_rule *rule, const char *value)
{
	rule->admin = strcmp(value, "io");
	rule->io = strcmp(value, "admin");
	return strcmp(value, "io") && strcmp(value, "admin") && strcmp(value, "any") ? -EINVAL : 0;
}

/* FIRST-LAST, or one block */
static int parse_blocks(struct bx_fault_rule *rule, char *value)
{
	char *first = strsep(&value, "-");

	if (kstrtou64(first, 0, &rule->first) || kstrtou64(value ?: first, 0, &rule->last))
		return -EINVAL;
	rule->ranged = true;
	return rule->first <= rule->last ? 0 : -EINVAL;
}

static int parse_pair(struct bx_fault_rule *rule, const char *key, char *value)
{
	if (!strcmp(key, "queue"))
		return parse_queue(rule, value);
	if (!strcmp(key, "opcode"))
		return kstrtou16(value, 0, &rule->opcode) || rule->opcode > 0xff ? -EINVAL : 0;
	if (!strcmp(key, "nsid"))
		return kstrtou32(value, 0, &rule->nsid);
	if (!strcmp(key, "lba"))
		return parse_blocks(rule, value);
	if (!strcmp(key, "skip"))
		return kstrtou32(value, 0, &rule->skip);
	if (!strcmp(key, "count"))
		return kstrtou32(value, 0, &rule->count);
	if (!strcmp(key, "probability"))
		return kstrtou32(value, 0, &rule->probability);
	if (!strcmp(key, "status"))
		return kstrtou16(value, 0, &rule->status);
	if (!strcmp(key, "delay_ns"))
		return kstrtou64(value, 0, &rule->delay_ns);
	if (!strcmp(key, "bits"))
		return kstrtou32(value, 0, &rule->bits);
	return -EINVAL;
}

/* ACTION KEY=VALUE..., @text is taken apart */
static int parse_rule(struct bx_fault_rule *rule, char *text)
{
	char *word, *key;

	*rule = (struct bx_fault_rule){
		.admin = true,
		.io = true,
		.opcode = BX_FAULT_ANY_OPCODE,
		.probability = BX_FAULT_CERTAIN,
		.bits = 1,
	};
	text = strim(text);
	word = next_word(&text);
	if (!word || parse_action(rule, word))
		return -EINVAL;
	while ((word = next_word(&text))) {
		key = strsep(&word, "=");
		if (!word || parse_pair(rule, key, word))
			return -EINVAL;
	}
	return 0;
}

/* As it could be written again, and how often it was right and struck. */
static int print_rule(char *page, int at, unsigned int number, const struct bx_fault_info *info)
{
	const struct bx_fault_rule *rule = &info->rule;
	int start = at;

	at += sysfs_emit_at(page, at, "%u %s queue=%s", number, actions[rule->action],
			    rule->admin && rule->io ? "any"
			    : rule->admin	    ? "admin"
						    : "io");
	if (rule->opcode != BX_FAULT_ANY_OPCODE)
		at += sysfs_emit_at(page, at, " opcode=0x%02x", rule->opcode);
	if (rule->nsid)
		at += sysfs_emit_at(page, at, " nsid=%u", rule->nsid);
	if (rule->ranged)
		at += sysfs_emit_at(page, at, " lba=%llu-%llu", rule->first, rule->last);
	at += sysfs_emit_at(page, at, " skip=%u count=%u probability=%u", rule->skip, rule->count,
			    rule->probability);
	if (rule->action == BX_FAULT_STATUS)
		at += sysfs_emit_at(page, at, " status=0x%x", rule->status);
	if (rule->action == BX_FAULT_DELAY)
		at += sysfs_emit_at(page, at, " delay_ns=%llu", rule->delay_ns);
	if (rule->action == BX_FAULT_FLIP)
		at += sysfs_emit_at(page, at, " bits=%u", rule->bits);
	at += sysfs_emit_at(page, at, " # fitted %llu, hit %llu\n", info->fitted, info->hit);
	return at - start;
}

static ssize_t bx_fault_rules_show(struct config_item *config, char *page)
{
	struct bx_item *item = fault_item_of(config);
	struct bx_fault_info info;
	unsigned int i;
	ssize_t at = 0;

	mutex_lock(&item->lock);
	for (i = 0; item->device && i < BX_FAULTS_MAX; i++)
		if (!bx_fault_get(item->device->ctrl, i, &info))
			at += print_rule(page, at, i, &info);
	mutex_unlock(&item->lock);
	return at;
}

/* Adds a rule, or takes one away by `-NUMBER', or all by `-'. */
static ssize_t bx_fault_rules_store(struct config_item *config, const char *page, size_t count)
{
	struct bx_item *item = fault_item_of(config);
	struct bx_fault_rule rule;
	unsigned int number = 0;
	bool removes = *page == '-', all = removes && !*skip_spaces(page + 1);
	char *text;
	int ret;

	if (removes) {
		ret = all ? 0 : kstrtouint(page + 1, 10, &number);
	} else {
		text = kstrdup(page, GFP_KERNEL);
		if (!text)
			return -ENOMEM;
		ret = parse_rule(&rule, text);
		kfree(text);
	}
	if (ret)
		return ret;

	mutex_lock(&item->lock);
	if (!item->device)
		ret = -ENODEV;
	else if (all)
		bx_fault_clear(item->device->ctrl);
	else if (removes)
		ret = bx_fault_remove(item->device->ctrl, number);
	else
		ret = bx_fault_add(item->device->ctrl, &rule);
	mutex_unlock(&item->lock);
	return ret < 0 ? ret : count;
}
CONFIGFS_ATTR(bx_fault_, rules);

/* ---- the device as a whole */

/* A fatal status at once, whatever the host does. */
static ssize_t bx_fault_fatal_store(struct config_item *config, const char *page, size_t count)
{
	struct bx_item *item = fault_item_of(config);
	int ret;

	mutex_lock(&item->lock);
	ret = item->device ? bx_device_fail(item->device, "it was asked for") : -ENODEV;
	mutex_unlock(&item->lock);
	return ret ?: count;
}
CONFIGFS_ATTR_WO(bx_fault_, fatal);

/* Whether the sanitize that runs, or else the next one, fails. */
static ssize_t bx_fault_sanitize_fails_show(struct config_item *config, char *page)
{
	struct bx_item *item = fault_item_of(config);
	ssize_t ret = -ENODEV;

	mutex_lock(&item->lock);
	if (item->device)
		ret = sysfs_emit(page, "%d\n",
				 READ_ONCE(item->device->ctrl->admin->sanitize.must_fail));
	mutex_unlock(&item->lock);
	return ret;
}

static ssize_t bx_fault_sanitize_fails_store(struct config_item *config, const char *page,
					     size_t count)
{
	struct bx_item *item = fault_item_of(config);
	bool fails;
	int ret = kstrtobool(page, &fails);

	if (ret)
		return ret;
	mutex_lock(&item->lock);
	if (item->device) {
		bx_world_lock(item->device->ctrl);
		item->device->ctrl->admin->sanitize.must_fail = fails;
		bx_world_unlock(item->device->ctrl);
	} else {
		ret = -ENODEV;
	}
	mutex_unlock(&item->lock);
	return ret ?: count;
}
CONFIGFS_ATTR(bx_fault_, sanitize_fails);

/* ---- its health, as the SMART log has it */

static int get_health(struct config_item *config, struct bx_health *ret)
{
	struct bx_item *item = fault_item_of(config);
	bool on;

	mutex_lock(&item->lock);
	on = item->device;
	if (on)
		*ret = bx_health_get(item->device->ctrl);
	mutex_unlock(&item->lock);
	return on ? 0 : -ENODEV;
}

#define BX_HEALTH_ATTRIBUTE(name, field, most, set)                                          \
	static ssize_t bx_fault_##name##_show(struct config_item *config, char *page)        \
	{                                                                                    \
		struct bx_health health;                                                     \
		int ret = get_health(config, &health);                                       \
		return ret ?: sysfs_emit(page, "%u\n", health.field);                        \
	}                                                                                    \
	static ssize_t bx_fault_##name##_store(struct config_item *config, const char *page, \
					       size_t count)                                 \
	{                                                                                    \
		struct bx_item *item = fault_item_of(config);                                \
		u32 value;                                                                   \
		int ret = bx_parse_u32(&value, page, 0, most);                               \
		if (ret)                                                                     \
			return ret;                                                          \
		mutex_lock(&item->lock);                                                     \
		if (item->device)                                                            \
			set(item->device->ctrl, value);                                      \
		else                                                                         \
			ret = -ENODEV;                                                       \
		mutex_unlock(&item->lock);                                                   \
		return ret ?: count;                                                         \
	}                                                                                    \
	CONFIGFS_ATTR(bx_fault_, name)

/* Bits that are there whatever the rest says. */
BX_HEALTH_ATTRIBUTE(critical_warning, forced, U8_MAX, bx_health_force);
/* In kelvin. */
BX_HEALTH_ATTRIBUTE(temperature, temperature, U16_MAX, bx_health_set_temperature);
BX_HEALTH_ATTRIBUTE(spare, spare, 100, bx_health_set_spare);
/* More than 100 is what a device says that lives longer than was thought. */
BX_HEALTH_ATTRIBUTE(used, used, U8_MAX, bx_health_set_used);

/* ---- events */

static const struct event_kind {
	const char *word;
	u8 type;
	u8 pages[7]; /* by the event's information: the log page that belongs to it, 0 if there is none */
} event_kinds[] = {
	{ "error",
	  BX_EVENT_ERROR,
	  { NVME_LOG_ERROR, NVME_LOG_ERROR, NVME_LOG_ERROR, NVME_LOG_ERROR, NVME_LOG_ERROR,
	    NVME_LOG_ERROR } },
	{ "smart", BX_EVENT_HEALTH, { NVME_LOG_SMART, NVME_LOG_SMART, NVME_LOG_SMART } },
	{ "notice",
	  BX_EVENT_NOTICE,
	  { NVME_LOG_CHANGED_NS, NVME_LOG_FW_SLOT, NVME_LOG_TELEMETRY_CTRL, NVME_LOG_ANA, 0x0b,
	    0x0e, 0x0f } },
	{ "io",
	  BX_EVENT_IO,
	  { NVME_LOG_RESERVATION, BX_LOG_SANITIZE, BX_LOG_SANITIZE, BX_LOG_SANITIZE } },
	{ "vendor", BX_EVENT_TYPES - 1 },
};

static int parse_event_type(const char *word, u8 *type)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(event_kinds); i++)
		if (!strcmp(event_kinds[i].word, word)) {
			*type = event_kinds[i].type;
			return 0;
		}
	return kstrtou8(word, 0, type) || *type >= BX_EVENT_TYPES ? -EINVAL : 0;
}

static u8 page_of_event(u8 type, u8 info)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(event_kinds); i++)
		if (event_kinds[i].type == type && info < ARRAY_SIZE(event_kinds[i].pages))
			return event_kinds[i].pages[info];
	return 0;
}

/* TYPE INFORMATION [PAGE], @text is taken apart */
static int parse_event(char *text, u8 *type, u8 *info, u8 *log_page)
{
	char *word;

	text = strim(text);
	word = next_word(&text);
	if (!word || parse_event_type(word, type))
		return -EINVAL;
	word = next_word(&text);
	if (!word || kstrtou8(word, 0, info))
		return -EINVAL;
	*log_page = page_of_event(*type, *info);
	word = next_word(&text);
	if (word)
		return kstrtou8(word, 0, log_page) || next_word(&text) ? -EINVAL : 0;
	return *log_page ? 0 : -EINVAL;
}

static ssize_t bx_fault_event_store(struct config_item *config, const char *page, size_t count)
{
	struct bx_item *item = fault_item_of(config);
	char *text = kstrdup(page, GFP_KERNEL);
	u8 type, info, log_page;
	int ret;

	if (!text)
		return -ENOMEM;
	ret = parse_event(text, &type, &info, &log_page);
	kfree(text);
	if (ret) {
		pr_err("%s: fault/event: %.*s is not TYPE INFORMATION [PAGE]; write for example smart 1\n",
		       item->options.name, (int)strcspn(page, "\n"), page);
		return ret;
	}
	mutex_lock(&item->lock);
	ret = item->device ? bx_device_event(item->device, type, info, log_page) : -ENODEV;
	mutex_unlock(&item->lock);
	return ret ?: count;
}
CONFIGFS_ATTR_WO(bx_fault_, event);

/* ---- errors of PCI Express */

/* correctable BITS or uncorrectable BITS, @text is taken apart */
static int parse_error(char *text, bool *correctable, u32 *bits)
{
	char *word;

	text = strim(text);
	word = next_word(&text);
	if (!word || (strcmp(word, "correctable") && strcmp(word, "uncorrectable")))
		return -EINVAL;
	*correctable = *word == 'c';
	word = next_word(&text);
	return !word || kstrtou32(word, 0, bits) || next_word(&text) ? -EINVAL : 0;
}

static ssize_t bx_fault_aer_store(struct config_item *config, const char *page, size_t count)
{
	struct bx_item *item = fault_item_of(config);
	char *text = kstrdup(page, GFP_KERNEL);
	bool correctable;
	u32 bits;
	int ret;

	if (!text)
		return -ENOMEM;
	ret = parse_error(text, &correctable, &bits);
	kfree(text);
	mutex_lock(&item->lock);
	if (!ret)
		ret = item->device ? bx_pci_error(item->device, correctable, bits) : -ENODEV;
	mutex_unlock(&item->lock);
	if (ret == -EINVAL)
		pr_err("%s: fault/aer: %.*s is no error of its status registers; write for example correctable 1\n",
		       item->options.name, (int)strcspn(page, "\n"), page);
	return ret ?: count;
}
CONFIGFS_ATTR_WO(bx_fault_, aer);

static struct configfs_attribute *fault_attributes[] = {
	&bx_fault_attr_present,
	&bx_fault_attr_link,
	&bx_fault_attr_rules,
	&bx_fault_attr_fatal,
	&bx_fault_attr_sanitize_fails,
	&bx_fault_attr_critical_warning,
	&bx_fault_attr_temperature,
	&bx_fault_attr_spare,
	&bx_fault_attr_used,
	&bx_fault_attr_event,
	&bx_fault_attr_aer,
	NULL,
};

const struct config_item_type bx_fault_type = {
	.ct_attrs = fault_attributes,
	.ct_owner = THIS_MODULE,
};
