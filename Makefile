# SPDX-License-Identifier: GPL-2.0-only
# Every command a developer or operator needs; `make help` lists them.

VERSION   := 0.1.0
PREFIX    ?= /usr/local
SYSCONFDIR ?= /etc
UNITDIR   ?= $(PREFIX)/lib/systemd/system
CLANG     ?= clang
BPFTOOL   ?= $(firstword $(wildcard /usr/sbin/bpftool /sbin/bpftool) bpftool)
CFLAGS    ?= -O2 -g

CPPFLAGS  += -D_GNU_SOURCE -DSAFENODE_VERSION='"$(VERSION)"' -Iinclude -Ibpf -Iuser -Ibuild -MMD -MP
CWARN     := -std=gnu17 -Wall -Wextra -Wshadow -Wno-unused-parameter -Wno-missing-field-initializers
BPF_FLAGS := -g -O2 -target bpf -mcpu=v3 -Wall -Wextra -Wno-unused-parameter \
	     -D__TARGET_ARCH_$(patsubst x86_64,x86,$(patsubst aarch64,arm64,$(shell uname -m))) \
	     -Ivmlinux -Iinclude -MMD -MP
# json-c writes JSON, libsystemd the journal: as Debian's own tools do. Each program takes what it uses
LDLIBS    := -Wl,--as-needed -lbpf -lelf -lz -ljson-c -lsystemd

