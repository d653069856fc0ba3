# SPDX-License-Identifier: GPL-2.0-only
# Every command a developer or operator needs; `make help` lists them.

VERSION   := 0.1.0
PREFIX    ?= /usr/local
CLANG     ?= clang
BPFTOOL   ?= $(firstword $(wildcard /usr/sbin/bpftool /sbin/bpftool) bpftool)
CFLAGS    ?= -O2 -g

CPPFLAGS  += -D_GNU_SOURCE -DSAFENODE_VERSION='"$(VERSION)"' -Iinclude -Ibpf -Iuser -Ibuild -MMD -MP
CWARN     := -std=gnu17 -Wall -Wextra -Wshadow -Wno-unused-parameter
BPF_FLAGS := -g -O2 -target bpf -mcpu=v3 -Wall -Wextra -Wno-unused-parameter \
	     -D__TARGET_ARCH_$(patsubst x86_64,x86,$(patsubst aarch64,arm64,$(shell uname -m))) \
	     -Ivmlinux -Iinclude -MMD -MP
LDLIBS    := -lbpf -lelf -lz

PROGRAMS  := safenode-load safenode-attach safenode-detach safenode-status safenode-log safenode
BPF_OBJ   := $(patsubst bpf/%.c,build/%.o,$(wildcard bpf/*.bpf.c))
LIB_OBJ   := $(patsubst user/%.c,build/user/%.o,$(filter-out $(PROGRAMS:%=user/%.c),$(wildcard user/*.c)))
UNITS     := $(patsubst tests/unit/%.c,build/unit/%,$(wildcard tests/unit/*_test.c))
KERNEL_TESTS := $(patsubst tests/kernel/%.c,build/kernel/%,$(wildcard tests/kernel/*_test.c))

.DELETE_ON_ERROR:
.SECONDARY:

all: $(PROGRAMS:%=build/%)	## the programs, in build/

build/ build/user/ build/unit/ build/kernel/:
	@mkdir -p $@

build/%.bpf.o: bpf/%.bpf.c | build/
	$(CLANG) $(BPF_FLAGS) -c $< -o $@

# maps.bpf.o first: bpftool resolves extern maps only against an earlier object
build/safenode.linked.o: build/maps.bpf.o $(filter-out build/maps.bpf.o,$(BPF_OBJ))
	$(BPFTOOL) gen object $@ $^

build/safenode.skel.h: build/safenode.linked.o
	$(BPFTOOL) gen skeleton $< name safenode_bpf > $@

build/user/%.o: user/%.c | build/user/
	$(CC) $(CPPFLAGS) $(CWARN) $(CFLAGS) -c $< -o $@

build/user/object.o: build/safenode.skel.h

build/libsafenode.a: $(LIB_OBJ)
	$(AR) rcs $@ $^

$(PROGRAMS:%=build/%): build/%: build/user/%.o build/libsafenode.a
	$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@

build/unit/%: tests/unit/%.c build/libsafenode.a | build/unit/
	$(CC) $(CPPFLAGS) $(CWARN) $(CFLAGS) $< build/libsafenode.a -lcmocka $(LDLIBS) -o $@

build/kernel/%.o: tests/kernel/%.c | build/kernel/
	$(CC) $(CPPFLAGS) $(CWARN) $(CFLAGS) -c $< -o $@

build/kernel/%_test: build/kernel/%_test.o build/kernel/tenant.o build/libsafenode.a
	$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -lpthread -o $@

install: all			## into $(DESTDIR)$(PREFIX)
	install -d $(DESTDIR)$(PREFIX)/sbin
	install -m 0755 $(PROGRAMS:%=build/%) $(DESTDIR)$(PREFIX)/sbin

# What the VM gets: the programs where a package puts them, and the tests.
stage: PREFIX := /usr
stage: all $(KERNEL_TESTS)
	@rm -rf build/stage
	@$(MAKE) -s install DESTDIR=$(CURDIR)/build/stage PREFIX=/usr
	@install -d build/stage/usr/lib/safenode/tests
	@cp -r tests/node tests/cli tests/demo $(wildcard build/kernel) build/stage/usr/lib/safenode/tests/ 2>/dev/null || true

clean:				## remove build/, the VM images included
	rm -rf build

help:				## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /  \1\t/p' Makefile | expand -t 24

.PHONY: all install stage clean help

-include $(wildcard build/*.d build/*/*.d)
