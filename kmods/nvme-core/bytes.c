// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Finds the BTF inside a file. Compression is recognized by the first bytes, never by the name,
 * and undone by the ordinary programs, so that nothing but libelf is linked for it.
 */
#include "bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct format {
	const char *magic;
	size_t magic_size;
	const char *argv[4];
	const char *package;
};

/* The magic numbers and the program that undoes each; .package is what Debian calls it. */
static const struct format formats[] = {
	{ "\xfd"
	  "7zXZ\0",
	  6,
	  { "xz", "-dc" },
	  "xz-utils" },
	{ "\x28\xb5\x2f\xfd", 4, { "zstd", "-dcq" }, "zstd" },
	{ "\x1f\x8b", 2, { "gzip", "-dc" }, "gzip" },
	{ "\x02\x21\x4c\x18", 4, { "lz4", "-dc" }, "lz4" },
	{ "BZh", 3, { "bzip2", "-dc" }, "bzip2" },
	{ "\x5d\0\0", 3, { "xz", "--format=lzma", "-dc" }, "xz-utils" },
};

#define GZIP (&formats[2])

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("nvme-core types: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

static struct bytes read_all(int fd, const char *what)
{
	struct bytes b = { NULL, 0 };
	size_t room = 0;

	for (;;) {
		ssize_t n;

		if (b.size == room) {
			room = room ? 2 * room : 1 << 20;
			b.data = realloc(b.data, room);
			if (!b.data)
				die("out of memory while reading %s", what);
		}
		n = read(fd, b.data + b.size, room - b.size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			die("cannot read %s: %m", what);
		if (n == 0)
			return b;
		b.size += n;
	}
}

static const struct format *format_of(struct bytes b)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (b.size >= formats[i].magic_size &&
		    !memcmp(b.data, formats[i].magic, formats[i].magic_size))
			return &formats[i];
	return NULL;
}

/* The packed bytes wait in a nameless file, so that one pipe is enough and nothing can block. */
static struct bytes unpack(struct bytes packed, const struct format *f, const char *path)
{
	struct bytes b;
	int in, out[2], status;
	pid_t pid;

	in = memfd_create("packed", MFD_CLOEXEC);
	if (in < 0)
		die("cannot make a temporary file: %m");
	for (size_t done = 0; done < packed.size;) {
		ssize_t n = write(in, packed.data + done, packed.size - done);

		if (n < 0)
			die("cannot write a temporary file: %m");
		done += n;
	}
	lseek(in, 0, SEEK_SET);
	if (pipe2(out, O_CLOEXEC))
		die("cannot make a pipe: %m");

	pid = fork();
	if (pid < 0)
		die("cannot start %s: %m", f->argv[0]);
	if (pid == 0) {
		dup2(in, STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		execvp(f->argv[0], (char **)f->argv);
		_exit(127);
	}
	close(in);
	close(out[1]);
	b = read_all(out[0], path);
	close(out[0]);
	if (waitpid(pid, &status, 0) < 0)
		die("cannot wait for %s: %m", f->argv[0]);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		die("%s is needed to unpack %s: type `apt install %s`", f->argv[0], path,
		    f->package);
	if (status)
		die("%s could not unpack %s", f->argv[0], path);
	return b;
}

static uint32_t le32(const unsigned char *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

/*
 * An x86 boot image says in its setup header where its payload lies (boot protocol 2.08). The
 * build appends the unpacked size to it, except to gzip, which ends with that anyway.
 */
static struct bytes boot_payload(struct bytes image, const char *path)
{
	size_t sectors = image.data[0x1f1] ? image.data[0x1f1] : 4;
	size_t start = (sectors + 1) * 512 + le32(image.data + 0x248);
	size_t size = le32(image.data + 0x24c);
	struct bytes payload;
	const struct format *f;

	if (start > image.size || size > image.size - start)
		die("%s is a damaged boot image", path);
	payload = (struct bytes){ image.data + start, size };
	f = format_of(payload);
	if (!f || size < 4)
		die("%s is packed in a way that is not known here", path);
	if (f != GZIP)
		payload.size -= 4;
	return unpack(payload, f, path);
}

static struct bytes elf_section(struct bytes file, const char *name, const char *path)
{
	Elf_Scn *section = NULL;
	size_t names;
	Elf *elf;

	if (elf_version(EV_CURRENT) == EV_NONE)
		die("libelf is too old");
	elf = elf_memory((char *)file.data, file.size);
	if (!elf || elf_kind(elf) != ELF_K_ELF || elf_getshdrstrndx(elf, &names))
		die("%s is neither BTF nor an ELF file nor a boot image", path);
	while ((section = elf_nextscn(elf, section))) {
		const char *this;
		Elf_Data *data;
		GElf_Shdr header;

		if (!gelf_getshdr(section, &header))
			continue;
		this = elf_strptr(elf, names, header.sh_name);
		if (!this || strcmp(this, name))
			continue;
		data = elf_rawdata(section, NULL);
		if (data && data->d_size)
			return (struct bytes){ data->d_buf, data->d_size };
	}
	die("%s has no %s: that kernel was built without CONFIG_DEBUG_INFO_BTF, so pass "
	    "NVME_TREE=<its full source tree>",
	    path, name);
}

struct bytes btf_bytes(const char *path)
{
	const struct format *f;
	struct bytes b;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die("cannot open %s: %m", path);
	b = read_all(fd, path);
	close(fd);

	f = format_of(b);
	if (f)
		b = unpack(b, f, path);
	else if (b.size > 0x250 && !memcmp(b.data + 0x202, "HdrS", 4))
		b = boot_payload(b, path);
	if (b.size >= 2 && b.data[0] == 0x9f && b.data[1] == 0xeb)
		return b;
	return elf_section(b, ".BTF", path);
}
