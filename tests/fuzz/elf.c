// SPDX-License-Identifier: GPL-2.0-only
/*
 * PT_INTERP of an ELF file: what the kernel would load (fs/binfmt_elf.c load_elf_binary) must be
 * what is found, or else nothing.
 */
#include "../../user/runtime.c"

#include "fuzz.h"

/* As the kernel reads a 64-bit program. False: it would refuse it. */
static bool plain(const uint8_t *data, size_t size, char path[PATH_MAX])
{
	Elf64_Ehdr header;
	Elf64_Phdr ph;

	if (size < sizeof(header))
		return false;
	memcpy(&header, data, sizeof(header));
	if (header.e_phentsize != sizeof(ph) || header.e_phnum > 65536 / sizeof(ph) ||
	    header.e_phoff > size || header.e_phnum * sizeof(ph) > size - header.e_phoff)
		return false;
	path[0] = '\0';
	for (size_t i = 0; i < header.e_phnum; i++) {
		memcpy(&ph, data + header.e_phoff + i * sizeof(ph), sizeof(ph));
		if (ph.p_type != PT_INTERP)
			continue;
		if (ph.p_filesz < 2 || ph.p_filesz > PATH_MAX || ph.p_offset > size ||
		    ph.p_filesz > size - ph.p_offset || data[ph.p_offset + ph.p_filesz - 1])
			return false;
		memcpy(path, data + ph.p_offset, ph.p_filesz);
		return true;
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char found[PATH_MAX], expected[PATH_MAX];
	struct sn_err err = {};
	int error = read_interpreter(fuzz_file(data, size), found, &err);

	if (error) {
		MUST(*err.text);
		return 0;
	}
	MUST(strnlen(found, sizeof(found)) < sizeof(found));
	if (size > EI_DATA && data[EI_CLASS] == ELFCLASS64 && data[EI_DATA] == ELFDATA2LSB &&
	    plain(data, size, expected))
		MUST(!strcmp(found, expected));
	return 0;
}
