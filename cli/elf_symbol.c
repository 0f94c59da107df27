/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/elf_symbol.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX ((off_t)64 * 1024 * 1024)

/* The whole file in memory; every access goes through piece(). */
struct image {
	unsigned char *bytes;
	size_t len;
};

/* n elements of `size` bytes at an offset of the file, NULL if not all there. */
static const void *piece(const struct image *img, uint64_t offset, uint64_t n,
			 uint64_t size)
{
	uint64_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes) || offset > img->len ||
	    bytes > img->len - offset)
		return NULL;
	return img->bytes + offset;
}

static int load(const char *path, struct image *img, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int rc = -1;

	if (fd < 0)
		return err_set_errno(err, "cannot read %s", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_size > FILE_MAX || st.st_size <= 0)
		err_set(err, "%s is no plugin", path);
	else if (!(img->bytes = malloc((size_t)st.st_size)))
		err_set(err, "no memory to read %s", path);
	else if (read(fd, img->bytes, (size_t)st.st_size) != st.st_size)
		err_set(err, "cannot read all of %s", path);
	else {
		img->len = (size_t)st.st_size;
		rc = 0;
	}
	close(fd);
	return rc;
}

/* Copies, since what the file says of offsets may be unaligned. */
static bool get_section(const struct image *img, const ElfW(Ehdr) *head,
			uint64_t index, ElfW(Shdr) *section)
{
	const void *at = index < head->e_shnum ?
		piece(img, head->e_shoff + index * sizeof(*section), 1,
		      sizeof(*section)) : NULL;

	if (at)
		memcpy(section, at, sizeof(*section));
	return at != NULL;
}

static bool find_dynsym(const struct image *img, const ElfW(Ehdr) *head,
			ElfW(Shdr) *symbols, ElfW(Shdr) *strings)
{
	for (uint64_t i = 0; i < head->e_shnum; i++) {
		if (!get_section(img, head, i, symbols))
			return false;
		if (symbols->sh_type == SHT_DYNSYM)
			return get_section(img, head, symbols->sh_link, strings);
	}
	return false;
}

static bool name_is(const struct image *img, const ElfW(Shdr) *strings,
		    uint64_t name, const char *symbol)
{
	const size_t size = strlen(symbol) + 1;
	const void *at;

	if (name > strings->sh_size || size > strings->sh_size - name)
		return false;
	at = piece(img, strings->sh_offset + name, 1, size);
	return at && memcmp(at, symbol, size) == 0;
}

/* The symbol's address in memory; 0 where it is not there. */
static uint64_t symbol_address(const struct image *img, const ElfW(Ehdr) *head,
			       const char *symbol)
{
	ElfW(Shdr) symbols, strings;
	ElfW(Sym) sym;

	if (!find_dynsym(img, head, &symbols, &strings))
		return 0;
	for (uint64_t i = 0; i < symbols.sh_size / sizeof(sym); i++) {
		const void *at = piece(img, symbols.sh_offset + i * sizeof(sym),
				       1, sizeof(sym));

		if (!at)
			return 0;
		memcpy(&sym, at, sizeof(sym));
		if (sym.st_shndx != SHN_UNDEF &&
		    name_is(img, &strings, sym.st_name, symbol))
			return sym.st_value;
	}
	return 0;
}

/* Where the loaded segments have that address in the file. */
static bool read_address(const struct image *img, const ElfW(Ehdr) *head,
			 uint64_t address, uint32_t *value)
{
	for (uint64_t i = 0; i < head->e_phnum; i++) {
		ElfW(Phdr) segment;
		const void *at = piece(img, head->e_phoff + i * sizeof(segment),
				       1, sizeof(segment));

		if (!at)
			return false;
		memcpy(&segment, at, sizeof(segment));
		if (segment.p_type != PT_LOAD || address < segment.p_vaddr ||
		    address - segment.p_vaddr >= segment.p_filesz)
			continue;
		at = piece(img, segment.p_offset + (address - segment.p_vaddr),
			   1, sizeof(*value));
		if (at)
			memcpy(value, at, sizeof(*value));
		return at != NULL;
	}
	return false;
}

/* Of this machine's class and byte order, with tables as they are expected. */
static bool get_header(const struct image *img, ElfW(Ehdr) *head)
{
	const unsigned char class = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;
	const unsigned char order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ?
				    ELFDATA2LSB : ELFDATA2MSB;
	const void *at = piece(img, 0, 1, sizeof(*head));

	if (!at)
		return false;
	memcpy(head, at, sizeof(*head));
	return memcmp(head->e_ident, ELFMAG, SELFMAG) == 0 &&
	       head->e_ident[EI_CLASS] == class &&
	       head->e_ident[EI_DATA] == order &&
	       head->e_shentsize == sizeof(ElfW(Shdr)) &&
	       head->e_phentsize == sizeof(ElfW(Phdr)) &&
	       head->e_shoff <= img->len && head->e_phoff <= img->len;
}

int elf_symbol_u32(const char *path, const char *symbol, uint32_t *value,
		   struct err *err)
{
	struct image img = { NULL, 0 };
	ElfW(Ehdr) head;
	uint64_t address;
	int rc = load(path, &img, err);
	int saved = errno;

	if (rc == 0 && !get_header(&img, &head)) {
		saved = ENOEXEC;
		rc = err_set(err, "%s is no shared object of this machine",
			     path);
	} else if (rc == 0) {
		address = symbol_address(&img, &head, symbol);
		if (!address || !read_address(&img, &head, address, value)) {
			saved = ENOEXEC;
			rc = err_set(err, "%s has no %s: it is no plugin of Slurm",
				     path, symbol);
		}
	}
	free(img.bytes);
	errno = saved;
	return rc;
}