# in Debian 13 libelf.a uses it
ZSTD      := $(if $(wildcard /usr/lib/*/libzstd.a),-lzstd)

PROGRAMS  := safenode-load safenode-attach safenode-check safenode-detach safenode-status safenode-log \
	     safenode-logd safenode-report safenode-oci safenode-runtime safenode-broker safenode
STARTERS  := build/safenode-attach build/safenode
BPF_OBJ   := $(patsubst bpf/%.c,build/%.o,$(wildcard bpf/*.bpf.c))
LIB_OBJ   := $(patsubst user/%.c,build/user/%.o,$(filter-out $(PROGRAMS:%=user/%.c),$(wildcard user/*.c)))
UNITS     := $(patsubst tests/unit/%.c,build/unit/%,$(wildcard tests/unit/*_test.c))
KERNEL_TESTS := $(patsubst tests/kernel/%.c,build/kernel/%,$(wildcard tests/kernel/*_test.c))

# what tests need compiled: a fault injector, native addons that a tenant tries to load, programs
HELPERS   := build/cli/failat.so build/cli/native.so build/cli/crowd build/cli/fillmap build/cli/filtered build/cli/forge build/cli/herd build/cli/look \
	     build/cli/poke build/cli/tenant build/node/addon.node build/demo/addon.node

.DELETE_ON_ERROR:
.SECONDARY:

# what is read beside the programs: made of their own --help
PAGES     := $(PROGRAMS:%=build/man/%.8) build/man/safenode.conf.5 build/man/completion

all: $(PROGRAMS:%=build/%)	## the programs, in build/

build/ build/user/ build/unit/ build/kernel/ build/cli/ build/node/ build/demo/ build/bench/ \
build/asan/user/ build/asan/unit/ build/fuzz/user/ build/man/:
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

# made anew, for ar would keep what came from a file that is gone
build/libsafenode.a: $(LIB_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(filter-out build/safenode-oci $(STARTERS),$(PROGRAMS:%=build/%)): build/%: build/user/%.o build/libsafenode.a
	$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@

# Each start of a tenant loads one of these: to map three libraries of which little is used takes a
# third of that. The C library stays shared, for users may come from modules of it (nsswitch.conf).
$(STARTERS): build/%: build/user/%.o build/libsafenode.a
	$(CC) $(CFLAGS) $(LDFLAGS) $^ -Wl,-Bstatic -lbpf -lelf -lz $(ZSTD) -Wl,-Bdynamic -o $@

# In one file: nodes of a cluster have none of the libraries. The warnings would be of getpwnam(3) in
# account.c, which comes with gather.c and is not called: a container's user is its engine's.
build/safenode-oci: build/user/safenode-oci.o build/libsafenode.a
	$(CC) $(CFLAGS) $(LDFLAGS) -static-pie -Wl,--no-warnings $^ -lbpf -lelf -lz $(ZSTD) -ljson-c -o $@

build/man/%.8: build/% packaging/man/%.h2m packaging/man/common.h2m packaging/man/page | build/man/
	packaging/man/page build/$* packaging/man/$*.h2m $(VERSION) $(PROGRAMS) >$@

build/man/safenode.conf.5: build/safenode-attach packaging/man/safenode.conf.5 packaging/man/policy-page | build/man/
	packaging/man/policy-page build/safenode-attach packaging/man/safenode.conf.5 $(VERSION) >$@

build/man/completion: packaging/bash-completion Makefile | build/man/
	sed 's/@PROGRAMS@/$(PROGRAMS)/' packaging/bash-completion >$@

pages: $(PAGES)			## man pages and bash completion, in build/man/

build/unit/%: tests/unit/%.c build/libsafenode.a | build/unit/
	$(CC) $(CPPFLAGS) $(CWARN) $(CFLAGS) $< build/libsafenode.a -lcmocka $(LDLIBS) -o $@

build/kernel/%.o: tests/kernel/%.c | build/kernel/
	$(CC) $(CPPFLAGS) $(CWARN) $(CFLAGS) -c $< -o $@

build/kernel/%_test: build/kernel/%_test.o build/kernel/tenant.o build/kernel/without.o build/libsafenode.a
	$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -lpthread -o $@

build/cli/%: tests/cli/%.c build/libsafenode.a | build/cli/
	$(CC) $(CPPFLAGS) $(CWARN) $(CFLAGS) $< build/libsafenode.a $(LDLIBS) -o $@

build/cli/%.so: tests/cli/%.c | build/cli/
	$(CC) $(CPPFLAGS) $(CWARN) $(CFLAGS) -shared -fPIC $< -ldl -o $@

build/%.node: tests/%.c | build/node/ build/demo/
	$(CC) $(CPPFLAGS) $(CWARN) $(CFLAGS) -shared -fPIC $< -o $@

# What starts VMs: their own make shares the jobs of this one, but make -n starts none
vm = $(if $(findstring n,$(firstword -$(MAKEFLAGS))),@,+@)

deps:				## install by name what a Debian machine lacks
	@tests/deps

demo: deps			## two tenants, a server, and what each tenant may not do (in a VM if need be)
	@$(MAKE) -s stage
	$(vm)tests/demo/run

# BESIDE: targets that run beside the VMs, and are counted
test: deps			## all tests, on every kernel of the matrix (in VMs)
	@$(MAKE) -s stage units
	$(vm)tests/run $(BESIDE)

test-all: deps			## the same, and nothing is shared between the kernels: it takes twice as long
	@$(MAKE) -s stage units
	$(vm)tests/run --all $(BESIDE)

test-apps: deps			## applications from the npm registry, bare and as tenants, APPS=... or all (in a VM)
	@$(MAKE) -s stage
	$(vm)tests/apps/run $(APPS)

KERNEL    ?= 6.12
test-without: deps		## which tests notice when PROGRAM=sn_... (of docs/programs.md) is left out?
	@$(MAKE) -s stage
	$(vm)tests/vm/run --kernel $(KERNEL) --timeout 3600 -- /usr/lib/safenode/tests/programs --all "$(PROGRAM)"

test-systemd: deps		## what docs/with-systemd.md says, where systemd is process 1, on each kernel (in VMs)
	@$(MAKE) -s all build/cli/tenant
	+@tests/systemd/run

test-containers: deps		## containers of crun, runc and podman as tenants, on each kernel (in VMs)
	@$(MAKE) -s stage
	$(vm)tests/containers/run

test-kubernetes: deps		## pods as tenants: a real node, 6.12; the admission rule by the apiserver's own code (in a VM)
	@$(MAKE) -s all next
	$(vm)tests/kubernetes/run --kernel $(KERNEL)
	@tests/kubernetes/admission

test-package: deb next-deb	## the Debian package on a fresh Debian 12 and 13, from apt install to purge (in VMs)
	$(vm)tests/package/run

test-scale: deps		## thousands of tenants, hundreds of loads and kills, on 6.12 and the newest (in VMs, hours)
	@$(MAKE) -s stage
	$(vm)tests/scale

test-node-suite: deps		## node's own tests, bare and as a tenant: do they end alike? (in VMs, takes an hour)
	@$(MAKE) -s stage
	$(vm)tests/node-suite/run --kernel $(KERNEL)

# The npm package as it is published: with the version, and the licence
NPM_FILES := $(wildcard npm/*.js npm/*.mjs npm/*.ts npm/*.mts npm/lib/*.js) npm/README.md
npm-tree:
	@rm -rf build/npm
	@install -D -m 0644 -t build/npm $(filter-out npm/lib/%,$(NPM_FILES)) LICENSE
	@install -D -m 0644 -t build/npm/lib $(filter npm/lib/%,$(NPM_FILES))
	@sed 's/^\t"name": .*/&\n\t"version": "$(VERSION)",/' npm/package.json >build/npm/package.json

npm: npm-tree			## the npm package: build/safenode-$(VERSION).tgz
	@cd build && npm pack --offline --silent --no-update-notifier ./npm

units: all $(UNITS)

check: units npm-tree		## unit tests and the tools' usage: no root, no kernel support
	@set -e; for t in $(UNITS); do $$t; done
	@tests/cli/usage build
	@tests/cli/schema build
	@tests/kubernetes/manifests
	@tests/npm/host
	@$(MAKE) -s check-pages

check-pages: pages
	@tests/cli/pages build $(PROGRAMS)

# the same unit tests and library once more, with sanitizers that end the program at the first fault
ASAN      := -g -O1 -Wno-format-truncation -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all

build/asan/user/%.o: user/%.c | build/asan/user/
	$(CC) $(CPPFLAGS) $(CWARN) $(ASAN) -c $< -o $@

build/asan/user/object.o: build/safenode.skel.h

build/asan/libsafenode.a: $(LIB_OBJ:build/%=build/asan/%)
	@rm -f $@
	$(AR) rcs $@ $^

build/asan/unit/%: tests/unit/%.c build/asan/libsafenode.a | build/asan/unit/
	$(CC) $(CPPFLAGS) $(CWARN) $(ASAN) $< build/asan/libsafenode.a -lcmocka $(LDLIBS) -o $@

asan-units: $(UNITS:build/%=build/asan/%)

check-asan: asan-units		## unit tests under AddressSanitizer, UBSan and LeakSanitizer
	@set -e; for t in $(UNITS:build/%=build/asan/%); do $$t; done

# ---- libFuzzer: tests/fuzz/NAME.c, and what it begins with in tests/fuzz/corpus/NAME ----

FUZZ_SECONDS ?= 60
FUZZERS   := $(patsubst tests/fuzz/%.c,build/fuzz/%,$(wildcard tests/fuzz/*.c))
FUZZ      := -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all

build/fuzz/user/%.o: user/%.c | build/fuzz/user/
	$(CLANG) $(CPPFLAGS) $(CWARN) $(FUZZ) -fsanitize=fuzzer-no-link -c $< -o $@

build/fuzz/user/object.o: build/safenode.skel.h

build/fuzz/libsafenode.a: $(LIB_OBJ:build/%=build/fuzz/%)
	@rm -f $@
	$(AR) rcs $@ $^

build/fuzz/%: tests/fuzz/%.c build/fuzz/libsafenode.a
	$(CLANG) $(CPPFLAGS) $(CWARN) $(FUZZ) -fsanitize=fuzzer $< build/fuzz/libsafenode.a $(LDLIBS) -o $@

# of the programs' source: their types, which know no alignment, and maps that nobody defines
build/fuzz/packets: tests/fuzz/packets.c | build/fuzz/user/
	$(CLANG) $(filter-out -D_GNU_SOURCE,$(CPPFLAGS)) $(filter -D%,$(BPF_FLAGS)) -Ivmlinux -std=gnu17 \
		-Wall -Wno-unknown-attributes $(FUZZ) -fno-sanitize=alignment -fsanitize=fuzzer $< \
		-ffunction-sections -Wl,--gc-sections -o $@

fuzz:				## libFuzzer on what reads others' bytes, FUZZ_SECONDS=60 in all
	@tests/deps fuzz
	@$(MAKE) -s $(FUZZERS)
	@tests/fuzz/run $(FUZZ_SECONDS) $(FUZZERS)

prove:				## what CBMC proves of the decisions, the ports and the search for addresses
	@tests/prove/run

check-native: stage		## kernel, lifecycle and node tests on this machine's own kernel, as root
	@PATH=$(CURDIR)/build/stage/usr/sbin:$$PATH build/stage/usr/lib/safenode/tests/suite

bench: deps bench-programs	## what it costs beside its alternatives, in instructions (in VMs)
	@$(MAKE) -s stage
	$(vm)tests/bench/run

bench-host: all bench-programs	## the same in nanoseconds on this machine's own kernel, as root
	@tests/bench/host

# what a measurement needs in the machine where it runs
BENCH_PROGRAMS := $(patsubst tests/bench/%.c,build/bench/%,$(wildcard tests/bench/*.c))
bench-programs: $(BENCH_PROGRAMS) build/safenode.linked.o
	@mkdir -p build/bench/vm
	@cp $(filter-out %.c,$(wildcard tests/bench/*)) $^ build/bench/vm/
	@git describe --always --dirty >build/bench/vm/commit 2>/dev/null || echo $(VERSION) >build/bench/vm/commit

build/bench/%: tests/bench/%.c build/libsafenode.a | build/bench/
	$(CC) $(CPPFLAGS) $(CWARN) $(CFLAGS) $< build/libsafenode.a $(LDLIBS) -lpthread -o $@

lint: build/safenode.skel.h	## clang-format, clang-tidy, cppcheck, shellcheck
	@tests/deps lint
	@tests/lint

# What is in /etc already is the operator's. Units of the tree name the tools in /usr/sbin.
COMPLETIONS = $(DESTDIR)$(PREFIX)/share/bash-completion/completions
UNIT_FILES := $(wildcard packaging/systemd/*.service packaging/systemd/*.socket)
SERVER    := $(wildcard examples/README.md examples/hosting/* examples/customers/*/*)
EXAMPLES  := $(wildcard packaging/grafana/*.json docs/*.json packaging/systemd/examples/*)
install: all pages		## into $(DESTDIR)$(PREFIX) and $(DESTDIR)/etc/safenode
	install -D -m 0755 -t $(DESTDIR)$(PREFIX)/sbin $(PROGRAMS:%=build/%)
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/man/man8 $(filter %.8,$(PAGES))
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/man/man5 $(filter %.5,$(PAGES))
	install -D -m 0644 build/man/completion $(COMPLETIONS)/safenode
	for p in $(filter-out safenode,$(PROGRAMS)); do ln -sf safenode $(COMPLETIONS)/$$p; done
	install -D -m 0644 -t $(DESTDIR)$(UNITDIR) $(UNIT_FILES)
	sed -i 's#/usr/sbin/safenode#$(PREFIX)/sbin/safenode#g' $(UNIT_FILES:packaging/systemd/%=$(DESTDIR)$(UNITDIR)/%)
	[ -e $(DESTDIR)$(SYSCONFDIR)/safenode/example.conf ] || \
		install -D -m 0644 -t $(DESTDIR)$(SYSCONFDIR)/safenode packaging/example.conf
	$(if $(EXAMPLES),install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/doc/safenode/examples $(EXAMPLES))
	for f in $(SERVER); do install -D -m 0644 $$f $(DESTDIR)$(PREFIX)/share/doc/safenode/$$f; done
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/doc/safenode/examples/oci $(wildcard packaging/oci/*.json packaging/oci/*.toml)
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/doc/safenode/examples/oci/hooks.d packaging/oci/hooks.d/*.json
	sed -i 's#/usr/sbin/safenode-oci#$(PREFIX)/sbin/safenode-oci#g' \
		$(DESTDIR)$(PREFIX)/share/doc/safenode/examples/oci/hooks.json \
		$(DESTDIR)$(PREFIX)/share/doc/safenode/examples/oci/hooks.d/*.json

deb:				## the Debian package, checked by lintian: build/safenode_$(VERSION)_*.deb
	@tests/deps deb
	@packaging/deb $(VERSION)

# For tests of upgrades: the same sources with another layout of the maps, as a later version may
# have. Links, so that only what changed is built again.
next: next-tree
	+@$(MAKE) -s -C build/next all

next-tree: build/next/include/safenode_abi.h
	@ln -sfn $(addprefix ../../,bpf user vmlinux Makefile packaging docs examples README.md SECURITY.md) build/next

next-deb: next-tree		# its package, of a version that is above all others
	@tests/deps deb
	@build/next/packaging/deb 99.0.0

build/next/include/safenode_abi.h: include/safenode_abi.h tests/cli/next.sed
	@mkdir -p $(@D)
	sed -f tests/cli/next.sed $< >$@

# What the VM gets: the programs where a package puts them, and the tests, compiled here because
# there is no compiler there.
STAGED    := build/stage/usr/lib/safenode/tests
stage: all next npm-tree $(KERNEL_TESTS) $(HELPERS)
	@rm -rf build/stage
	@$(MAKE) -s install DESTDIR=$(CURDIR)/build/stage PREFIX=/usr
	@install -d $(STAGED)/kernel
	@for t in $(KERNEL_TESTS); do install -m 0755 $$t $(STAGED)/kernel; done
	@cp -r $(wildcard tests/suite tests/programs tests/node tests/cli tests/demo tests/containers tests/npm) docs/programs.md $(STAGED)
	@mkdir $(STAGED)/npm/node_modules
	@cp -r build/npm $(STAGED)/npm/node_modules/safenode
	@cp -r examples $(STAGED)/npm
	@cp docs/for-tenant-authors.md $(STAGED)/node
	@cp -r packaging/oci/hooks.d $(STAGED)/containers
	@cp packaging/grafana/safenode.json $(STAGED)/cli
	@for f in $(HELPERS:build/%=%); do install -m 0755 build/$$f $(STAGED)/$$f; done
	@install -D -t $(STAGED)/next $(PROGRAMS:%=build/next/build/%)

clean:				## remove build/, the VM images included
	rm -rf build

help:				## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /  \1\t/p' Makefile | expand -t 24

.PHONY: all next next-tree next-deb npm npm-tree deb deps demo test test-all test-apps test-systemd test-containers test-kubernetes test-package test-scale test-node-suite test-without units check check-pages asan-units check-asan fuzz prove check-native bench bench-host bench-programs lint pages install stage clean help

-include $(wildcard build/*.d build/*/*.d build/*/*/*.d)
