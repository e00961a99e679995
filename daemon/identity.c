// SPDX-License-Identifier: GPL-2.0-or-later
/* The remembered identities; see identity.h. */
#include "daemon/identity.h"
#include "daemon/names.h"
#include "daemon/util.h"

#include <fcntl.h>

#define FILE_NAME BX_DIR_RUN "/identity"

static struct bx_identity *find_address(const struct bx_identities *identities, const char *address)
{
	for (size_t i = 0; i < identities->count; i++)
		if (bx_streq(identities->list[i].address, address))
			return &identities->list[i];
	return NULL;
}

static struct bx_identity *add(struct bx_identities *identities)
{
	struct bx_identity *grown =
		reallocarray(identities->list, identities->count + 1, sizeof(*grown));

	if (!grown)
		return NULL;
	identities->list = grown;
	grown += identities->count++;
	*grown = (struct bx_identity){ 0 };
	return grown;
}

/* Takes the next tab-separated field of a line. */
static int take(const char **p, const char *end, char *field, size_t size)
{
	size_t n = 0;

	if (*p > end)
		return -EBADMSG;
	while (*p + n < end && (*p)[n] != '\t')
		n++;
	if (n >= size)
		return -EBADMSG;
	memcpy(field, *p, n);
	field[n] = 0;
	bx_clean_text(field);
	*p += n + 1;
	return 0;
}

static int parse_line(const char *line, const char *end, struct bx_identity *identity)
{
	char inode[24], *stop;

	if (take(&line, end, identity->address, sizeof(identity->address)) < 0 ||
	    take(&line, end, inode, sizeof(inode)) < 0 ||
	    take(&line, end, identity->serial, sizeof(identity->serial)) < 0 ||
	    take(&line, end, identity->model, sizeof(identity->model)) < 0 ||
	    take(&line, end, identity->firmware, sizeof(identity->firmware)) < 0 ||
	    take(&line, end, identity->nqn, sizeof(identity->nqn)) < 0 || line <= end)
		return -EBADMSG;
	errno = 0;
	identity->inode = strtoull(inode, &stop, 10);
	if (errno || stop == inode || *stop || !bx_pci_address_valid(identity->address))
		return -EBADMSG;
	return 0;
}

int bx_identities_parse(struct bx_identities *identities, const char *text)
{
	while (*text) {
		struct bx_identity identity, *slot;
		const char *end = text + strcspn(text, "\n");

		if (parse_line(text, end, &identity) >= 0 &&
		    !find_address(identities, identity.address)) {
			slot = add(identities);
			if (!slot)
				return -ENOMEM;
			*slot = identity;
		}
		text = end + (*end == '\n');
	}
	return 0;
}

int bx_identities_load(struct bx_identities *identities, struct bx_root *root)
{
	_cleanup_free_ char *text = NULL;
	ssize_t n;

	*identities = (struct bx_identities){ 0 };
	n = bx_root_read_all(root, FILE_NAME, &text);
	if (n < 0)
		return n == -ENOENT ? 0 : n;
	return bx_identities_parse(identities, text);
}

int bx_identities_save(struct bx_identities *identities, struct bx_root *root)
{
	FILE *file;
	int fd, r = 0;

	if (!identities->changed)
		return 0;
	fd = openat(root->fd, FILE_NAME ".new",
		    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	file = fdopen(fd, "we");
	if (!file) {
		r = -errno;
		close(fd);
		return r;
	}
	for (size_t i = 0; i < identities->count; i++) {
		const struct bx_identity *identity = &identities->list[i];

		fprintf(file, "%s\t%llu\t%s\t%s\t%s\t%s\n", identity->address,
			(unsigned long long)identity->inode, identity->serial, identity->model,
			identity->firmware, identity->nqn);
	}
	if (ferror(file))
		r = -EIO;
	if (fclose(file) != 0)
		r = -errno;
	if (r >= 0 && renameat(root->fd, FILE_NAME ".new", root->fd, FILE_NAME) < 0)
		r = -errno;
	if (r >= 0)
		identities->changed = false;
	return r;
}

void bx_identities_done(struct bx_identities *identities)
{
	free(identities->list);
	*identities = (struct bx_identities){ 0 };
}

const struct bx_identity *bx_identities_find(const struct bx_identities *identities,
					     const char *address, uint64_t inode)
{
	const struct bx_identity *identity = find_address(identities, address);

	return identity && identity->inode == inode ? identity : NULL;
}

void bx_identities_follow(struct bx_identities *identities, const char *address, uint64_t from,
			  uint64_t to)
{
	struct bx_identity *identity = find_address(identities, address);

	if (!identity || identity->inode != from)
		return;
	identity->inode = to;
	identities->changed = true;
}

int bx_identities_learn(struct bx_identities *identities, const struct bx_pci *pci)
{
	struct bx_identity *identity = find_address(identities, pci->address);
	struct bx_identity now = { .inode = pci->inode };

	/* Without a serial there is nothing to learn, except that an old record is another device's. */
	if (!*pci->serial && (!identity || identity->inode == pci->inode))
		return 0;
	bx_copy(now.address, sizeof(now.address), pci->address);
	bx_copy(now.serial, sizeof(now.serial), pci->serial);
	bx_copy(now.model, sizeof(now.model), pci->model);
	bx_copy(now.firmware, sizeof(now.firmware), pci->firmware);
	bx_copy(now.nqn, sizeof(now.nqn), pci->nqn);
	if (!identity)
		identity = add(identities);
	if (!identity)
		return -ENOMEM;
	if (memcmp(identity, &now, sizeof(now))) {
		*identity = now;
		identities->changed = true;
	}
	return 0;
}
